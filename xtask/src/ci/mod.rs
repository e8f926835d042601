//! `cargo xtask ci`: every check and test, cheapest first, stopping at the first failure.
//!
//! Whatever is built is linted and documented too ([`lint`]), with the default features ([`step::DEFAULT`]), as a newcomer builds
//! it. The last step builds the crates that touch libtorch with libtorch, and runs their tests.

mod binary;
mod checks;
mod drawn;
mod examples;
mod lint;
mod newcomer;
mod scripts;
mod step;
mod summary;
mod tests;

use std::time::Instant;

use anyhow::{Result, bail};
pub(crate) use binary::{foretask, release_folder};
pub(crate) use drawn::folder as drawn_images;
pub(crate) use lint::as_compiler;
use step::Outcome;
use summary::Line;

/// Options of `cargo xtask ci`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask ci                everything\n  \
    cargo xtask ci --from test    the rest, after a failure was mended\n  \
    cargo xtask ci --only tidy    one step")]
pub(crate) struct Args {
    /// Start at this step.
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    from: Option<String>,
    /// Run this step alone.
    #[arg(long, value_name = "STEP")]
    only: Option<String>,
    /// Go on after a failure, and fail at the end.
    #[arg(long)]
    keep_going: bool,
    /// List the steps.
    #[arg(long)]
    list: bool,
}

/// One step: its name on the command line, what it does, and the doing.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", about: "rustfmt finds nothing to change", run: checks::fmt },
    Step { name: "typos", about: "no known misspelling", run: checks::typos },
    Step { name: "book", about: "the documentation's book builds", run: checks::book },
    Step { name: "tidy", about: "layers, circles, licenses, documents, text", run: checks::tidy },
    Step { name: "libtorch", about: "libtorch is in third_party/libtorch", run: checks::libtorch },
    Step {
        name: "weights",
        about: "published weights that tests use are in third_party/weights",
        run: checks::weights,
    },
    Step {
        name: "build",
        about: "binaries, tests, examples and documentation build, without a warning of clippy or rustdoc",
        run: tests::build,
    },
    Step { name: "test", about: "unit, property and end-to-end tests", run: tests::test },
    Step { name: "doctest", about: "examples in the documentation", run: tests::doctest },
    Step { name: "examples", about: "each crate's examples run", run: examples::run },
    Step { name: "scripts", about: "each script runs for a few steps, twice", run: scripts::run },
    Step { name: "torture", about: "killed, damaged and fed with rubbish for two minutes", run: torture },
    Step { name: "default", about: "the README's command, with default features", run: newcomer::build },
    Step { name: "ship", about: "archive and wheel of it, and the quickstart out of the wheel", run: newcomer::ship },
    Step { name: "torch", about: "layers, devices, models and training on libtorch", run: tests::torch },
];

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.list {
        for step in STEPS {
            println!("{:<10} {}", step.name, step.about);
        }
        return Ok(());
    }
    let chosen = choose(args)?;
    if let Some(status) = lint::again()? {
        // Whatever there is to say has been said.
        std::process::exit(status.code().unwrap_or(1));
    }
    let mut lines = Vec::new();
    for step in chosen {
        println!("\n=== {}: {}", step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)();
        if let Err(error) = &outcome {
            println!("\n{}: {error:#}", step.name);
        }
        let failed = outcome.is_err();
        lines.push(Line { name: step.name, outcome: outcome.map_err(|e| format!("{e:#}")), time: start.elapsed() });
        if failed && !args.keep_going {
            break;
        }
    }
    print!("\n{}", summary::table(&lines));
    let failed = lines.iter().find(|line| line.outcome.is_err()).map(|line| line.name);
    if let Some(name) = failed {
        println!("{name} failed. To repeat it: cargo xtask ci --only {name}; to go on: cargo xtask ci --from {name}");
    }
    println!("{}", summary::closing(&lines));
    match failed {
        Some(name) => bail!("{name} failed"),
        None => Ok(()),
    }
}

/// A short run of the reliability suite, the same each time. What has begun when the time is over goes on to its end.
fn torture() -> Result<Outcome> {
    let only = Vec::new();
    crate::torture::run(&crate::torture::Args { minutes: 2.0, seed: 1, only, case: None, jobs: None })?;
    Ok(Outcome::passed())
}

fn choose(args: &Args) -> Result<&'static [Step]> {
    let position = |name: &str| match STEPS.iter().position(|step| step.name == name) {
        Some(position) => Ok(position),
        None => bail!(
            "there is no step `{name}`; the steps are {}",
            STEPS.iter().map(|s| s.name).collect::<Vec<_>>().join(", ")
        ),
    };
    Ok(match (&args.from, &args.only) {
        (Some(from), _) => &STEPS[position(from)?..],
        (_, Some(only)) => std::slice::from_ref(&STEPS[position(only)?]),
        _ => STEPS,
    })
}

#[cfg(test)]
mod unit {
    use super::*;

    fn names(from: Option<&str>, only: Option<&str>) -> Result<Vec<&'static str>> {
        let (from, only) = (from.map(str::to_owned), only.map(str::to_owned));
        let args = Args { from, only, keep_going: false, list: false };
        Ok(choose(&args)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_by_name() {
        assert_eq!(names(None, None).unwrap().len(), STEPS.len());
        assert_eq!(names(Some("scripts"), None).unwrap(), ["scripts", "torture", "default", "ship", "torch"]);
        assert_eq!(names(None, Some("fmt")).unwrap(), ["fmt"]);
        assert!(names(None, Some("lint")).unwrap_err().to_string().contains("the steps are fmt, typos"));
    }
}
