//! The linear probe: multinomial logistic regression on frozen features.

mod cross_validation;
mod lbfgs;
mod linear;
mod logistic;
mod options;
mod pixels;
mod standardization;

pub(crate) use cross_validation::fewest_per_class;
pub use cross_validation::stratified_folds;
pub use linear::{LinearProbe, linear_probe, soft_probe};
pub use options::{DEFAULT_STRENGTH, ProbeOptions};
pub use pixels::{PixelProbe, pixel_features, pixel_probe};
pub use standardization::Standardization;

use linear::fit;
