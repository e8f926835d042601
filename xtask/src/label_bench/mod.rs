//! `cargo xtask label-bench`: the labeling page under the hands of somebody quick, and of people who know every label.

mod annotator;
mod page;
mod session;

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::run::root;

/// Options of `cargo xtask label-bench`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask label-bench                                   a session at 100,000 and one at 1,000,000 rows\n  \
    cargo xtask label-bench --rows 50000\n  \
    cargo xtask label-bench --annotate datasets/fashion-mini  accuracy against key presses\n\n\
    Build the binary first: cargo build --release --workspace --bins")]
pub(crate) struct Args {
    /// Rows of the tables that sessions are played at.
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 1_000_000])]
    rows: Vec<usize>,
    /// Simulate people who label this dataset, whose labels are known, instead.
    #[arg(long, value_name = "DATA")]
    annotate: Option<PathBuf>,
    /// The encoder of the simulation, as `foretask label` takes it.
    #[arg(long, default_value = "none")]
    encoder: String,
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let program = root().join("target/release/foretask");
    ensure!(program.is_file(), "build the binary first: cargo build --release --workspace --bins");
    let folder = root().join("target/label-bench");
    fs::create_dir_all(&folder)?;
    if let Some(data) = &args.annotate {
        let simulation = annotator::Simulation::new(program, data.clone(), folder, args.encoder.clone())?;
        let lines = annotator::Way::ALL.into_iter().map(|way| simulation.play(way)).collect::<Result<Vec<_>>>()?;
        println!("\n{}\n{}", annotator::head(), lines.join("\n"));
        return Ok(());
    }
    let mut lines = Vec::new();
    for rows in &args.rows {
        lines.push(session::play(&program, &folder, *rows)?);
    }
    println!("\n{}\n{}", session::HEAD, lines.join("\n"));
    Ok(())
}
