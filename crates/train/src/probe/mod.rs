//! The linear probe: multinomial logistic regression on frozen features.

mod cross_validation;
mod held_out;
mod lbfgs;
mod linear;
mod logistic;
mod options;
mod pixels;
mod standardization;

pub use cross_validation::{fewest_per_class, stratified_folds};
pub use held_out::{HeldOut, held_out_logits};
pub use linear::{LinearProbe, linear_probe, soft_probe};
pub use options::{DEFAULT_STRENGTH, ProbeOptions};
pub use pixels::{PixelProbe, pixel_features, pixel_probe};
pub use standardization::Standardization;
