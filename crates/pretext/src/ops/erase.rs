//! Cutout: a rectangle becomes black.

use foretask_random::Rng;

use super::view::Rect;
use crate::pixels::Shape;

/// torchvision's `RandomErasing.get_params`: ten tries at a share of the area within `area` and a logarithmically uniform
/// ratio of 0.3 to 3.3; `None` where none fits.
pub fn random_erasing(shape: Shape, area: [f64; 2], rng: &mut Rng) -> Option<Rect> {
    let (low, high) = (0.3_f64.ln(), 3.3_f64.ln());
    for _ in 0..10 {
        let area = shape.plane() as f64 * (area[0] + (area[1] - area[0]) * rng.uniform_f64());
        let ratio = (low + (high - low) * rng.uniform_f64()).exp();
        let (height, width) = ((area * ratio).sqrt().round() as usize, (area / ratio).sqrt().round() as usize);
        if height < shape.height && width < shape.width {
            let x = rng.below((shape.width - width + 1) as u64) as usize;
            let y = rng.below((shape.height - height + 1) as u64) as usize;
            return Some(Rect { x, y, width, height });
        }
    }
    None
}

/// Blackens one channel.
pub fn drop_channel(data: &mut [f32], shape: Shape, channel: usize) {
    if let Some(plane) = data.chunks_exact_mut(shape.plane().max(1)).nth(channel) {
        plane.fill(0.0);
    }
}

/// Blackens `rect`, which lies inside the image, in every plane (torchvision's `erase` with value 0).
pub fn erase(data: &mut [f32], shape: Shape, rect: Rect) {
    for plane in data.chunks_exact_mut(shape.plane().max(1)) {
        for row in plane.chunks_exact_mut(shape.width.max(1)).skip(rect.y).take(rect.height) {
            row[rect.x..rect.x + rect.width].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;
    use crate::ops::rotate::tests::{SHAPE, image};

    #[test]
    fn one_rectangle_is_black_and_the_rest_as_before() {
        let mut data = image();
        erase(&mut data, SHAPE, Rect { x: 2, y: 1, width: 2, height: 3 });
        // torchvision's erase(img, i=1, j=2, h=3, w=2, v=0).
        for (i, (after, before)) in data.iter().zip(image()).enumerate() {
            let inside = (2..4).contains(&(i % 6)) && (1..4).contains(&(i / 6));
            assert_eq!(*after, if inside { 0.0 } else { before });
        }
    }

    #[test]
    fn rectangles_fit_and_have_the_areas_asked_for() {
        let shape = Shape::new(1, 100, 80);
        let mut sum = 0.0;
        for i in 0..2000 {
            let rect = random_erasing(shape, [0.02, 0.2], &mut Key::new(i).rng()).unwrap();
            assert!(rect.x + rect.width <= 80 && rect.y + rect.height <= 100);
            let (area, ratio) = ((rect.width * rect.height) as f64 / 8000.0, rect.height as f64 / rect.width as f64);
            assert!((0.018..0.21).contains(&area) && (0.27..3.6).contains(&ratio), "{rect:?}");
            sum += area;
        }
        // Uniform on 0.02 to 0.2: mean 0.11, standard error 0.0012.
        assert!((sum / 2000.0 - 0.11).abs() < 0.006, "{sum}");
        assert_eq!(random_erasing(Shape::new(1, 4, 4), [1.0, 1.0], &mut Key::new(1).rng()), None);
    }
}
