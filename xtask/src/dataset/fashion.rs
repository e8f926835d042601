//! Fashion-MNIST (Xiao, Rasul, Vollgraf 2017; MIT licence), from its four IDX files, through `foretask import`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::run::{cargo, root, run};
use crate::tools::install_debian;

/// Where the Debian package puts the files.
const PACKAGE: &str = "dataset-fashion-mnist";
const INSTALLED: &str = "/usr/share/datasets/fashion-mnist";

/// Split, prefix of its two files.
const SPLITS: [(&str, &str); 2] = [("train", "train"), ("test", "t10k")];

/// Everything.
pub(crate) fn full(from: Option<&Path>, out: &Path) -> Result<()> {
    import(from, out, &[])
}

/// The subset in the repository: rows drawn per class by a seeded hash, so that it comes out the same anywhere.
pub(crate) fn mini(from: Option<&Path>, out: &Path) -> Result<()> {
    import(from, out, &[("train", "1000"), ("test", "200")])
}

/// One Parquet part per split.
fn import(from: Option<&Path>, out: &Path, per_class: &[(&str, &str)]) -> Result<()> {
    let folder = match from {
        Some(from) => root().join(from),
        None => debian()?,
    };
    for (split, prefix) in SPLITS {
        let images = file(&folder, &format!("{prefix}-images-idx3-ubyte"))?;
        file(&folder, &format!("{prefix}-labels-idx1-ubyte"))?;
        let part = root().join(out).join(format!("{split}.parquet"));
        let mut import = cargo(&["run", "--quiet", "--release", "--package", "foretask", "--", "import"]);
        import.arg(images).arg("--out").arg(part).args(["--split", split]);
        if let Some((_, count)) = per_class.iter().find(|(name, _)| *name == split) {
            import.args(["--per-class", count, "--seed", "1"]);
        }
        run(&mut import)?;
    }
    Ok(())
}

/// The folder of the Debian package, installed if need be.
fn debian() -> Result<PathBuf> {
    let folder = PathBuf::from(INSTALLED);
    if !folder.is_dir() {
        install_debian(PACKAGE)?;
    }
    Ok(folder)
}

/// An IDX file, packed or not.
fn file(folder: &Path, name: &str) -> Result<PathBuf> {
    let candidates = [format!("{name}.gz"), name.to_owned()];
    let found = candidates.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    match found {
        Some(path) => Ok(path),
        None => bail!("{} holds no {name}[.gz]", folder.display()),
    }
}
