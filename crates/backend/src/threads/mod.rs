//! How many threads compute, and which.

pub(crate) mod awake;

use crate::{BackendError, Result};

/// Sets the number of compute threads of every backend in this build: the rayon pool under flex, libtorch's own pool.
///
/// With more than one, the calling thread becomes one of them, and the others wait for its operations with open eyes, as long
/// as there are no more threads than cores: call it on the thread that will train. Results do not depend on it. Call it
/// before anything is computed: the rayon pool can be sized only once.
///
/// # Errors
/// [`BackendError::ThreadsFixed`] where the pool already runs with another size.
pub fn set_threads(threads: usize) -> Result<()> {
    let threads = threads.max(1);
    #[cfg(feature = "libtorch")]
    crate::libtorch::set_threads(threads);
    if !start(threads) && rayon::current_num_threads() != threads {
        return Err(BackendError::ThreadsFixed { current: rayon::current_num_threads(), wanted: threads });
    }
    Ok(())
}

/// [`set_threads`] with as many as rayon starts by itself: `RAYON_NUM_THREADS`, or one a core. libtorch's stay as they are.
///
/// Call it first thing in `main`. Where a pool runs already it does nothing.
pub fn tune_threads() {
    let wanted = std::env::var("RAYON_NUM_THREADS").ok().and_then(|number| number.parse().ok());
    start(wanted.filter(|&number| number > 0).unwrap_or_else(cores));
}

/// How many threads this process can run at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Starts rayon's pool with the calling thread in it. False where there is a pool, or the system grants no threads.
fn start(threads: usize) -> bool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    // A pool of one thread stays apart: while the caller waits for a batch, the thread that makes it may want to compute.
    let pool = if threads > 1 { pool.use_current_thread() } else { pool };
    let started = pool.build_global().is_ok();
    // Threads that have no core to themselves would keep each other from working.
    if started && threads <= cores() {
        awake::lead();
    }
    started
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
