//! What is wrong with a dataset, as a stage; table and sheet are written anew each time.

use std::fmt::Write as _;
mod look;
mod turned;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foretask_data::Output;
use foretask_eval::{Issue, IssueKind, IssueOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::runner::Stage;
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::values::{Dataset, Encoder, FoundIssues, IssueRow, View};

pub(crate) use self::write::{Shown, chosen};

const RESULT: &str = "issues.json";

/// Where to write what was found.
#[derive(Debug, Default)]
pub struct IssuePaths {
    /// A table, a row an issue.
    pub table: Option<(PathBuf, Output)>,
    /// The gravest of each kind as pictures.
    pub sheet: Option<(PathBuf, Output)>,
}

/// Looks for what may be wrong with images and labels.
#[derive(Debug)]
pub struct FindIssues {
    /// The images. Their labels are held against the features where `few` gives no others.
    pub data: Dataset,
    /// Says what is alike.
    pub encoder: Encoder,
    /// Images whose labels are looked at instead.
    pub few: Option<Dataset>,
    /// From where on something is an issue.
    pub options: IssueOptions,
    /// What to write.
    pub paths: IssuePaths,
}

/// What is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    rows: Vec<IssueRow>,
    beyond: Vec<IssueRow>,
    similarity: f64,
    notes: Vec<String>,
    images: usize,
    /// Rows of images without an issue.
    clean: Vec<u64>,
}

impl FindIssues {
    /// Looks for them.
    ///
    /// # Errors
    /// When images cannot be read, the encoder does not take them, an option cannot work, or a file cannot be written.
    pub fn run(&self, experiment: &Experiment) -> Result<FoundIssues, Error> {
        let view = self.data.single("find_issues", Role::Images)?;
        self.options.check()?;
        let samples = view.samples()?;
        experiment.used_data(self.data.steps(), &samples);
        if let Some(few) = &self.few {
            experiment.used_data(few.steps(), &*few.single("find_issues", Role::Few)?.samples()?);
        }
        let few = self.few.as_ref().map(|few| few.identity(&few.views[0])).transpose()?;
        let decided = [
            ("encoder", self.encoder.identity()),
            ("data", self.data.identity(view)?),
            ("few", json!(few)),
            ("options", json!(self.options)),
        ];
        let key = StageKey::new("find_issues", &experiment.device_kind()?, decided);
        let notes = self.encoder.enlarging(&experiment.survey(&self.data, view)?)?;
        let stage = Looking { key, request: self, view, images: samples.len(), notes };
        let kept = match experiment.run(&stage)? {
            Some(outcome) => Some(outcome.value),
            None => experiment.stored_before(&stage),
        };
        let clean = match &kept {
            Some(kept) if !kept.clean.is_empty() => {
                let manifest = view.manifest.rows(&kept.clean, "without issues")?;
                Dataset { views: Arc::new([Arc::new(View::new(manifest, None))]), ..self.data.clone() }
            }
            _ => self.data.clone(),
        };
        let kept = kept.unwrap_or_else(|| Kept { images: samples.len(), ..Kept::default() });
        let found = FoundIssues {
            table: kept.rows.into(),
            beyond: kept.beyond.into(),
            similarity: kept.similarity,
            notes: kept.notes.into(),
            images: kept.images,
            data: self.data.clone(),
            few: self.few.clone(),
            clean,
        };
        if !experiment.planning() {
            experiment.note(found.verdict());
            write::write(experiment, &found, &self.paths)?;
        }
        Ok(found)
    }
}

/// The work.
struct Looking<'a> {
    key: StageKey,
    request: &'a FindIssues,
    view: &'a View,
    images: usize,
    notes: Option<String>,
}

impl Stage for Looking<'_> {
    type Output = Kept;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        PlannedStage {
            images: self.images,
            length: format!(
                "{} neighbors, up to {} parts for labels",
                self.request.options.neighbors.min(self.images.saturating_sub(1)),
                self.request.options.folds
            ),
            notes: self.notes.iter().cloned().collect(),
            ..planned(format!("find_issues, by {}", self.request.encoder.describe()))
        }
    }

    fn make(&self, experiment: &Experiment, _: &Path) -> Result<Kept, Error> {
        look::look(experiment, self.request, self.view)
    }

    fn save(&self, kept: &Kept, folder: &Path) -> Result<Value, Error> {
        write_json(&folder.join(RESULT), kept)?;
        Ok(json!({}))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<Kept, Error> {
        read_json(&folder.join(RESULT))
    }
}

/// Rows of a manifest by the name of their split.
type Splits = BTreeMap<u64, String>;

/// What tells an issue's images.
struct Named<'a> {
    images: &'a foretask_data::Images,
    splits: &'a Splits,
}

impl Named<'_> {
    fn label(&self, at: u32) -> Option<String> {
        let class = self.images.label(at as usize)?;
        self.images.classes().get(class as usize).cloned()
    }

    /// An issue with names instead of numbers.
    fn row(&self, issue: &Issue) -> IssueRow {
        let row = |at: u32| self.images.row(at as usize);
        let split = |at: u32| self.splits.get(&row(at)).cloned();
        let class = |class: u32| self.images.classes().get(class as usize).cloned();
        let instead = if issue.kind == IssueKind::Label { issue.instead.and_then(class) } else { None };
        let mut found = IssueRow {
            issue: issue.kind,
            row: row(issue.image),
            name: self.images.name(issue.image as usize),
            value: issue.value,
            words: String::new(),
            label: self.label(issue.image),
            instead,
            other: issue.other.map(row),
            other_name: issue.other.map(|other| self.images.name(other as usize)),
            bits: issue.bits,
            split: split(issue.image),
            other_split: issue.other.and_then(split),
        };
        found.words = self.words(issue, &found);
        found
    }

    fn words(&self, issue: &Issue, found: &IssueRow) -> String {
        let plain = issue.kind.in_words(issue.value);
        match issue.kind {
            IssueKind::Label => {
                let (own, instead) = (found.label.as_deref().unwrap_or("?"), found.instead.as_deref().unwrap_or("?"));
                format!("{own}, rather {instead}: {plain}")
            }
            IssueKind::Duplicate => {
                let mut words = format!("{plain}, {} of 64 bits differ", issue.bits.unwrap_or(0));
                if let (Some(own), Some(other)) = (&found.label, issue.other.and_then(|other| self.label(other)))
                    && *own != other
                {
                    let _ = write!(words, "; labels differ: {own}, {other}");
                }
                if found.across_splits() {
                    let name = |split: &Option<String>| split.clone().unwrap_or_else(|| "no split".into());
                    let _ = write!(words, "; {} and {}", name(&found.split), name(&found.other_split));
                }
                words
            }
            IssueKind::Turned => {
                let how = match issue.instead {
                    Some(1) => "a quarter to the left",
                    Some(2) => "upside down",
                    _ => "a quarter to the right",
                };
                format!("{how}, {:.0} % sure", 100.0 * issue.value)
            }
            _ => plain,
        }
    }
}
