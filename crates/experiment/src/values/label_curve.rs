//! What `label_curve` and `compare` give: plain data that reports draw, and the evaluations behind them.

use std::sync::Arc;

use foretask_report::{Comparison as PlainComparison, LabelCurve as PlainCurve};

use super::Evaluation;

/// Accuracy against the number of labels.
#[derive(Debug, Clone)]
pub struct LabelCurve {
    /// As it is reported; in a planning pass the chance level stands in for accuracies.
    pub plain: Arc<PlainCurve>,
    /// Every evaluation by a name of its own, without weights and predictions.
    pub evaluations: Arc<[(String, Evaluation)]>,
}

/// Results against one of them.
#[derive(Debug, Clone)]
pub struct Comparison(pub Arc<PlainComparison>);
