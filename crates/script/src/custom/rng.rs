//! The random stream of one call of a label generator.

use std::sync::{Arc, Mutex, PoisonError};

use foretask_random::{Key, Rng};

/// All copies share one stream: a helper that is handed `rng` must not draw the numbers that its caller draws next.
#[derive(Debug, Clone)]
pub(super) struct Stream(Arc<Mutex<Rng>>);

impl Stream {
    pub(super) fn of(key: Key) -> Self {
        Self(Arc::new(Mutex::new(key.named("custom task").rng())))
    }

    /// One call runs on one thread: the lock is never waited for.
    pub(super) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
