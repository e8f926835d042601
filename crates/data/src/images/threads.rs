//! Work on a number of threads that somebody asked for.

use crate::error::{DataError, Result};

/// Runs `work` with this many threads; 0 = as many as compute, one per core unless told otherwise.
pub(crate) fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T> {
    let threads = if threads == 0 { rayon::current_num_threads() } else { threads };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| DataError::Argument {
        name: "threads",
        value: threads.to_string(),
        expected: error.to_string(),
    })?;
    Ok(pool.install(work))
}
