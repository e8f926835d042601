//! What each preset holds where an option is left open.

use super::options::Augment;
use super::preset::{Preset, Role, SMALL};
use crate::ops::Fill;
use crate::pixels::Shape;

impl Preset {
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
            .channel_drop(0.0)
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
                .channel_drop(if shape.channels > 3 { 0.2 } else { 0.0 })
                .blur(if color && small { 0.0 } else { blur })
                .solarize(solarize)
        };
        let options = match self {
            Self::None => none,
            Self::Weak => none.pad(auto_pad(shape)).flip(0.5),
            Self::Strong => none.crop([0.4, 1.0]).flip(0.5).jitter(0.625).saturation(0.0).hue(0.0).blur(0.2),
            Self::Byol if !small => joint().crop([0.08, 1.0]),
            Self::Dino if role == Role::Local => joint(),
            Self::Dino => joint().crop([0.4, 1.0]),
            Self::SimClr | Self::MoCo | Self::SimSiam | Self::Byol => joint().crop([0.2, 1.0]),
        };
        let options = if role == Role::Local { options.crop(local_crop(shape)) } else { options };
        Augment { preset: Some(self), ..options }
    }
}

/// The crop of a local view: a twentieth of a photograph is something, of 32 pixels it is nothing.
fn local_crop(shape: Shape) -> [f64; 2] {
    if shape.short_side() <= SMALL { [0.15, 0.4] } else { [0.05, 0.4] }
}

/// The usual move of small images: 2 pixels at 28 (measured on Fashion-MNIST), 4 at 32 (CIFAR's).
pub(crate) fn auto_pad(shape: Shape) -> u32 {
    let side = shape.short_side();
    let pad = if side < 32 { (side / 14).max(1) } else { side / 8 };
    pad.min(side.saturating_sub(1)) as u32
}
