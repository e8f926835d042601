#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod calibrate;
mod choose;
mod cross_validation;
mod error;
mod evaluation;
mod familiar;
mod issues;
mod knn;
mod maps;
mod online;
mod open_set;
mod pca;
mod predict;
mod savings;
mod self_train;
mod similarity;
mod spread;
mod statistics;
mod student;
mod temperature;
mod tsne;

pub use calibrate::calibrate;
pub use choose::{ChooseOptions, Chooser, Doubt, Situation, densest, densest_with_members, label_next};
pub use cross_validation::{CrossValidated, FoldOptions, cross_validate};
pub use error::EvalError;
pub use evaluation::{ClassScore, Evaluation, Prediction, score, wilson, worst_mistakes};
pub use familiar::{Nearness, familiar, nearness};
pub use issues::{
    Issue, IssueKind, IssueOptions, Issues, LOOK_SIDE, LabelIssue, Labeled, Look, altered, altered_copies,
    copies_similarity, find_issues, label_issues, looks, picture_issues, wrong_labels,
};
pub use knn::{KnnOptions, knn};
pub use maps::{Maps, maps};
pub use online::{OnlineJudge, OnlineOptions};
pub use open_set::{OpenSet, open_set};
pub use pca::{Projection, pca};
pub use predict::{
    LabeledFeatures, evaluate, evaluate_knn, evaluate_pixels, predict, predict_features, predict_with_nearness,
    predictions, predictions_table, with_nearness,
};
pub use savings::{CurvePoint, Savings, Worth, savings};
pub use self_train::{SelfTrainOptions, SelfTrained, self_train};
pub use similarity::{EXACT_ROWS, Neighbor, nearest};
pub use spread::{Recovered, Spread, SpreadFit, SpreadOptions, some_of, spread_classifier, spread_labels};
pub use statistics::{Paired, Summary, Verdict, paired};
pub use temperature::{fit_temperature, fit_temperature_cautiously};
pub use tsne::{Tsne, TsneOptions, tsne};
