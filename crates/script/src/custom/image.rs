//! Images as a label generator sees them: values from 0 to 1 in planes, never changed, only made anew.

use std::sync::Arc;

use foretask_pretext::{Kernel, Planes, Shape, ops};
use foretask_random::Rng;

use super::trouble::{Done, natural, trouble};
use crate::sandbox::{self, Held};

/// An image of a label generator. Cheap to copy.
#[derive(Debug, Clone)]
pub(super) struct Image(Arc<Counted>);

/// Pixels that count towards what an evaluation may hold.
#[derive(Debug)]
struct Counted {
    planes: Planes,
    _held: Held,
}

/// The most samples (pixels times channels) of an image that a function may make: 256 MiB.
const MOST_SAMPLES: usize = 1 << 26;
/// The most channels.
const MOST_CHANNELS: usize = 64;
/// The most bins of a histogram.
const MOST_BINS: usize = 4096;

impl Image {
    pub(super) fn new(planes: Planes) -> Self {
        let held = Held::new(size_of_val(planes.data.as_slice()));
        Self(Arc::new(Counted { planes, _held: held }))
    }

    /// A copy of the pixels, or the pixels themselves where nobody else holds them.
    pub(super) fn into_planes(self) -> Planes {
        Arc::try_unwrap(self.0).map_or_else(|shared| shared.planes.clone(), |own| own.planes)
    }

    pub(super) fn shape(&self) -> Shape {
        self.0.planes.shape
    }

    fn data(&self) -> &[f32] {
        &self.0.planes.data
    }

    /// "28x28 pixels with 1 channel".
    pub(super) fn words(&self) -> String {
        let Shape { channels, height, width } = self.shape();
        format!("{width}x{height} pixels with {channels} channel{}", if channels == 1 { "" } else { "s" })
    }

    fn same_shape(&self, data: Vec<f32>) -> Self {
        Self::new(Planes { data, shape: self.shape() })
    }

    fn changed(&self, change: impl FnOnce(&mut [f32])) -> Self {
        let mut data = self.data().to_vec();
        change(&mut data);
        self.same_shape(data)
    }

    /// An image of one value.
    pub(super) fn blank(width: i64, height: i64, channels: i64, value: f32) -> Done<Self> {
        let shape = new_shape(width, height, channels)?;
        Ok(Self::new(Planes { data: vec![value; shape.len()], shape }))
    }

    fn check_inside(&self, what: &str, x: i64, y: i64, width: i64, height: i64) -> Done<[usize; 4]> {
        let Shape { height: rows, width: columns, .. } = self.shape();
        let inside = x >= 0
            && y >= 0
            && width >= 1
            && height >= 1
            && x.saturating_add(width) <= columns as i64
            && y.saturating_add(height) <= rows as i64;
        if !inside {
            return trouble(
                format!("{what} of {width}x{height} pixels at ({x}, {y}) does not lie inside of the image"),
                format!("the image has {columns}x{rows} pixels, counted from (0, 0) at the top left"),
            );
        }
        Ok([x as usize, y as usize, width as usize, height as usize])
    }

    pub(super) fn crop(&self, x: i64, y: i64, width: i64, height: i64) -> Done<Self> {
        let [x, y, width, height] = self.check_inside("a crop", x, y, width, height)?;
        let shape = Shape::new(self.shape().channels, height, width);
        let mut data = Vec::with_capacity(shape.len());
        for plane in self.data().chunks_exact(self.shape().plane()) {
            for row in plane.chunks_exact(self.shape().width).skip(y).take(height) {
                data.extend_from_slice(&row[x..x + width]);
            }
        }
        Ok(Self::new(Planes { data, shape }))
    }

    /// The part in row `row` and column `column` of a grid; what a side has beyond a multiple of `grid` is left out.
    pub(super) fn tile(&self, row: i64, column: i64, grid: i64) -> Done<Self> {
        let Shape { height, width, .. } = self.shape();
        if grid < 1 || grid as usize > height.min(width) {
            let help = format!("the image has {width}x{height} pixels; take a grid from 1 to {}", height.min(width));
            return trouble(format!("an image cannot be cut into {grid}x{grid} tiles"), help);
        }
        if !(0..grid).contains(&row) || !(0..grid).contains(&column) {
            let help = format!("rows and columns go from 0 to {}", grid - 1);
            return trouble(format!("a grid of {grid}x{grid} has no tile in row {row} and column {column}"), help);
        }
        let (width, height) = (width as i64 / grid, height as i64 / grid);
        self.crop(column * width, row * height, width, height)
    }

