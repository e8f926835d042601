//! The named presets: what holds where an option is left open.

use serde::{Deserialize, Serialize};

use crate::error::{PretextError, Result};

/// Up to this side images count as small: CIFAR, MNIST and their like.
pub(super) const SMALL: usize = 64;

/// The named presets and what they are for.
pub const PRESETS: &[(&str, &str)] = &[
    ("none", "the evaluation view: short side resized to fit, middle cut out; nothing random"),
    ("weak", "moved by a few pixels and mirrored half of the time: the default of fine-tuning"),
    ("strong", "random crops of 40 to 100 % of the area, mirror, brightness and contrast, seldom a blur"),
    (
        "simclr",
        "crops from 20 % of the area, mirror, light, color, gray, blur; gentler on small images (arXiv 2002.05709)",
    ),
    ("moco", "MoCo v2's: as `simclr` with half its color changes on photographs (arXiv 2003.04297)"),
    ("simsiam", "the same as `moco`, as its authors chose (arXiv 2011.10566)"),
    (
        "byol",
        "as `moco` with less saturation; the first view always blurred, the second seldom, but at times solarized \
              (arXiv 2006.07733)",
    ),
    ("dino", "as `byol` with crops from 40 % of the area; its local views from 5 to 40 % (arXiv 2104.14294)"),
];

/// Where the options come from that are left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// The evaluation view.
    None,
    /// Small moves and mirror images.
    Weak,
    /// Crops, mirror images and light.
    Strong,
    /// `SimCLR`'s views.
    SimClr,
    /// `MoCo` v2's views.
    MoCo,
    /// `SimSiam`'s views.
    SimSiam,
    /// `BYOL`'s two different views.
    Byol,
    /// `DINO`'s two different views and its local ones.
    Dino,
}

/// Which view of an image is made: some presets treat them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    First,
    Second,
    Local,
}

impl Preset {
    const ALL: [Self; 8] =
        [Self::None, Self::Weak, Self::Strong, Self::SimClr, Self::MoCo, Self::SimSiam, Self::Byol, Self::Dino];

    /// The name as scripts write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Weak => "weak",
            Self::Strong => "strong",
            Self::SimClr => "simclr",
            Self::MoCo => "moco",
            Self::SimSiam => "simsiam",
            Self::Byol => "byol",
            Self::Dino => "dino",
        }
    }

    /// The preset of this name.
    ///
    /// # Errors
    /// [`PretextError::UnknownPreset`].
    pub fn by_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name).ok_or_else(|| PretextError::UnknownPreset {
            name: name.to_owned(),
            known: PRESETS.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        })
    }

    /// True for the views of joint embedding, whose light, color and blur depend on the image.
    pub(super) const fn is_joint(self) -> bool {
        !matches!(self, Self::None | Self::Weak | Self::Strong)
    }

    /// Saturation and hue at `jitter` 1; brightness and contrast are 0.8.
    pub(super) const fn color_strengths(self) -> (f64, f64) {
        match self {
            Self::Byol | Self::Dino => (0.4, 0.2),
            _ => (0.8, 0.2),
        }
    }
}
