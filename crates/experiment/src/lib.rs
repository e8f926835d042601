#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// Errors carry what a person needs to read; they are made once per run, never in a loop.
#![allow(clippy::result_large_err)]

mod custom_target;
mod error;
mod experiment;
mod image_cache;
mod images;
mod marks;
mod passes;
mod plan;
pub mod preview;
mod progress;
pub mod published;
mod ranks;
pub mod report;
pub mod run;
mod runner;
mod stage;
pub mod stages;
pub mod tools;
pub mod values;

pub use error::{Blame, Error, ErrorKind, Result, Role};
pub use experiment::{Experiment, Listener, Mode, Settings};
pub use foretask_data::{Scanning, watch_scans};
pub use foretask_report::shown;
pub use foretask_train::{Event, Interrupt};
pub use image_cache::ImageCache;
pub use passes::{Finished, planned, run};
pub use plan::{LabelDraw, Plan, PlannedAuto, PlannedData, PlannedParam, PlannedPreview, PlannedStage, thousands};
pub use progress::Progress;
pub use ranks::{CommonFact, Ranks};
pub use run::{RunFolder, RunSource};
pub use runner::{Outcome, Stage};
pub use stage::{Done, StageKey, StageState, scan_limit};
