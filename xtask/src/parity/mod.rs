//! What published networks answer, for the tests of crates/models: timm, torchvision and transformers in an environment of their own.

use std::path::PathBuf;

use anyhow::Result;

use crate::run::{command, run as execute};
use crate::tools::python_environment;

/// Its environment, ignored by git. About 7 GB, most of it CUDA libraries that the wheels ask for.
const FOLDER: &str = ".peer/parity";
const REQUIREMENTS: &str = "xtask/src/parity/requirements.txt";

/// Options of `cargo xtask parity`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask parity                    writes crates/models/tests/parity anew, a file for each spelling of each family\n  \
    cargo xtask parity convnext resnet    prints the numbers that stand in the tests of these networks\n\n\
    With the environment the tests of `foretask export` also run graphs (onnxruntime) and the programs beside weights (torch).")]
pub(crate) struct Args {
    /// Networks whose numbers are printed: `efficientnet_lite0`, vit, others, convnext, resnet, counts, positions.
    networks: Vec<String>,
    /// A Python that has the packages of xtask/src/parity/requirements.txt.
    #[arg(long, value_name = "PYTHON")]
    python: Option<PathBuf>,
    /// Only make the environment.
    #[arg(long)]
    install: bool,
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let python = match &args.python {
        Some(python) => python.clone(),
        None => python_environment(FOLDER, REQUIREMENTS)?,
    };
    if args.install {
        println!("{} has what the tests of exported graphs and programs need", python.display());
        return Ok(());
    }
    let python = python.display().to_string();
    if args.networks.is_empty() {
        return execute(&mut command(&python, &["xtask/src/parity/families.py"]));
    }
    let mut words = vec!["xtask/src/parity/reference.py"];
    words.extend(args.networks.iter().map(String::as_str));
    execute(&mut command(&python, &words))
}
