#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// Errors carry what a person needs to read; they are made once an act, never in a loop.
#![allow(clippy::result_large_err)]

mod app;
mod dataset;
mod exchange;
mod export;
mod http;
mod learn;
mod manifest;
mod pictures;
mod run;
mod server;
mod store;

pub use app::{MakeScript, RunScript, Scripts};
pub use dataset::default_labels_path;
pub use exchange::{Exchange, ExportRequest, Exported, ForeignLabels, export_to, foreign_labels};
pub use export::export_labels;
pub use learn::EncoderChoice;
pub use manifest::in_utc;
pub use server::{LabelRequest, Serving, label};
pub use store::{Act, Agreement, HistoryLine, LabeledImage, LabelsFile, read_labels};
