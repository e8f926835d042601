//! The type of number that a network computes in while it is trained.

use std::fmt;

use burn::tensor::{DType, FloatDType, Tensor};
use serde::{Deserialize, Serialize};

use crate::{BackendError, Device, Result, cpu::has_bf16};

/// The type of number that a network computes in while it is trained.
///
/// It follows the activations: a network whose input is of half precision computes its convolutions in it, while
/// parameters, their gradients and updates, statistics of norms, features, and losses stay `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Precision {
    /// Single precision throughout.
    #[default]
    #[serde(rename = "f32")]
    F32,
    /// Convolutions and activations in bfloat16: 8 bits of precision, the range of `f32`. Needs no scaling of the loss.
    #[serde(rename = "bf16")]
    Bf16,
}

impl Precision {
    /// `f32` or `bf16`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// Whether it is `f32`.
    pub fn is_full(&self) -> bool {
        *self == Self::F32
    }

    /// A network's input in this precision.
    pub fn input<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::F32 => x,
            Self::Bf16 => x.cast(FloatDType::BF16),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Device {
    /// Whether training in this precision works here, and faster than in `f32`.
    ///
    /// # Errors
    /// [`BackendError::PrecisionUnavailable`] with the way out.
    pub fn require(&self, precision: Precision) -> Result<()> {
        match (precision, self.without_bf16()) {
            (Precision::F32, _) | (_, None) => Ok(()),
            (_, Some((reason, fix))) => {
                let device = self.name().to_owned();
                Err(BackendError::PrecisionUnavailable { precision: precision.name(), device, reason, fix })
            }
        }
    }

    /// Why there is no bfloat16 here, and what to do about it.
    fn without_bf16(&self) -> Option<(&'static str, &'static str)> {
        if self.is_gpu() {
            return None;
        }
        match (has_bf16(), self.name() == "libtorch") {
            (true, true) => None,
            (true, false) => Some((
                "its kernels are written for f32",
                "Choose --device libtorch (this CPU has AVX512-BF16), or leave `precision` at \"f32\"",
            )),
            (false, _) => Some(("this CPU lacks AVX512-BF16", "Leave `precision` at \"f32\", or train on a GPU")),
        }
    }
}

/// The same values as `f32`, where they are of half precision: what goes into a loss.
pub fn in_f32<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() == DType::BF16 { x.cast(FloatDType::F32) } else { x }
}

/// `x` in the type of `like`.
pub(crate) fn as_type_of<const D: usize, const E: usize>(x: Tensor<D>, like: &Tensor<E>) -> Tensor<D> {
    let dtype = like.dtype();
    if x.dtype() == dtype { x } else { x.cast(FloatDType::from(dtype)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_it_says_what_to_do() {
        let flex = crate::device("flex").unwrap();
        flex.require(Precision::F32).unwrap();
        let error = flex.require(Precision::Bf16).unwrap_err().to_string();
        assert!(error.contains("\"bf16\"") && error.contains("flex") && error.contains("\"f32\""), "{error}");
    }
}
