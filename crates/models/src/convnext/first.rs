//! First values of layers.

use foretask_backend::layers::Conv2d;
use foretask_backend::{Init, Scope};

/// Added to variances.
pub(super) const EPSILON: f64 = 1e-6;
/// The spread of first weights.
pub(super) const STD: f32 = 0.02;

/// A convolution with a bias of zeros and normal weights.
pub(super) fn filled(conv: Conv2d, scope: &Scope) -> Conv2d {
    let mut conv = conv.with_bias(scope);
    conv.weight = scope.param("weight", conv.weight.dims(), Init::Normal { std: STD });
    conv
}
