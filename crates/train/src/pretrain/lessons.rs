//! Who teaches a task, and what was said of views that come again.

use std::sync::Arc;

use foretask_models::Encoder;
use half::f16;

/// One who teaches a task.
#[derive(Debug)]
pub(in crate::pretrain) struct Teaching<'a> {
    /// The trained network.
    pub(in crate::pretrain) encoder: &'a Encoder,
    /// What it says of views that come again; none where it is asked about new ones each time.
    pub(in crate::pretrain) lessons: Option<Arc<Lessons>>,
}

/// What a teacher says of every fixed view of every image, in half precision.
#[derive(Debug)]
pub(in crate::pretrain) struct Lessons {
    /// Views of each image, images, and numbers of each view.
    sizes: [usize; 3],
    /// `[views, images, width]`: of each its features, at a mean square of one, then the likenesses of its places.
    numbers: Vec<f16>,
}

impl Lessons {
    /// `numbers` are those of `[views, images, width]`.
    pub(in crate::pretrain) fn new(sizes: [usize; 3], numbers: Vec<f16>) -> Self {
        Self { sizes, numbers }
    }

    /// What was said of these images as they are seen in an epoch, `[images, width]`.
    pub(in crate::pretrain) fn of(&self, epoch: u64, images: &[u32]) -> Vec<f32> {
        let [views, all, width] = self.sizes;
        let first = (epoch % views.max(1) as u64) as usize * all;
        let row = |image: &u32| {
            let start = (first + *image as usize) * width;
            self.numbers.get(start..start + width).unwrap_or_default().iter().map(|number| number.to_f32())
        };
        images.iter().flat_map(row).collect()
    }

    /// Numbers of each view.
    pub(in crate::pretrain) fn width(&self) -> usize {
        self.sizes[2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_come_again_in_turn() {
        let numbers = (0..2 * 3 * 2).map(|number| f16::from_f32(number as f32)).collect();
        let lessons = Lessons::new([2, 3, 2], numbers);
        assert_eq!(lessons.width(), 2);
        assert_eq!(lessons.of(0, &[2, 0]), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(lessons.of(1, &[2, 0]), [10.0, 11.0, 6.0, 7.0]);
        assert_eq!(lessons.of(4, &[1]), lessons.of(0, &[1]));
    }
}