    /// Anti-aliased bilinear.
    pub(super) fn resize(&self, width: i64, height: i64) -> Done<Self> {
        let from = self.shape();
        let shape = new_shape(width, height, from.channels as i64)?;
        if shape == from {
            return Ok(self.clone());
        }
        let mut data = vec![0.0; shape.len()];
        let (size, out) = ((from.height, from.width), (shape.height, shape.width));
        ops::resize(self.data(), size, Kernel::Bilinear, &mut data, out);
        Ok(Self::new(Planes { data, shape }))
    }

    /// Counter-clockwise; negative numbers turn the other way.
    pub(super) fn rotate90(&self, quarters: i64) -> Self {
        let quarters = quarters.rem_euclid(4) as u32;
        let Shape { channels, height, width } = self.shape();
        let mut data = vec![0.0; self.data().len()];
        ops::turn(self.data(), height, width, quarters, &mut data);
        let shape = if quarters % 2 == 1 { Shape::new(channels, width, height) } else { self.shape() };
        Self::new(Planes { data, shape })
    }

    pub(super) fn flip(&self) -> Self {
        self.changed(|data| ops::flip_horizontal(data, self.shape().width))
    }

    pub(super) fn flip_vertical(&self) -> Self {
        let mut data = Vec::with_capacity(self.data().len());
        for plane in self.data().chunks_exact(self.shape().plane()) {
            data.extend(plane.chunks_exact(self.shape().width).rev().flatten());
        }
        self.same_shape(data)
    }

    /// Gray, with as many channels as before; nothing happens where there are not three.
    pub(super) fn gray(&self) -> Self {
        self.changed(|data| ops::grayscale(data, self.shape()))
    }

    pub(super) fn blur(&self, sigma: f32) -> Done<Self> {
        if !(0.0..=ops::MAX_SIGMA).contains(&sigma) {
            let help = format!("take a number of pixels from 0 to {}", ops::MAX_SIGMA);
            return trouble(format!("`blur` cannot have the width {sigma}"), help);
        }
        Ok(self.changed(|data| ops::gaussian_blur(data, self.shape(), ops::blur_radius(sigma), sigma)))
    }

    /// Adds Gaussian noise; the result is kept within 0..1.
    pub(super) fn noise(&self, rng: &mut Rng, sigma: f32) -> Done<Self> {
        if !(0.0..=10.0).contains(&sigma) {
            return trouble(format!("`noise` cannot have the deviation {sigma}"), "take a number from 0 to 10");
        }
        Ok(self.changed(|data| {
            for value in data {
                *value = (*value + sigma * rng.normal()).clamp(0.0, 1.0);
            }
        }))
    }

    pub(super) fn mask(&self, x: i64, y: i64, width: i64, height: i64, value: f32) -> Done<Self> {
        let [x, y, width, height] = self.check_inside("a mask", x, y, width, height)?;
        let columns = self.shape().width;
        Ok(self.changed(|data| {
            for plane in data.chunks_exact_mut(self.shape().plane()) {
                for row in plane.chunks_exact_mut(columns).skip(y).take(height) {
                    row[x..x + width].fill(value);
                }
            }
        }))
    }

    /// Lays `other` over this image, its top left corner at (x, y).
    pub(super) fn paste(&self, other: &Self, x: i64, y: i64) -> Done<Self> {
        let (ours, theirs) = (self.shape(), other.shape());
        if ours.channels != theirs.channels {
            let message = format!("an image of {} cannot be pasted into one of {}", channels(theirs), channels(ours));
            return trouble(message, "`.channel(0)` takes one channel; `blank(w, h, 3)` has three");
        }
        let [x, y, width, height] = self.check_inside("an image", x, y, theirs.width as i64, theirs.height as i64)?;
        Ok(self.changed(|data| {
            let planes = data.chunks_exact_mut(ours.plane()).zip(other.data().chunks_exact(theirs.plane()));
            for (plane, from) in planes {
                let rows = plane.chunks_exact_mut(ours.width).skip(y).take(height);
                for (row, from) in rows.zip(from.chunks_exact(width)) {
                    row[x..x + width].copy_from_slice(from);
                }
            }
        }))
    }

    pub(super) fn channel(&self, channel: i64) -> Done<Self> {
        let shape = self.shape();
        let Some(plane) = usize::try_from(channel).ok().and_then(|at| self.data().chunks_exact(shape.plane()).nth(at))
        else {
            let help = format!("the image has {}, counted from 0", channels(shape));
            return trouble(format!("there is no channel {channel}"), help);
        };
        Ok(Self::new(Planes { data: plane.to_vec(), shape: Shape::new(1, shape.height, shape.width) }))
    }

