//! Carrying out what was drawn.

use std::cell::Cell;

use super::draw::Drawn;
use crate::ops::{self, Change};
use crate::pixels::{ImageRef, Shape};
use crate::reuse;

thread_local! {
    static BEFORE: Cell<Vec<f32>> = Cell::default();
}

impl Drawn {
    /// Writes the view. `image` and `out` fit `shape`.
    pub(crate) fn run(&self, image: ImageRef<'_>, shape: Shape, out: &mut [f32]) {
        match self.crop {
            Some(rect) => ops::crop_resize(image, rect, shape, out),
            None => ops::center_view(image, shape, out),
        }
        if self.moved != (0, 0) {
            copied(out, |before, out| {
                ops::shift(before, (shape.height, shape.width), self.moved, self.fill, out);
            });
        }
        if let Some(angle) = self.angle {
            copied(out, |before, out| ops::rotate(before, shape, angle, self.fill, out));
        }
        if self.flip {
            ops::flip_horizontal(out, shape.width);
        }
        if self.vertical_flip {
            ops::flip_vertical(out, shape);
        }
        let mut changes = [Change::Brightness(1.0); 4];
        let mut count = 0;
        for change in self.changes.into_iter().flatten() {
            changes[count] = change;
            count += 1;
        }
        ops::jitter(out, shape, &changes[..count], self.grayscale);
        if let Some(channel) = self.dropped {
            ops::drop_channel(out, shape, channel);
        }
        if let Some(bits) = self.bits {
            ops::posterize(out, bits);
        }
        if self.equalize {
            ops::equalize(out, shape);
        }
        if let Some(sigma) = self.sigma {
            ops::gaussian_blur(out, shape, ops::blur_radius(sigma), sigma);
        }
        if self.solarize {
            ops::solarize(out, 0.5);
        }
        if let Some(rect) = self.cutout {
            ops::erase(out, shape, rect);
        }
    }
}

/// Hands `work` a copy of what is in `out`.
fn copied(out: &mut [f32], work: impl FnOnce(&[f32], &mut [f32])) {
    reuse::with(&BEFORE, |before: &mut Vec<f32>| {
        before.clear();
        before.extend_from_slice(out);
        work(before, out);
    });
}
