//! How values look from a script: their names, properties and texts.

mod curves;
mod kind;
mod properties;

pub use kind::Kind;
pub(crate) use kind::{PROPERTIES, properties_of};
pub(crate) use properties::{display_within, register};
