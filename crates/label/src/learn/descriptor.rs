//! A quick description of images, without a network: what random patches of these very images look like, and where.
//!
//! Coates and Ng (2011), "The importance of encoding versus training": filters are whitened random patches, answers go through a soft
//! threshold and are summed over the quarters of the picture. It takes two milliseconds an image, is fitted in a second, and tells
//! photographs apart far better than pixels do.

use foretask_random::Key;
use rayon::prelude::*;

use super::linear::{Cholesky, principal_axes};

/// Side of the small pictures that are described, in pixels.
pub(crate) const SIDE: usize = 32;
/// Side of a patch.
const PATCH: usize = 6;
const PATCH_LEN: usize = PATCH * PATCH * 3;
/// Pixels between two patches that are looked at.
const STRIDE: usize = 2;
const POSITIONS: usize = (SIDE - PATCH) / STRIDE + 1;
/// Filters; a multiple of the widest vectors of a processor.
const FILTERS: usize = 160;
/// Answers below this count as none.
const THRESHOLD: f32 = 0.25;
/// Added to the variances of whitened patches, so that noise is not blown up.
const RIDGE: f64 = 0.1;
/// Cells along a side in which the mean color is taken.
const CELLS: usize = 4;
/// Numbers before they are condensed.
const WIDE: usize = 4 * FILTERS + CELLS * CELLS * 3;
/// Numbers of a description.
pub(crate) const DIM: usize = 96;
/// Patches that whitening is fitted on.
const PATCHES: usize = 40_000;

/// A description that was fitted to some images.
#[derive(Debug, Clone)]
pub(crate) struct Descriptor {
    /// `[PATCH_LEN, FILTERS]`.
    filters: Vec<f32>,
    bias: Vec<f32>,
    mean: Vec<f32>,
    scale: Vec<f32>,
    /// `[DIM, WIDE]`.
    axes: Vec<f32>,
}

impl Descriptor {
    /// Fits it to small pictures, at least one; a few thousand are enough.
    pub(crate) fn fit(tiny: &[Vec<u8>], seed: u64) -> Self {
        let key = Key::new(seed).named("descriptor");
        let mut rng = key.named("patches").rng();
        let mut patches = Vec::with_capacity(PATCHES * PATCH_LEN);
        let mut patch = [0.0_f32; PATCH_LEN];
        for _ in 0..PATCHES {
            let picture = &tiny[rng.below(tiny.len() as u64) as usize];
            let place = |rng: &mut foretask_random::Rng| rng.below((SIDE - PATCH + 1) as u64) as usize;
            let (y, x) = (place(&mut rng), place(&mut rng));
            cut(picture, y, x, &mut patch);
            patches.extend_from_slice(&patch);
        }
        let (filters, bias) = whitened_filters(&patches);
        let mut found = Self { filters, bias, mean: vec![0.0; WIDE], scale: vec![1.0; WIDE], axes: Vec::new() };
        let wide: Vec<f32> = tiny.par_iter().flat_map_iter(|picture| found.wide(picture)).collect();
        (found.mean, found.scale) = moments(&wide);
        let level: Vec<f32> = wide.chunks_exact(WIDE).flat_map(|row| found.leveled(row)).collect();
        found.axes = principal_axes(&level, WIDE, DIM, key.named("axes"));
        found
    }

    /// The description of a small picture: [`DIM`] numbers.
    pub(crate) fn describe(&self, tiny: &[u8]) -> Vec<f32> {
        let wide = self.leveled(&self.wide(tiny));
        let along = |axis: &[f32]| axis.iter().zip(&wide).map(|(a, b)| a * b).sum();
        self.axes.chunks_exact(WIDE).map(along).collect()
    }

    fn leveled(&self, wide: &[f32]) -> Vec<f32> {
        wide.iter().zip(&self.mean).zip(&self.scale).map(|((value, mean), scale)| (value - mean) * scale).collect()
    }

    /// Answers summed over quarters, and mean colors.
    fn wide(&self, tiny: &[u8]) -> Vec<f32> {
        let mut out = vec![0.0_f32; WIDE];
        let mut patch = [0.0_f32; PATCH_LEN];
        let mut answers = [0.0_f32; FILTERS];
        for row in 0..POSITIONS {
            for column in 0..POSITIONS {
                cut(tiny, row * STRIDE, column * STRIDE, &mut patch);
                answers.copy_from_slice(&self.bias);
                for (value, filters) in patch.iter().zip(self.filters.chunks_exact(FILTERS)) {
                    answers.iter_mut().zip(filters).for_each(|(sum, filter)| *sum += value * filter);
                }
                let quarter = 2 * (2 * row / POSITIONS) + 2 * column / POSITIONS;
                let sums = &mut out[quarter * FILTERS..][..FILTERS];
                sums.iter_mut().zip(&answers).for_each(|(sum, answer)| *sum += (answer - THRESHOLD).max(0.0));
            }
        }
        let cell = SIDE / CELLS;
        for (at, value) in tiny.iter().enumerate() {
            let (y, x, channel) = (at / (3 * SIDE), at / 3 % SIDE, at % 3);
            let place = (y / cell * CELLS + x / cell) * 3 + channel;
            out[4 * FILTERS + place] += f32::from(*value) / (255 * cell * cell) as f32;
        }
        out
    }
}

