//! What an image looks like, in a few numbers that need no network.

use foretask_data::{Images, Pixels};
use foretask_pretext::{ImageRef, Kernel, Planes, Shape, ops};
use foretask_train::{image_ref, stop_if_asked};
use rayon::prelude::*;

use crate::EvalError;

/// Longest side that is looked at, in pixels; larger pictures are shrunk to it.
pub const LOOK_SIDE: usize = 64;
/// Side of the picture that the perceptual hash is taken of, and of the low frequencies that are kept.
const HASHED: usize = 32;
const KEPT: usize = 8;
/// Images that are looked at between two looks for a request to stop.
const BLOCK: usize = 256;

/// What one image looks like. Brightness is that of `CleanVision` (0.3.7), the hash is that of `imagehash.phash`, of a picture of at
/// most [`LOOK_SIDE`] pixels a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Width as it is stored, in pixels.
    pub width: u32,
    /// Height as it is stored, in pixels.
    pub height: u32,
    /// Brightness that 5 in 100 of its pixels stay below, 0 to 1.
    pub darkest: f32,
    /// Brightness that 99 in 100 of its pixels stay below, 0 to 1.
    pub brightest: f32,
    /// Standard deviation of its gray levels, 0 to 0.5.
    pub contrast: f32,
    /// How sharp it is: what neighbors differ by, against what all pixels do; about 1 for noise, less than 0.1 for a blurred photograph.
    pub sharpness: f32,
    /// Perceptual hash: pictures that look alike differ in few of its bits.
    pub hash: u64,
}

impl Look {
    /// A look at `pixels`, which may be a smaller version of a picture of `size` (width, height).
    ///
    /// # Errors
    /// [`EvalError::Input`] for a picture without pixels.
    pub fn at(pixels: &Pixels<'_>, size: (usize, usize)) -> Result<Self, EvalError> {
        let image = image_ref(pixels).map_err(|error| EvalError::Input(error.to_string()))?;
        let small = shrunk(image);
        let (gray, bright) = tones(&small);
        let (low, high) = percentiles(bright);
        let shape = (small.shape.height, small.shape.width);
        Ok(Self {
            width: size.0 as u32,
            height: size.1 as u32,
            darkest: low,
            brightest: high,
            contrast: deviation(gray.iter().map(|level| f64::from(*level))) as f32 / 255.0,
            sharpness: sharpness(&gray, shape),
            hash: perceptual_hash(&gray, shape),
        })
    }

    /// Bits in which the hashes differ, 0 to 64.
    pub fn bits(&self, other: &Self) -> u32 {
        (self.hash ^ other.hash).count_ones()
    }

    /// Whether there is something in it that its hash could be about.
    pub(super) fn shows_something(&self) -> bool {
        self.contrast >= super::UNIFORM as f32
    }
}

/// A look at every image, in their order.
///
/// # Errors
/// An image that cannot be read any more; a request to stop that this thread obeys.
pub fn looks(images: &Images) -> Result<Vec<Look>, EvalError> {
    let mut found = Vec::with_capacity(images.len());
    for begin in (0..images.len()).step_by(BLOCK) {
        stop_if_asked()?;
        let end = (begin + BLOCK).min(images.len());
        let block: Vec<Look> = (begin..end)
            .into_par_iter()
            .map(|at| Look::at(&images.get(at)?, images.size(at)))
            .collect::<Result<_, EvalError>>()?;
        found.extend(block);
    }
    Ok(found)
}

/// At most [`LOOK_SIDE`] pixels a side, as Pillow shrinks to it.
fn shrunk(image: ImageRef<'_>) -> Planes {
    let planes = Planes::from(image);
    let Shape { channels, height, width } = planes.shape;
    let long = height.max(width);
    if long <= LOOK_SIDE {
        return planes;
    }
    let fit = |length: usize| (length * LOOK_SIDE / long).max(1);
    let mut small = Planes::black(Shape::new(channels, fit(height), fit(width)));
    let to = (small.shape.height, small.shape.width);
    ops::resize(&planes.data, (height, width), Kernel::Bicubic, &mut small.data, to);
    small
}

