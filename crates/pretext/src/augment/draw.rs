//! The random choices of one view.

use foretask_random::{Key, Rng};

use super::options::{Augment, auto_pad};
use crate::ops::{Fill, Rect};
use crate::pixels::{ImageRef, Shape};

/// A color change and its amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    Brightness(f32),
    Contrast(f32),
    Saturation(f32),
    Hue(f32),
}

/// All random choices of one view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Drawn {
    /// The part of the image that is taken; `None` is the evaluation view.
    pub(super) crop: Option<Rect>,
    /// Pixels right and down.
    pub(super) moved: (isize, isize),
    pub(super) fill: Fill,
    pub(super) flip: bool,
    /// In the order of application.
    pub(super) changes: [Option<Change>; 4],
    pub(super) grayscale: bool,
    pub(super) sigma: Option<f32>,
}

impl Augment {
    /// Draws one view. Every choice has a stream of its own below `key`.
    pub(crate) fn draw(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Drawn {
        let crop = (self.crop[0] < 1.0).then(|| {
            let aspect = shape.width as f64 / shape.height as f64;
            let ratio = self.ratio.map(|ratio| ratio * aspect);
            random_rect(image.width, image.height, self.crop, ratio, &mut key.named("crop").rng())
        });
        let pad = self.pad.unwrap_or_else(|| auto_pad(shape));
        let moved = if pad == 0 {
            (0, 0)
        } else {
            let mut rng = key.named("pad").rng();
            let mut step = || rng.below(2 * u64::from(pad) + 1) as isize - pad as isize;
            (step(), step())
        };
        let blurred = self.blur > 0.0 && key.named("blur").rng().chance(self.blur as f32);
        Drawn {
            crop,
            moved,
            fill: self.fill,
            flip: self.flip > 0.0 && key.named("flip").rng().chance(self.flip as f32),
            changes: self.changes(key, shape),
            grayscale: self.grayscale > 0.0 && key.named("grayscale").rng().chance(self.grayscale as f32),
            sigma: blurred.then(|| key.named("sigma").rng().range(self.sigma[0] as f32, self.sigma[1] as f32)),
        }
    }

    fn changes(&self, key: Key, shape: Shape) -> [Option<Change>; 4] {
        let mut changes = [None; 4];
        if self.brightness + self.contrast + self.saturation + self.hue == 0.0 {
            return changes;
        }
        let mut rng = key.named("jitter").rng();
        if !rng.chance(self.jitter_p as f32) {
            return changes;
        }
        let mut order = [0, 1, 2, 3];
        rng.shuffle(&mut order);
        // Always drawn, used or not, so that switching one off leaves the others as they are.
        let mut factor = |strength: f64| {
            let u = f64::from(rng.uniform());
            (strength > 0.0).then_some((1.0 + strength * (2.0 * u - 1.0)) as f32)
        };
        let [brightness, contrast, saturation] = [self.brightness, self.contrast, self.saturation].map(&mut factor);
        let hue = factor(self.hue).map(|factor| factor - 1.0);
        let color = shape.is_color();
        let all = [
            brightness.map(Change::Brightness),
            contrast.map(Change::Contrast),
            saturation.filter(|_| color).map(Change::Saturation),
            hue.filter(|_| color).map(Change::Hue),
        ];
        for (change, i) in changes.iter_mut().zip(order) {
            *change = all[i];
        }
        changes
    }
}

/// torchvision's `RandomResizedCrop.get_params`: ten tries at an area and a logarithmically uniform ratio, then the
/// largest central crop within the ratios.
fn random_rect(width: usize, height: usize, crop: [f64; 2], ratio: [f64; 2], rng: &mut Rng) -> Rect {
    let (w, h) = (width as f64, height as f64);
    let (low, high) = (ratio[0].ln(), ratio[1].ln());
    for _ in 0..10 {
        let area = w * h * (crop[0] + (crop[1] - crop[0]) * rng.uniform_f64());
        let ratio = (low + (high - low) * rng.uniform_f64()).exp();
        let cut = ((area * ratio).sqrt().round() as usize, (area / ratio).sqrt().round() as usize);
        if (1..=width).contains(&cut.0) && (1..=height).contains(&cut.1) {
            let x = rng.below((width - cut.0 + 1) as u64) as usize;
            let y = rng.below((height - cut.1 + 1) as u64) as usize;
            return Rect { x, y, width: cut.0, height: cut.1 };
        }
    }
    let (cut_w, cut_h) = if w / h < ratio[0] {
        (width, ((w / ratio[0]).round() as usize).clamp(1, height))
    } else if w / h > ratio[1] {
        (((h * ratio[1]).round() as usize).clamp(1, width), height)
    } else {
        (width, height)
    };
    Rect { x: (width - cut_w) / 2, y: (height - cut_h) / 2, width: cut_w, height: cut_h }
}
