//! A large number at the top of the page.

use serde::Serialize;

/// One large number.
#[derive(Serialize)]
pub(super) struct Tile {
    pub(super) class: &'static str,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) unit: &'static str,
    pub(super) below: String,
}
