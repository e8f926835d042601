//! Pictures larger and smaller.

use foretask_experiment::preview::Picture;

/// The picture about `factor` times as large, by whole pixels, but no wider than `most`.
pub(super) fn sized(picture: &Picture, factor: f64, most: usize) -> Picture {
    let factor = (factor.round() as usize).clamp(1, (most / picture.width.max(1)).max(1));
    let larger = enlarged(picture, factor);
    if larger.width > most { shrunk(picture, most) } else { larger }
}

/// Every pixel as a square of `factor` pixels.
pub(super) fn enlarged(picture: &Picture, factor: usize) -> Picture {
    let (width, height) = (picture.width * factor, picture.height * factor);
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            data.extend(pixel(picture, x / factor, y / factor));
        }
    }
    Picture { width, height, data }
}

/// The picture so many pixels wide; each pixel is the mean of those it stands for.
pub(super) fn shrunk(picture: &Picture, width: usize) -> Picture {
    let width = width.clamp(1, picture.width.max(1));
    let height = (picture.height * width).div_ceil(picture.width.max(1)).max(1);
    let part = |index: usize, of: usize, all: usize| {
        let start = index * all / of;
        start..((index + 1) * all / of).max(start + 1).min(all)
    };
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let (rows, columns) = (part(y, height, picture.height), part(x, width, picture.width));
            let count = (rows.len() * columns.len()).max(1) as u64;
            let mut sum = [0_u64; 3];
            for y in rows {
                for x in columns.clone() {
                    for (sum, value) in sum.iter_mut().zip(pixel(picture, x, y)) {
                        *sum += u64::from(value);
                    }
                }
            }
            data.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    Picture { width, height, data }
}

/// The color of a pixel; white outside.
pub(super) fn pixel(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let at = (y * picture.width + x) * 3;
    match picture.data.get(at..at + 3) {
        Some(&[red, green, blue]) if x < picture.width => [red, green, blue],
        _ => [255; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: usize, values: &[u8]) -> Picture {
        Picture { width, height: values.len() / width, data: values.iter().flat_map(|&value| [value; 3]).collect() }
    }

    #[test]
    fn pixels_are_averaged_and_repeated() {
        let picture = gray(4, &[0, 10, 20, 30, 20, 30, 40, 50]);
        assert_eq!(shrunk(&picture, 2), gray(2, &[15, 35]));
        assert_eq!(shrunk(&picture, 4), picture);
        // A pixel stands for one or two, and none is left out.
        assert_eq!(shrunk(&gray(4, &[0, 10, 20, 30]), 3), gray(3, &[0, 10, 25]));
        assert_eq!(enlarged(&gray(2, &[1, 2]), 2), gray(4, &[1, 1, 2, 2, 1, 1, 2, 2]));
    }

    #[test]
    fn a_picture_fits_the_terminal() {
        let picture = gray(4, &[0, 10, 20, 30, 20, 30, 40, 50]);
        assert_eq!(sized(&picture, 2.4, 100).width, 8);
        assert_eq!(sized(&picture, 2.4, 7).width, 4);
        assert_eq!(sized(&picture, 1.0, 2), shrunk(&picture, 2));
        assert_eq!(pixel(&picture, 4, 0), [255; 3]);
    }
}
