//! Encoded images read before they are asked for, in the order in which they lie on disk.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    order::Windows,
    shard::{Shard, ShardSlice},
    source::Source,
};

/// Bytes of neighbors that are read at once, and blocks that stay together in a shuffle. Disks and networks are as fast as
/// they can be from about a megabyte on.
const BLOCK: u64 = if cfg!(test) { 500 } else { 4 << 20 };

/// Bytes between two images that are read along rather than skipped.
const GAP: u64 = 64 << 10;

/// What has been read ahead for the images of one store.
#[derive(Default)]
pub(super) struct ReadAheadCache(RwLock<Vec<Arc<Loaded>>>);

/// Images read together.
#[derive(Default)]
pub(super) struct Loaded {
    runs: Vec<Vec<u8>>,
    /// By number in the store: run, and where in it.
    places: HashMap<u32, (u32, u32)>,
}

/// One image that has been read ahead.
pub(super) struct Found<'a> {
    loaded: Arc<Loaded>,
    run: u32,
    start: u32,
    place: &'a ShardSlice,
}

impl Found<'_> {
    pub(super) fn bytes(&self) -> Result<&[u8], String> {
        let start = self.start as usize;
        let bytes = &self.loaded.runs[self.run as usize][start..start + self.place.len as usize];
        self.place.verify(bytes)?;
        Ok(bytes)
    }
}

impl ReadAheadCache {
    pub(super) fn add(&self, loaded: Arc<Loaded>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(loaded);
    }

    pub(super) fn remove(&self, loaded: &Arc<Loaded>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, loaded));
    }

    pub(super) fn find<'a>(&self, at: u32, source: &'a Source) -> Option<Found<'a>> {
        let Source::Packed { place, .. } = source else { return None };
        let windows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (loaded, &(run, start)) = windows.iter().find_map(|loaded| Some((loaded, loaded.places.get(&at)?)))?;
        Some(Found { loaded: loaded.clone(), run, start, place })
    }
}

/// [`Images::windows`](super::Images::windows) of images that are decoded at each look.
pub(super) fn windows_of<'a>(sources: impl Iterator<Item = &'a Source>, memory: u64) -> Option<Windows> {
    let (mut bytes, mut count) = (0, 0_u64);
    for source in sources {
        let Source::Packed { place, .. } = source else { return None };
        bytes += u64::from(place.len);
        count += 1;
    }
    if bytes <= memory {
        return None;
    }
    let mean = (bytes / count.max(1)).max(1);
    // Two windows are in memory at once, and a block may be larger than the mean says.
    // However little memory there is, a window is made of several blocks.
    let block = (BLOCK.min(memory / 32) / mean).clamp(1, u64::from(u32::MAX)) as u32;
    let blocks = (memory / 4 / (u64::from(block) * mean)).clamp(1, u64::from(u32::MAX)) as u32;
    Some(Windows { block, blocks })
}

/// Neighbors in one shard.
struct Run<'a> {
    shard: &'a Arc<Shard>,
    bytes: Range<u64>,
    images: Vec<(u32, u64)>,
}

impl<'a> Run<'a> {
    fn of(at: u32, place: &'a ShardSlice) -> Self {
        Self { shard: &place.shard, bytes: place.offset..place.end(), images: vec![(at, place.offset)] }
    }

    fn takes(&self, place: &ShardSlice) -> bool {
        Arc::ptr_eq(self.shard, &place.shard)
            && (self.bytes.end..=self.bytes.end.saturating_add(GAP)).contains(&place.offset)
            && place.end() - self.bytes.start <= BLOCK
    }

    fn add(&mut self, at: u32, place: &ShardSlice) {
        self.bytes.end = place.end();
        self.images.push((at, place.offset));
    }
}

impl Loaded {
    /// Reads the images of these numbers in the store, which ascend, in as few long runs as possible.
    pub(super) fn of(numbers: impl Iterator<Item = u32>, sources: &[Source]) -> Self {
        let mut loaded = Self::default();
        let places = numbers.filter_map(|at| match &sources[at as usize] {
            Source::Packed { place, .. } => Some((at, place)),
            _ => None,
        });
        let mut run: Option<Run<'_>> = None;
        for (at, place) in places {
            match &mut run {
                Some(run) if run.takes(place) => run.add(at, place),
                _ => {
                    if let Some(before) = run.replace(Run::of(at, place)) {
                        loaded.read(&before);
                    }
                }
            }
        }
        if let Some(run) = run {
            loaded.read(&run);
        }
        loaded
    }

    /// Images that are in memory.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    fn read(&mut self, run: &Run<'_>) {
        let Ok(bytes) = run.shard.read(run.bytes.start, (run.bytes.end - run.bytes.start) as usize) else { return };
        let number = self.runs.len() as u32;
        self.runs.push(bytes);
        let places = run.images.iter().map(|&(at, offset)| (at, (number, (offset - run.bytes.start) as u32)));
        self.places.extend(places);
    }
}
