//! Augmentation: one random view of an image, from crop to cutout; and the views of joint embedding.
//!
//! What happens to an image is drawn first (`draw`), as plain numbers, and carried out afterwards (`run`); the same
//! numbers are put into words (`words`) for previews. Each operation draws from a stream of its own name, so switching
//! one off does not change the others. Options left open are filled from a preset (`preset`, `defaults`, `resolve`).

mod apply;
mod defaults;
mod draw;
mod options;
mod preset;
mod resolve;
mod run;
mod views;
mod words;

pub(crate) use defaults::auto_pad;
pub use draw::Drawn;
pub use options::Augment;
pub(crate) use preset::Role;
pub use preset::{PRESETS, Preset};
pub(crate) use resolve::check_color;
pub use views::Views;
pub(crate) use views::{Shorthand, ViewRecipe};
