//! Augmentation: one random view of an image, from crop to blur.
//!
//! What happens to an image is drawn first (`draw`), as plain numbers, and carried out afterwards (`run`); the same
//! numbers are put into words (`words`) for previews. Each operation draws from a stream of its own name, so switching
//! one off does not change the others.

mod draw;
mod options;
mod run;
mod words;

pub use options::{Augment, PRESETS};
pub(crate) use options::{auto_pad, check_color};
pub(crate) use run::check_out;
