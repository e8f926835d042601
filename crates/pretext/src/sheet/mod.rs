//! Contact sheets: what a task makes of some images, in one picture.

mod fonts;
mod grid;
mod layout;
mod picture;
mod text;

pub use grid::{GridCell, picture_grid};
pub use layout::{SheetStyle, contact_sheet};
pub use picture::Picture;
