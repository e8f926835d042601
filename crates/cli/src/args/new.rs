//! What `new` takes.

use std::path::PathBuf;

use clap::Args;

use super::shared::Replace;

pub(super) const EXAMPLES: &str = "\
Examples:
  foretask new photos/                      writes photos.rhai, which runs as it is
  foretask new --example                    writes quickstart.rhai and the images that it takes
  foretask new photos/ --labels photos-to-label.csv   once some are labeled
  foretask new table.parquet -o first.rhai";

/// What a script is to be written for, and where.
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// A folder of images (with a subfolder per class, or flat), or a manifest
    #[arg(required_unless_present = "example")]
    pub(crate) folder: Option<PathBuf>,
    /// Write the quickstart and its images (5.5 MB of clothes) here instead
    #[arg(long, conflicts_with_all = ["folder", "labels", "output"])]
    pub(crate) example: bool,
    /// A table of labels for some of the images, such as one that `label_next` wrote and you filled in
    #[arg(long)]
    pub(crate) labels: Option<PathBuf>,
    /// The script to write; the folder's name unless given
    #[arg(short, long)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) replace: Replace,
}
