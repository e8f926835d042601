//! What a network takes in.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sides::MIN_SIDE;
use crate::{ModelError, Result};

/// How an image of another shape is brought to the network's input, where nothing is learned from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Its shorter side is brought to the input's, and the middle is cut out: what lies at the ends of the longer side is not
    /// seen.
    #[default]
    Crop,
    /// Its longer side is brought to the input's, and the rest is filled with the mean color: everything is seen, smaller.
    Pad,
    /// Both sides are brought to the input's: everything is seen, out of proportion.
    Stretch,
}

impl Fit {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Crop, Self::Pad, Self::Stretch];

    /// `crop`, `pad` or `stretch`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crop => "crop",
            Self::Pad => "pad",
            Self::Stretch => "stretch",
        }
    }

    /// What becomes of an image of other proportions.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Crop => "their middle is cut out, what lies beyond is not seen",
            Self::Pad => "all of them is seen, filled up with mean color",
            Self::Stretch => "all of them is seen, out of proportion",
        }
    }

    // Taken by reference because serde asks so.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_crop(&self) -> bool {
        *self == Self::Crop
    }
}

impl std::str::FromStr for Fit {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        Self::ALL.into_iter().find(|fit| fit.name() == text).ok_or_else(|| "expected crop, pad or stretch".to_owned())
    }
}

/// The largest side of an input that is taken for one.
const MAX_SIDE: usize = 8192;
/// The most channels of an input.
const MAX_CHANNELS: usize = 1024;

/// What an encoder takes in: planes in 0..1, normalized by a mean and a standard deviation a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Channels.
    pub channels: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Mean of each channel, on 0..1.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel, on 0..1.
    pub std: Vec<f32>,
    /// How images of another shape are brought to this one.
    #[serde(default, skip_serializing_if = "Fit::is_crop")]
    pub fit: Fit,
    /// How the values of image files became these planes, for whoever reads images; none of photographs. The network does not
    /// look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Value>,
}

impl InputSpec {
    /// Mean and standard deviation 0.5: values in -1..1.
    pub fn centered(channels: usize, height: usize, width: usize) -> Self {
        Self {
            channels,
            height,
            width,
            mean: vec![0.5; channels],
            std: vec![0.5; channels],
            fit: Fit::Crop,
            reading: None,
        }
    }

    /// `ImageNet`'s published mean and standard deviation, RGB.
    pub fn imagenet(height: usize, width: usize) -> Self {
        let (mean, std) = (vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]);
        Self { channels: 3, height, width, mean, std, fit: Fit::Crop, reading: None }
    }

    /// Whether these are sizes and numbers that images can be brought to.
    ///
    /// # Errors
    /// [`ModelError::Option`] naming the field.
    pub fn check(&self) -> Result<()> {
        let refused = |option, value: String, reason: String| Err(ModelError::Option { option, value, reason });
        if !(1..=MAX_CHANNELS).contains(&self.channels) {
            return refused("channels", self.channels.to_string(), format!("expected 1 to {MAX_CHANNELS}"));
        }
        for (option, side) in [("height", self.height), ("width", self.width)] {
            if !(MIN_SIDE..=MAX_SIDE).contains(&side) {
                return refused(option, side.to_string(), format!("expected {MIN_SIDE} to {MAX_SIDE} pixels"));
            }
        }
        for (option, values) in [("mean", &self.mean), ("std", &self.std)] {
            if values.len() != self.channels {
                let reason = format!("expected {}, one a channel", self.channels);
                return refused(option, format!("{} numbers", values.len()), reason);
            }
        }
        if let Some(mean) = self.mean.iter().find(|mean| !(-10.0..=10.0).contains(*mean)) {
            return refused("mean", mean.to_string(), "expected numbers from -10 to 10, on pixels from 0 to 1".into());
        }
        if let Some(std) = self.std.iter().find(|std| !(1e-4..=10.0).contains(*std)) {
            let reason = "expected numbers from 0.0001 to 10: it is divided by, on pixels from 0 to 1";
            return refused("std", std.to_string(), reason.into());
        }
        Ok(())
    }

    /// Normalizes planar images in place: `data` is any number of `[c, h, w]` images in 0..1.
    pub fn normalize(&self, data: &mut [f32]) {
        let plane = self.height * self.width;
        if plane == 0 || self.channels == 0 {
            return;
        }
        for image in data.chunks_exact_mut(plane * self.channels) {
            for ((pixels, mean), std) in image.chunks_exact_mut(plane).zip(&self.mean).zip(&self.std) {
                let scale = 1.0 / std.max(1e-6);
                for pixel in pixels {
                    *pixel = (*pixel - mean) * scale;
                }
            }
        }
    }

    /// Values of one image.
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether an image has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
