//! An RGB picture and what can be drawn on it.

use ab_glyph_rasterizer::{Point, Rasterizer, point};
use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder};
use rustybuzz::ttf_parser::{GlyphId, OutlineBuilder};

use super::fonts::face;
use super::text::{Glyph, shaped};
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

    /// The picture as a JPEG file of this quality, from 1 to 100: smaller, not to the pixel.
    ///
    /// # Errors
    /// [`PretextError::Png`] where the encoder refuses the size.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, quality)
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
    pub(super) fn write(&mut self, text: &str, (x, y): (usize, usize), size: usize, color: Color) {
        // Letters stand on a line four fifths down; what hangs below it fits into the rest.
        let base = y as f32 + (0.95 * size as f32).round();
        for glyph in shaped(text, size).0 {
            self.glyph(&glyph, (x as f32 + glyph.x, base - glyph.y), size, color);
        }
    }

    /// Draws a glyph whose origin is at `(x, y)`, its edges smoothed.
    fn glyph(&mut self, glyph: &Glyph, (x, y): (f32, f32), size: usize, color: Color) {
        let Some(face) = face(glyph.font) else { return };
        let scale = size as f32 / face.units_per_em() as f32;
        let Some(bounds) = face.glyph_bounding_box(GlyphId(glyph.id)) else { return };
        let (left, top) = ((x + bounds.x_min as f32 * scale).floor(), (y - bounds.y_max as f32 * scale).floor());
        let width = (x + bounds.x_max as f32 * scale).ceil() - left;
        let height = (y - bounds.y_min as f32 * scale).ceil() - top;
        let mut outline = Outline {
            raster: Rasterizer::new(width as usize + 1, height as usize + 1),
            origin: (x - left, y - top),
            scale,
            start: point(0.0, 0.0),
            last: point(0.0, 0.0),
        };
        face.outline_glyph(GlyphId(glyph.id), &mut outline);
        outline.raster.for_each_pixel_2d(|column, row, cover| {
            let (x, y) = (left + column as f32, top + row as f32);
            if cover > 0.0 && x >= 0.0 && y >= 0.0 {
                self.blend(x as usize, y as usize, color, cover.min(1.0));
            }
        });
    }

    fn blend(&mut self, x: usize, y: usize, color: Color, cover: f32) {
        if x < self.width && y < self.height {
            for (below, ink) in self.data[(y * self.width + x) * 3..][..3].iter_mut().zip(color) {
                *below = (f32::from(*below) + (f32::from(ink) - f32::from(*below)) * cover).round() as u8;
            }
        }
    }
}

/// A glyph's outline in font units on its way to pixels.
struct Outline {
    raster: Rasterizer,
    /// Of the glyph, in pixels of the raster.
    origin: (f32, f32),
    scale: f32,
    start: Point,
    last: Point,
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> Point {
        point(self.origin.0 + x * self.scale, self.origin.1 - y * self.scale)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.start = self.at(x, y);
        self.last = self.start;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_line(self.last, to);
        self.last = to;
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_quad(self.last, self.at(x1, y1), to);
        self.last = to;
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let to = self.at(x, y);
        self.raster.draw_cubic(self.last, self.at(x1, y1), self.at(x2, y2), to);
        self.last = to;
    }

    fn close(&mut self) {
        self.raster.draw_line(self.last, self.start);
        self.last = self.start;
    }
}
