//! Pool threads that wait busily for work.
//!
//! A step of a small network is some hundred operations of 10 to 100 microseconds. rayon's threads sleep after some
//! microseconds without work, and waking one takes as long as such an operation.

use std::cell::Cell;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long the pool stays awake after the last operation: longer than what the leader does between two of them, and short
/// enough that other processes on the same cores lose nothing.
const SPIN_TIME: Duration = Duration::from_micros(100);
/// Pauses between two looks for work, some hundred nanoseconds.
const PAUSES: usize = 16;

thread_local! {
    /// Whether this is the thread whose operations the pool stays awake for.
    static LEADS: Cell<bool> = const { Cell::new(false) };
    /// Whether this thread is awake already.
    static ATTENDS: Cell<bool> = const { Cell::new(false) };
}

/// Counts operations.
static OPERATIONS: AtomicU32 = AtomicU32::new(0);
/// Whether the pool has been told to stay awake, and still does.
static CALLED: AtomicBool = AtomicBool::new(false);

/// The calling thread belongs to the pool and leads it.
pub(super) fn lead() {
    LEADS.set(rayon::current_thread_index().is_some());
}

/// Called before an operation: where the calling thread leads, the pool's other threads look for work without sleeping until
/// no operation has come for a while.
pub(crate) fn keep_awake() {
    if !LEADS.get() {
        return;
    }
    OPERATIONS.fetch_add(1, Ordering::Relaxed);
    if !CALLED.swap(true, Ordering::Relaxed) {
        rayon::spawn_broadcast(|_| spin());
    }
}

/// Looks for work until none has come for [`SPIN_TIME`].
fn spin() {
    // The leader gets this job, too, and would find it while it waits for others to finish.
    if LEADS.get() || ATTENDS.replace(true) {
        return;
    }
    let (mut seen, mut since) = (OPERATIONS.load(Ordering::Relaxed), Instant::now());
    loop {
        let worked = rayon::yield_now() == Some(rayon::Yield::Executed);
        let operations = OPERATIONS.load(Ordering::Relaxed);
        if worked || operations != seen {
            (seen, since) = (operations, Instant::now());
            continue;
        }
        if since.elapsed() > SPIN_TIME {
            break;
        }
        for _ in 0..PAUSES {
            spin_loop();
        }
    }
    ATTENDS.set(false);
    CALLED.store(false, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;
    use std::thread;

    use super::*;
    use crate::kernels::thread_team::on_rayon;

    /// In a pool of its own: the tests' common one has no leader.
    fn led(threads: usize, work: impl FnOnce() + Send) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            lead();
            work();
        });
    }

    #[test]
    fn everything_is_done_once_by_several_threads_that_sleep_in_the_end() {
        let seen = Mutex::new((Vec::new(), HashSet::new()));
        let called = AtomicBool::new(false);
        led(3, || {
            for operation in 0..50 {
                on_rayon(40, &|i| {
                    called.fetch_or(CALLED.load(Ordering::Relaxed), Ordering::Relaxed);
                    thread::sleep(Duration::from_micros(20));
                    let mut seen = seen.lock().unwrap();
                    seen.0.push(operation * 40 + i);
                    seen.1.insert(thread::current().id());
                });
            }
            while CALLED.load(Ordering::Relaxed) {
                thread::sleep(SPIN_TIME);
            }
        });
        let (mut numbers, threads) = seen.into_inner().unwrap();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..2000).collect::<Vec<_>>());
        assert!(threads.len() > 1, "one thread did all");
        assert!(called.into_inner(), "nobody was told to stay awake");
    }
}
