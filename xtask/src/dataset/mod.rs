//! `cargo xtask dataset NAME`: datasets made from packages or files that are to be had anywhere.

mod fashion;

use std::path::PathBuf;

use anyhow::Result;

/// Which dataset.
#[derive(clap::Subcommand)]
pub(crate) enum Dataset {
    /// All of Fashion-MNIST: 60,000 training and 10,000 test images, 28x28 grey, 10 classes.
    #[command(after_help = "Examples:\n  \
        cargo xtask dataset fashion-mnist                    from the Debian package dataset-fashion-mnist\n  \
        cargo xtask dataset fashion-mnist --from ~/idx       from a folder with the four IDX files (.gz or not)")]
    FashionMnist(Full),
    /// The subset that ships with the repository: 10,000 training and 2,000 test images, the same number of each class.
    #[command(after_help = "Example:\n  cargo xtask dataset fashion-mini")]
    FashionMini(Mini),
}

/// Options of the full dataset.
#[derive(clap::Args)]
pub(crate) struct Full {
    /// A folder with the four IDX files; without it, the Debian package is used (and installed if need be).
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The folder to make.
    #[arg(long, value_name = "DIR", default_value = "datasets/fashion-mnist")]
    out: PathBuf,
}

/// Options of the subset.
#[derive(clap::Args)]
pub(crate) struct Mini {
    /// A folder with the four IDX files; without it, the Debian package is used (and installed if need be).
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The folder to write its manifest into.
    #[arg(long, value_name = "DIR", default_value = "datasets/fashion-mini")]
    out: PathBuf,
}

/// Runs the task.
pub(crate) fn run(dataset: &Dataset) -> Result<()> {
    match dataset {
        Dataset::FashionMnist(args) => fashion::full(args.from.as_deref(), &args.out),
        Dataset::FashionMini(args) => fashion::mini(args.from.as_deref(), &args.out),
    }
}
