#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod error;
mod evaluation;
mod knn;
mod pca;
mod predict;
mod savings;
mod self_train;
mod similarity;
mod spread;
mod statistics;
mod student;
mod temperature;

pub use error::EvalError;
pub use evaluation::{ClassScore, Evaluation, Prediction, score, worst_mistakes};
pub use knn::{KnnOptions, knn};
pub use pca::{Projection, pca};
pub use predict::{evaluate, evaluate_knn, evaluate_pixels, predict, predict_features, predictions, predictions_table};
pub use savings::{CurvePoint, Savings, Worth, savings};
pub use self_train::{SelfTrainOptions, SelfTrained, self_train};
pub use similarity::{Neighbor, nearest};
pub use spread::{Recovered, Spread, SpreadFit, SpreadOptions, some_of, spread_classifier, spread_labels};
pub use statistics::{Paired, Summary, Verdict, paired};
pub use temperature::fit_temperature;
