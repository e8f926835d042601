//! What is asked for and given where labels are exchanged.

use std::path::{Path, PathBuf};

use foretask_data::{Column, Table};
use foretask_experiment::Error;

use crate::store::LabelsFile;

/// A program that labels are exchanged with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Label Studio: tasks as JSON, with annotations and predictions, and the labeling config beside them.
    LabelStudio,
    /// CVAT: `CVAT for images 1.1`, one tag an image.
    Cvat,
    /// `FiftyOne`: an image classification dataset.
    FiftyOne,
    /// A folder a class.
    Folders,
    /// A Parquet file with images and class labels, as the Hugging Face hub has them.
    HuggingFace,
}

impl Exchange {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::LabelStudio, Self::Cvat, Self::FiftyOne, Self::Folders, Self::HuggingFace];

    /// As the command line calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LabelStudio => "label-studio",
            Self::Cvat => "cvat",
            Self::FiftyOne => "fiftyone",
            Self::Folders => "folders",
            Self::HuggingFace => "hf",
        }
    }

    /// What is written, and how it is opened there.
    pub(super) const fn how(self) -> &'static str {
        match self {
            Self::LabelStudio => {
                "in Label Studio: make a project with the labeling config beside it, serve the images as local files, and import the JSON"
            }
            Self::Cvat => "in CVAT: make a task of the images with these labels, and upload annotations as CVAT 1.1",
            Self::FiftyOne => {
                "fiftyone.Dataset.from_dir(dataset_dir=…, dataset_type=fiftyone.types.FiftyOneImageClassificationDataset)"
            }
            Self::Folders => "dataset(\"…\") opens it, and so does everything that takes folders for classes",
            Self::HuggingFace => "datasets.load_dataset(\"parquet\", data_files=…), or dataset(\"…\") in a script",
        }
    }
}

/// What to export, and where to.
#[derive(Debug, Clone, Copy)]
pub struct ExportRequest<'a> {
    /// The labels.
    pub labels: &'a LabelsFile,
    /// The images they belong to; some formats hold them, or say how large they are.
    pub images: Option<&'a Path>,
    /// A table that `foretask predict` wrote: predictions for Label Studio.
    pub predictions: Option<&'a Path>,
    /// The file or folder to write.
    pub output: &'a Path,
    /// Whether files of images are linked to rather than copied.
    pub link: bool,
    /// Whether a file is replaced that foretask did not write.
    pub overwrite: bool,
}

/// What was exported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// Images in it.
    pub images: usize,
    /// Those of them that have a label.
    pub labeled: usize,
    /// Files and folders.
    pub written: Vec<PathBuf>,
    /// Things to know.
    pub notes: Vec<String>,
}

/// Labels that another program wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignLabels {
    /// What the file was taken for.
    pub what: &'static str,
    /// Images as the file calls them, and their labels.
    pub labels: Vec<(String, String)>,
    /// Images without a label.
    pub unlabeled: usize,
    /// Things to know.
    pub notes: Vec<String>,
}

impl ForeignLabels {
    /// Writes them as such a table: `.csv`, `.parquet` or `.jsonl`.
    ///
    /// # Errors
    /// Another ending; a file that foretask did not write, unless `overwrite`.
    pub fn write(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        let output = foretask_data::Output::at(path, overwrite)?;
        Ok(output.write(|path| foretask_data::write_table(path, &self.table()))?)
    }

    /// As a table of paths and labels, which goes with the images as `dataset("photos", #{ labels: "labels.csv" })`.
    pub fn table(&self) -> Table {
        let of = |part: fn(&(String, String)) -> &String| {
            Column::Text(self.labels.iter().map(|row| part(row).clone()).collect())
        };
        Table::new().with("path", of(|row| &row.0)).with("label", of(|row| &row.1))
    }
}

/// Text of another program, of at most this size.
pub(super) const LARGEST: u64 = 2 << 30;

pub(super) fn text(path: &Path) -> Result<String, Error> {
    foretask_files::read_text(path, LARGEST)
        .map_err(|error| Error::input(format!("`{}` cannot be read: {error}", path.display())))
}

/// Writes a text file where it may be written.
pub(super) fn write_text(path: &Path, text: &str, overwrite: bool) -> Result<(), Error> {
    let output = foretask_data::Output::at(path, overwrite)?;
    Ok(output.write(|path| foretask_data::write_atomically(path, text))?)
}
