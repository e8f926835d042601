//! `cargo xtask dist`: an archive to hand on. In it the program, completions, manual pages, and the licenses and the bill of
//! materials of all that is inside; beside it the checksums.

mod archive;
mod licenses;
mod packages;
mod sbom;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

use crate::ci::foretask;
use crate::run::{cargo, command, read, root, run};

/// Options of `cargo xtask dist`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask dist              target/dist/foretask-VERSION-TARGET.tar.gz and SHA256SUMS\n  \
    cargo xtask dist --no-build   of the program that is built already")]
pub(crate) struct Args {
    /// Take the program that is built, as continuous integration does.
    #[arg(long)]
    pub(crate) no_build: bool,
    /// The folder to write into.
    #[arg(long, value_name = "FOLDER", default_value = "target/dist")]
    pub(crate) out: PathBuf,
}

/// Shells whose completions lie in the archive, and what the files are called there.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "foretask.bash"),
    ("zsh", "_foretask"),
    ("fish", "foretask.fish"),
    ("powershell", "foretask.ps1"),
    ("elvish", "foretask.elv"),
];

/// Documents of the repository that go along.
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// What was made.
pub(crate) struct Made {
    pub(crate) archive: PathBuf,
    pub(crate) archive_bytes: u64,
    pub(crate) program_bytes: u64,
}

/// Runs the task.
pub(crate) fn run_task(args: &Args) -> Result<()> {
    let made = make(args)?;
    println!(
        "{}: {:.1} MB; the program in it {:.1} MB",
        made.archive.display(),
        made.archive_bytes as f64 / 1e6,
        made.program_bytes as f64 / 1e6
    );
    Ok(())
}

/// Makes the archive.
pub(crate) fn make(args: &Args) -> Result<Made> {
    if !args.no_build {
        run(&mut cargo(&["build", "--release", "--package", "foretask"]))?;
    }
    let program = foretask()?;
    let (version, target) = (version(&program)?, host()?);
    let name = format!("foretask-{version}-{target}");
    let out = root().join(&args.out);
    let folder = out.join(&name);
    if folder.is_dir() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fill(&folder, &program, &target)?;
    let archive = out.join(format!("{name}.tar.gz"));
    archive::pack(&folder, &archive, &[&program.file_name().unwrap_or_default().to_string_lossy()])?;
    let sums: Vec<(String, String)> = [&archive, &out.join(format!("{name}.cdx.json"))]
        .into_iter()
        .map(|file| Ok((sha256(file)?, file.file_name().unwrap_or_default().to_string_lossy().into_owned())))
        .collect::<Result<_>>()?;
    let mut text = String::new();
    for (sum, name) in &sums {
        let _ = writeln!(text, "{sum}  {name}");
    }
    write(&out.join("SHA256SUMS"), &text)?;
    let size = |file: &Path| file.metadata().map(|about| about.len()).with_context(|| file.display().to_string());
    Ok(Made { archive_bytes: size(&archive)?, program_bytes: size(&program)?, archive })
}

/// Puts everything into the folder that becomes the archive; the bill of materials also beside it, for programs that look there.
fn fill(folder: &Path, program: &Path, target: &str) -> Result<()> {
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to.parent().unwrap_or(to))
            .with_context(|| format!("cannot make the folder of {}", to.display()))?;
        fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
    };
    let file = program.file_name().unwrap_or_default();
    copy(program, &folder.join(file))?;
    for document in DOCUMENTS {
        copy(&root().join(document), &folder.join(document))?;
    }
    let program = program.to_string_lossy();
    for (shell, name) in SHELLS {
        let text = read(&mut command(&program, &["completions", shell]))?;
        write(&folder.join("completions").join(name), &text)?;
    }
    run(&mut command(&program, &["man", "-o", &folder.join("man/man1").to_string_lossy()]))?;
    let packages = packages::of_foretask(target)?;
    write(&folder.join("licenses.txt"), &licenses::page(&packages)?)?;
    let bill = serde_json::to_string_pretty(&sbom::bill(&packages))?;
    write(&folder.join("foretask.cdx.json"), &bill)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    write(&folder.with_file_name(format!("{name}.cdx.json")), &bill)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))
        .with_context(|| format!("cannot make the folder of {}", path.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The licenses of all that is inside of a program for this system.
pub(crate) fn licenses() -> Result<String> {
    licenses::page(&packages::of_foretask(&host()?)?)
}

/// `0.1.0` of `foretask 0.1.0`.
fn version(program: &Path) -> Result<String> {
    let text = read(&mut command(&program.to_string_lossy(), &["--version"]))?;
    let version = text.trim().rsplit(' ').next().filter(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    version.map(str::to_owned).with_context(|| format!("{} says no version: {text}", program.display()))
}

/// What this toolchain builds for: `x86_64-unknown-linux-gnu`.
fn host() -> Result<String> {
    let about = read(&mut command("rustc", &["-vV"]))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).with_context(|| format!("rustc does not say what it builds for: {about}"))
}

/// SHA-256 of a file, in hexadecimal digits.
fn sha256(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut digits = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_that_others_compute() {
        // A published value: of the empty text.
        let empty = tempfile::NamedTempFile::new().unwrap();
        let sum = sha256(empty.path()).unwrap();
        assert_eq!(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn this_toolchain_names_its_host() {
        assert!(host().unwrap().split('-').count() >= 3);
    }
}
