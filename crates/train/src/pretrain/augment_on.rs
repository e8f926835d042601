//! Who makes the views of an image.

use serde::{Deserialize, Serialize};

/// Where the views of an image are made. What happens to them is the same, up to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AugmentOn {
    /// On a GPU where there is one, else on the host.
    #[default]
    Auto,
    /// By the loader's threads.
    Host,
    /// By the device that trains, for tasks that compare views, unless these turn by an angle or equalize.
    Device,
}

impl AugmentOn {
    /// Whether it is left open.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}
