//! `cargo xtask wheel`: the Python wheel, which holds the program and nothing that needs a Python of its own version; and a trial of
//! it, in an environment without Rust, with the two commands that the README promises and with the tests of the Python package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::dist;
use crate::run::{command, quiet, root, run};
use crate::tools::{ensure_debian, python_program};

/// What makes wheels.
const MATURIN: &str = "maturin==1.16.0";
/// Lengths of the quickstart that take seconds.
const TINY: [&str; 4] = ["steps=3", "sharp_steps=3", "self_steps=3", "draws=1"];

/// What tests the Python package: its tests, its types, and what it uses where it is there.
const TESTERS: [&str; 7] = ["pytest", "mypy", "numpy", "pillow", "pandas", "pandas-stubs", "polars"];

/// Options of `cargo xtask wheel`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask wheel              makes it in target/wheel/, installs it into an environment of its own, runs the quickstart there\n  \
    cargo xtask wheel --no-trial   makes it only")]
pub(crate) struct Args {
    /// Do not install and run it.
    #[arg(long)]
    pub(crate) no_trial: bool,
    /// The folder to write into.
    #[arg(long, value_name = "FOLDER", default_value = "target/wheel")]
    pub(crate) out: PathBuf,
}

/// Runs the task.
pub(crate) fn run_task(args: &Args) -> Result<()> {
    let wheel = make(&maturin()?, &root().join(&args.out))?;
    if !args.no_trial {
        trial(&wheel)?;
    }
    println!("{}: {:.1} MB", wheel.display(), wheel.metadata()?.len() as f64 / 1e6);
    Ok(())
}

/// What makes wheels: found, or installed by pip.
pub(crate) fn maturin() -> Result<PathBuf> {
    python_program("maturin", MATURIN)
}

/// Makes the wheel. A program that is built with default features is taken as it is: maturin calls cargo, which finds it fresh.
pub(crate) fn make(maturin: &Path, out: &Path) -> Result<PathBuf> {
    if out.is_dir() {
        fs::remove_dir_all(out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    let licenses = root().join("python/licenses.txt");
    fs::write(&licenses, dist::licenses()?).with_context(|| format!("cannot write {}", licenses.display()))?;
    let mut build = quiet(&maturin.to_string_lossy(), &["build", "--release", "--locked", "--out"]);
    run(build.arg(out))?;
    the_wheel_in(out)
}

/// The only wheel in a folder.
fn the_wheel_in(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut wheels =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "whl"));
    match (wheels.next(), wheels.next()) {
        (Some(wheel), None) => Ok(wheel),
        (None, _) => bail!("{} holds no wheel", folder.display()),
        (Some(_), Some(_)) => bail!("{} holds several wheels", folder.display()),
    }
}

/// Installs the wheel where nothing else is, and does there what a newcomer does.
pub(crate) fn trial(wheel: &Path) -> Result<()> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ensure!(fits_any_python(&name), "{name} is for one version of Python: it should be py3-none-PLATFORM");
    let place = wheel.with_file_name("trial");
    if place.is_dir() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot empty {}", place.display()))?;
    }
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    ensure_debian(&["python3", "-m", "venv", "--help"], "python3-venv")?;
    run(command("python3", &["-m", "venv"]).arg(place.join("venv")))?;
    let programs = place.join(if cfg!(windows) { "venv/Scripts" } else { "venv/bin" });
    let python = programs.join("python");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"];
    run(command(&python.to_string_lossy(), &pip).arg(wheel))?;
    let foretask = programs.join("foretask");
    alone(&place, &foretask, &["new", "--example"])?;
    let mut arguments = vec!["run", "quickstart.rhai"];
    arguments.extend(TINY.iter().flat_map(|set| ["--set", set]));
    alone(&place, &foretask, &arguments)?;
    alone(&place, &python, &["-m", "foretask", "report", "runs/quickstart"])?;
    let report = crate::runs::latest(&place.join("runs"), "quickstart")?.join("report.html");
    ensure!(report.is_file(), "the quickstart left no {}", report.display());
    test_package(&place, &python)
}

/// Runs the tests of the Python package, the book's notebook among them, on what was installed, and looks at its types.
fn test_package(place: &Path, python: &Path) -> Result<()> {
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(command(&python.to_string_lossy(), &pip).args(TESTERS))?;
    let tests = root().join("python/tests");
    let tests = tests.to_string_lossy();
    // Neither leaves anything in the checkout.
    alone(place, python, &["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", &tests])?;
    alone(place, python, &["-m", "mypy", "--strict", "--cache-dir", "types", "-p", "foretask"])?;
    alone(place, python, &["-m", "mypy", "--strict", "--cache-dir", "types", &tests])
}

/// `py3-none-…`: the program is no extension module.
fn fits_any_python(name: &str) -> bool {
    let mut tags = name.trim_end_matches(".whl").rsplit('-');
    let (platform, abi, python) = (tags.next(), tags.next(), tags.next());
    platform.is_some_and(|platform| platform != "any") && abi == Some("none") && python == Some("py3")
}

/// Runs a program of the environment with nothing of ours around it: no checkout, no Rust, no libraries.
fn alone(place: &Path, program: &Path, arguments: &[&str]) -> Result<()> {
    let mut trial = Command::new(program);
    trial.args(arguments).current_dir(place).env_clear();
    trial.env("PATH", if cfg!(windows) { "C:\\Windows\\System32" } else { "/usr/bin:/bin" }).env("HOME", place);
    run(&mut trial)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_for_any_python_are_told_from_others() {
        assert!(fits_any_python("foretask-0.1.0-py3-none-manylinux_2_28_x86_64.whl"));
        assert!(!fits_any_python("foretask-0.1.0-cp312-cp312-manylinux_2_28_x86_64.whl"));
        assert!(!fits_any_python("foretask-0.1.0-py3-none-any.whl"));
    }

    #[test]
    fn one_wheel_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(the_wheel_in(folder.path()).unwrap_err().to_string().contains("no wheel"));
        for (name, found) in [("a.whl", true), ("b.txt", true), ("c.whl", false)] {
            fs::write(folder.path().join(name), "").unwrap();
            assert_eq!(the_wheel_in(folder.path()).is_ok(), found);
        }
    }
}
