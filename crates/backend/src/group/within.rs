//! Work that may never end: a store whose machine is stopped, or a port at which somebody else answers, lets its guests wait for ever.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often an interruption is looked for.
const TURN: Duration = Duration::from_millis(100);

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// The time is over.
    Late,
    /// Somebody asked to stop.
    Interrupted,
}

/// Does `work` on a thread of its own and waits so long for it. What does not end in time is left to itself.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    interrupted: &dyn Fn() -> bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unfinished> {
    let (sender, receiver) = channel();
    let doing = move || {
        // Nobody may be waiting any more.
        let _ = sender.send(work());
    };
    if std::thread::Builder::new().name("group".into()).spawn(doing).is_err() {
        return Err(Unfinished::Late);
    }
    let start = Instant::now();
    loop {
        let left = limit.saturating_sub(start.elapsed());
        match receiver.recv_timeout(left.min(TURN)) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) if interrupted() => return Err(Unfinished::Interrupted),
            Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
            // Work that panics sends nothing.
            Err(_) => return Err(Unfinished::Late),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_is_late_or_is_interrupted() {
        let sleep = |millis| move || std::thread::sleep(Duration::from_millis(millis));
        assert_eq!(within(Duration::from_mins(1), &|| false, || 7), Ok(7));
        assert_eq!(within(Duration::from_millis(20), &|| false, sleep(5_000)), Err(Unfinished::Late));
        assert_eq!(within(Duration::from_mins(1), &|| true, sleep(5_000)), Err(Unfinished::Interrupted));
    }
}
