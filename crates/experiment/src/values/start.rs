//! What learning starts from.

use serde_json::{Value, json};

use super::{Encoder, Network, Pretrained};

/// A network, with weights or without.
#[derive(Debug, Clone)]
pub enum Start {
    /// First weights, drawn from the seed: from scratch.
    Network(Network),
    /// Weights that learn on.
    Encoder(Encoder),
}

impl Start {
    /// The encoder, where it is one.
    pub fn encoder(&self) -> Option<&Encoder> {
        match self {
            Self::Encoder(encoder) => Some(encoder),
            Self::Network(_) => None,
        }
    }

    /// What decides results that build upon it.
    pub(crate) fn identity(&self) -> Value {
        match self {
            Self::Network(net) => json!({ "net": net.0 }),
            Self::Encoder(encoder) => json!({ "encoder": encoder.identity() }),
        }
    }
}

impl From<Network> for Start {
    fn from(net: Network) -> Self {
        Self::Network(net)
    }
}

impl From<Encoder> for Start {
    fn from(encoder: Encoder) -> Self {
        Self::Encoder(encoder)
    }
}

impl From<Pretrained> for Start {
    fn from(stage: Pretrained) -> Self {
        Self::Encoder(Encoder::pretrained(stage))
    }
}
