//! Moving an image by whole pixels: pad, then crop back to the same size, in one step.

use serde::{Deserialize, Serialize};

/// What appears where the image was moved away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// Black (torchvision's `RandomCrop(padding=…)`).
    #[default]
    Zero,
    /// The nearest pixel of the image, which draws no dark border around photographs.
    Edge,
}

/// Writes into `out` the planes of `height * width` of `source`, seen through a window moved `right` and `down` pixels (negative:
/// left, up).
pub fn shift(
    source: &[f32],
    (height, width): (usize, usize),
    (right, down): (isize, isize),
    fill: Fill,
    out: &mut [f32],
) {
    let plane = height * width;
    if plane == 0 {
        return;
    }
    // Columns of the output that lie within the source.
    let first = (-right).clamp(0, width as isize) as usize;
    let last = (width as isize - right).clamp(first as isize, width as isize) as usize;
    for (source, out) in source.chunks_exact(plane).zip(out.chunks_exact_mut(plane)) {
        for (y, row) in out.chunks_exact_mut(width).enumerate() {
            let from = y as isize + down;
            let inside = (0..height as isize).contains(&from);
            if fill == Fill::Zero && !inside {
                row.fill(0.0);
                continue;
            }
            let from = from.clamp(0, height as isize - 1) as usize;
            let line = &source[from * width..][..width];
            let (left, right_of_it) = match fill {
                Fill::Zero => (0.0, 0.0),
                Fill::Edge => (line[0], line[width - 1]),
            };
            row[..first].fill(left);
            row[last..].fill(right_of_it);
            if first < last {
                let start = (first as isize + right) as usize;
                row[first..last].copy_from_slice(&line[start..start + last - first]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_window_moved_right_and_down_shows_what_lies_there() {
        let source: Vec<f32> = (1..=9).map(|i| i as f32).collect();
        let mut out = [0.0; 9];
        shift(&source, (3, 3), (1, 1), Fill::Zero, &mut out);
        assert_eq!(out, [5.0, 6.0, 0.0, 8.0, 9.0, 0.0, 0.0, 0.0, 0.0]);
        shift(&source, (3, 3), (-1, 1), Fill::Edge, &mut out);
        assert_eq!(out, [4.0, 4.0, 5.0, 7.0, 7.0, 8.0, 7.0, 7.0, 8.0]);
    }

    proptest! {
        #[test]
        fn every_pixel_comes_from_where_it_should(h in 1..6_usize, w in 1..6_usize, right in -8..9_isize, down in -8..9_isize, edge: bool) {
            let source: Vec<f32> = (0..2 * h * w).map(|i| i as f32 + 1.0).collect();
            let mut out = vec![-1.0; source.len()];
            let fill = if edge { Fill::Edge } else { Fill::Zero };
            shift(&source, (h, w), (right, down), fill, &mut out);
            for plane in 0..2 {
                for y in 0..h {
                    for x in 0..w {
                        let (fy, fx) = (y as isize + down, x as isize + right);
                        let (cy, cx) = (fy.clamp(0, h as isize - 1), fx.clamp(0, w as isize - 1));
                        let value = source[plane * h * w + cy as usize * w + cx as usize];
                        let expected = if edge || (fy, fx) == (cy, cx) { value } else { 0.0 };
                        prop_assert_eq!(out[plane * h * w + y * w + x], expected);
                    }
                }
            }
        }
    }
}
