//! Panics caught at the door of a word are told as errors, so the standard message must not appear as well.

use std::cell::Cell;
use std::sync::Once;

thread_local! {
    static QUIET: Cell<usize> = const { Cell::new(0) };
}

static HOOK: Once = Once::new();

/// While this lives, panics of this thread print nothing.
pub(crate) struct QuietPanics(());

impl QuietPanics {
    pub(crate) fn new() -> Self {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if QUIET.with(Cell::get) == 0 {
                    before(info);
                }
            }));
        });
        QUIET.with(|depth| depth.set(depth.get() + 1));
        Self(())
    }
}

impl Drop for QuietPanics {
    fn drop(&mut self) {
        QUIET.with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}
