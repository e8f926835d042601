//! Contact sheets: what a task makes of some images, in one picture.

mod font;
mod grid;
mod layout;
mod picture;

pub use grid::{GridCell, picture_grid};
pub use layout::{SheetStyle, contact_sheet};
pub use picture::Picture;
