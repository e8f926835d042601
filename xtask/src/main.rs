//! The project's own tasks: `cargo xtask TASK`. See `xtask/README.md`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod bench;
mod ci;
mod dataset;
mod dist;
mod exchange;
mod label_bench;
mod libtorch;
mod parity;
mod run;
mod runs;
mod tidy;
mod tools;
mod torture;
mod weights;
mod wheel;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Foretask's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every check and test, cheapest first.
    Ci(ci::Args),
    /// Puts the pinned libtorch into `third_party/libtorch`.
    Libtorch(libtorch::Args),
    /// Puts published weights into `third_party/weights`.
    Weights(weights::Args),
    /// Makes a dataset.
    #[command(subcommand)]
    Dataset(dataset::Dataset),
    /// Measures speed and memory, beside PyTorch and lightly if asked to.
    Bench(bench::Args),
    /// Measures the labeling page: sessions at many rows, people who know every label.
    LabelBench(label_bench::Args),
    /// Sends labels to other labeling programs and back, through these programs' own libraries.
    Exchange(exchange::Args),
    /// Asks timm, torchvision and transformers what published networks answer, for the tests.
    Parity(parity::Args),
    /// Packs an archive: the program, completions, manual pages, licenses, a bill of materials, checksums.
    Dist(dist::Args),
    /// Makes the Python wheel, and tries it in an environment of its own.
    Wheel(wheel::Args),
    /// Kills, damages and mutates what the built binary meets, and says what broke.
    Torture(torture::Args),
    /// Checks the repository itself: layers, licenses, documents, text.
    Tidy,
}

fn main() -> ExitCode {
    if let Some(code) = ci::as_compiler() {
        return code;
    }
    let done = match Cli::parse().task {
        Task::Ci(args) => ci::run(&args),
        Task::Libtorch(args) => libtorch::run(&args),
        Task::Weights(args) => weights::run(&args),
        Task::Dataset(dataset) => dataset::run(&dataset),
        Task::Bench(args) => bench::run(&args),
        Task::LabelBench(args) => label_bench::run(&args),
        Task::Exchange(args) => exchange::run(&args),
        Task::Parity(args) => parity::run(&args),
        Task::Dist(args) => dist::run_task(&args),
        Task::Wheel(args) => wheel::run_task(&args),
        Task::Torture(args) => torture::run(&args),
        Task::Tidy => tidy::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
