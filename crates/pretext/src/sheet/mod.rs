//! Contact sheets: what a task makes of some images, in one picture.

mod font;
mod layout;
mod picture;

pub use layout::{SheetStyle, contact_sheet};
pub use picture::Picture;