/// Gray levels (ITU-R 601, 0 to 255) and brightness as it is perceived (0 to 1) of every pixel.
fn tones(picture: &Planes) -> (Vec<u8>, Vec<f32>) {
    let area = picture.shape.height * picture.shape.width;
    let level = |value: f32| f64::from((value * 255.0).round().clamp(0.0, 255.0));
    let color = |at: usize| -> [f64; 3] {
        if picture.shape.channels < 3 {
            return [level(picture.data[at]); 3];
        }
        [0, 1, 2].map(|channel| level(picture.data[channel * area + at]))
    };
    (0..area)
        .map(|at| {
            let [red, green, blue] = color(at);
            let gray = (19_595.0 * red + 38_470.0 * green + 7471.0 * blue + 32_768.0) / 65_536.0;
            let bright = (0.241 * red * red + 0.691 * green * green + 0.068 * blue * blue).sqrt() / 255.0;
            (gray as u8, bright as f32)
        })
        .unzip()
}

/// The 5th and the 99th in 100, between neighbors in proportion.
fn percentiles(mut values: Vec<f32>) -> (f32, f32) {
    values.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let (below, rest) = (place.floor() as usize, place.fract() as f32);
        let next = values[(below + 1).min(values.len() - 1)];
        values[below] + rest * (next - values[below])
    };
    (at(0.05), at(0.99))
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// How far pixels are from the mean of their eight neighbors, against how far they are from the mean of all; the border is left out.
/// Of white noise it is about 1. Photographs of 64 pixels have 0.15 to 0.9, and less than 0.1 once they are blurred by a Gaussian
/// of more than a pixel and a half (measured on the pictures that come with scikit-image).
fn sharpness(gray: &[u8], (height, width): (usize, usize)) -> f32 {
    let level = |y: usize, x: usize| f64::from(gray[y * width + x]);
    let edge = |(y, x): (usize, usize)| {
        let around: f64 = (y - 1..=y + 1).map(|y| (x - 1..=x + 1).map(|x| level(y, x)).sum::<f64>()).sum();
        (9.0 * level(y, x) - around) / 8.0
    };
    let inside = (1..height.saturating_sub(1)).flat_map(|y| (1..width.saturating_sub(1)).map(move |x| (y, x)));
    let all = deviation(gray.iter().map(|level| f64::from(*level)));
    if all > 0.0 { (deviation(inside.map(edge)) / all) as f32 } else { 0.0 }
}

/// Which of the 64 lowest frequencies are above their median, row by row, the first in the highest bit.
fn perceptual_hash(gray: &[u8], (height, width): (usize, usize)) -> u64 {
    let plane: Vec<f32> = gray.iter().map(|level| f32::from(*level) / 255.0).collect();
    let mut square = vec![0.0_f32; HASHED * HASHED];
    ops::resize(&plane, (height, width), Kernel::Lanczos, &mut square, (HASHED, HASHED));
    let mut waves = [[0.0_f64; HASHED]; KEPT];
    for (frequency, wave) in waves.iter_mut().enumerate() {
        for (at, value) in wave.iter_mut().enumerate() {
            let turn = std::f64::consts::PI * frequency as f64 * (2 * at + 1) as f64 / (2 * HASHED) as f64;
            *value = 2.0 * turn.cos();
        }
    }
    let mut found = Vec::with_capacity(KEPT * KEPT);
    for down in &waves {
        let line: Vec<f64> = (0..HASHED)
            .map(|x| {
                down.iter()
                    .enumerate()
                    .map(|(y, wave)| wave * f64::from((square[y * HASHED + x] * 255.0).round()))
                    .sum()
            })
            .collect();
        found.extend(waves.iter().map(|across| across.iter().zip(&line).map(|(a, b)| a * b).sum::<f64>()));
    }
    let mut sorted = found.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = f64::midpoint(sorted[found.len() / 2 - 1], sorted[found.len() / 2]);
    found.iter().fold(0, |hash, value| hash << 1 | u64::from(*value > median))
}
