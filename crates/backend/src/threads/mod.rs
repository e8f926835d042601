//! How many threads compute, and which.

pub(crate) mod busy_wait;
mod environment;

use environment::MOST;
pub use environment::check_environment;
pub(crate) use environment::cores;

use crate::{BackendError, Result};

/// Sets the number of compute threads of every backend in this build: the rayon pool under flex, libtorch's own pool.
///
/// With more than one, the calling thread becomes one of them, and the others busy-wait for its operations, as long
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
/// Call it first thing in `main`. Where a pool runs already it does nothing. What the user should know, where there is something:
/// more threads than help anyone would take the system's last, and the process would abort.
pub fn tune_threads() -> Option<String> {
    let text = std::env::var("RAYON_NUM_THREADS").ok();
    let (threads, warning) = wanted(text.as_deref(), cores());
    start(threads);
    warning
}

/// The threads that a text asks for, within bounds, and what to say about it.
fn wanted(text: Option<&str>, cores: usize) -> (usize, Option<String>) {
    let most = MOST.max(cores);
    match text.map(|text| (text, text.trim().parse::<usize>())) {
        Some((_, Ok(threads))) if (1..=most).contains(&threads) => (threads, None),
        // As rayon has it.
        None | Some((_, Ok(0)) | ("", _)) => (cores, None),
        Some((text, Ok(_))) => {
            (most, Some(format!("RAYON_NUM_THREADS is {text}; {most} threads are the most that are started")))
        }
        Some((text, Err(_))) => (
            cores,
            Some(format!(
                "RAYON_NUM_THREADS is \"{text}\", which is no number; {cores} threads are started, one a core"
            )),
        ),
    }
}

/// Starts rayon's pool with the calling thread in it. False where there is a pool, or the system grants no threads.
fn start(threads: usize) -> bool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    // A pool of one thread stays apart: while the caller waits for a batch, the thread that makes it may want to compute.
    let pool = if threads > 1 { pool.use_current_thread() } else { pool };
    let started = pool.build_global().is_ok();
    // Threads that have no core to themselves would keep each other from working.
    if started && threads <= cores() {
        busy_wait::lead();
    }
    started
}

/// From now on the calling thread computes alone. For threads that prepare data beside the one that trains.
///
/// libtorch gives every thread that computes a team of its own, whose members wait for work by spinning, unless all crews
/// together are larger than the machine: then they sleep, and waking them takes a fifth of a training step's time.
pub fn compute_alone() {
    #[cfg(feature = "libtorch")]
    crate::libtorch::openmp::compute_alone();
}

/// How many threads compute now. Results do not depend on it.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_threads_is_bounded_and_said() {
        for (text, threads) in [(None, 8), (Some("3"), 3), (Some("256"), 256), (Some("0"), 8), (Some(""), 8)] {
            assert_eq!(wanted(text, 8), (threads, None));
        }
        let (threads, warning) = wanted(Some("100000"), 8);
        assert!(threads == 256 && warning.unwrap().contains("256 threads are the most"));
        let (threads, warning) = wanted(Some("99999999999999999999"), 8);
        assert!(threads == 8 && warning.unwrap().contains("no number"));
        assert_eq!(wanted(Some("384"), 384), (384, None));
    }
}