    pub(super) fn mean(&self) -> f64 {
        self.data().iter().map(|&value| f64::from(value)).sum::<f64>() / self.data().len() as f64
    }

    /// Of all samples, divided by their number.
    pub(super) fn std(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.data().iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
        (squares / self.data().len() as f64).sqrt()
    }

    /// Shares of the samples in `bins` equal parts of 0..1; what lies outside counts in the first or last.
    pub(super) fn histogram(&self, bins: i64) -> Done<Vec<f64>> {
        if !(1..=MOST_BINS as i64).contains(&bins) {
            return trouble(format!("a histogram cannot have {bins} bins"), format!("take 1 to {MOST_BINS}"));
        }
        let mut counts = vec![0.0; bins as usize];
        let share = 1.0 / self.data().len() as f64;
        for value in self.data() {
            let bin = (value * bins as f32).max(0.0) as usize;
            counts[bin.min(bins as usize - 1)] += share;
        }
        Ok(counts)
    }

    fn index(&self, x: i64, y: i64, channel: i64) -> Done<usize> {
        let shape = self.shape();
        let [x, y, ..] = self.check_inside("a pixel", x, y, 1, 1)?;
        let channel = natural("a channel", channel)?;
        if channel >= shape.channels {
            let help = format!("the image has {}, counted from 0", channels(shape));
            return trouble(format!("there is no channel {channel}"), help);
        }
        Ok(channel * shape.plane() + y * shape.width + x)
    }

    pub(super) fn get(&self, x: i64, y: i64, channel: i64) -> Done<f64> {
        Ok(f64::from(self.data()[self.index(x, y, channel)?]))
    }

    /// In one channel, or in all.
    pub(super) fn set(&self, x: i64, y: i64, channel: Option<i64>, value: f32) -> Done<Self> {
        let first = self.index(x, y, channel.unwrap_or(0))?;
        let plane = self.shape().plane();
        Ok(self.changed(|data| match channel {
            Some(_) => data[first] = value,
            None => data.iter_mut().skip(first).step_by(plane).for_each(|sample| *sample = value),
        }))
    }

    pub(super) fn clamp(&self) -> Self {
        self.changed(|data| data.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0)))
    }

    /// Every sample with a number.
    pub(super) fn each(&self, change: impl Fn(f32) -> f32) -> Self {
        self.same_shape(self.data().iter().map(|&value| change(value)).collect())
    }

    /// Sample by sample with another image.
    pub(super) fn with(&self, other: &Self, change: impl Fn(f32, f32) -> f32) -> Done<Self> {
        if self.shape() != other.shape() {
            let message = format!("an image of {} and one of {} do not fit together", self.words(), other.words());
            return trouble(message, "bring them to one size with `.resize(w, h)`");
        }
        Ok(self.same_shape(self.data().iter().zip(other.data()).map(|(&a, &b)| change(a, b)).collect()))
    }
}

fn channels(shape: Shape) -> String {
    format!("{} channel{}", shape.channels, if shape.channels == 1 { "" } else { "s" })
}

