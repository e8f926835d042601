//! CIFAR-10 (Krizhevsky 2009, "Learning multiple layers of features from tiny images"): 60,000 color pictures of 32x32, 10
//! classes. No registry has it and its authors state no license, so the files are handed in.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use image::RgbImage;

use super::pictures::{empty_folder, write};
use crate::run::{cargo, command, root, run};

const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const SIDE: usize = 32;
/// A record of the binary version: the class, then a plane each of red, green and blue.
const RECORD: usize = 1 + 3 * SIDE * SIDE;

const README: &str = "# cifar-10

CIFAR-10: 50,000 training and 10,000 test pictures, 32x32 RGB, 10 classes.

**Source.** Alex Krizhevsky, Vinod Nair, Geoffrey Hinton, <https://www.cs.toronto.edu/~kriz/cifar.html>; made from files on
your machine by `cargo xtask dataset cifar-10 --from …`.

**License.** Its authors state none; it is used for research everywhere. It is not part of the repository.
";

/// Makes the dataset in the folder `out` of what is at `from`.
pub(crate) fn make(from: &Path, out: &Path) -> Result<()> {
    let from = root().join(from);
    if !from.exists() && !from.to_string_lossy().contains('*') {
        bail!(
            "there is nothing at {}; give the archive cifar-10-binary.tar.gz, its folder, a folder of images or a Parquet file",
            from.display()
        );
    }
    let source = match binary_folder(&from)? {
        Some(folder) => unpack(&folder)?,
        None => from,
    };
    let out = root().join(out);
    let mut import = cargo(&["run", "--release", "--package", "foretask", "--", "import"]);
    run(import.arg(source).arg("--output").arg(out.join("manifest.parquet")))?;
    std::fs::write(out.join("README.md"), README).with_context(|| format!("cannot write into {}", out.display()))
}

/// The folder with the binary version, out of its archive if need be; `None` where `from` is something else.
fn binary_folder(from: &Path) -> Result<Option<PathBuf>> {
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    let folder = if name.ends_with(".tar.gz") || name.ends_with(".tgz") {
        let folder = empty_folder("cifar-10-archive")?;
        let (archive, target) = (from.to_string_lossy(), folder.to_string_lossy());
        run(&mut command("tar", &["-xzf", &archive, "-C", &target]))?;
        folder
    } else {
        from.to_owned()
    };
    let folders = [folder.clone(), folder.join("cifar-10-batches-bin")];
    let found = folders.into_iter().find(|folder| folder.join("test_batch.bin").is_file());
    if found.is_none() && folder.join("cifar-10-batches-py").is_dir() {
        bail!("{} is the version for Python; get cifar-10-binary.tar.gz", from.display());
    }
    Ok(found)
}

/// The pictures of the binary version as PNG, a folder a class.
fn unpack(folder: &Path) -> Result<PathBuf> {
    let work = empty_folder("cifar-10")?;
    let files = (1..=5).map(|part| ("train", format!("data_batch_{part}.bin")));
    for (split, file) in files.chain([("test", "test_batch.bin".to_owned())]) {
        let path = folder.join(&file);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if bytes.is_empty() || bytes.len() % RECORD != 0 {
            bail!("{} is damaged: its size is no multiple of {RECORD} bytes", path.display());
        }
        for (number, record) in bytes.chunks_exact(RECORD).enumerate() {
            let (class, picture) = read(record)
                .with_context(|| format!("{}: picture {number} has class {}, not 0 to 9", path.display(), record[0]))?;
            let name = format!("{}-{number:05}.png", file.trim_end_matches(".bin"));
            write(&picture, &work.join(split).join(class).join(name))?;
        }
    }
    Ok(work)
}

/// Class and picture of one record.
fn read(record: &[u8]) -> Option<(&'static str, RgbImage)> {
    let (&class, planes) = record.split_first()?;
    let class = CLASSES.get(usize::from(class))?;
    let plane = SIDE * SIDE;
    let pixels = (0..plane).flat_map(|at| [planes[at], planes[plane + at], planes[2 * plane + at]]).collect();
    Some((class, RgbImage::from_raw(SIDE as u32, SIDE as u32, pixels)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_class_and_three_planes() {
        let mut record = vec![0; RECORD];
        record[0] = 3;
        // The second pixel of the first row: red 10, green 20, blue 30.
        for (plane, value) in [10, 20, 30].into_iter().enumerate() {
            record[1 + plane * SIDE * SIDE + 1] = value;
        }
        let (class, picture) = read(&record).unwrap();
        assert_eq!((class, picture.get_pixel(1, 0).0), ("cat", [10, 20, 30]));
        record[0] = 10;
        assert!(read(&record).is_none());
    }
}
