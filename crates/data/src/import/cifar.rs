//! CIFAR-10 and CIFAR-100, binary versions (<https://www.cs.toronto.edu/~kriz/cifar.html>).
//!
//! A record is the label (CIFAR-100: the coarse one, then the fine one) and 32x32 pixels: all red ones row by row, then
//! green, then blue.

use std::{
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use super::raw::{Layout, RawFile, RawImages, Size, listed, names, records};
use crate::error::{DataError, Result};

const SIZE: Size = Size { height: 32, width: 32, channels: 3 };

/// Of CIFAR-10, where `batches.meta.txt` is missing.
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Ten,
    Hundred,
}

/// What the files hold.
pub(super) struct Cifar {
    pub(super) images: RawImages,
    pub(super) labels: Vec<u8>,
    /// CIFAR-100 only.
    pub(super) coarse: Vec<u8>,
    pub(super) splits: Vec<&'static str>,
    /// Names of the classes 0, 1, 2, …, and of the coarse ones, where they are known.
    pub(super) class_names: Option<Vec<String>>,
    pub(super) coarse_names: Option<Vec<String>>,
}

impl Version {
    fn lead(self) -> usize {
        if self == Self::Ten { 1 } else { 2 }
    }

    fn record(self) -> usize {
        self.lead() + SIZE.bytes()
    }

    fn most(self) -> u8 {
        if self == Self::Ten { 9 } else { 99 }
    }

    fn name(self) -> &'static str {
        if self == Self::Ten { "CIFAR-10" } else { "CIFAR-100" }
    }
}

/// The files of a path by the names they are published under; none where there are none. Training first.
pub(super) fn find(source: &Path) -> Result<Option<(Version, Vec<PathBuf>)>> {
    let listed = listed(source)?;
    let is_batch = |name: &str| {
        let number = name.strip_prefix("data_batch_").and_then(|name| name.strip_suffix(".bin"));
        name == "test_batch.bin" || number.is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let of = |fits: &dyn Fn(&str) -> bool| -> Vec<PathBuf> {
        let mut files: Vec<_> = listed.iter().filter(|(name, _)| fits(name)).cloned().collect();
        files.sort_by_key(|(name, _)| (name.starts_with("test"), name.clone()));
        files.into_iter().map(|(_, path)| path).collect()
    };
    let ten = of(&is_batch);
    if !ten.is_empty() {
        return Ok(Some((Version::Ten, ten)));
    }
    let hundred = of(&|name| matches!(name, "train.bin" | "test.bin"));
    // Others call their files so, too; a record's odd length tells.
    let fits =
        |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.len() % Version::Hundred.record() as u64 == 0);
    let told = listed.iter().any(|(name, _)| name == "fine_label_names.txt");
    Ok((!hundred.is_empty() && (told || hundred.iter().all(fits))).then_some((Version::Hundred, hundred)))
}

/// The files of a path whose version the user has told, whatever they are called.
pub(super) fn all(source: &Path) -> Result<Vec<PathBuf>> {
    let binary = |name: &str| Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("bin"));
    let mut files: Vec<_> = listed(source)?.into_iter().filter(|(name, _)| binary(name)).collect();
    files.sort_by_key(|(name, _)| (name.starts_with("test"), name.clone()));
    let files: Vec<PathBuf> = files.into_iter().map(|(_, path)| path).collect();
    Ok(if files.is_empty() && source.is_file() { vec![source.to_owned()] } else { files })
}

pub(super) fn open(version: Version, paths: Vec<PathBuf>) -> Result<Cifar> {
    let folder = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new("")).to_owned();
    let known = |names: [&str; 10]| names.map(str::to_owned).to_vec();
    let (class_names, coarse_names) = match version {
        Version::Ten => (Some(names(&folder.join("batches.meta.txt")).unwrap_or_else(|| known(CLASSES))), None),
        Version::Hundred => {
            (names(&folder.join("fine_label_names.txt")), names(&folder.join("coarse_label_names.txt")))
        }
    };
    let images = RawImages { files: Vec::new() };
    let mut cifar =
        Cifar { images, labels: Vec::new(), coarse: Vec::new(), splits: Vec::new(), class_names, coarse_names };
    for path in paths {
        let (file, count) = records(&path, version.record(), &format!("{} images with their labels", version.name()))?;
        cifar.read_labels(version, &path, count)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let split = if name.starts_with("test") { "test" } else { "train" };
        cifar.splits.extend(std::iter::repeat_n(split, count));
        cifar.images.files.push(RawFile {
            path,
            name,
            data: Box::new(BufReader::with_capacity(1 << 16, file)),
            count,
            size: SIZE,
            lead: version.lead(),
            layout: Layout::Planes,
            read: 0,
        });
    }
    Ok(cifar)
}

impl Cifar {
    fn read_labels(&mut self, version: Version, path: &Path, count: usize) -> Result<()> {
        let mut file = BufReader::with_capacity(1 << 16, foretask_files::open(path).map_err(DataError::read(path))?);
        for index in 0..count {
            let mut lead = [0; 2];
            let lead = &mut lead[..version.lead()];
            file.read_exact(lead).map_err(DataError::read(path))?;
            file.seek_relative(SIZE.bytes() as i64).map_err(DataError::read(path))?;
            let (coarse, label) = match *lead {
                [label] => (None, label),
                [coarse, label] => (Some(coarse), label),
                _ => (None, u8::MAX),
            };
            if label > version.most() || coarse.is_some_and(|coarse| coarse > 19) {
                let reason = format!(
                    "image {index} has label {label}, {} has 0 to {}: the file is damaged, or something else (say by \
                     --format what it is)",
                    version.name(),
                    version.most()
                );
                return Err(DataError::Import { path: path.to_owned(), reason });
            }
            self.labels.push(label);
            self.coarse.extend(coarse);
        }
        Ok(())
    }
}
