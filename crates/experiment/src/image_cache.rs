//! What has been seen of images, kept as long as an experiment lasts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use foretask_data::{BadImage, Images, Samples, Survey};

use crate::error::Error;
use crate::values::LoadSettings;

/// Images as far as they have been looked at, shared by the planning pass and the run.
#[derive(Clone, Default)]
pub struct ImageCache {
    decoded: Arc<Mutex<BTreeMap<String, Arc<Images>>>>,
    surveyed: Arc<Mutex<BTreeMap<String, Arc<Surveyed>>>>,
}

/// Sizes by the headers of files, and the images that have none.
pub(crate) type Surveyed = (Survey, Vec<BadImage>);

impl std::fmt::Debug for ImageCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageCache").finish_non_exhaustive()
    }
}

impl ImageCache {
    /// The decoded images of `samples`; every set is decoded once per process.
    pub(crate) fn load(&self, samples: &Samples, settings: &LoadSettings) -> Result<Arc<Images>, Error> {
        remembered(&self.decoded, samples, settings, || Images::load(samples, &settings.options()))
    }

    /// Number, channels and sizes of the images of `samples`, by the headers of their files; every set is read once per process.
    pub(crate) fn survey(&self, samples: &Samples, settings: &LoadSettings) -> Result<Arc<Surveyed>, Error> {
        remembered(&self.surveyed, samples, settings, || foretask_data::survey(samples, &settings.options()))
    }
}

/// What is known of images already, else what `look` finds.
fn remembered<T>(
    known: &Mutex<BTreeMap<String, Arc<T>>>,
    samples: &Samples,
    settings: &LoadSettings,
    look: impl FnOnce() -> foretask_data::Result<T>,
) -> Result<Arc<T>, Error> {
    let key = format!("{} {settings:?}", samples.fingerprint());
    let hit = known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(found) = hit {
        return Ok(found);
    }
    let found = look().map(Arc::new)?;
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&found));
    Ok(found)
}
