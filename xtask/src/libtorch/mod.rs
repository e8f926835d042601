//! `cargo xtask libtorch`: the libtorch that torch-sys wants, taken from Python wheels.
//!
//! A wheel is a zip archive: the libraries and headers are unpacked from it, no Python package is installed or imported.
//! The folder is made beside its destination and renamed into place, so that it is there whole or not at all, and a
//! record of its files' sizes tells a later call that there is nothing to do.

mod layout;
mod record;
mod source;
mod version;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use layout::{Kind, Layout};
use source::Source;
use version::VERSION;

use crate::run::{cargo, command, read, root};
use crate::tools::ensure_pip;

/// The wheels' Python version. It decides nothing for the C++ libraries, but a wheel has to be named.
const PYTHON: &str = "3.11";

/// Where `.cargo/config.toml` lets builds look for it.
const INTO: &str = "third_party/libtorch";

/// Options of `cargo xtask libtorch`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask libtorch                       download wheels with pip (900 MB), keep what a CPU needs (500 MB)\n  \
    cargo xtask libtorch --cuda                with the CUDA libraries\n  \
    cargo xtask libtorch --from ~/wheels       from a folder of wheels\n  \
    cargo xtask libtorch --from libtorch.zip   from an archive of PyTorch's download page\n  \
    LIBTORCH=/opt/libtorch cargo xtask libtorch    only check the libtorch that is already there")]
pub(crate) struct Args {
    /// Keep the CUDA libraries, and fetch those that they need.
    #[arg(long)]
    cuda: bool,
    /// Take it from a folder of wheels, an unpacked libtorch, or one archive, instead of downloading.
    #[arg(long, value_name = "DIR|ZIP")]
    from: Option<PathBuf>,
    /// Where to put it.
    #[arg(long, value_name = "DIR", default_value = INTO)]
    into: PathBuf,
}

impl Default for Args {
    fn default() -> Self {
        Self { cuda: false, from: None, into: INTO.into() }
    }
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let into = root().join(&args.into);
    let kind = if args.cuda { Kind::Cuda } else { Kind::Cpu };
    if let Some(existing) = existing(&into) {
        if args.from.is_some() {
            bail!(
                "LIBTORCH points to {}, so builds would not see {}; unset LIBTORCH first",
                existing.display(),
                into.display()
            );
        }
        return check_existing(&existing);
    }
    if let Some(found) = record::complete(&into)?
        && (found == kind || found == Kind::Cuda)
    {
        println!("{} holds libtorch {VERSION} ({found}), complete: nothing to do", into.display());
        return Ok(());
    }
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "wheels with a usable libtorch are known for Linux on x86_64 only; unpack libtorch {VERSION} yourself and set LIBTORCH to its folder"
    );
    let before = fs::read_to_string(into.join(record::FILE)).ok();
    let downloads = into.with_extension("download");
    let sources = match &args.from {
        Some(from) => source::open(from)?,
        None => download(kind, &downloads)?,
    };
    install(kind, &sources, &into)?;
    if downloads.is_dir() {
        fs::remove_dir_all(&downloads).with_context(|| format!("cannot remove {}", downloads.display()))?;
    }
    if before.is_some() {
        // torch-sys decides by the folder's files what to link, but does not watch them.
        crate::run::run(&mut cargo(&["clean", "--release", "--package", "torch-sys"]))?;
    }
    println!("libtorch {VERSION} ({kind}) is in {}", into.display());
    println!("now `cargo foretask-torch devices` builds with it, and runs without any environment variable");
    Ok(())
}

/// A libtorch of the user's own. Cargo sets LIBTORCH to our folder by `.cargo/config.toml` unless it was set before.
fn existing(into: &Path) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("LIBTORCH")?);
    (!is_ours(&path) && path != into).then_some(path)
}

/// Whether it is the folder of `.cargo/config.toml`, which need not exist yet; the checkout may be reached by a link.
fn is_ours(path: &Path) -> bool {
    let checkout = path.ends_with(INTO).then(|| path.ancestors().nth(2)).flatten();
    checkout.is_some_and(|checkout| match (checkout.canonicalize(), root().canonicalize()) {
        (Ok(checkout), Ok(root)) => checkout == root,
        _ => false,
    })
}

