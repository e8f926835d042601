#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// Faults carry what a person needs to read; they are made once per run, never in a loop.
#![allow(clippy::result_large_err)]

mod custom;
mod engine;
mod errors;
mod host;
mod marks;
mod options;
mod plan;
mod progress;
mod reference;
mod repl;
mod resolver;
mod run;
mod sandbox;
mod session;
mod stage;
mod text;
mod values;
mod verbs;
mod words;
mod work;
mod writable;

pub use errors::{Error, ErrorKind, ScriptError, Source, TraceFrame};
pub use foretask_pretext::Picture;
pub use foretask_report::shown;
pub use foretask_train::{Event, Interrupt};
pub use host::{Listener, Settings};
pub use options::OptionDoc;
pub use plan::{Plan, PlannedAuto, PlannedData, PlannedParam, PlannedStage, StageState};
pub use progress::Progress;
pub use reference::{explain_word, markdown, overview};
pub use repl::{Repl, is_open};
pub use run::{ComparedRuns, RunLine, RunResult, compare_runs, list_runs, rewrite_report};
pub use session::{Finished, check, read_script, run};
pub use verbs::{
    DeviceInfo, Embedded, Exported, Finding, ImportRequest, Imported, NewScript, PackRequest, PackedUp, Predicted,
    PreviewRequest, Sheet, SheetCell, SheetRow, TableRequest, caught, describe, devices, doctor, embed, export, import,
    new_script, pack, predict, prepare_process, preview,
};
pub use words::{Example, Kind, Param, Signature, Theme, Word};