fn new_shape(width: i64, height: i64, channels: i64) -> Done<Shape> {
    let (width, height) = (natural("the width", width)?, natural("the height", height)?);
    let channels = natural("the number of channels", channels)?;
    let samples = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
    match samples {
        Some(samples) if samples > 0 && samples <= MOST_SAMPLES && channels <= MOST_CHANNELS => {
            if !sandbox::room(samples * size_of::<f32>()) {
                return trouble(sandbox::no_room(), sandbox::LESS);
            }
            Ok(Shape::new(channels, height, width))
        }
        _ => trouble(
            format!("an image cannot have {width}x{height} pixels and {channels} channels"),
            format!("take at least 1 of each, at most {MOST_CHANNELS} channels and {MOST_SAMPLES} samples"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two channels of 3x2 pixels: 0 1 2 / 3 4 5 and 10 11 12 / 13 14 15, divided by 16.
    fn image() -> Image {
        let data = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15_u8].map(|value| f32::from(value) / 16.0).to_vec();
        Image::new(Planes { data, shape: Shape::new(2, 2, 3) })
    }

    fn sixteenths(image: &Image) -> Vec<f32> {
        image.data().iter().map(|value| value * 16.0).collect()
    }

    #[test]
    fn parts_are_cut_and_pasted_where_they_say() {
        let part = image().crop(1, 0, 2, 2).unwrap();
        assert_eq!(sixteenths(&part), [1.0, 2.0, 4.0, 5.0, 11.0, 12.0, 14.0, 15.0]);
        let back = Image::blank(3, 2, 2, 0.0).unwrap().paste(&part, 1, 0).unwrap();
        assert_eq!(sixteenths(&back), [0.0, 1.0, 2.0, 0.0, 4.0, 5.0, 0.0, 11.0, 12.0, 0.0, 14.0, 15.0]);
        assert_eq!(sixteenths(&image().tile(1, 1, 2).unwrap()), [4.0, 14.0]);
        assert_eq!(sixteenths(&image().channel(1).unwrap().mask(0, 1, 2, 1, 0.0).unwrap())[3..], [0.0, 0.0, 15.0]);
        assert_eq!(sixteenths(&image().flip_vertical())[..6], [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]);
        assert_eq!(sixteenths(&image().flip())[..6], [2.0, 1.0, 0.0, 5.0, 4.0, 3.0]);
        // numpy.rot90 of the first channel
        let turned = image().rotate90(1);
        assert_eq!(turned.shape(), Shape::new(2, 3, 2));
        assert_eq!(sixteenths(&turned)[..6], [2.0, 5.0, 1.0, 4.0, 0.0, 3.0]);
        assert_eq!(image().rotate90(-3).data(), turned.data());
    }

    #[test]
    fn pixels_and_statistics() {
        let image = image();
        assert_eq!(image.get(2, 1, 1).unwrap(), 15.0 / 16.0);
        let set = image.set(1, 0, None, 0.5).unwrap();
        assert_eq!((set.get(1, 0, 0).unwrap(), set.get(1, 0, 1).unwrap()), (0.5, 0.5));
        assert_eq!(image.get(1, 0, 0).unwrap(), 1.0 / 16.0, "values are not changed");
        // (15 + 75) / 12 / 16
        assert!((image.mean() - 90.0 / 192.0).abs() < 1e-6);
        // Squares of 0..5 and 10..15 sum to 55 + 955; variance = 1010 / 12 - 7.5^2, in sixteenths.
        assert!((image.std() - (1010.0_f64 / 12.0 - 56.25).sqrt() / 16.0).abs() < 1e-6);
        let shares = image.histogram(4).unwrap();
        for (share, count) in shares.iter().zip([4.0, 2.0, 2.0, 4.0]) {
            assert!((share - count / 12.0).abs() < 1e-9, "{shares:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_way_out() {
        for refused in [
            image().crop(2, 0, 2, 1).map(drop),
            image().crop(-1, 0, 2, 1).map(drop),
            image().crop(0, 0, i64::MAX, 1).map(drop),
            image().tile(2, 0, 2).map(drop),
            image().tile(0, 0, 3).map(drop),
            image().resize(0, 4).map(drop),
            image().resize(i64::MAX, 4).map(drop),
            image().blur(f32::NAN).map(drop),
            image().channel(2).map(drop),
            image().get(0, 0, 2).map(drop),
            image().get(3, 0, 0).map(drop),
            image().histogram(0).map(drop),
            image().paste(&Image::blank(1, 1, 1, 0.0).unwrap(), 0, 0).map(drop),
            image().with(&Image::blank(1, 1, 1, 0.0).unwrap(), |a, b| a + b).map(drop),
            Image::blank(1, 1, 65, 0.0).map(drop),
        ] {
            let trouble = refused.unwrap_err();
            assert!(!trouble.message.is_empty() && !trouble.help.is_empty());
        }
    }

    proptest! {
        #[test]
        fn tiles_put_together_are_the_image(grid in 1..5_i64, tile in (1..5_i64, 1..5_i64), channels in 1..4_i64, seed: u64) {
            let (width, height) = (grid * tile.0, grid * tile.1);
            let noisy = Image::blank(width, height, channels, 0.5).unwrap();
            let noisy = noisy.noise(&mut foretask_random::Key::new(seed).rng(), 0.2).unwrap();
            let mut back = Image::blank(width, height, channels, 0.0).unwrap();
            for row in 0..grid {
                for column in 0..grid {
                    let part = noisy.tile(row, column, grid).unwrap();
                    back = back.paste(&part, column * tile.0, row * tile.1).unwrap();
                }
            }
            prop_assert_eq!(back.data(), noisy.data());
        }
    }
}
