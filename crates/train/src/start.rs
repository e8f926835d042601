//! What training starts from.

use foretask_backend::StateDict;
use foretask_models::{Backbone, BackboneConfig, Encoder, Seen};

use crate::error::TrainError;

/// What training starts from.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // One for each training.
pub enum Start {
    /// A new network; its first weights are drawn from the seed in the options.
    Network(BackboneConfig),
    /// An encoder that has been trained before.
    Encoder(Encoder),
}

impl Start {
    /// The network's shapes, with `stem: auto` still open where it was left so.
    pub fn config(&self) -> &BackboneConfig {
        match self {
            Self::Network(config) => config,
            Self::Encoder(encoder) => &encoder.config,
        }
    }

    /// The backbone with its first weights. `config` is [`Start::config`] with every choice made.
    ///
    /// # Errors
    /// Weights that do not fit.
    pub fn build(
        &self,
        config: &BackboneConfig,
        channels: usize,
        seed: u64,
        device: &burn::tensor::Device,
    ) -> Result<Backbone, TrainError> {
        match self {
            Self::Network(_) => Ok(config.init(channels, seed, device)),
            Self::Encoder(encoder) => Ok(encoder.build(device)?),
        }
    }

    /// The images that taught it.
    pub fn seen(&self) -> Seen {
        match self {
            Self::Network(_) => Seen::nothing(),
            Self::Encoder(encoder) => encoder.seen.clone(),
        }
    }

    /// Whether there is something that the weights know already: they are not random.
    pub fn is_trained(&self) -> bool {
        matches!(self, Self::Encoder(encoder) if encoder.seen != Seen::nothing())
    }

    /// The license of the published weights that it comes from.
    pub fn license(&self) -> Option<String> {
        match self {
            Self::Network(_) => None,
            Self::Encoder(encoder) => encoder.license.clone(),
        }
    }

    /// Tells starts with different weights apart; a new network's follow from configuration and seed.
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Network(_) => "new".to_owned(),
            Self::Encoder(encoder) => state_fingerprint(&encoder.state),
        }
    }
}

/// A hash of names, shapes and bits, as 64 hexadecimal digits.
pub fn state_fingerprint(state: &StateDict) -> String {
    let mut hash = blake3::Hasher::new();
    for (name, tensor) in state {
        hash.update(&(name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(&(tensor.shape.len() as u64).to_le_bytes());
        tensor.shape.iter().for_each(|&size| {
            hash.update(&(size as u64).to_le_bytes());
        });
        let bytes: Vec<u8> = tensor.data.iter().flat_map(|x| x.to_le_bytes()).collect();
        hash.update(&bytes);
    }
    hash.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use foretask_backend::HostTensor;

    use super::*;

    #[test]
    fn a_fingerprint_sees_every_bit_name_and_shape() {
        let state = |name: &str, shape: Vec<usize>, data: Vec<f32>| {
            StateDict::from([(name.to_owned(), HostTensor { shape, data })])
        };
        let first = state_fingerprint(&state("a", vec![2, 1], vec![0.0, 1.0]));
        assert_eq!(first, state_fingerprint(&state("a", vec![2, 1], vec![0.0, 1.0])));
        assert_ne!(first, state_fingerprint(&state("b", vec![2, 1], vec![0.0, 1.0])));
        assert_ne!(first, state_fingerprint(&state("a", vec![1, 2], vec![0.0, 1.0])));
        assert_ne!(first, state_fingerprint(&state("a", vec![2, 1], vec![-0.0, 1.0])));
    }
}
