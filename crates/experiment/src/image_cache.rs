//! Decoded images, kept as long as an experiment lasts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use foretask_data::{Images, Samples};

use crate::error::Error;
use crate::values::LoadSettings;

/// Decoded images, shared by the planning pass and the run.
#[derive(Clone, Default)]
pub struct ImageCache(Arc<Mutex<BTreeMap<String, Arc<Images>>>>);

impl std::fmt::Debug for ImageCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageCache").finish_non_exhaustive()
    }
}

impl ImageCache {
    /// The decoded images of `samples`; every set is decoded once per process.
    pub(crate) fn load(&self, samples: &Samples, settings: &LoadSettings) -> Result<Arc<Images>, Error> {
        let key = format!("{} {settings:?}", samples.fingerprint());
        let hit = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(images) = hit {
            return Ok(images);
        }
        let images = Images::load(samples, &settings.options()).map(Arc::new)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&images));
        Ok(images)
    }
}
