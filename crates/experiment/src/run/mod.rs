//! The folder of one run: `runs/<script>/<time>/`.

mod clean;
mod compare;
mod curves;
mod folder;
mod list;
mod names;
mod record;
mod time;
mod used;

pub use crate::stage::Standing;
pub use clean::{Removed, Stock, StoredStage, stock};
pub use compare::{ComparedRuns, compare_runs};
pub use folder::{RunFolder, RunSource};
pub use list::{RunLine, RunResult, list_runs, rewrite_report};
pub(crate) use names::is_cut;
pub use names::slug;
pub(crate) use record::StageRecord;
pub(crate) use time::UtcTime;
