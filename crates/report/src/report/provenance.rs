//! Where the numbers come from: data, script, options, machine, and what went wrong on the way.

use serde::{Deserialize, Serialize};

/// A data set or view that was used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DataUse {
    /// What it was used for ("pretraining", "labels, draw 1", "evaluation").
    pub purpose: String,
    /// How the view was made, step by step ("dataset datasets/fashion-mini", "split train", "per_class 10 seed 1").
    pub steps: Vec<String>,
    /// Images in it.
    pub images: usize,
    /// Images with a label.
    #[serde(rename = "labelled")] // typos: ignore
    pub labeled: usize,
    /// Fingerprint of rows, labels and content.
    pub fingerprint: String,
}

/// Images that could not be read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BadImages {
    /// Images looked at.
    pub checked: usize,
    /// Images that could not be read, also those not listed.
    pub count: usize,
    /// What was done with them ("skipped").
    pub action: String,
    /// The first of them.
    pub images: Vec<BadImage>,
}

/// An image that could not be read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BadImage {
    /// The data set it belongs to.
    pub dataset: String,
    /// Row number in the manifest.
    pub row: u64,
    /// Path, when it has one.
    pub path: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

/// Evaluation images found, by content, among the images learned from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Leakage {
    /// Images learned from.
    pub pool: usize,
    /// Images evaluated on.
    pub evaluation: usize,
    /// Evaluation images found in the pool, also those not listed.
    pub count: usize,
    /// The first of them.
    pub examples: Vec<Leak>,
    /// Encoders that do not say what taught them.
    pub unknown: Vec<String>,
    /// Encoders that say it of a share of the evaluation images, and how many these are.
    pub sampled: Vec<(String, usize)>,
}

/// The same picture on both sides.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Leak {
    /// Path or row among the images learned from.
    pub pool: String,
    /// Path or row among the images evaluated on.
    pub evaluation: String,
}

/// What the reader should know.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// How loud it is.
    pub kind: NoteKind,
    /// What it is about ("resnet10.stem", "image 12 of simclr").
    pub subject: String,
    /// The value, for [`NoteKind::Auto`].
    pub value: Option<String>,
    /// The reason or the message.
    pub text: String,
}

/// Kind of a [`Note`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// A value that the program chose; the text is the reason.
    Auto,
    /// Something worth knowing.
    #[default]
    Remark,
    /// Something that puts the numbers in doubt: also shown at the top.
    Warning,
}

/// The script as run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Script {
    /// Its path as the user gave it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A titled list of names and values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EntryGroup {
    /// Title ("pretrain, line 7", "Device").
    pub name: String,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// Value as text.
    pub value: String,
    /// Who chose the value.
    pub origin: Origin,
}

/// Who chose a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Not said, or not a choice.
    #[default]
    Unknown,
    /// The built-in default.
    Default,
    /// The script.
    Script,
    /// The command line (`--set`).
    CommandLine,
    /// The program, see the notes for the reason.
    Auto,
}
