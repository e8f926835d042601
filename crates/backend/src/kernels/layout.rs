//! From channels first to channels last.

use rayon::prelude::*;

use super::share::Buffer;

/// Where the elements of a `[n, c, h, w]` tensor lie in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strided {
    pub(crate) shape: [usize; 4],
    pub(crate) strides: [isize; 4],
    pub(crate) offset: usize,
}

impl Strided {
    /// Elements.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Strides of a dense `[n, h, w, c]` buffer seen as `[n, c, h, w]`.
    pub(crate) fn channels_last_strides([_, c, h, w]: [usize; 4]) -> [isize; 4] {
        [(h * w * c) as isize, 1, (w * c) as isize, c as isize]
    }

    /// Whether the elements lie side by side in `[n, h, w, c]` order.
    pub(crate) fn is_channels_last(&self) -> bool {
        let wanted = Self::channels_last_strides(self.shape);
        (0..4).all(|axis| self.shape[axis] == 1 || self.strides[axis] == wanted[axis])
    }
}

/// Copies a `[n, c, h, w]` view into a dense `[n, h, w, c]` buffer.
pub(crate) fn to_channels_last(from: &[f32], view: &Strided) -> Vec<f32> {
    let [_, c, h, w] = view.shape;
    let image = c * h * w;
    let at = |n: usize, c: usize, y: usize, x: usize| {
        let [sn, sc, sh, sw] = view.strides;
        (view.offset as isize + n as isize * sn + c as isize * sc + y as isize * sh + x as isize * sw) as usize
    };
    // SAFETY: every image is written completely.
    unsafe {
        Vec::filled(view.len(), |to| {
            (0..view.shape[0]).into_par_iter().with_min_len(1 + 4096 / image.max(1)).for_each(|n| {
                let to = to.part(n * image, image);
                for y in 0..h {
                    for channel in 0..c {
                        for x in 0..w {
                            to[(y * w + x) * c + channel] = from[at(n, channel, y, x)];
                        }
                    }
                }
            });
        })
    }
}
