//! What `report` and `clean` take.

use std::path::PathBuf;

use clap::Args;

use super::shared::Replace;

pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  foretask report runs/quickstart/2026-11-23T03-45-00
  foretask report runs/quickstart           the latest run of the script
  foretask report runs/quickstart --open    and show it in the browser
  foretask report runs/simclr runs/rotation -o tasks.html   side by side: results, what differs, curves";

/// Runs whose pages are written again, or which are put side by side.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Folders of runs, or of scripts for their latest run; the first of several is what the others are compared with
    #[arg(required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// The page of a comparison
    #[arg(short, long, default_value = "comparison.html")]
    pub(crate) output: PathBuf,
    /// Show the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) replace: Replace,
}

pub(super) const CLEAN_EXAMPLES: &str = "\
Examples:
  foretask clean            what there is, and what can go; nothing is removed
  foretask clean --yes      removes it
  foretask clean --out /data/runs --json

A stage stays as long as the folder of a run is there that used it, finished or not, or a result that was made from it.
To give more space back, delete folders of runs first: weights, results and reports lie in them, stages do not.";

/// Where stages lie, and whether they go.
#[derive(Debug, Args)]
pub(crate) struct CleanArguments {
    /// Folder of results
    #[arg(long, default_value = "runs")]
    pub(crate) out: PathBuf,
    /// Remove what can go
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
