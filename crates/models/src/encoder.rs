//! A trained (or given) backbone as plain data.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::{Scope, StateDict, catch, load_state_dict, state_dict};

use crate::file::{self, FORMAT_VERSION, Metadata, PLAIN_VERSION, Tensors, write_safetensors};
use crate::tensor_names::is_encoders;
use crate::{Backbone, BackboneConfig, Fit, InputSpec, ModelError, Result, Seen};

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
