//! Squares of an image that are hidden, what is asked about them, and how answers are shown: what `masked_pixels`, `mae` and
//! `simmim` have in common.

use foretask_random::Key;

use super::inpainting::painted;
use crate::augment::Augment;
use crate::batch::Slot;
use crate::check;
use crate::error::{PretextError, Result};
use crate::example::{Example, ExampleTarget};
use crate::holes;
use crate::pixels::{ImageRef, Planes, Shape};

/// What is hidden of which view. The batch's weights are 1 in hidden squares and 0 elsewhere; hidden squares of the input get
/// the mean of the visible ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Squares {
    /// The task.
    pub(super) word: &'static str,
    /// The option that says how large a square is.
    pub(super) option: &'static str,
    /// Side of a square in pixels, at least 1.
    pub(super) unit: usize,
    /// Share of the squares that is hidden.
    pub(super) ratio: f64,
    /// Whether each square of the target is brought to mean 0 and deviation 1.
    pub(super) normalize: bool,
    /// Share of the area that a random crop keeps.
    pub(super) crop: [f64; 2],
    /// Probability of a mirror image.
    pub(super) flip: f64,
}

impl Squares {
    fn view(&self) -> Augment {
        Augment::none().crop(self.crop).flip(self.flip)
    }

    /// Squares in all, and hidden ones: at least one of each kind.
    pub(super) fn counts(&self, shape: Shape) -> (usize, usize) {
        let all = shape.height.div_ceil(self.unit) * shape.width.div_ceil(self.unit);
        let hidden = (self.ratio * all as f64).round() as usize;
        (all, hidden.clamp(1, all.saturating_sub(1).max(1)))
    }

    /// Refuses images that are too small for such squares.
    pub(super) fn check(&self, shape: Shape) -> Result<()> {
        let (problem, way_out) = ("there are no squares to hide", "use images of at least 8x8 pixels");
        check::least_side(self.word, shape, 8, problem, way_out)?;
        if 2 * self.unit > shape.short_side() {
            return Err(PretextError::Unsuitable {
                word: self.word,
                option: self.option,
                value: self.unit.to_string(),
                problem: format!("inputs of {}x{} pixels have too few such squares", shape.width, shape.height),
                way_out: format!("use at most {} or a larger image_size", shape.short_side() / 2),
            });
        }
        Ok(())
    }

    /// As [`check`](Self::check), and refuses a share that leaves nothing visible.
    pub(super) fn check_visible(&self, shape: Shape) -> Result<()> {
        self.check(shape)?;
        let (all, _) = self.counts(shape);
        if (self.ratio * all as f64).round() as usize >= all {
            return Err(PretextError::Unsuitable {
                word: self.word,
                option: "ratio",
                value: self.ratio.to_string(),
                problem: format!("of {all} squares of {0}x{0} pixels it leaves none visible", self.unit),
                way_out: format!("use at most {}, or a larger image_size", (100 * (all - 1) / all) as f64 / 100.0),
            });
        }
        Ok(())
    }

    /// The view with its hidden squares as input, what they hold as target, and where they are as weights.
    pub(super) fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, slot: Slot<'_>) -> Result<()> {
        self.check(shape)?;
        let (input, target) = slot.one()?;
        let (target, mask) = target.weighted(shape)?;
        self.view().apply(image, key, shape, target)?;
        mask.fill(0.0);
        let (_, hidden) = self.counts(shape);
        let size = (shape.height, shape.width);
        holes::squares(mask, size, self.unit, hidden, &mut key.named("mask").rng());
        input.copy_from_slice(target);
        holes::hide(input, mask);
        if self.normalize {
            each_square(target, shape, self.unit, |square| {
                let (mean, deviation) = moments(square);
                for value in square {
                    *value = (*value - mean) / deviation;
                }
            });
        }
        Ok(())
    }

    /// The random choices in words.
    pub(super) fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> String {
        let (all, hidden) = self.counts(shape);
        let view = self.view().draw(image, key, shape).words();
        format!("{view}, {hidden} of {all} squares of {0}x{0} pixels hidden", self.unit)
    }

    /// The picture that the target is of.
    pub(super) fn shown_target(&self, image: ImageRef<'_>, key: Key, target: Planes) -> Planes {
        if !self.normalize {
            return target;
        }
        let shape = target.shape;
        let mut view = Planes::black(shape);
        self.view().draw(image, key, shape).run(image, shape, &mut view.data);
        view
    }

    /// Squares of a normalized answer get the brightness and contrast they truly have, which was not asked for.
    pub(super) fn shown_answer(&self, example: &Example, mut answer: Planes) -> Planes {
        if let (true, ExampleTarget::Image(target)) = (self.normalize, &example.target)
            && target.shape == answer.shape
        {
            let (shape, unit) = (answer.shape, self.unit);
            let mut truth = Vec::new();
            each_square(&mut target.data.clone(), shape, unit, |square| truth.push(moments(square)));
            let mut truth = truth.into_iter();
            each_square(&mut answer.data, shape, unit, |square| {
                let (mean, deviation) = truth.next().unwrap_or((0.0, 1.0));
                for value in square {
                    *value = *value * deviation + mean;
                }
            });
        }
        painted(example, answer)
    }
}

/// Mean, and deviation as MAE has it: of n - 1 samples, with 1e-6 added to the variance.
fn moments(square: &[f32]) -> (f32, f32) {
    let n = square.len() as f32;
    let mean = square.iter().sum::<f32>() / n.max(1.0);
    let variance = square.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / (n - 1.0).max(1.0);
    (mean, (variance + 1e-6).sqrt())
}

/// Hands out the samples of each square, all channels together.
fn each_square(data: &mut [f32], shape: Shape, unit: usize, mut work: impl FnMut(&mut [f32])) {
    let Shape { channels, height, width } = shape;
    let mut square = Vec::with_capacity(channels * unit * unit);
    for top in (0..height).step_by(unit) {
        for left in (0..width).step_by(unit) {
            let (w, h) = (unit.min(width - left), unit.min(height - top));
            let rows =
                (0..channels).flat_map(|channel| (0..h).map(move |y| (channel * height + top + y) * width + left));
            square.clear();
            for row in rows.clone() {
                square.extend_from_slice(&data[row..row + w]);
            }
            work(&mut square);
            for (row, from) in rows.zip(square.chunks_exact(w)) {
                data[row..row + w].copy_from_slice(from);
            }
        }
    }
}
