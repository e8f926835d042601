//! What is to be exported: images in their order with what holds for them.

use std::collections::HashMap;
use std::path::Path;

use foretask_data::{OpenOptions, Source};
use foretask_experiment::Error;

use super::request::{Exchange, ExportRequest};
use crate::dataset::Dataset;

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// As the dataset calls it.
    pub(super) name: String,
    /// Its class.
    pub(super) label: Option<String>,
    /// Its row, where the images are there.
    pub(super) row: Option<u32>,
}

/// Everything that is exported.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Images in the order of the dataset.
    pub(super) entries: Vec<Entry>,
    /// Classes in the order they were made.
    pub(super) classes: Vec<String>,
    /// The images.
    pub(super) data: Option<Dataset>,
    /// Things to know.
    pub(super) notes: Vec<String>,
}

impl Gathered {
    /// Of the labels, with all images where the format lists images without a label, too.
    pub(super) fn of(format: Exchange, request: &ExportRequest<'_>) -> Result<Self, Error> {
        let needs_images = !matches!(format, Exchange::LabelStudio);
        if needs_images && request.images.is_none() {
            let message = format!("the format {} holds more than labels, and no images are given", format.name());
            return Err(Error::input(message).help("say where they are: --images photos/"));
        }
        let data = request.images.map(|path| Dataset::open(path, &OpenOptions::default())).transpose()?;
        let all = matches!(format, Exchange::LabelStudio | Exchange::Cvat);
        let held: HashMap<&str, Option<&String>> =
            request.labels.images.iter().map(|image| (image.image.as_str(), image.label.as_ref())).collect();
        let mut notes = Vec::new();
        let entries: Vec<Entry> = match &data {
            None => {
                let entry = |(name, label): (&str, Option<&String>)| Entry {
                    name: name.to_owned(),
                    label: label.cloned(),
                    row: None,
                };
                let mut entries: Vec<Entry> = held.into_iter().map(entry).collect();
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                entries
            }
            Some(data) => {
                let gone = held.keys().filter(|name| data.names.row(name).is_none()).count();
                if gone > 0 {
                    notes.push(format!("{gone} labeled images are not among these any more and are left out"));
                }
                let named = (0..data.len() as u32).filter_map(|row| Some((row, data.names.name(row)?)));
                let entry = |(row, name): (u32, &str)| {
                    let label = held.get(name).copied().flatten().cloned();
                    Entry { name: name.to_owned(), label, row: Some(row) }
                };
                named.map(entry).filter(|entry| all || entry.label.is_some()).collect()
            }
        };
        let without =
            request.labels.images.iter().filter(|image| image.label.is_none() && image.status.is_some()).count();
        if without > 0 {
            notes.push(format!("{without} images are unsure, not usable or disputed: they have no label there"));
        }
        if entries.iter().all(|entry| entry.label.is_none()) && !all {
            return Err(Error::input("there is no labeled image to export"));
        }
        let classes = request.labels.classes.iter().map(|(name, _)| name.clone()).collect();
        Ok(Self { entries, classes, data, notes })
    }

    /// Where an entry's image is.
    pub(super) fn source(&self, entry: &Entry) -> Option<&Source> {
        self.data.as_ref()?.samples.sources.get(entry.row? as usize)
    }

    /// What the folder of images is called, for addresses below a root of somebody else.
    pub(super) fn folder(&self) -> Option<String> {
        let path = &self.data.as_ref()?.path;
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        let folder = if whole.is_dir() { Some(whole.as_path()) } else { whole.parent() };
        folder.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned())
    }

    /// Images, and those of them with a label.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.entries.len(), self.entries.iter().filter(|entry| entry.label.is_some()).count())
    }
}
