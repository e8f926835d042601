//! The named presets: what holds where an option is left open.

use serde::{Deserialize, Serialize};

use super::options::Augment;
use crate::error::{PretextError, Result};
use crate::ops::Fill;
use crate::pixels::Shape;

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

    /// Every option but those that follow from `jitter`.
    pub(super) fn options(self, role: Role, shape: Shape) -> Augment {
        let none = Augment::none()
            .crop([1.0, 1.0])
            .ratio([3.0 / 4.0, 4.0 / 3.0])
            .pad(0)
            .fill(Fill::Zero)
            .rotate(0.0)
            .flip(0.0)
            .vertical_flip(0.0)
            .jitter(0.0)
            .jitter_p(0.8)
            .grayscale(0.0)
            .posterize(0.0)
            .bits(4)
            .equalize(0.0)
            .blur(0.0)
            .sigma([0.1, 2.0])
            .solarize(0.0)
            .cutout(0.0)
            .cutout_area([0.02, 0.33]);
        let (color, small) = (shape.is_color(), shape.short_side() <= SMALL);
        let joint = || {
            let jitter = match (self, color, small) {
                (_, false, _) => 0.75,
                (Self::SimClr, true, false) => 1.0,
                _ => 0.5,
            };
            let asymmetric = matches!(self, Self::Byol | Self::Dino);
            let (blur, solarize) = match role {
                Role::First if asymmetric => (1.0, 0.0),
                Role::Second if asymmetric => (0.1, 0.2),
                _ => (0.5, 0.0),
            };
            none.flip(0.5)
                .jitter(jitter)
                .grayscale(if color { 0.2 } else { 0.0 })
                .blur(if color && small { 0.0 } else { blur })
                .solarize(solarize)
        };
        let options = match self {
            Self::None => none,
            Self::Weak => none.pad(super::auto_pad(shape)).flip(0.5),
            Self::Strong => none.crop([0.4, 1.0]).flip(0.5).jitter(0.625).saturation(0.0).hue(0.0).blur(0.2),
            Self::Byol if !small => joint().crop([0.08, 1.0]),
            Self::Dino if role == Role::Local => joint(),
            Self::Dino => joint().crop([0.4, 1.0]),
            Self::SimClr | Self::MoCo | Self::SimSiam | Self::Byol => joint().crop([0.2, 1.0]),
        };
        let options = if role == Role::Local { options.crop(local_crop(shape)) } else { options };
        Augment { preset: Some(self), ..options }
    }

    /// Saturation and hue at `jitter` 1; brightness and contrast are 0.8.
    pub(super) const fn color_strengths(self) -> (f64, f64) {
        match self {
            Self::Byol | Self::Dino => (0.4, 0.2),
            _ => (0.8, 0.2),
        }
    }
}

/// The crop of a local view: a twentieth of a photograph is something, of 32 pixels it is nothing.
fn local_crop(shape: Shape) -> [f64; 2] {
    if shape.short_side() <= SMALL { [0.15, 0.4] } else { [0.05, 0.4] }
}
