//! Whoever waits for a change is woken by it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is held back while nothing changes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Counts changes of any kind, for those who wait for one.
#[derive(Debug, Default)]
pub(super) struct Moves {
    count: Mutex<u64>,
    moved: Condvar,
}

impl Moves {
    pub(super) fn step(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.moved.notify_all();
    }

    pub(super) fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there were more than `seen`, but not for ever.
    pub(super) fn wait(&self, seen: u64) -> u64 {
        let end = Instant::now() + PATIENCE;
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count <= seen {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            count = self.moved.wait_timeout(count, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *count
    }
}
