//! The random choices of one view.

use foretask_random::{Key, Rng};

use super::options::Augment;
use super::preset::{Preset, Role};
use crate::ops::{Change, Factors, Fill, Rect, random_erasing};
use crate::pixels::{ImageRef, Shape};

/// All random choices of one view, in the order in which they are carried out: what [`Augment::apply`] does to an image, as
/// plain numbers, for whoever carries it out elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// The part of the image that is taken and resized; `None` is the evaluation view.
    pub crop: Option<Rect>,
    /// How far the window that shows the image moves, pixels right and down; see [`crate::ops::shift`].
    pub moved: (isize, isize),
    /// What appears beyond the image where it was moved or turned away.
    pub fill: Fill,
    /// A turn in degrees, counter-clockwise.
    pub angle: Option<f32>,
    /// Whether left and right are exchanged.
    pub flip: bool,
    /// Whether top and bottom are exchanged.
    pub vertical_flip: bool,
    /// Changes of light and color, in the order of application.
    pub changes: [Option<Change>; 4],
    /// Whether the color is taken away.
    pub grayscale: bool,
    /// The channel that is blackened.
    pub dropped: Option<usize>,
    /// The upper bits that are kept.
    pub bits: Option<u32>,
    /// Whether levels are spread evenly.
    pub equalize: bool,
    /// Standard deviation of a blur in pixels of the output.
    pub sigma: Option<f32>,
    /// Whether everything above half brightness is inverted.
    pub solarize: bool,
    /// What is blackened.
    pub cutout: Option<Rect>,
}

impl Drawn {
    /// The same choices for a view of another size: what is counted in pixels of the output grows with it.
    #[must_use]
    pub(crate) fn enlarged(mut self, from: Shape, to: Shape) -> Self {
        if (from.height, from.width) == (to.height, to.width) {
            return self;
        }
        let ratio = |to: usize, from: usize| to as f64 / from.max(1) as f64;
        let (across, down) = (ratio(to.width, from.width), ratio(to.height, from.height));
        let step = |step: isize, by: f64| (step as f64 * by).round() as isize;
        self.moved = (step(self.moved.0, across), step(self.moved.1, down));
        self.sigma = self.sigma.map(|sigma| sigma * (across * down).sqrt() as f32);
        self.cutout = self.cutout.map(|Rect { x, y, width, height }| {
            // Both ends are rounded, so that it ends within the view.
            let scaled = |at: usize, by: f64| (at as f64 * by).round() as usize;
            let (left, top) = (scaled(x, across), scaled(y, down));
            Rect { x: left, y: top, width: scaled(x + width, across) - left, height: scaled(y + height, down) - top }
        });
        self
    }
}

