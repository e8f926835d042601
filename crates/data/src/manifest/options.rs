//! How a dataset is opened.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a dataset is beside its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Tables that say more of the images: labels (in place of those of folders), splits, further columns. Their paths may be
    /// relative to the table or to the dataset's folder, absolute, or file names.
    pub labels: Vec<PathBuf>,
    /// What the subfolders of a folder of images are.
    pub folders: Folders,
}

/// What the subfolders of a folder of images are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Folders {
    /// Classes, each a folder.
    #[default]
    Classes,
    /// Nothing: dates, cameras, patients.
    Ignore,
}
