//! How much the images of a label generator hold. They are values of Rust, which neither Rhai nor a look at the variables can
//! weigh: each says what it holds while it lives, and the one that is too much is an error.

use std::cell::Cell;

use foretask_experiment::thousands;

use crate::errors::CallError;

/// Bytes of all images of one evaluation.
const MOST: usize = 256 << 20;
/// Steps between two looks.
const LOOK_EVERY: u64 = 64;

thread_local! {
    /// Bytes of the images that live on this thread.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// So many bytes of an image, as long as this lives. It stays on the thread that made it.
#[derive(Debug)]
pub(crate) struct Held(usize);

impl Held {
    pub(crate) fn new(bytes: usize) -> Self {
        HELD.set(HELD.get() + bytes);
        Self(bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.set(HELD.get().saturating_sub(self.0));
    }
}

/// Whether an image of so many bytes may be added.
pub(crate) fn room(bytes: usize) -> bool {
    HELD.get().saturating_add(bytes) <= MOST
}

/// What to say once there is too much, looked at now and then: for those who go on after the error of the image itself.
pub(super) fn too_much(steps: u64) -> Option<CallError> {
    (steps.is_multiple_of(LOOK_EVERY) && HELD.get() > MOST)
        .then(|| CallError::input(no_room()).label("too large").help(LESS))
}

/// The same in a sentence.
pub(crate) fn no_room() -> String {
    let most = thousands((MOST / size_of::<f32>()) as u64);
    format!("the images that the label generator holds have more than {most} samples (pixels times channels) together")
}

/// The way out.
pub(crate) const LESS: &str = "make none larger than needed, and keep none longer than needed";
