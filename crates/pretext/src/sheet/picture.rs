//! An RGB picture and what can be drawn on it.

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use super::font;
use crate::error::{PretextError, Result};
use crate::ops::{self, Kernel};
use crate::pixels::Planes;

/// Red, green, blue.
pub(super) type Color = [u8; 3];

/// An RGB picture of 8 bits a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `height * width * 3` samples, rows of red, green, blue.
    pub data: Vec<u8>,
}

impl Picture {
    pub(super) fn new(width: usize, height: usize, paper: Color) -> Self {
        Self { width, height, data: paper.repeat(width * height) }
    }

    /// `planes` at their own size: three or more channels as red, green, blue, fewer as gray.
    pub fn from_planes(planes: &Planes) -> Self {
        let shape = planes.shape;
        let plane = shape.plane();
        let mut data = Vec::with_capacity(plane * 3);
        for pixel in 0..plane {
            for color in 0..3 {
                let channel = if shape.channels >= 3 { color } else { 0 };
                let value = planes.data.get(channel * plane + pixel).copied().unwrap_or(0.0);
                data.push((value.clamp(0.0, 1.0) * 255.0).round() as u8);
            }
        }
        Self { width: shape.width, height: shape.height, data }
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// [`PretextError::Png`] where the encoder refuses the size.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        PngEncoder::new(&mut file)
            .write_image(&self.data, self.width as u32, self.height as u32, ExtendedColorType::Rgb8)
            .map_err(|error| PretextError::Png(error.to_string()))?;
        Ok(file)
    }

    fn set(&mut self, x: usize, y: usize, color: Color) {
        if x < self.width && y < self.height {
            self.data[(y * self.width + x) * 3..][..3].copy_from_slice(&color);
        }
    }

    pub(super) fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), color: Color) {
        for y in y..y + height {
            for x in x..x + width {
                self.set(x, y, color);
            }
        }
    }

    /// Draws `planes` into the square of `side` pixels at `(x, y)`, whole and centered: small images enlarged by a whole
    /// factor so that their pixels can be seen, large ones shrunk.
    pub(super) fn place(&mut self, planes: &Planes, (x, y): (usize, usize), side: usize) {
        let shape = planes.shape;
        let long = shape.height.max(shape.width);
        if shape.is_empty() || side == 0 {
            return;
        }
        let (small, zoom) = if long <= side {
            (Self::from_planes(planes), side / long)
        } else {
            let fit = |length: usize| (length * side / long).max(1);
            let mut fitted = Planes::black(crate::Shape::new(shape.channels, fit(shape.height), fit(shape.width)));
            let size = (fitted.shape.height, fitted.shape.width);
            ops::resize(&planes.data, (shape.height, shape.width), Kernel::Bilinear, &mut fitted.data, size);
            (Self::from_planes(&fitted), 1)
        };
        let (left, top) = (x + (side - small.width * zoom) / 2, y + (side - small.height * zoom) / 2);
        for (i, pixel) in small.data.chunks_exact(3).enumerate() {
            let at = (left + i % small.width * zoom, top + i / small.width * zoom);
            self.fill(at, (zoom, zoom), [pixel[0], pixel[1], pixel[2]]);
        }
    }

    /// Writes one line of text, its upper left corner at `(x, y)`; what does not fit is cut off.
    pub(super) fn write(&mut self, text: &str, (x, y): (usize, usize), zoom: usize, color: Color) {
        for (i, letter) in text.chars().enumerate() {
            let left = x + i * (font::WIDTH + 1) * zoom;
            for (row, dots) in font::glyph(letter).iter().enumerate() {
                for (column, &dot) in dots.iter().enumerate() {
                    if dot {
                        self.fill((left + column * zoom, y + row * zoom), (zoom, zoom), color);
                    }
                }
            }
        }
    }
}

/// Height of a line of text without the space below it.
pub(super) const fn line_height(zoom: usize) -> usize {
    font::HEIGHT * zoom
}

/// How many letters fit into `width` pixels.
pub(super) const fn letters(width: usize, zoom: usize) -> usize {
    (width + zoom) / ((font::WIDTH + 1) * zoom)
}
