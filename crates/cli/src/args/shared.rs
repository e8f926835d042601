//! Arguments that several verbs take.

use std::path::PathBuf;

use clap::Args;
use foretask_experiment::tools::TableRequest;

/// What to do with images that cannot be read.
#[derive(Debug, Args)]
pub(crate) struct BadImages {
    /// Leave images that cannot be read out and list them, or refuse the source
    #[arg(long, value_parser = ["skip", "error"], default_value = "skip")]
    pub(crate) on_bad_image: String,
    /// The largest share of them that is left out, from 0 to 1; 0.01 unless given
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_bad_fraction: Option<f64>,
}

/// What every verb on a script takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// auto, flex, libtorch, libtorch:cuda:N; wins over the script's `device(…)`
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Give a `param` of the script another value; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Folder of results and of finished stages
    #[arg(long, default_value = "runs")]
    pub(crate) out: PathBuf,
}

/// What every verb that writes a file takes. A file that it wrote itself and that is unchanged is written anew without asking.
#[derive(Debug, Args)]
pub(crate) struct Replace {
    /// Replace a file that foretask did not write, or that was changed since
    #[arg(long)]
    pub(crate) force: bool,
}

/// A table to write.
#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// The table to write: .parquet, .csv or .jsonl
    #[arg(short, long)]
    pub(crate) output: PathBuf,
    /// Leave texts of a CSV as they are even where a spreadsheet would run them as formulas
    #[arg(long)]
    pub(crate) formulas: bool,
    #[command(flatten)]
    pub(crate) replace: Replace,
}

impl From<TableArguments> for TableRequest {
    fn from(table: TableArguments) -> Self {
        Self { path: table.output, overwrite: table.replace.force, formulas: table.formulas }
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write it as NAME=VALUE, for example lr=0.1".to_owned()),
    }
}
