//! Images whose encoded bytes are in memory before they are asked for.

use std::{fmt, ops::Range, sync::Arc};

use super::{
    Images, Store, Stored,
    ahead_cache::{Loaded, windows_of},
};
use crate::order::Windows;

/// Keeps what was read ahead in memory; dropping it frees the memory.
#[must_use = "what has been read is dropped with it"]
pub struct ReadAhead {
    store: Arc<Store>,
    loaded: Arc<Loaded>,
}

impl ReadAhead {
    /// Images that are in memory now.
    pub fn len(&self) -> usize {
        self.loaded.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.loaded.len() == 0
    }
}

impl fmt::Debug for ReadAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadAhead({} images)", self.len())
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        if let Stored::Encoded { ahead, .. } = &self.store.pixels {
            ahead.remove(&self.loaded);
        }
    }
}

impl Images {
    /// How these images are to be shuffled so that they can be read in long runs: `None` where any order is as good, because
    /// they are in memory, files of their own, or few enough for the system to keep in its cache.
    ///
    /// Depends on the images and [`LoadOptions::cache_bytes`](super::LoadOptions::cache_bytes) alone, so that a run is the
    /// same on every machine.
    pub fn windows(&self) -> Option<Windows> {
        let Stored::Encoded { sources, memory, .. } = &self.store.pixels else { return None };
        windows_of(self.index.iter().map(|&at| &sources[at as usize]), *memory)
    }

    /// Reads the encoded bytes of these images, which ascend, in as few long runs as possible, for the next looks at them.
    /// What cannot be read is left out: [`Images::get`] will say why.
    pub fn read_ahead(&self, images: &[Range<u32>]) -> ReadAhead {
        let loaded = Arc::new(match &self.store.pixels {
            Stored::Encoded { sources, .. } => {
                Loaded::of(images.iter().cloned().flatten().map(|i| self.index[i as usize]), sources)
            }
            Stored::Memory { .. } => Loaded::default(),
        });
        if let Stored::Encoded { ahead, .. } = &self.store.pixels {
            ahead.add(loaded.clone());
        }
        ReadAhead { store: self.store.clone(), loaded }
    }
}
