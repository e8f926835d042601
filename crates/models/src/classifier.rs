//! An encoder with a linear classifier on it, as plain data.

use std::path::Path;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::{HostTensor, StateDict, host_tensor};

use crate::familiar::{FamiliarNames, TENSOR};
use crate::file::{self, FAMILIAR_VERSION, Metadata, write_safetensors};
use crate::{Backbone, ClassHead, Encoder, Familiar, ModelError, Result};

/// Everything needed to classify an image: one file, nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// The encoder.
    pub encoder: Encoder,
    /// `[classes, d]`, row-major; torchvision's `fc.weight`, timm's `classifier.weight`.
    pub weight: Vec<f32>,
    /// `[classes]`.
    pub bias: Vec<f32>,
    /// Names of the classes, in the order of the outputs.
    pub classes: Arc<[String]>,
    /// Logits are divided by this before the softmax; 1 where nothing was calibrated.
    pub temperature: f32,
    /// Why this temperature, in words; none where nobody has said (see [`Classifier::with_temperature`]).
    pub calibration: Option<String>,
    /// What it has seen labeled; none where nobody has said (see [`Classifier::with_familiar`]).
    pub familiar: Option<Familiar>,
}

/// A classifier built on a device.
#[derive(Module, Debug)]
pub struct Network {
    /// To features.
    pub backbone: Backbone,
    /// To class scores.
    pub head: ClassHead,
}

impl Network {
    /// Normalized images `[b, c, h, w]` to logits `[b, classes]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.head.forward(self.backbone.forward(x))
    }
}

impl Classifier {
    /// An encoder with a linear classifier given as plain values, such as a probe's.
    ///
    /// # Errors
    /// [`ModelError::Option`] where `weight`, `bias` and `classes` do not fit together.
    pub fn new(encoder: Encoder, weight: Vec<f32>, bias: Vec<f32>, classes: Arc<[String]>) -> Result<Self> {
        let classifier = Self { encoder, weight, bias, classes, temperature: 1.0, calibration: None, familiar: None };
        classifier.check()?;
        Ok(classifier)
    }

    /// The same with another temperature, a number above 0, and the reason for it. No answer changes but its confidence.
    #[must_use]
    pub fn with_temperature(self, temperature: f32, reason: impl Into<String>) -> Self {
        Self { temperature, calibration: Some(reason.into()), ..self }
    }

    /// The same with what it has seen labeled.
    ///
    /// # Errors
    /// [`ModelError::Option`] where the features are not of this encoder's length.
    pub fn with_familiar(self, familiar: Familiar) -> Result<Self> {
        familiar.check(self.encoder.config.feature_dim())?;
        Ok(Self { familiar: Some(familiar), ..self })
    }

    /// The newest weights and statistics of a trained network, copied. What taught it besides `start`'s images is for the caller
    /// to add.
    pub fn of(network: &Network, start: &Encoder, classes: Arc<[String]>, origin: impl Into<String>) -> Self {
        let fc = &network.head.fc;
        let bias = fc.bias.as_ref().map_or_else(|| vec![0.0; classes.len()], |bias| host_tensor(bias.val()).data);
        Self {
            encoder: Encoder::of(&network.backbone, &start.config, &start.input, origin)
                .with_seen(start.seen.clone())
                .with_license(start.license.clone()),
            weight: host_tensor(fc.weight.val()).data,
            bias,
            classes,
            temperature: 1.0,
            calibration: None,
            familiar: None,
        }
    }

    fn check(&self) -> Result<()> {
        let (classes, features) = (self.classes.len(), self.encoder.config.feature_dim());
        if classes > 0 && self.bias.len() == classes && self.weight.len() == classes * features {
            return Ok(());
        }
        Err(ModelError::Option {
            option: "classes",
            value: classes.to_string(),
            reason: format!(
                "the classifier has {} weights and {} biases, {features} features want {} and {classes}",
                self.weight.len(),
                self.bias.len(),
                classes * features
            ),
        })
    }

    /// A module with copies of the weights.
    ///
    /// # Errors
    /// Weights that do not fit the configuration.
    pub fn build(&self, device: &burn::tensor::Device) -> Result<Network> {
        self.check()?;
        let head = ClassHead::from_values(&self.weight, &self.bias, device);
        Ok(Network { backbone: self.encoder.build(device)?, head })
    }

