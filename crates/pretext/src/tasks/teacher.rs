//! What a task must know of a network that teaches it. Its weights are elsewhere.

use serde::{Deserialize, Serialize};

use crate::error::{PretextError, Result};
use crate::pixels::Shape;

/// A network that is imitated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherInfo {
    /// What reports call it.
    pub name: String,
    /// Says whether two teachers are the same: all that decides its weights.
    pub identity: String,
    /// The shape of what it sees; nothing as long as it has not met the images.
    pub input: Shape,
    /// Length of its features.
    pub features: usize,
    /// Height and width of its last map.
    pub map: [usize; 2],
}

impl TeacherInfo {
    /// One that has not met the images yet.
    pub fn unmet(name: impl Into<String>, identity: impl Into<String>) -> Self {
        let (name, identity) = (name.into(), identity.into());
        Self { name, identity, input: Shape::new(0, 0, 0), features: 0, map: [0, 0] }
    }

    /// Refuses images of other channels.
    pub(crate) fn takes(&self, shape: Shape) -> Result<()> {
        if self.input.is_empty() || self.input.channels == shape.channels {
            return Ok(());
        }
        let (theirs, found) = (self.input.channels, shape.channels);
        Err(PretextError::Unsuitable {
            word: "distill",
            option: "teacher",
            value: self.name.clone(),
            problem: format!("it takes images of {theirs} channel(s), and these have {found}"),
            way_out: format!("load them with `channels: {theirs}`, or take a teacher for {found}"),
        })
    }

    /// What it does, for a preview.
    pub(crate) fn line(&self) -> String {
        let Shape { width, height, .. } = self.input;
        if self.input.is_empty() {
            return format!("label: what {} says of it", self.name);
        }
        format!("label: the {} numbers that {} says of it, seen at {width}x{height}", self.features, self.name)
    }
}
