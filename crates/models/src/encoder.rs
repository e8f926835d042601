//! A trained (or given) backbone as plain data.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::{Scope, StateDict, catch, load_state_dict, state_dict};

use crate::file::{self, FIT_VERSION, FORMAT_VERSION, Metadata, PLAIN_VERSION, Tensors, write_safetensors};
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

    /// The same network for images of another number of channels, normalized by these statistics: the first layer's weights of
    /// one channel are the sums over all channels, those of several the old ones again and again, scaled so that inputs of
    /// the same strength give outputs of the same strength.
    ///
    /// # Errors
    /// Where the file's first layer is not there, which no encoder of ours lacks.
    pub fn on_channels(&self, mean: Vec<f32>, std: Vec<f32>) -> Result<Self> {
        let (before, after) = (self.input.channels, mean.len());
        let (name, _) = self.config.first_layer(before);
        let mut state = (*self.state).clone();
        let tensor =
            state.get_mut(name).filter(|tensor| tensor.shape.get(1) == Some(&before) && before > 0 && after > 0);
        let Some(tensor) = tensor else {
            let reason = format!("its first layer, {name}, does not take {before} channels");
            return Err(ModelError::Option { option: "channels", value: after.to_string(), reason });
        };
        let plane: usize = tensor.shape[2..].iter().product();
        let mut data = Vec::with_capacity(tensor.data.len() / before * after);
        for kernel in tensor.data.chunks_exact((before * plane).max(1)) {
            if after == 1 {
                data.extend((0..plane).map(|at| kernel.iter().skip(at).step_by(plane).sum::<f32>()));
                continue;
            }
            let share = before as f32 / after as f32;
            let channel = |channel: usize| &kernel[channel % before * plane..][..plane];
            data.extend((0..after).flat_map(channel).map(|weight| weight * share));
        }
        tensor.data = data;
        tensor.shape[1] = after;
        let input = InputSpec { channels: after, mean, std, reading: None, ..self.input.clone() };
        Ok(Self { input, state: Arc::new(state), ..self.clone() })
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
            // Older programs would crop, or read the files in another way.
            format_version: match (&self.input.reading, fit) {
                (Some(_), _) => FORMAT_VERSION,
                (None, Fit::Crop) => PLAIN_VERSION,
                (None, _) => FIT_VERSION,
            },
            config: self.config.clone(),
            input: InputSpec { fit: Fit::Crop, reading: None, ..self.input.clone() },
            origin: self.origin.clone(),
            fit: Some(fit),
            reading: self.input.reading.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arch, Stem};

    #[test]
    fn weights_of_three_channels_go_onto_any_number() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
        let three = Encoder::random(&config, &InputSpec::centered(3, 16, 16), 1).unwrap();
        let first = |encoder: &Encoder| encoder.state["conv1.weight"].clone();
        let before = first(&three);
        for channels in [1, 2, 5, 13] {
            let other = three.on_channels(vec![0.1; channels], vec![0.2; channels]).unwrap();
            let after = first(&other);
            assert_eq!(after.shape[1], channels);
            assert_eq!((other.input.channels, other.input.mean[0]), (channels, 0.1));
            let plane = after.shape[2] * after.shape[3];
            // The weight of the second kernel's last channel at its first place.
            let found = after.data[(2 * channels - 1) * plane];
            let old = |channel: usize| before.data[(3 + channel) * plane];
            let expected = match channels {
                1 => old(0) + old(1) + old(2),
                n => old((n - 1) % 3) * 3.0 / n as f32,
            };
            assert!((found - expected).abs() < 1e-6, "{channels}: {found} {expected}");
            other.build(&foretask_backend::device("flex").unwrap().plain()).unwrap();
        }
        // What was gray in three channels gives what it gave, in any multiple of three.
        let six = first(&three.on_channels(vec![0.5; 6], vec![0.5; 6]).unwrap());
        let sum = |tensor: &[f32]| tensor.iter().sum::<f32>();
        let kernel = before.data.len() / before.shape[0];
        assert!((sum(&before.data[..kernel]) - sum(&six.data[..2 * kernel])).abs() < 1e-5);
    }

    #[test]
    fn how_images_are_read_travels_in_the_file() {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
        let reading = serde_json::json!({ "channels": 2, "range": [[0.0, 4095.0]] });
        let input = InputSpec { reading: Some(reading.clone()), ..InputSpec::centered(2, 16, 16) };
        let encoder = Encoder::random(&config, &input, 1).unwrap();
        let path = std::env::temp_dir().join(format!("foretask-reading-{}.safetensors", std::process::id()));
        encoder.save(&path).unwrap();
        let again = Encoder::load(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(again.input.reading, Some(reading));
        assert_eq!((encoder.metadata().format_version, again.metadata().format_version), (4, 4));
        // A photograph's encoder is written as it always was.
        let plain = Encoder::random(&config, &InputSpec::centered(3, 16, 16), 1).unwrap();
        assert!(!serde_json::to_string(&plain.metadata()).unwrap().contains("reading"));
        assert_eq!(plain.metadata().format_version, 1);
    }
}
