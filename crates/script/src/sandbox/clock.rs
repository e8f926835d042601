//! How long a script computes by itself. Steps alone do not bound that: one step may copy a large array. Counted is the
//! processor time of the thread, so that neither a busy machine nor a pause changes what is allowed, and words are not
//! counted.

use std::cell::Cell;
use std::time::Duration;

use foretask_backend::thread_time;

/// Steps between two looks at the clock.
const LOOK_EVERY: u64 = 64;

thread_local! {
    /// The thread's time at which the running evaluation has to end, moved on by the words it has called.
    static END: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Runs an evaluation with a clock of its own, which may take so long.
pub(super) fn running<T>(most: Duration, work: impl FnOnce() -> T) -> T {
    let before = END.replace(Some(thread_time() + most));
    let result = work();
    END.set(before);
    result
}

/// Runs a word, whose time does not count.
pub(crate) fn outside<T>(word: impl FnOnce() -> T) -> T {
    let (end, left) = (END.get(), thread_time());
    let result = word();
    END.set(end.map(|end| end + thread_time().saturating_sub(left)));
    result
}

/// Whether the evaluation on this thread has used up its time.
pub(super) fn too_long(steps: u64) -> bool {
    steps.is_multiple_of(LOOK_EVERY) && END.get().is_some_and(|end| thread_time() > end)
}
