//! The work of the word `dataset`: opening images and what says more of them.

use std::path::{Path, PathBuf};

use foretask_data::{DataError, Manifest, OpenOptions};
use foretask_experiment::values::{Dataset, LoadSettings};
use rhai::Dynamic;

use super::Call;
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

pub(super) fn dataset_options() -> Vec<OptionDoc> {
    let defaults = LoadSettings::default();
    vec![
        OptionDoc::new(
            "channels",
            "\"auto\", a number, \"pages\", or an array of channels",
            "\"auto\"",
            "which channels of the files: so many (gray becomes 3, color becomes 1), the pages of TIFF or frames of DICOM files, or these by their \
             names or numbers from 1, as `[\"nir\", \"red\"]` or `[8, 4, 3]`; auto: 3 where any file is in color, else as many as \
             most have",
        ),
        OptionDoc::new(
            "range",
            "\"auto\", \"percentile\", or [low, high]",
            "\"auto\"",
            "which values of the files are black and white: these, for all channels or as an array of one pair a channel; the \
             0.5th and 99.5th percentile of each channel over the images; auto: 0 to 255 of 8 bits, to the largest value of as many \
             bits as are in use (8, 12, 16) of more, percentiles where more than three channels have more than 8 bits",
        ),
        OptionDoc::new(
            "on_bad_image",
            "\"skip\" or \"error\"",
            "\"skip\"",
            "what to do with files that cannot be read; skipped ones are listed in the report",
        ),
        OptionDoc::new(
            "max_bad_fraction",
            "number from 0 to 1",
            &defaults.max_bad_fraction.to_string(),
            "more bad images than this share are an error even when skipping",
        ),
        OptionDoc::new(
            "memory",
            "amount such as \"512m\" or \"8g\"",
            "\"2g\"",
            "decoded images are kept if they need no more; else they are decoded when they are needed, and packed ones \
             (`foretask pack`) that need more even so are shuffled within windows of a quarter of it, which are read in long runs",
        ),
        OptionDoc::new(
            "labels",
            "path, or array of paths",
            "none",
            "tables (CSV, Parquet, …) that label the images, such as one that `label_next` wrote and you filled in; they count \
             more than what the dataset says itself, and in place of folders",
        ),
        OptionDoc::new(
            "folders",
            "\"classes\" or \"ignore\"",
            "\"classes\"",
            "what the subfolders of a folder of images are: classes, or nothing (dates, cameras, patients)",
        ),
    ]
}

pub(super) fn dataset(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let path = call.text(0)?;
    let load: LoadSettings = call.options(1)?;
    for (option, checked) in [("channels", load.channels.check()), ("range", load.range.check())] {
        if let Err(reason) = checked {
            return Err(CallError::input(format!("`{option}` {reason}")).at(Span::Value(1, vec![option.into()])));
        }
    }
    if !(0.0..=1.0).contains(&load.max_bad_fraction) {
        return Err(CallError::input("`max_bad_fraction` must be a number from 0 to 1")
            .at(Span::Value(1, vec!["max_bad_fraction".into()])));
    }
    if let Some(text) = &load.memory {
        foretask_data::parse_bytes("memory", text)
            .map_err(|error| CallError::from(error).at(Span::Value(1, vec!["memory".into()])))?;
    }
    let manifest = open(call, &path, &load)?;
    for note in manifest.notes()? {
        let text = format!("{path}: {note}");
        if note.warning { call.experiment().warn(text) } else { call.experiment().note(text) }
    }
    for passed in manifest.passed_over().iter().filter(|passed| passed.missed) {
        call.experiment().warn(format!("{path}: left out: {passed}"));
    }
    Ok(Dynamic::from(Dataset::new(manifest, load)))
}

fn open(call: &Call<'_>, path: &str, load: &LoadSettings) -> Result<Manifest, CallError> {
    let missing = |error: &DataError| matches!(error, DataError::NotFound { .. });
    let tables: Vec<PathBuf> = load.labels.iter().map(|table| call.host.find(table)).collect();
    for (table, found) in load.labels.iter().zip(&tables) {
        if !found.exists() {
            let fault = CallError::input(format!("there is no table of labels at `{table}`")).label("not found");
            return Err(fault.help(elsewhere(table)).at(Span::Value(1, vec!["labels".into()])));
        }
    }
    let options = OpenOptions { labels: tables.clone(), folders: load.folders };
    Manifest::open_with(call.host.find(path), &options).map_err(|error| {
        let at_fault = error.table().is_some_and(|name| tables.iter().any(|table| *table == Path::new(name)));
        let (is_missing, fault) = (missing(&error), CallError::from(error));
        if at_fault {
            fault.at(Span::Value(1, vec!["labels".into()]))
        } else if is_missing {
            CallError { message: format!("there is no dataset at `{path}`"), ..fault.argument(0) }
                .label("not found")
                .help(elsewhere(path))
        } else {
            fault.argument(0)
        }
    })
}

/// What may have been meant by a path where nothing is.
fn elsewhere(path: &str) -> String {
    let path = Path::new(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    let wanted = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    match crate::errors::nearest(&wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{}\"?", path.with_file_name(near).display()),
        None => "give a manifest (.parquet, .csv), a folder that holds one, a glob of Parquet parts, or a folder of images; \
                 paths are looked up from the working folder, then from the script's folder and those above it"
            .to_owned(),
    }
}
