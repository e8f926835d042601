//! Images of another shape than a network's input, brought to it with all that is in them.

use foretask_models::{Fit, InputSpec};
use foretask_pretext::ops::{Rect, crop_resize};
use foretask_pretext::{ImageRef, Shape, ValuesRef};

/// Interleaved values of an image in the input's own shape.
pub(crate) enum Fitted {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

impl Fitted {
    pub(crate) fn values(&self) -> ValuesRef<'_> {
        match self {
            Self::Bytes(values) => ValuesRef::Bytes(values),
            Self::Floats(values) => ValuesRef::Floats(values),
        }
    }
}

/// The image in the input's own shape, where it is to be padded or stretched; none where a view of it is cut out instead, or
/// where it has that shape already. `image` has as many channels as the input. Bytes stay bytes.
pub(crate) fn fitted(image: ImageRef<'_>, input: &InputSpec) -> Option<Fitted> {
    let InputSpec { channels, height, width, fit, .. } = *input;
    if fit == Fit::Crop || (image.width, image.height) == (width, height) || image.channels != channels {
        return None;
    }
    let (inner_width, inner_height) = match fit {
        Fit::Pad => inside((image.width, image.height), (width, height)),
        Fit::Crop | Fit::Stretch => (width, height),
    };
    let shape = Shape::new(channels, inner_height, inner_width);
    let whole = Rect { x: 0, y: 0, width: image.width, height: image.height };
    let mut planes = vec![0.0; shape.len()];
    crop_resize(image, whole, shape, &mut planes);
    if image.data.bytes().is_none() {
        return Some(Fitted::Floats(laid(&planes, shape, input, |value| value)));
    }
    Some(Fitted::Bytes(laid(&planes, shape, input, |value| (value * 255.0).round() as u8)))
}

/// Planes of `shape` in the middle of the input, around them its mean.
fn laid<T: Copy>(planes: &[f32], shape: Shape, input: &InputSpec, level: impl Fn(f32) -> T) -> Vec<T> {
    let InputSpec { channels, height, width, .. } = *input;
    let mean: Vec<T> = input.mean.iter().map(|mean| level(*mean)).collect();
    let mut out = mean.repeat(width * height);
    let (left, top) = ((width - shape.width) / 2, (height - shape.height) / 2);
    for (channel, plane) in planes.chunks_exact(shape.plane()).enumerate() {
        for (y, row) in plane.chunks_exact(shape.width).enumerate() {
            let start = ((top + y) * width + left) * channels + channel;
            for (pixel, value) in out[start..].iter_mut().step_by(channels).zip(row) {
                *pixel = level(*value);
            }
        }
    }
    out
}

/// The largest size of the image's proportions inside the input.
fn inside((width, height): (usize, usize), (most_width, most_height): (usize, usize)) -> (usize, usize) {
    let scale = (most_width as f64 / width as f64).min(most_height as f64 / height as f64);
    let side = |side: usize, most: usize| ((side as f64 * scale).round() as usize).clamp(1, most);
    (side(width, most_width), side(height, most_height))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight columns, the left half 10 and the right half 210; two rows.
    const HALVES: [u8; 16] = [10, 10, 10, 10, 210, 210, 210, 210, 10, 10, 10, 10, 210, 210, 210, 210];

    fn of(fit: Fit) -> Option<Vec<u8>> {
        let input = InputSpec { mean: vec![0.4], fit, ..InputSpec::centered(1, 4, 4) };
        match fitted(ImageRef::new(&HALVES, 8, 2, 1).unwrap(), &input)? {
            Fitted::Bytes(values) => Some(values),
            Fitted::Floats(_) => panic!("bytes stay bytes"),
        }
    }

    #[test]
    fn deep_images_are_not_rounded_to_bytes() {
        let words: Vec<u16> = HALVES.iter().map(|&value| u16::from(value) * 257 + 50).collect();
        let input = InputSpec { mean: vec![0.4], fit: Fit::Pad, ..InputSpec::centered(1, 4, 4) };
        let Some(Fitted::Floats(padded)) = fitted(ImageRef::new(words.as_slice(), 8, 2, 1).unwrap(), &input) else {
            panic!("words become floats")
        };
        let bytes = of(Fit::Pad).unwrap();
        assert!((padded[0] - 0.4).abs() < 1e-6 && (padded[4] - f32::from(bytes[4]) / 255.0).abs() < 0.003);
    }

    #[test]
    fn all_of_the_image_is_seen_where_it_is_not_cropped() {
        assert_eq!(of(Fit::Crop), None);
        let stretched = of(Fit::Stretch).unwrap();
        assert!(stretched.chunks_exact(4).all(|row| row[0] < 40 && row[3] > 180), "{stretched:?}");
        // One row of four pixels in the middle of mean color: 0.4 * 255.
        let padded = of(Fit::Pad).unwrap();
        assert_eq!((&padded[..4], &padded[8..]), ([102; 4].as_slice(), [102; 8].as_slice()));
        assert!(padded[4] < 40 && padded[7] > 180, "{padded:?}");
    }

    #[test]
    fn an_image_of_the_inputs_size_is_left_as_it_is() {
        let input = InputSpec { fit: Fit::Pad, ..InputSpec::centered(1, 2, 8) };
        assert!(fitted(ImageRef::new(&HALVES, 8, 2, 1).unwrap(), &input).is_none());
    }

    #[test]
    fn proportions_are_kept() {
        assert_eq!(inside((640, 480), (64, 64)), (64, 48));
        assert_eq!(inside((3, 9000), (64, 32)), (1, 32));
    }
}