    /// Writes one safetensors file under torchvision's or timm's names (`fc` or `classifier` for the classifier), whole or not at
    /// all; class names, preprocessing, temperature and configuration travel in its metadata, and what it has seen labeled
    /// in one more tensor.
    ///
    /// # Errors
    /// [`ModelError::File`] where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check()?;
        let mut tensors = self.torch_tensors();
        if let Some(familiar) = &self.familiar {
            let shape = vec![familiar.len(), familiar.dim];
            tensors.insert(TENSOR.into(), HostTensor { shape, data: familiar.features.clone() });
        }
        write_safetensors(path.as_ref(), &tensors, &self.metadata())
    }

    /// As [`Classifier::save`] with nothing but torchvision's tensors, so that `PyTorch` loads the file strictly; what it has
    /// seen labeled stays behind.
    ///
    /// # Errors
    /// [`ModelError::File`] where the file cannot be written.
    pub fn export(&self, path: impl AsRef<Path>) -> Result<()> {
        self.check()?;
        write_safetensors(path.as_ref(), &self.torch_tensors(), &Self { familiar: None, ..self.clone() }.metadata())
    }

    fn torch_tensors(&self) -> StateDict {
        let mut tensors = (*self.encoder.state).clone();
        let shape = vec![self.classes.len(), self.encoder.config.feature_dim()];
        let head = self.encoder.config.classifier();
        tensors.insert(format!("{head}.weight"), HostTensor { shape, data: self.weight.clone() });
        tensors.insert(format!("{head}.bias"), HostTensor { shape: vec![self.bias.len()], data: self.bias.clone() });
        tensors
    }

    fn metadata(&self) -> Metadata {
        let names =
            |familiar: &Familiar| FamiliarNames { names: familiar.names.clone(), threshold: familiar.threshold };
        let encoders = self.encoder.metadata();
        let least = if self.familiar.is_some() { FAMILIAR_VERSION } else { 0 };
        Metadata {
            format_version: encoders.format_version.max(least),
            classes: Some(self.classes.to_vec()),
            temperature: Some(self.temperature),
            calibration: self.calibration.clone(),
            familiar: self.familiar.as_ref().map(names),
            ..encoders
        }
    }

    /// Reads a file written by [`Classifier::save`].
    ///
    /// # Errors
    /// A file that cannot be read, holds no classifier, or does not fit its own description.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let other = |found| ModelError::NoClassifier { path: path.into(), found };
        let (metadata, tensors) =
            file::open(path)?.ours().map_err(|opened| other(crate::foreign::named(&opened.shapes())))?;
        let Some(classes) = metadata.classes.clone() else {
            return Err(other(format!("an encoder ({}; {})", metadata.config.name(), metadata.origin)));
        };
        let shapes = tensors.shapes();
        metadata.believe(path, &shapes)?;
        let head = metadata.config.classifier();
        let [weight, bias] = ["weight", "bias"].map(|part| format!("{head}.{part}"));
        for (name, expected) in
            [(&weight, vec![classes.len(), metadata.config.feature_dim()]), (&bias, vec![classes.len()])]
        {
            let found = shapes.get(name);
            if found != Some(&expected) {
                let found = found.map_or_else(|| "is not there".to_owned(), |shape| format!("has the size {shape:?}"));
                let reason = format!("holds {} names, but the tensor {name} {found}", classes.len());
                return Err(ModelError::Description { path: path.into(), field: "classes".into(), reason });
            }
        }
        let mut state = tensors.read(|_| true)?;
        let mut values = |name: &str| state.remove(name).map(|tensor| tensor.data).unwrap_or_default();
        let (weight, bias, features) = (values(&weight), values(&bias), values(TENSOR));
        let encoder = Encoder::of_state(path, &metadata, state)?;
        let dim = encoder.config.feature_dim();
        let familiar =
            metadata.familiar.map(|FamiliarNames { names, threshold }| Familiar { features, dim, names, threshold });
        Ok(Self {
            temperature: metadata.temperature.unwrap_or(1.0),
            calibration: metadata.calibration,
            familiar,
            ..Self::new(encoder, weight, bias, classes.into())?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arch, BackboneConfig, InputSpec, Stem};

    fn classifier() -> Classifier {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
        let encoder = Encoder::random(&config, &InputSpec::centered(1, 16, 16), 3).unwrap();
        let encoder = encoder.with_seen(crate::Seen::nothing().with([1 << 50, u64::MAX]));
        let classes: Arc<[String]> = ["coat".to_owned(), "bag \"x\"".to_owned()].into();
        let weight = (0..64).map(|i| (i as f32).sin()).collect();
        let names = vec!["a.png".to_owned(), "row 2".to_owned()];
        let features = [vec![1.0; 32], vec![-1.0; 32]].concat().iter().map(|v| v / 32.0_f32.sqrt()).collect();
        let familiar = Familiar { features, dim: 32, names, threshold: Some(0.25) };
        let classifier = Classifier::new(encoder, weight, vec![0.1, -0.2], classes).unwrap();
        classifier.with_temperature(1.7, "held out").with_familiar(familiar).unwrap()
    }

    #[test]
    fn a_file_gives_back_every_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/down/classifier.safetensors");
        let saved = classifier();
        saved.save(&path).unwrap();
        assert_eq!(Classifier::load(&path).unwrap(), saved);
        assert_eq!(Encoder::load(&path).unwrap(), saved.encoder);
        let first = std::fs::read(&path).unwrap();
        saved.save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first, "the same contents give the same bytes");
    }

    #[test]
    fn a_file_of_before_is_read_and_an_export_has_no_tensor_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classifier.safetensors");
        let full = classifier();
        let plain = Classifier::new(full.encoder.clone(), full.weight.clone(), full.bias.clone(), full.classes.clone())
            .unwrap();
        plain.save(&path).unwrap();
        let old = Classifier::load(&path).unwrap();
        assert_eq!((old.temperature, &old.calibration, &old.familiar), (1.0, &None, &None));

        full.export(&path).unwrap();
        let again = Classifier::load(&path).unwrap();
        assert_eq!(again, Classifier { familiar: None, ..full.clone() });
        let bytes = std::fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert!(file.names().iter().all(|name| !name.starts_with("familiar")));

        let wrong = Familiar { dim: 31, ..full.familiar.clone().unwrap() };
        assert!(full.clone().with_familiar(wrong).unwrap_err().to_string().contains("familiar"));
        full.with_temperature(0.0, "broken").save(&path).unwrap();
        assert!(Classifier::load(&path).unwrap_err().to_string().contains("`temperature` is 0"));
    }

    #[test]
    fn pytorch_finds_its_batch_counters() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("encoder.safetensors");
        classifier().encoder.save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let counter = file.tensor("layer2.0.downsample.1.num_batches_tracked").unwrap();
        assert_eq!((counter.dtype(), counter.shape().len()), (safetensors::Dtype::I64, 0));
        assert_eq!(file.tensor("conv1.weight").unwrap().shape(), [4, 1, 3, 3]);
    }

    #[test]
    fn a_built_network_and_its_copy_agree() {
        let device = foretask_backend::device("flex").unwrap().plain();
        let start = classifier();
        let network = start.build(&device).unwrap();
        let again = Classifier::of(&network, &start.encoder, Arc::clone(&start.classes), start.encoder.origin.clone());
        assert_eq!(again, Classifier { temperature: 1.0, calibration: None, familiar: None, ..start });
        assert_eq!(network.forward(Tensor::ones([3, 1, 16, 16], &device)).dims(), [3, 2]);
    }

    #[test]
    fn wrong_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let error = Classifier::load(&path).unwrap_err().to_string();
        assert!(error.starts_with("cannot read"), "{error}");
        std::fs::write(&path, b"not tensors").unwrap();
        assert!(Classifier::load(&path).unwrap_err().to_string().contains("a text (\"not tensors\")"));
        classifier().encoder.save(&path).unwrap();
        let error = Classifier::load(&path).unwrap_err().to_string();
        assert!(error.contains("an encoder (resnet10-w4-strided; random, seed 3)"), "{error}");
        // Cut off in the middle.
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(Encoder::load(&path).unwrap_err().to_string().contains("its header speaks of"));
    }

    #[test]
    fn values_that_are_no_numbers_are_refused_with_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let with = |name: &str, value: f32| {
            let mut broken = classifier();
            match name {
                "fc.bias" => broken.bias[1] = value,
                "familiar.features" => broken.familiar.as_mut().unwrap().features[3] = value,
                name => Arc::make_mut(&mut broken.encoder.state).get_mut(name).unwrap().data[0] = value,
            }
            broken.save(&path).unwrap();
            Classifier::load(&path).unwrap_err().to_string()
        };
        for (name, value) in [
            ("conv1.weight", f32::NAN),
            ("layer3.0.bn2.bias", f32::INFINITY),
            ("fc.bias", f32::NEG_INFINITY),
            ("familiar.features", f32::NAN),
            ("layer1.0.bn1.running_var", -1.0),
        ] {
            let error = with(name, value);
            assert!(error.contains(name) && error.contains("x.safetensors"), "{error}");
        }
        with("layer2.0.conv1.weight", f32::NAN);
        let error = Encoder::load(&path).unwrap_err().to_string();
        assert!(error.contains("not finite") && error.contains("layer2.0.conv1.weight"), "{error}");
    }
}