impl Augment {
    /// Draws one view. Every choice has a stream of its own below `key`.
    pub(crate) fn draw(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Drawn {
        self.filled(Preset::Weak, Role::First, shape).draw_filled(image, key, shape)
    }

    /// [`Augment::draw`] where every option is filled already.
    pub(super) fn draw_filled(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Drawn {
        let crop = self.crop.filter(|crop| crop[0] < 1.0).map(|crop| {
            let aspect = shape.width as f64 / shape.height as f64;
            let ratio = self.ratio.unwrap_or([1.0, 1.0]).map(|ratio| ratio * aspect);
            random_rect(image.width, image.height, crop, ratio, &mut key.named("crop").rng())
        });
        let pad = self.pad.unwrap_or(0);
        let moved = if pad == 0 {
            (0, 0)
        } else {
            let mut rng = key.named("pad").rng();
            let mut step = || rng.below(2 * u64::from(pad) + 1) as isize - pad as isize;
            (step(), step())
        };
        let happens = |p: Option<f64>, name| {
            let p = p.unwrap_or(0.0);
            p > 0.0 && key.named(name).rng().chance(p as f32)
        };
        let angle = self.rotate.filter(|&angle| angle > 0.0).map(|angle| {
            let angle = angle as f32;
            key.named("rotate").rng().range(-angle, angle)
        });
        let sigma = happens(self.blur, "blur").then(|| {
            let [low, high] = self.sigma.unwrap_or([1.0, 1.0]);
            key.named("sigma").rng().range(low as f32, high as f32)
        });
        let cutout = happens(self.cutout, "cutout").then_some(self.cutout_area).flatten();
        Drawn {
            crop,
            moved,
            fill: self.fill.unwrap_or_default(),
            angle,
            flip: happens(self.flip, "flip"),
            vertical_flip: happens(self.vertical_flip, "vertical_flip"),
            changes: self.changes(key, shape),
            grayscale: happens(self.grayscale, "grayscale"),
            dropped: happens(self.channel_drop, "channel_drop")
                .then(|| key.named("dropped").rng().below(shape.channels.max(1) as u64) as usize),
            bits: happens(self.posterize, "posterize").then_some(self.bits).flatten(),
            equalize: happens(self.equalize, "equalize"),
            sigma,
            solarize: happens(self.solarize, "solarize"),
            cutout: cutout.and_then(|area| random_erasing(shape, area, &mut key.named("cutout_area").rng())),
        }
    }

    fn changes(&self, key: Key, shape: Shape) -> [Option<Change>; 4] {
        let mut changes = [None; 4];
        let strengths = [self.brightness, self.contrast, self.saturation, self.hue].map(|s| s.unwrap_or(0.0));
        if strengths == [0.0; 4] {
            return changes;
        }
        let mut rng = key.named("jitter").rng();
        if !rng.chance(self.jitter_p.unwrap_or(1.0) as f32) {
            return changes;
        }
        let mut order = [0, 1, 2, 3];
        rng.shuffle(&mut order);
        // Always drawn, used or not, so that switching one off leaves the others as they are.
        let [brightness, contrast, saturation, hue] = strengths.map(|strength| {
            let u = f64::from(rng.uniform());
            (strength > 0.0).then_some((1.0 + strength * (2.0 * u - 1.0)) as f32)
        });
        let hue = hue.map(|factor| factor - 1.0);
        let color = shape.is_color();
        // Channels of unknown meaning change one by one, each as far as all would together.
        let apart = !matches!(shape.channels, 1 | 3);
        let each = |name, strength: f64| Factors { key: key.named(name), strength: strength as f32 };
        let all = [
            brightness.map(|factor| {
                if apart {
                    Change::ChannelBrightness(each("brightness", strengths[0]))
                } else {
                    Change::Brightness(factor)
                }
            }),
            contrast.map(|factor| {
                if apart { Change::ChannelContrast(each("contrast", strengths[1])) } else { Change::Contrast(factor) }
            }),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rects(width: usize, height: usize, crop: [f64; 2], n: u64) -> Vec<Rect> {
        let ratio = [3.0 / 4.0, 4.0 / 3.0];
        (0..n).map(|i| random_rect(width, height, crop, ratio, &mut Key::new(i).rng())).collect()
    }

    proptest! {
        #[test]
        fn crops_lie_inside(width in 1..60_usize, height in 1..60_usize, low in 0.01..1.0_f64, more in 0.0..1.0_f64) {
            let crop = [low, (low + more).min(1.0)];
            for rect in rects(width, height, crop, 20) {
                prop_assert!(rect.width >= 1 && rect.height >= 1);
                prop_assert!(rect.x + rect.width <= width && rect.y + rect.height <= height);
            }
        }
    }

    #[test]
    fn areas_and_ratios_are_those_asked_for() {
        let rects = rects(1000, 1000, [0.2, 0.6], 4000);
        let areas: Vec<f64> = rects.iter().map(|rect| (rect.width * rect.height) as f64 * 1e-6).collect();
        let ratios: Vec<f64> = rects.iter().map(|rect| rect.width as f64 / rect.height as f64).collect();
        assert!(areas.iter().all(|area| (0.199..0.601).contains(area)));
        assert!(ratios.iter().all(|ratio| (0.748..1.337).contains(ratio)));
        // Uniform area: mean 0.4, standard error 0.0018. Uniform log ratio: mean 0, standard error 0.0026.
        let mean = areas.iter().sum::<f64>() / 4000.0;
        assert!((mean - 0.4).abs() < 0.01, "{mean}");
        let log = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / 4000.0;
        assert!(log.abs() < 0.014, "{log}");
        // Every corner is reached.
        assert!(rects.iter().any(|r| r.x < 20 && r.y < 20));
        assert!(rects.iter().any(|r| r.x + r.width > 980 && r.y + r.height > 980));
    }

    #[test]
    fn very_long_images_fall_back_to_the_middle_as_in_torchvision() {
        // Ratio 100 > 4/3: full height, width round(3 * 4 / 3) = 4, centered.
        for rect in rects(300, 3, [0.9, 1.0], 20) {
            assert_eq!(rect, Rect { x: 148, y: 0, width: 4, height: 3 });
        }
        for rect in rects(3, 300, [0.9, 1.0], 20) {
            assert_eq!(rect, Rect { x: 0, y: 148, width: 3, height: 4 });
        }
    }

    #[test]
    fn color_changes_come_in_every_order_with_even_factors() {
        let shape = Shape::new(3, 8, 8);
        let augment = Augment::none().brightness(0.4).contrast(0.4).saturation(0.4).hue(0.1).jitter_p(0.8);
        let mut first = [0_u32; 4];
        let (mut applied, mut hues, mut brightest) = (0_u32, 0.0_f64, 0.0_f64);
        for i in 0..5000 {
            let changes = augment.changes(Key::new(i), shape);
            let Some(change) = changes[0] else { continue };
            applied += 1;
            first[match change {
                Change::Brightness(_) => 0,
                Change::Contrast(_) => 1,
                Change::Saturation(_) => 2,
                Change::Hue(_) => 3,
                other => panic!("{other:?} of three channels"),
            }] += 1;
            for change in changes.into_iter().flatten() {
                match change {
                    Change::Hue(shift) => {
                        assert!(shift.abs() <= 0.1);
                        hues += f64::from(shift);
                    }
                    Change::Brightness(factor) => {
                        assert!((0.6..=1.4).contains(&factor));
                        brightest += f64::from(factor);
                    }
                    Change::Contrast(factor) | Change::Saturation(factor) => assert!((0.6..=1.4).contains(&factor)),
                    Change::ChannelBrightness(_) | Change::ChannelContrast(_) => panic!("{change:?} of three channels"),
                }
            }
        }
        // Probability 0.8: 4000, five standard deviations are 141; each of four first: 1000, five are 137.
        assert!(applied.abs_diff(4000) < 141, "{applied}");
        assert!(first.iter().all(|&n| n.abs_diff(applied / 4) < 140), "{first:?}");
        assert!((hues / f64::from(applied)).abs() < 0.005);
        assert!((brightest / f64::from(applied) - 1.0).abs() < 0.02);
    }

    #[test]
    fn switching_one_operation_off_leaves_the_others_as_they_are() {
        let (shape, data) = (Shape::new(3, 16, 16), vec![0; 16 * 16 * 3]);
        let image = ImageRef::new(&data, 16, 16, 3).unwrap();
        let all = Augment::none()
            .crop([0.3, 1.0])
            .flip(0.5)
            .brightness(0.4)
            .contrast(0.4)
            .saturation(0.4)
            .hue(0.1)
            .jitter_p(1.0)
            .grayscale(0.5)
            .blur(0.5);
        for i in 0..50 {
            let key = Key::new(i);
            let full = all.draw(image, key, shape);
            let without = all.flip(0.0).hue(0.0).blur(0.0).rotate(9.0).draw(image, key, shape);
            assert_eq!((full.crop, full.grayscale), (without.crop, without.grayscale));
            let others: Vec<_> =
                full.changes.into_iter().flatten().filter(|change| !matches!(change, Change::Hue(_))).collect();
            assert_eq!(others, without.changes.into_iter().flatten().collect::<Vec<_>>());
            let crop_only = Augment::none().crop([0.3, 1.0]).draw(image, key, shape);
            assert_eq!(crop_only.crop, full.crop);
        }
    }
}