/// A patch, brought to mean 0 and variance 1 (less where it hardly varies).
fn cut(tiny: &[u8], y: usize, x: usize, out: &mut [f32; PATCH_LEN]) {
    for (line, row) in out.chunks_exact_mut(3 * PATCH).enumerate() {
        let from = &tiny[((y + line) * SIDE + x) * 3..][..3 * PATCH];
        row.iter_mut().zip(from).for_each(|(value, byte)| *value = f32::from(*byte));
    }
    let mean = out.iter().sum::<f32>() / PATCH_LEN as f32;
    let variance = out.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / PATCH_LEN as f32;
    let scale = (variance + 10.0).sqrt().recip();
    for value in out.iter_mut() {
        *value = (*value - mean) * scale;
    }
}

/// Whitened patches as filters on patches that are not: `[PATCH_LEN, FILTERS]`, and what is added to their answers. Whitening by
/// a Cholesky factor gives the answers that any other square root of the covariance gives, since filters are turned alike.
fn whitened_filters(patches: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let rows = patches.len() / PATCH_LEN;
    let mut mean = [0.0_f64; PATCH_LEN];
    for patch in patches.chunks_exact(PATCH_LEN) {
        mean.iter_mut().zip(patch).for_each(|(sum, value)| *sum += f64::from(*value) / rows as f64);
    }
    let mut covariance = vec![0.0_f64; PATCH_LEN * PATCH_LEN];
    for patch in patches.chunks_exact(PATCH_LEN) {
        let centered: Vec<f64> = patch.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect();
        for (line, a) in covariance.chunks_exact_mut(PATCH_LEN).zip(&centered) {
            line.iter_mut().zip(&centered).for_each(|(sum, b)| *sum += a * b / rows as f64);
        }
    }
    for at in 0..PATCH_LEN {
        covariance[at * PATCH_LEN + at] += RIDGE;
    }
    let root = Cholesky::of(covariance, PATCH_LEN);
    let (mut filters, mut bias) = (vec![0.0_f32; PATCH_LEN * FILTERS], vec![0.0_f32; FILTERS]);
    // The patches stand in random order already.
    for (number, patch) in patches.chunks_exact(PATCH_LEN).take(FILTERS).enumerate() {
        let centered: Vec<f64> = patch.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect();
        let mut white = root.solve_lower(&centered);
        let length = white.iter().map(|value| value * value).sum::<f64>().sqrt().max(1e-6);
        for value in &mut white {
            *value /= length;
        }
        let filter = root.solve_upper(&white);
        bias[number] = -filter.iter().zip(&mean).map(|(weight, mean)| weight * mean).sum::<f64>() as f32;
        filter.iter().enumerate().for_each(|(at, weight)| filters[at * FILTERS + number] = *weight as f32);
    }
    (filters, bias)
}

/// Mean of every column and what brings it to variance 1; nothing is made of a column that does not vary.
fn moments(wide: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let rows = (wide.len() / WIDE).max(1) as f32;
    let (mut mean, mut variance) = (vec![0.0_f32; WIDE], vec![0.0_f32; WIDE]);
    for row in wide.chunks_exact(WIDE) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value / rows);
    }
    for row in wide.chunks_exact(WIDE) {
        variance
            .iter_mut()
            .zip(row.iter().zip(&mean))
            .for_each(|(sum, (value, mean))| *sum += (value - mean).powi(2) / rows);
    }
    let scale = variance.iter().map(|v| if *v > 1e-8 { v.sqrt().recip() } else { 0.0 }).collect();
    (mean, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stripes that run one way or the other, at random places and in random colors.
    fn stripes(count: usize) -> Vec<Vec<u8>> {
        let mut rng = Key::new(1).rng();
        let picture = |number: usize| {
            let (phase, color) = (rng.below(8) as usize, [0; 3].map(|_| rng.below(200) as usize));
            let value = |at: usize| {
                let (y, x, channel) = (at / (3 * SIDE), at / 3 % SIDE, at % 3);
                let along = if number.is_multiple_of(2) { y } else { x };
                let bright = (along + phase) / 4 % 2 * 55;
                (color[channel] + bright) as u8
            };
            (0..SIDE * SIDE * 3).map(value).collect()
        };
        (0..count).map(picture).collect()
    }

    #[test]
    fn pictures_are_told_apart_by_what_they_show() {
        let pictures = stripes(200);
        let descriptor = Descriptor::fit(&pictures, 0);
        let found: Vec<Vec<f32>> = pictures.iter().map(|picture| descriptor.describe(picture)).collect();
        assert!(found.iter().all(|row| row.len() == DIM && row.iter().all(|value| value.is_finite())));
        let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        let nearest = |own: usize| {
            (0..200)
                .filter(|other| *other != own)
                .min_by(|a, b| apart(&found[own], &found[*a]).total_cmp(&apart(&found[own], &found[*b])))
        };
        let right = (0..200).filter(|own| nearest(*own).unwrap() % 2 == own % 2).count();
        assert!(right >= 190, "{right} of 200");
    }

    #[test]
    fn plain_pictures_and_a_single_one_are_no_trouble() {
        let plain = vec![vec![7; SIDE * SIDE * 3]];
        let found = Descriptor::fit(&plain, 0).describe(&plain[0]);
        assert!(found.len() == DIM && found.iter().all(|value| value.is_finite()));
    }
}
