//! Images as the crate takes them ([`ImageRef`], of [`ValuesRef`]), as networks see them ([`Shape`]) and as it hands them out ([`Planes`]).

use serde::{Deserialize, Serialize};

use crate::error::{PretextError, Result};
use crate::values::ValuesRef;

/// One image, borrowed: interleaved rows (height, width, channel) of values, as decoders give them.
#[derive(Clone, Copy, Debug)]
pub struct ImageRef<'a> {
    /// `height * width * channels` values.
    pub data: ValuesRef<'a>,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Values a pixel; 1 is gray, 3 is red, green, blue, any other number is taken as is.
    pub channels: usize,
}

impl<'a> ImageRef<'a> {
    /// An image over `data`.
    ///
    /// # Errors
    /// [`PretextError::Empty`] without pixels, [`PretextError::Pixels`] where `data` has another length than the sizes say.
    pub fn new(data: impl Into<ValuesRef<'a>>, width: usize, height: usize, channels: usize) -> Result<Self> {
        let image = Self { data: data.into(), width, height, channels };
        image.check()?;
        Ok(image)
    }

    /// The fields are public, so every entry point asks again.
    pub(crate) fn check(&self) -> Result<()> {
        let Self { data, width, height, channels } = *self;
        if width == 0 || height == 0 || channels == 0 {
            return Err(PretextError::Empty { width, height, channels });
        }
        let expected = width.saturating_mul(height).saturating_mul(channels);
        if data.len() != expected {
            return Err(PretextError::Pixels { width, height, channels, expected, got: data.len() });
        }
        Ok(())
    }

    pub(crate) fn check_against(&self, shape: Shape) -> Result<()> {
        self.check()?;
        if self.channels == shape.channels {
            Ok(())
        } else {
            Err(PretextError::Channels { expected: shape.channels, got: self.channels })
        }
    }
}

/// The shape of one network input: planes of `height * width`, one a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Number of planes.
    pub channels: usize,
    /// Rows of a plane.
    pub height: usize,
    /// Columns of a plane.
    pub width: usize,
}

impl Shape {
    /// A shape in the order tensors have: channels, height, width.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// Samples of one plane.
    pub const fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Samples in all.
    pub const fn len(&self) -> usize {
        self.channels * self.plane()
    }

    /// True where there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shorter side in pixels.
    pub const fn short_side(&self) -> usize {
        if self.height < self.width { self.height } else { self.width }
    }

    /// True for red, green, blue: the only channel count for which saturation, hue and grayscale mean something.
    pub const fn is_color(&self) -> bool {
        self.channels == 3
    }
}

/// One owned image as a network sees it: planar (channel, height, width), values from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    /// `shape.len()` samples.
    pub data: Vec<f32>,
    /// Channels, height, width.
    pub shape: Shape,
}

impl Planes {
    /// A black image.
    pub fn black(shape: Shape) -> Self {
        Self { data: vec![0.0; shape.len()], shape }
    }
}

impl From<ImageRef<'_>> for Planes {
    /// Every pixel as it is, divided by the value of white.
    fn from(image: ImageRef<'_>) -> Self {
        let shape = Shape::new(image.channels, image.height, image.width);
        let mut planes = Self::black(shape);
        crate::ops::to_planes(image.data, shape.channels, &mut planes.data);
        planes
    }
}