fn check_existing(path: &Path) -> Result<()> {
    for needed in ["lib/libtorch_cpu.so", "lib/libc10.so", "include/torch/csrc/api/include/torch/torch.h"] {
        ensure!(
            path.join(needed).exists(),
            "LIBTORCH={} is no libtorch: {needed} is missing; correct it, or unset LIBTORCH to have one fetched",
            path.display()
        );
    }
    let file = path.join("build-version");
    let version = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let number = version.trim().split('+').next().unwrap_or_default();
    ensure!(
        number == VERSION,
        "LIBTORCH={} is version {number}, but {VERSION} is needed; unset LIBTORCH to have it fetched",
        path.display()
    );
    println!("LIBTORCH={} is libtorch {VERSION}: nothing to do", path.display());
    Ok(())
}

/// Downloads the wheels with pip into `folder`, where an earlier, interrupted call may have left some.
fn download(kind: Kind, folder: &Path) -> Result<Vec<Source>> {
    ensure_pip()?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    pip_download(&[format!("torch=={VERSION}")], folder)?;
    let torch = source::open(folder)?;
    let requirements = layout::requirements(kind, &torch)?;
    pip_download(&requirements, folder)?;
    source::open(folder)
}

fn pip_download(requirements: &[String], folder: &Path) -> Result<()> {
    let mut pip = command("python3", &["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]);
    pip.args(["--python-version", PYTHON, "--implementation", "cp"]);
    for tag in ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"] {
        pip.args(["--platform", tag]);
    }
    pip.args(["--disable-pip-version-check", "--progress-bar", "off", "--dest"]).arg(folder).args(requirements);
    crate::run::run(&mut pip).context(
        "the wheels could not be downloaded; with wheels from elsewhere: `cargo xtask libtorch --from FOLDER`, \
         with a libtorch that is already there: set LIBTORCH to its folder",
    )
}

/// Unpacks beside `into` and renames.
fn install(kind: Kind, sources: &[Source], into: &Path) -> Result<()> {
    let parent = into.parent().context("the destination has no parent folder")?;
    let name = into.file_name().context("the destination has no name")?.to_string_lossy().into_owned();
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    remove_leftovers(parent, &name)?;
    let stage = parent.join(format!(".{name}.{}.tmp", std::process::id()));
    let layout = Layout::plan(kind, sources)?;
    let (libtorch, nvidia) = (stage.join("libtorch"), stage.join("nvidia"));
    layout.unpack(sources, &libtorch, &nvidia)?;
    fs::write(libtorch.join("build-version"), format!("{VERSION}\n"))?;
    record::write(kind, &libtorch)?;
    replace(&nvidia, &parent.join("nvidia"), &stage)?;
    replace(&libtorch, into, &stage)?;
    fs::remove_dir_all(&stage).with_context(|| format!("cannot remove {}", stage.display()))?;
    check_links(into)
}

/// What a killed call left behind.
fn remove_leftovers(parent: &Path, name: &str) -> Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let process = file.strip_prefix(&format!(".{name}.")).and_then(|rest| rest.strip_suffix(".tmp"));
        if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            fs::remove_dir_all(entry.path()).with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// Puts `new` (if there is one) in place of `old`, which goes to the staging folder and so is deleted with it.
fn replace(new: &Path, old: &Path, stage: &Path) -> Result<()> {
    if !new.exists() {
        return Ok(());
    }
    if old.exists() {
        let name = old.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let aside = stage.join(format!("old-{name}"));
        fs::rename(old, &aside).with_context(|| format!("cannot move {} aside", old.display()))?;
    }
    fs::rename(new, old).with_context(|| format!("cannot move {} to {}", new.display(), old.display()))
}

/// Says which shared library the loader would not find. `libcuda.so.1` belongs to the graphics driver and is not ours.
fn check_links(into: &Path) -> Result<()> {
    for library in ["libtorch_cpu.so", "libtorch_cuda.so"] {
        let path = into.join("lib").join(library);
        if !path.exists() || !crate::run::works(command("ldd", &[]).arg("--version")) {
            continue;
        }
        let linked = read(command("ldd", &[]).arg(&path))?;
        let missing: Vec<_> = linked
            .lines()
            .filter(|line| line.contains("not found") && !line.contains("libcuda.so"))
            .map(str::trim)
            .collect();
        ensure!(missing.is_empty(), "{} needs libraries that are not there: {}", path.display(), missing.join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_folder_is_known_by_its_checkout() {
        assert!(is_ours(&root().join(INTO)));
        assert!(is_ours(&root().join("xtask/..").join(INTO)));
        assert!(!is_ours(Path::new("/opt/libtorch")));
        assert!(!is_ours(&root().join("xtask").join(INTO)));
    }
}
