//! Runs every crate's examples, as they were built.

use anyhow::{Context, Result, bail};

use super::Outcome;
use super::binary::release_folder;
use crate::run::command;
use crate::tidy::metadata;

pub(crate) fn run() -> Result<Outcome> {
    let mut count = 0;
    for package in metadata::members()? {
        for example in package.examples {
            let program = release_folder()?.join("examples").join(&example);
            if !program.is_file() {
                bail!("{example} of {} is not built; run `cargo xtask ci --only build` first", package.name);
            }
            println!("--- {}: {example}", package.name);
            run_example(&program.to_string_lossy())
                .with_context(|| format!("example {example} of {}", package.name))?;
            count += 1;
        }
    }
    Ok(Outcome::Passed(format!("{count} examples")))
}

fn run_example(program: &str) -> Result<()> {
    crate::run::run(command(program, &[]).env_remove("LD_LIBRARY_PATH"))
}
