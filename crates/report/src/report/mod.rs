//! What a report says, as plain data: filled by whoever ran the experiment, stored as JSON, rendered as often as wanted.

mod comparison;
mod embedding;
mod gallery;
mod issues;
mod label_curve;
mod number;
mod outcome;
mod pictures;
mod provenance;
mod results;
mod stages;

pub use comparison::{Compared, Matched, RunComparison};
pub use embedding::{Embedding, PointMap};
pub use gallery::{Answer, Atlas, Gallery};
pub use issues::{IssueItem, IssueSheet};
pub use label_curve::{Bound, Comparison, CurvePoint, CurveSeries, LabelCount, LabelCurve, Savings, Worth};
pub use outcome::Outcome;
pub use pictures::{
    Neighbor, NeighborRow, NeighborSheet, Picture, Prediction, PredictionSheet, PretextItem, PretextSheet, Shown,
};
pub use provenance::{BadImage, BadImages, DataUse, Entry, EntryGroup, Leak, Leakage, Note, NoteKind, Origin, Script};
pub use results::{ClassShare, Confidence, Confusion, Difference, Draw, Evaluation, Interval, ResultRow, Role};
pub use stages::{HistoryPoint, Metric, Stage};

use serde::{Deserialize, Serialize};

use crate::ReportError;

/// The format written by this version; a file with a larger number is refused.
pub const FORMAT: u32 = 1;

/// One experiment's report.
///
/// Every part may be empty: the page then says why, or leaves the section out. Fill in what is known and take the rest
/// from `Report::default()`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Version of this structure, [`FORMAT`].
    pub format: u32,
    /// The name given in the script: `report("quickstart", …)`.
    pub title: String,
    /// When the run finished, in words a person reads ("2026-11-23 03:45 UTC").
    pub created: String,
    /// The version of Foretask that ran the experiment.
    pub version: String,
    /// The images that the results were measured on; `None` when nothing was evaluated.
    pub evaluation: Option<Evaluation>,
    /// Name of the result that the verdict is about. `None`: the only one with [`Role::Pretrained`]; of several, the
    /// best, and the verdict says that it was picked by looking.
    pub headline: Option<String>,
    /// The results in the order of the table.
    pub results: Vec<ResultRow>,
    /// Accuracy against the number of labels.
    pub label_curves: Vec<LabelCurve>,
    /// Curves of each training stage, in the order they ran.
    pub stages: Vec<Stage>,
    /// Which classes were taken for which, per result.
    pub confusions: Vec<Confusion>,
    /// Images behind the counts, for some of the results.
    pub galleries: Vec<Gallery>,
    /// What the pretext tasks asked and what the model answered.
    pub pretext: Vec<PretextSheet>,
    /// Sample predictions and the worst mistakes, per result.
    pub predictions: Vec<PredictionSheet>,
    /// Images in the feature space of the headline's encoder, and of encoders reported without results.
    pub embeddings: Vec<Embedding>,
    /// Nearest neighbors in feature space, per encoder.
    #[serde(rename = "neighbours")] // typos: ignore
    pub neighbors: Vec<NeighborSheet>,
    /// What may be wrong with the data, a sheet a kind.
    pub issues: Vec<IssueSheet>,
    /// Images that could not be read; `None` when nobody looked.
    pub bad_images: Option<BadImages>,
    /// Evaluation images found among the images learned from; `None` when nobody looked.
    pub leakage: Option<Leakage>,
    /// Values chosen by the program with their reasons, remarks, and warnings.
    pub notes: Vec<Note>,
    /// The script exactly as run.
    pub script: Option<Script>,
    /// Resolved options, a group per word of the script.
    pub options: Vec<EntryGroup>,
    /// The data sets and views that were used.
    pub data: Vec<DataUse>,
    /// Device, versions, seeds, times.
    pub environment: Vec<EntryGroup>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            format: FORMAT,
            title: String::new(),
            created: String::new(),
            version: String::new(),
            evaluation: None,
            headline: None,
            results: Vec::new(),
            label_curves: Vec::new(),
            stages: Vec::new(),
            confusions: Vec::new(),
            galleries: Vec::new(),
            pretext: Vec::new(),
            predictions: Vec::new(),
            embeddings: Vec::new(),
            neighbors: Vec::new(),
            issues: Vec::new(),
            bad_images: None,
            leakage: None,
            notes: Vec::new(),
            script: None,
            options: Vec::new(),
            data: Vec::new(),
            environment: Vec::new(),
        }
    }
}

impl Report {
    /// Reads a report stored by [`Report::to_json`].
    ///
    /// # Errors
    /// [`ReportError::Json`] when the text is not a report, [`ReportError::Format`] when a newer version wrote it.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        #[derive(Deserialize)]
        struct Version {
            #[serde(default)]
            format: u32,
            title: Option<String>,
        }
        let Version { format, title } = serde_json::from_str(text)?;
        if format > FORMAT {
            return Err(ReportError::Format { found: format, known: FORMAT });
        }
        // Everything else may be left out; without a title it is some other JSON.
        if title.is_none() {
            return Err(<serde_json::Error as serde::de::Error>::missing_field("title").into());
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The report as JSON. Numbers that JSON lacks (NaN, infinities) become `null` and are read back as NaN.
    ///
    /// # Errors
    /// [`ReportError::Json`], which plain data like this does not cause.
    pub fn to_json(&self) -> Result<String, ReportError> {
        Ok(serde_json::to_string(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_round_trip_keeps_everything_and_survives_nan() {
        let mut report = Report { title: "t".into(), ..Report::default() };
        report.stages.push(Stage {
            name: "simclr".into(),
            history: vec![HistoryPoint {
                step: 3,
                loss: f64::NAN,
                gradient_norm: f64::INFINITY,
                ..HistoryPoint::default()
            }],
            ..Stage::default()
        });
        let again = Report::from_json(&report.to_json().unwrap()).unwrap();
        assert_eq!(again.title, "t");
        assert_eq!(again.stages[0].history[0].step, 3);
        assert!(again.stages[0].history[0].loss.is_nan());
        assert!(again.stages[0].history[0].gradient_norm.is_nan());
    }

    #[test]
    fn missing_parts_are_empty_and_newer_files_are_refused() {
        assert_eq!(Report::from_json(r#"{"title": "old"}"#).unwrap().title, "old");
        let error = Report::from_json("{}").unwrap_err().to_string();
        assert!(error.contains("`title`"), "{error}");
        let error = Report::from_json(r#"{"format": 99, "results": "something new"}"#).unwrap_err();
        assert!(matches!(error, ReportError::Format { found: 99, .. }), "{error}");
    }
}
