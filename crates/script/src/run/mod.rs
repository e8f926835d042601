//! The folder of one run: `runs/<script>/<time>/`.

mod compare;
mod curves;
mod folder;
mod list;
mod report;
mod time;

pub use compare::{ComparedRuns, compare_runs};
pub(crate) use folder::{RunFolder, StageRecord, slug};
pub use list::{RunLine, RunResult, list_runs, rewrite_report};
pub(crate) use report::{ReportOptions, Reported, compare, label_curve, write_report};
