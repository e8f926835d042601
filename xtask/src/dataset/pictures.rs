//! Pictures on their way into a dataset.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::imageops::{FilterType, overlay, resize};
use image::{DynamicImage, Rgb, RgbImage};

/// An empty folder for what is written on the way.
pub(super) fn empty_folder(name: &str) -> Result<PathBuf> {
    let folder = crate::run::root().join("target/datasets").join(name);
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Writes a picture as PNG, with the folders it needs.
pub(super) fn write(picture: &RgbImage, path: &Path) -> Result<()> {
    let folder = path.parent().context("a picture needs a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    picture.save(path).with_context(|| format!("cannot write {}", path.display()))
}

/// A cut-out on white, in the middle of a square of `side` pixels.
pub(super) fn on_white(picture: &DynamicImage, side: u32) -> RgbImage {
    let white = Rgb([255; 3]);
    let picture = picture.to_rgba8();
    let (width, height) = picture.dimensions();
    let flat = RgbImage::from_fn(width, height, |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let mix = |color: u32| ((color * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        Rgb([mix(red), mix(green), mix(blue)])
    });
    let longest = width.max(height).max(1);
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
    let (small_width, small_height) = (scaled(width), scaled(height));
    // The triangle grows with the factor: an anti-aliased bilinear filter.
    let small = resize(&flat, small_width, small_height, FilterType::Triangle);
    let mut square = RgbImage::from_pixel(side, side, white);
    overlay(&mut square, &small, i64::from((side - small_width) / 2), i64::from((side - small_height) / 2));
    square
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;

    #[test]
    fn cut_outs_stand_on_white_in_the_middle() {
        // Twice as wide as high: the left half red, the right half see-through with black below.
        let cut_out = RgbaImage::from_fn(16, 8, |x, _| if x < 8 { Rgba([200, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) });
        let picture = on_white(&DynamicImage::ImageRgba8(cut_out), 8);
        assert_eq!(picture.dimensions(), (8, 8));
        assert_eq!(picture.get_pixel(0, 0).0, [255; 3], "above it");
        assert_eq!(picture.get_pixel(1, 4).0, [200, 0, 0]);
        assert_eq!(picture.get_pixel(7, 4).0, [255; 3], "what cannot be seen through is white, not black");
        let half = RgbaImage::from_pixel(4, 4, Rgba([0, 0, 0, 128]));
        assert_eq!(on_white(&DynamicImage::ImageRgba8(half), 4).get_pixel(2, 2).0, [127; 3]);
    }
}
