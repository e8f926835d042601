//! A trained (or given) backbone as plain data.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::{Scope, StateDict, catch, load_state_dict, state_dict};
use serde::{Deserialize, Serialize};

use crate::file::{self, FORMAT_VERSION, Metadata, PLAIN_VERSION, Tensors, write_safetensors};
use crate::sides::MIN_SIDE;
use crate::{Backbone, BackboneConfig, ModelError, Result, Seen};

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

/// What an encoder takes in: planes in 0..1, normalised by a mean and a standard deviation a channel.
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
}

impl InputSpec {
    /// Mean and standard deviation 0.5: values in -1..1.
    pub fn centered(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width, mean: vec![0.5; channels], std: vec![0.5; channels], fit: Fit::Crop }
    }

    /// `ImageNet`'s published mean and standard deviation, RGB.
    pub fn imagenet(height: usize, width: usize) -> Self {
        let (mean, std) = (vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]);
        Self { channels: 3, height, width, mean, std, fit: Fit::Crop }
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

    /// Normalises planar images in place: `data` is any number of `[c, h, w]` images in 0..1.
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

/// A backbone with its weights, as plain data: cheap to clone, sendable, independent of any device.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    /// Every shape but the input channels.
    pub config: BackboneConfig,
    /// What it takes in.
    pub input: InputSpec,
    /// Parameters and running statistics under torchvision's or timm's names.
    pub state: Arc<StateDict>,
    /// Where the weights come from, in words: "simclr on fashion-mini, 270000 images".
    pub origin: String,
    /// Which images taught them.
    pub seen: Seen,
    /// The license of the published weights that they come from: "Apache-2.0".
    pub license: Option<String>,
}

impl Encoder {
    /// The newest weights and statistics of a backbone, copied. Which images taught them is not known; see
    /// [`Encoder::with_seen`].
    pub fn of(backbone: &Backbone, config: &BackboneConfig, input: &InputSpec, origin: impl Into<String>) -> Self {
        let state = Arc::new(state_dict(backbone));
        let (config, input) = (config.clone(), input.clone());
        Self { config, input, state, origin: origin.into(), seen: Seen::unknown(), license: None }
    }

    /// The same with the images that taught it.
    #[must_use]
    pub fn with_seen(self, seen: Seen) -> Self {
        Self { seen, ..self }
    }

    /// The same under the license of the published weights that it comes from.
    #[must_use]
    pub fn with_license(self, license: Option<String>) -> Self {
        Self { license, ..self }
    }

    /// An untrained encoder, its weights drawn from `seed`.
    ///
    /// # Errors
    /// [`ModelError::Option`] for a width of 0 or beyond reason.
    pub fn random(config: &BackboneConfig, input: &InputSpec, seed: u64) -> Result<Self> {
        config.check()?;
        let device = foretask_backend::device("flex")?;
        let backbone = config.init(input.channels, seed, &device.plain());
        Ok(Self::of(&backbone, config, input, format!("random, seed {seed}")).with_seen(Seen::nothing()))
    }

    /// A module with copies of the weights: ready to train on a device with automatic differentiation, ready for
    /// inference on a plain one.
    ///
    /// # Errors
    /// Weights that do not fit the configuration.
    pub fn build(&self, device: &burn::tensor::Device) -> Result<Backbone> {
        let backbone = self.config.build(self.input.channels, &Scope::unfilled(device));
        Ok(load_state_dict(backbone, &self.state)?)
    }

    /// Writes a safetensors file under torchvision's or timm's names, whole or not at all. `PyTorch` loads it strictly
    /// (without the classifier); preprocessing and configuration travel in its metadata.
    ///
    /// # Errors
    /// [`ModelError::File`] where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_safetensors(path.as_ref(), &self.state, &self.metadata())
    }

    pub(crate) fn metadata(&self) -> Metadata {
        let fit = self.input.fit;
        Metadata {
            // Older programs would crop.
            format_version: if fit == Fit::Crop { PLAIN_VERSION } else { FORMAT_VERSION },
            config: self.config.clone(),
            input: InputSpec { fit: Fit::Crop, ..self.input.clone() },
            origin: self.origin.clone(),
            fit: Some(fit),
            classes: None,
            temperature: None,
            calibration: None,
            familiar: None,
            seen: self.seen.clone(),
            license: self.license.clone(),
        }
    }

    /// Reads a file written by [`Encoder::save`] or [`Classifier::save`](crate::Classifier::save) (whose `fc` is left out).
    ///
    /// # Errors
    /// A file that cannot be read, is of another program (see [`load_weights`](crate::load_weights)), or does not fit its own
    /// description.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match file::open(path)?.ours() {
            Ok((metadata, tensors)) => Self::of_file(path, &metadata, tensors),
            Err(other) => Err(ModelError::Foreign { path: path.into(), found: crate::foreign::named(&other.shapes()) }),
        }
    }

    /// The encoder of a file of ours that has been looked at.
    pub(crate) fn of_file(path: &Path, metadata: &Metadata, tensors: Tensors) -> Result<Self> {
        metadata.believe(path, &tensors.shapes())?;
        let state = tensors.read(|name| is_encoders(&metadata.config, name))?;
        Self::of_state(path, metadata, state)
    }

    /// An encoder of values that were read from a file of ours.
    pub(crate) fn of_state(path: &Path, metadata: &Metadata, state: StateDict) -> Result<Self> {
        let Metadata { config, input, origin, seen, license, .. } = metadata.clone();
        let encoder = Self { config, input, state: Arc::new(state), origin, seen, license };
        encoder.fits(path)?;
        Ok(encoder)
    }

    /// Refuses weights of a file that are not those of the network.
    pub(crate) fn fits(&self, path: &Path) -> Result<()> {
        let device = foretask_backend::device("flex")?.plain();
        let unfit = |source| ModelError::Unfit { path: path.into(), source };
        match catch("building the network", || self.build(&device)).map_err(unfit)? {
            Ok(_) => Ok(()),
            Err(ModelError::Backend(source)) => Err(unfit(source)),
            Err(other) => Err(other),
        }
    }
}

/// Whether a tensor of a file of ours belongs to the encoder.
pub(crate) fn is_encoders(config: &BackboneConfig, name: &str) -> bool {
    let classifiers = name.strip_prefix(config.classifier()).is_some_and(|rest| rest.starts_with('.'));
    !classifiers && name != crate::familiar::TENSOR
}
