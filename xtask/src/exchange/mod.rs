//! `cargo xtask exchange`: labels go to other labeling programs and come back, by these programs' own libraries.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::run::{command, root, run as execute};
use crate::tools::python_environment;

/// Its environment, ignored by git: about 2 GB.
const FOLDER: &str = ".peer/exchange";
const REQUIREMENTS: &str = "xtask/src/exchange/requirements.txt";

/// Options of `cargo xtask exchange`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask exchange                        Label Studio, CVAT, FiftyOne, folders, Hugging Face; both ways\n  \
    cargo xtask exchange --python venv/bin/python\n\n\
    Build the binary first: cargo build --release --workspace --bins")]
pub(crate) struct Args {
    /// A Python that has the packages of xtask/src/exchange/requirements.txt.
    #[arg(long, value_name = "PYTHON")]
    python: Option<PathBuf>,
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let program = root().join("target/release/foretask");
    ensure!(program.is_file(), "build the binary first: cargo build --release --workspace --bins");
    let python = match &args.python {
        Some(python) => python.clone(),
        None => python_environment(FOLDER, REQUIREMENTS)?,
    };
    let (program, folder) = (program.display().to_string(), root().join("target/exchange").display().to_string());
    execute(&mut command(&python.display().to_string(), &["xtask/src/exchange/other_programs.py", &program, &folder]))
}
