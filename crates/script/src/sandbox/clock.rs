//! How long a script computes by itself. Steps alone do not bound that: one step may copy a large array. Counted is the
//! processor time of the thread, so that neither a busy machine nor a pause changes what is allowed. Of words only the first
//! moment counts: a long one takes the time it needs, and millions of short ones come to an end.

use std::cell::Cell;
use std::time::{Duration, Instant};

use foretask_backend::thread_time;

/// Steps between two looks at the clock.
const LOOK_EVERY: u64 = 64;
/// What counts of a word, at most. Ten seconds are used up by ten thousand words at the earliest.
const OF_A_WORD: Duration = Duration::from_millis(1);

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

/// Runs a word, of whose time no more than a moment counts: time that passes, since other threads may do its work.
pub(crate) fn outside<T>(word: impl FnOnce() -> T) -> T {
    let (end, left, begun) = (END.get(), thread_time(), Instant::now());
    let result = word();
    let counted = begun.elapsed().min(OF_A_WORD);
    END.set(end.map(|end| (end + thread_time().saturating_sub(left)).saturating_sub(counted)));
    result
}

/// Whether the evaluation on this thread has used up its time.
pub(super) fn too_long(steps: u64) -> bool {
    steps.is_multiple_of(LOOK_EVERY) && END.get().is_some_and(|end| thread_time() > end)
}
