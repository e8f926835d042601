//! How to import.

use std::{collections::BTreeMap, str::FromStr};

use crate::{error::DataError, images::OnBadImage};

/// Options of [`import`](crate::import).
#[derive(Clone, Debug, PartialEq)]
pub struct ImportOptions {
    /// What the source is; found out where it is [`ImportFormat::Auto`].
    pub format: ImportFormat,
    /// The split of rows whose source does not say.
    pub split: Option<String>,
    /// Keep only some rows of each class, chosen by the seeded hash of
    /// [`Manifest::per_class`](crate::Manifest::per_class).
    pub per_class: Option<PerClass>,
    /// Seed of that choice.
    pub seed: u64,
    /// Names of the classes 0, 1, 2, … of integer labels.
    pub class_names: Option<Vec<String>>,
    /// Put the images into the manifest (the default) rather than their paths.
    pub embed: bool,
    /// What to do with images that cannot be decoded.
    pub on_bad_image: OnBadImage,
    /// Under [`OnBadImage::Skip`], the largest share of them that is still accepted, 0 to 1.
    pub max_bad_fraction: f64,
    /// Threads that read, check and encode; 0 = one per core.
    pub threads: usize,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            format: ImportFormat::Auto,
            split: None,
            per_class: None,
            seed: 0,
            class_names: None,
            embed: true,
            on_bad_image: OnBadImage::Skip,
            max_bad_fraction: 0.01,
            threads: 0,
        }
    }
}

/// The kinds of sources that [`import`](crate::import) knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportFormat {
    /// Found out by the names of the files.
    #[default]
    Auto,
    /// A folder of images, CSV, Arrow, or Parquet, as of the Hugging Face hub.
    Table,
    /// MNIST and its relatives.
    Idx,
    /// CIFAR-10, binary version.
    Cifar10,
    /// CIFAR-100, binary version.
    Cifar100,
    /// STL-10, binary version.
    Stl10,
    /// Tar archives whose members of one name are one sample.
    WebDataset,
}

impl ImportFormat {
    /// As written in options.
    pub const NAMES: [(&str, Self); 7] = [
        ("auto", Self::Auto),
        ("table", Self::Table),
        ("idx", Self::Idx),
        ("cifar10", Self::Cifar10),
        ("cifar100", Self::Cifar100),
        ("stl10", Self::Stl10),
        ("webdataset", Self::WebDataset),
    ];
}

impl FromStr for ImportFormat {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let known = Self::NAMES.iter().find(|(name, _)| *name == text);
        known.map(|(_, format)| *format).ok_or_else(|| {
            let names = Self::NAMES.map(|(name, _)| name);
            let nearest = crate::nearest::nearest(text, names).map(|name| format!("did you mean \"{name}\"? "));
            DataError::Argument {
                name: "format",
                value: text.to_owned(),
                expected: format!("{}one of {}", nearest.unwrap_or_default(), names.join(", ")),
            }
        })
    }
}

/// How many rows of each class to keep; parsed from `100` or `train=1000,test=200`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PerClass {
    /// In every split.
    Every(usize),
    /// In these splits; others are kept whole.
    Splits(BTreeMap<String, usize>),
}

impl PerClass {
    pub(super) fn of(&self, split: Option<&str>) -> Option<usize> {
        match self {
            Self::Every(n) => Some(*n),
            Self::Splits(splits) => splits.get(split?).copied(),
        }
    }
}

impl FromStr for PerClass {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let count = |text: &str| text.trim().parse().ok().filter(|&n: &usize| n > 0);
        let splits = || {
            let part = |part: &str| {
                let (split, n) = part.split_once('=')?;
                Some((split.trim().to_owned(), count(n)?))
            };
            text.split(',').map(part).collect::<Option<BTreeMap<_, _>>>()
        };
        count(text).map(Self::Every).or_else(|| splits().map(Self::Splits)).ok_or_else(|| DataError::Argument {
            name: "per_class",
            value: text.to_owned(),
            expected: "a number of rows, such as 100, or one for each split, such as train=1000,test=200".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_parsed_for_all_or_for_each_split() {
        assert_eq!("100".parse::<PerClass>().unwrap(), PerClass::Every(100));
        let splits = "train=1000, test=200".parse::<PerClass>().unwrap();
        assert_eq!((splits.of(Some("train")), splits.of(Some("test"))), (Some(1000), Some(200)));
        assert_eq!((splits.of(Some("val")), splits.of(None)), (None, None));
        for wrong in ["", "0", "train", "train=", "train=x", "train=0", "-3", "train=1;test=2"] {
            let error = wrong.parse::<PerClass>().unwrap_err().to_string();
            assert!(error.contains("train=1000,test=200"), "{wrong}: {error}");
        }
    }
}
