//! How long a group waits, and for what.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a group waits, and whether somebody wants it to stop.
#[derive(Clone)]
pub struct GroupOptions {
    /// How long an exchange waits for a rank that does not come to it. Two minutes unless told otherwise.
    pub limit: Duration,
    /// How long the first rank to come waits for the last one. Five minutes unless told otherwise: machines of a cluster start
    /// at their own pace.
    pub joining: Duration,
    /// Asked several times a second while ranks join; true ends it with [`GroupError::Interrupted`](super::GroupError). An exchange
    /// that has begun is waited for.
    pub interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Default for GroupOptions {
    fn default() -> Self {
        let interrupted = Arc::new(|| false);
        Self { limit: Duration::from_mins(2), joining: Duration::from_mins(5), interrupted }
    }
}

impl fmt::Debug for GroupOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("GroupOptions");
        f.field("limit", &self.limit).field("joining", &self.joining).finish_non_exhaustive()
    }
}
