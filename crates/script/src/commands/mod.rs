//! Commands about scripts that run none in earnest.

mod new;
mod preview;

pub use new::{NewScript, new_script};
pub use preview::{PreviewRequest, Sheet, preview};
