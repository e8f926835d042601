//! How many threads compute.

use crate::{BackendError, Result};

/// Sets the number of compute threads of every backend in this build: the rayon pool under flex, libtorch's own pool.
///
/// Results do not depend on it. Call it before anything is computed: the rayon pool can be sized only once.
///
/// # Errors
/// [`BackendError::ThreadsFixed`] where the pool already runs with another size.
pub fn set_threads(threads: usize) -> Result<()> {
    let threads = threads.max(1);
    #[cfg(feature = "libtorch")]
    crate::libtorch::set_threads(threads);
    if rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().is_err()
        && rayon::current_num_threads() != threads
    {
        return Err(BackendError::ThreadsFixed { current: rayon::current_num_threads(), wanted: threads });
    }
    Ok(())
}

/// From now on the calling thread computes alone. For threads that prepare data beside the one that trains.
///
/// libtorch gives every thread that computes a crew of its own, whose members wait for work by spinning, unless all crews
/// together are larger than the machine: then they sleep, and waking them takes a fifth of a training step's time.
pub fn compute_alone() {
    #[cfg(feature = "libtorch")]
    crate::libtorch::openmp::compute_alone();
}

/// How many threads compute now.
pub fn threads() -> usize {
    rayon::current_num_threads()
}
