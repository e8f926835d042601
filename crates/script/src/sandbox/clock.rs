//! How long a script computes by itself. Steps alone do not bound that: one step may copy a large array. Counted is the
//! processor time of the thread, so that neither a busy machine nor a pause changes what is allowed, and words are not
//! counted.

use std::cell::Cell;
use std::time::Duration;

use foretask_backend::thread_time;

/// Far above any experiment: what a script does between its words takes milliseconds.
const MAX_TIME: Duration = Duration::from_secs(10);
/// Steps between two looks at the clock.
const LOOK_EVERY: u64 = 64;

thread_local! {
    /// The thread's time at which the running evaluation began, moved on by the words it has called.
    static BEGAN: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Runs an evaluation with a clock of its own.
pub(super) fn running<T>(work: impl FnOnce() -> T) -> T {
    let before = BEGAN.replace(Some(thread_time()));
    let result = work();
    BEGAN.set(before);
    result
}

/// Runs a word, whose time does not count.
pub(crate) fn outside<T>(word: impl FnOnce() -> T) -> T {
    let (began, left) = (BEGAN.get(), thread_time());
    let result = word();
    BEGAN.set(began.map(|began| began + thread_time().saturating_sub(left)));
    result
}

/// Whether the evaluation on this thread has used up its time.
pub(super) fn too_long(steps: u64) -> bool {
    steps.is_multiple_of(LOOK_EVERY) && BEGAN.get().is_some_and(|began| thread_time().saturating_sub(began) > MAX_TIME)
}
