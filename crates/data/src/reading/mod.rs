//! How the values of files become pixels: which channels, and which values are black and white.

mod channels;
mod range;

use serde::{Deserialize, Serialize};

pub(crate) use self::channels::MOST as MOST_CHANNELS;
pub use self::{
    channels::{ChannelName, Channels},
    range::{Range, Whites},
};

/// Which channels of files are taken, and how their values become pixels, with nothing left open: what a model has to know
/// to read new images as those it learned from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Which channels.
    pub channels: Channels,
    /// Which values are black and white.
    pub range: Range,
}
