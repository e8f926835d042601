//! The small engine of label generators: limits, and none of the words.

use std::cell::Cell;
use std::time::Duration;

use rhai::Engine;

use super::methods;
use crate::sandbox::{self, Limits};

/// What a function may do for one image: enough to visit every pixel of a photograph several times, and an endless loop
/// ends within a second.
pub(crate) const LIMITS: Limits = Limits {
    steps: 10_000_000,
    text: 1 << 16,
    array: 1 << 20,
    map: 10_000,
    time: Duration::from_secs(2),
    too_long: "the label generator has computed for 2 seconds for one image",
};

/// An engine for many threads at once.
pub(super) fn engine() -> Engine {
    let mut engine = sandbox::engine(LIMITS, || false);
    methods::register(&mut engine);
    engine.on_print(|_| PRINTED.set(true));
    engine.on_debug(|_, _, _| PRINTED.set(true));
    engine
}

thread_local! {
    /// Printing does not fail in Rhai; whoever called asks afterwards.
    static PRINTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the function called last on this thread tried to print.
pub(super) fn printed() -> bool {
    PRINTED.take()
}
