//! Pictures for the page: small ones and large ones, made when they are asked for and kept as long as there is room.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use foretask_data::Pixels;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _, RgbImage, imageops};

use crate::dataset::Dataset;

/// Bytes of encoded pictures that are kept.
const ROOM: usize = 192 << 20;
/// Pictures this small are sent as they are, without loss.
const SMALL: u32 = 128;
/// Sides that pictures are made in: every other one would be made and kept once more.
pub(crate) const SIDES: [u32; 3] = [160, 320, 1600];
/// Quality of JPEGs.
const QUALITY: u8 = 86;

/// An encoded picture.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// `image/png` or `image/jpeg`.
    pub(crate) kind: &'static str,
    /// The file.
    pub(crate) bytes: Arc<[u8]>,
}

/// Two generations: what was not asked for since the last change of generations goes first.
#[derive(Debug, Default)]
struct Kept {
    new: HashMap<(u32, u32), Picture>,
    old: HashMap<(u32, u32), Picture>,
    /// Bytes of the new ones.
    bytes: usize,
}

/// Makes pictures, as many at once as there are processors.
#[derive(Debug)]
pub(crate) struct Pictures {
    data: Arc<Dataset>,
    kept: Mutex<Kept>,
    free: Mutex<usize>,
    freed: Condvar,
}

impl Pictures {
    /// Of these images.
    pub(crate) fn new(data: Arc<Dataset>) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        Self { data, kept: Mutex::default(), free: Mutex::new(workers), freed: Condvar::new() }
    }

    /// The picture of a row, at most `side` pixels long (the next larger of [`SIDES`]); why there is none otherwise.
    ///
    /// # Errors
    /// A row that there is not, an image that cannot be read.
    pub(crate) fn get(&self, row: u32, side: u32) -> Result<Picture, String> {
        let side = SIDES.into_iter().find(|known| *known >= side).unwrap_or(SIDES[2]);
        if let Some(found) = self.find(row, side) {
            return Ok(found);
        }
        self.enter();
        let made = foretask_backend::catch("a picture", || encoded(&self.data.look_at(row, side)?.0, side));
        self.leave();
        let picture = made.map_err(|error| error.to_string())??;
        self.keep((row, side), picture.clone());
        Ok(picture)
    }

    fn find(&self, row: u32, side: u32) -> Option<Picture> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.new.get(&(row, side)) {
            return Some(found.clone());
        }
        let found = kept.old.remove(&(row, side))?;
        drop(kept);
        self.keep((row, side), found.clone());
        Some(found)
    }

    fn keep(&self, key: (u32, u32), picture: Picture) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += picture.bytes.len();
        kept.new.insert(key, picture);
        if kept.bytes > ROOM / 2 {
            kept.old = std::mem::take(&mut kept.new);
            kept.bytes = 0;
        }
    }

    fn enter(&self) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
    }

    fn leave(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.freed.notify_one();
    }
}

/// A picture of exactly this size; `None` for one without pixels. Pixels are bytes of RGB.
pub(crate) fn resized(pixels: &Pixels<'_>, width: u32, height: u32) -> Option<RgbImage> {
    let picture = RgbImage::from_raw(pixels.width as u32, pixels.height as u32, pixels.data.bytes()?.to_vec())?;
    if picture.width() == 0 || picture.height() == 0 {
        return None;
    }
    let smaller = width <= picture.width() && height <= picture.height();
    Some(if (width, height) == picture.dimensions() {
        picture
    } else if smaller {
        imageops::thumbnail(&picture, width, height)
    } else {
        imageops::resize(&picture, width, height, imageops::FilterType::Triangle)
    })
}

/// The picture with its longer side at most `side` pixels; `None` for one without pixels. Pixels are RGB.
pub(crate) fn fitted(pixels: &Pixels<'_>, side: u32) -> Option<RgbImage> {
    let (width, height) = (pixels.width as u32, pixels.height as u32);
    let long = width.max(height).max(1);
    let fit = |length: u32| if long <= side { length } else { (length * side / long).max(1) };
    resized(pixels, fit(width), fit(height))
}

fn encoded(pixels: &Pixels<'_>, side: u32) -> Result<Picture, String> {
    let (width, height) = (pixels.width as u32, pixels.height as u32);
    let long = width.max(height).max(1);
    let fit = |length: u32| (u64::from(length) * u64::from(side) / u64::from(long)).max(1) as u32;
    let size = if long > side { (fit(width), fit(height)) } else { (width, height) };
    let picture = resized(pixels, size.0, size.1).ok_or("it has no pixels")?;
    let mut bytes = Vec::new();
    let small = size.0.max(size.1) <= SMALL;
    let color = ExtendedColorType::Rgb8;
    let written = if small {
        PngEncoder::new(&mut bytes).write_image(picture.as_raw(), size.0, size.1, color)
    } else {
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).write_image(picture.as_raw(), size.0, size.1, color)
    };
    written.map_err(|error| error.to_string())?;
    Ok(Picture { kind: if small { "image/png" } else { "image/jpeg" }, bytes: bytes.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_shrink_and_small_ones_stay() {
        let pixels = |width: usize, height: usize| Pixels {
            width,
            height,
            channels: 3,
            data: (0..width * height * 3).map(|at| (at % 251) as u8).collect::<Vec<_>>().into(),
        };
        let small = encoded(&pixels(28, 20), 160).unwrap();
        let back = foretask_data::decode_bytes(&small.bytes, Some(3)).unwrap();
        assert_eq!((small.kind, back.width, back.height), ("image/png", 28, 20));
        assert_eq!(back.data, pixels(28, 20).data);
        let large = encoded(&pixels(1000, 500), 160).unwrap();
        let back = foretask_data::decode_bytes(&large.bytes, Some(3)).unwrap();
        assert_eq!((large.kind, back.width, back.height), ("image/jpeg", 160, 80));
        let thin = encoded(&pixels(2000, 1), 160).unwrap();
        assert_eq!(foretask_data::decode_bytes(&thin.bytes, Some(3)).unwrap().height, 1);
    }
}
