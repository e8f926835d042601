//! Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; MIT license), from its four IDX files, through `foretask import`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::run::{cargo, root, run};
use crate::tools::install_debian;

/// Where the Debian package puts the files.
const PACKAGE: &str = "dataset-fashion-mnist";
const INSTALLED: &str = "/usr/share/datasets/fashion-mnist";

/// Names of the classes 0 to 9.
const CLASSES: &str = "t-shirt/top,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot";

/// Everything.
pub(crate) fn full(from: Option<&Path>, out: &Path) -> Result<()> {
    import(from, out, &[])
}

/// The subset in the repository: rows drawn per class by a seeded hash, so that it comes out the same anywhere.
pub(crate) fn mini(from: Option<&Path>, out: &Path) -> Result<()> {
    import(from, out, &["--per-class", "train=1000,test=200", "--seed", "1"])
}

fn import(from: Option<&Path>, out: &Path, draw: &[&str]) -> Result<()> {
    let folder = match from {
        Some(from) => root().join(from),
        None => debian()?,
    };
    let mut import = cargo(&["run", "--release", "--package", "foretask", "--", "import"]);
    import.arg(folder).arg("--output").arg(root().join(out).join("manifest.parquet"));
    run(import.args(["--class-names", CLASSES]).args(draw))
}

/// The folder of the Debian package, installed if need be.
fn debian() -> Result<PathBuf> {
    let folder = PathBuf::from(INSTALLED);
    if !folder.is_dir() {
        install_debian(PACKAGE)?;
    }
    Ok(folder)
}
