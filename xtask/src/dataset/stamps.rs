//! The stamps of Tux Paint: small color cut-outs of animals, food, plants, … in folders that are classes. A color set that
//! is to be had wherever Debian packages are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::pictures::{empty_folder, on_white, write};
use crate::run::{cargo, root, run};
use crate::tidy::has_extension;
use crate::tools::install_debian;

const PACKAGE: &str = "tuxpaint-stamps-default";
const INSTALLED: &str = "/usr/share/tuxpaint/stamps";

/// Folders with enough pictures to be classes. What lies elsewhere is unlabeled; letters and digits are left out.
const CLASSES: [&str; 8] = ["animals", "food", "household", "plants", "seasonal", "symbols", "town", "vehicles"];
const LEFT_OUT: &str = "symbols/alphabets";

/// Pixels along each side.
const SIDE: u32 = 64;
/// One in so many pictures of a class is for testing.
const TEST_SHARE: usize = 4;

const README: &str = "# stamps

Small color pictures (64x64, RGB) of animals, food, plants and other things: the stamps of Tux Paint, drawn and
photographed, set on white. Folders are classes; pictures of folders that are too small for a class are unlabeled.

**Source.** Debian package `tuxpaint-stamps-default`, by Bill Kendrick and contributors, <https://tuxpaint.org>.

**License.** GPL-2, see `/usr/share/doc/tuxpaint-stamps-default/copyright`. This folder is made on your machine by
`cargo xtask dataset stamps` and is not part of the repository.

**Good to know.** Some hundred pictures in classes of unequal size, some of them alike (one thing in several colors), so
accuracies are no benchmark. They are enough to see what `colorization` does.
";

/// Makes the dataset in the folder `out`.
pub(crate) fn make(from: Option<&Path>, out: &Path) -> Result<()> {
    let source = match from {
        Some(from) => root().join(from),
        None => debian()?,
    };
    let mut pictures = Vec::new();
    list(&source, &source, &mut pictures)?;
    if pictures.is_empty() {
        bail!("{} holds no PNG pictures; give the folder `stamps` of Tux Paint", source.display());
    }
    pictures.sort();
    let work = empty_folder("stamps")?;
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for picture in pictures.iter().filter(|picture| !picture.starts_with(LEFT_OUT)) {
        let place = place(picture, &mut seen);
        let path = source.join(picture);
        let decoded = image::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        write(&on_white(&decoded, SIDE), &work.join(place))?;
    }
    let out = root().join(out);
    let mut import = cargo(&["run", "--release", "--package", "foretask", "--", "import"]);
    run(import.arg(work).arg("--output").arg(out.join("manifest.parquet")))?;
    std::fs::write(out.join("README.md"), README).with_context(|| format!("cannot write into {}", out.display()))
}

/// `train/animals/birds-owl.png`: every fourth picture of a class is for testing.
fn place(picture: &str, seen: &mut std::collections::BTreeMap<String, usize>) -> String {
    let (class, name) = picture.split_once('/').unwrap_or(("", picture));
    let name = name.replace('/', "-");
    if !CLASSES.contains(&class) {
        return format!("unlabeled/{class}-{name}");
    }
    let number = seen.entry(class.to_owned()).or_default();
    *number += 1;
    let split = if number.is_multiple_of(TEST_SHARE) { "test" } else { "train" };
    format!("{split}/{class}/{name}")
}

/// Paths of all PNG files below `folder`, relative to `source`; mirror images of others are passed over.
fn list(source: &Path, folder: &Path, pictures: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let relative = path.strip_prefix(source).unwrap_or(&path).to_string_lossy().into_owned();
        if path.is_dir() {
            list(source, &path, pictures)?;
        } else if has_extension(&relative, "png") && !relative.contains("_mirror") && !relative.contains("_flip") {
            pictures.push(relative);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fourth_picture_of_a_class_is_for_testing() {
        let mut seen = std::collections::BTreeMap::new();
        let places: Vec<String> =
            ["a", "b", "c", "d", "e"].iter().map(|name| place(&format!("food/fruit/{name}.png"), &mut seen)).collect();
        assert_eq!(places[2], "train/food/fruit-c.png");
        assert_eq!(places[3], "test/food/fruit-d.png");
        assert_eq!(places[4], "train/food/fruit-e.png");
        assert_eq!(place("space/planets/mars.png", &mut seen), "unlabeled/space-planets-mars.png");
        assert_eq!(place("food/nuts/nut.png", &mut seen), "train/food/nuts-nut.png");
    }
}
