//! Lists that were made, kept for as long as somebody may scroll through them.

use std::sync::{Arc, Mutex, PoisonError};

use foretask_experiment::Error;

/// Lists that are kept.
const KEPT: usize = 8;

/// A list by what was asked for, at a version of the labels.
type List = (String, u64, Arc<Vec<u32>>);

/// Lists that were made, so that scrolling does not make them anew.
#[derive(Debug, Default)]
pub(super) struct Lists(Mutex<Vec<List>>);

impl Lists {
    /// The list of a name, at a version of the labels.
    pub(super) fn get(
        &self,
        name: &str,
        version: u64,
        make: impl FnOnce() -> Result<Vec<u32>, Error>,
    ) -> Result<Arc<Vec<u32>>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., list)) = kept.iter().find(|(known, at, _)| known == name && *at == version) {
            return Ok(Arc::clone(list));
        }
        kept.retain(|(known, ..)| known != name);
        drop(kept);
        let list = Arc::new(make()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((name.to_owned(), version, Arc::clone(&list)));
        if kept.len() > KEPT {
            kept.remove(0);
        }
        Ok(list)
    }
}
