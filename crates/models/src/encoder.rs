//! A trained (or given) backbone as plain data.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::{Scope, StateDict, load_state_dict, state_dict};
use serde::{Deserialize, Serialize};

use crate::file::{Metadata, PLAIN_VERSION, read_safetensors, write_safetensors};
use crate::{Backbone, BackboneConfig, ModelError, Result};

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
}

impl InputSpec {
    /// Mean and standard deviation 0.5: values in -1..1.
    pub fn centered(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width, mean: vec![0.5; channels], std: vec![0.5; channels] }
    }

    /// `ImageNet`'s published mean and standard deviation, RGB.
    pub fn imagenet(height: usize, width: usize) -> Self {
        Self { channels: 3, height, width, mean: vec![0.485, 0.456, 0.406], std: vec![0.229, 0.224, 0.225] }
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
    /// Parameters and running statistics under torchvision's names.
    pub state: Arc<StateDict>,
    /// Where the weights come from, in words: "simclr on fashion-mini, 270000 images".
    pub origin: String,
}

impl Encoder {
    /// The newest weights and statistics of a backbone, copied.
    pub fn of(backbone: &Backbone, config: &BackboneConfig, input: &InputSpec, origin: impl Into<String>) -> Self {
        let state = Arc::new(state_dict(backbone));
        Self { config: config.clone(), input: input.clone(), state, origin: origin.into() }
    }

    /// An untrained encoder, its weights drawn from `seed`.
    ///
    /// # Errors
    /// [`ModelError::Option`] for a width of 0 or beyond reason.
    pub fn random(config: &BackboneConfig, input: &InputSpec, seed: u64) -> Result<Self> {
        config.check()?;
        let device = foretask_backend::device("flex")?;
        let backbone = config.init(input.channels, seed, &device.plain());
        Ok(Self::of(&backbone, config, input, format!("random, seed {seed}")))
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

    /// Writes a safetensors file under torchvision's names, whole or not at all. `PyTorch` loads it strictly (without
    /// `fc`); preprocessing and configuration travel in its metadata.
    ///
    /// # Errors
    /// [`ModelError::File`] where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write_safetensors(path.as_ref(), &self.state, &self.metadata())
    }

    pub(crate) fn metadata(&self) -> Metadata {
        Metadata {
            format_version: PLAIN_VERSION,
            config: self.config.clone(),
            input: self.input.clone(),
            origin: self.origin.clone(),
            classes: None,
            temperature: None,
            calibration: None,
            familiar: None,
        }
    }

    /// Reads a file written by [`Encoder::save`] or [`Classifier::save`](crate::Classifier::save) (whose `fc` is left out).
    ///
    /// # Errors
    /// A file that cannot be read, is of another program (see [`load_torch_weights`](crate::load_torch_weights)), or does
    /// not fit its own configuration.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let contents = read_safetensors(path)?;
        let missing = || ModelError::Metadata { path: path.into(), what: "description", wanted: "encoder" };
        let Metadata { config, input, origin, .. } = contents.metadata.ok_or_else(missing)?;
        let mut state = contents.tensors;
        state.retain(|name, _| !name.starts_with("fc.") && name != crate::familiar::TENSOR);
        let encoder = Self { config, input, state: Arc::new(state), origin };
        encoder.build(&foretask_backend::device("flex")?.plain())?;
        Ok(encoder)
    }
}
