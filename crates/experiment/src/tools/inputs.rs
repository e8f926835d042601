//! What verbs on saved models have in common: the model, the images, the table.

use std::path::{Path, PathBuf};

use foretask_data::{Channels, Gathered, Images, LoadOptions, Output, Samples, Table};
use foretask_models::{Encoder, Fit, ForeignOptions, InputSpec, ModelError, load_weights};
use foretask_train::{Context, Interrupt};

use crate::error::{Error, ErrorKind};
use crate::stages::fit_in_words;

/// How images are brought into a saved network.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answering<'a> {
    /// The device by name; `auto` where none is given.
    pub device: Option<&'a str>,
    /// What becomes of images of other proportions; as the model's file says where none is given.
    pub fit: Option<Fit>,
}

/// A table to write.
#[derive(Debug, Clone)]
pub struct TableRequest {
    /// Where; the ending says the format.
    pub path: PathBuf,
    /// Whether a file that was not written by us may be replaced.
    pub overwrite: bool,
    /// Whether texts stay as they are in a CSV, even where a spreadsheet would run them.
    pub formulas: bool,
}

/// A table that may be written.
pub(super) struct TableFile {
    file: Output,
    formulas: bool,
}

impl TableRequest {
    /// Refuses, before anything is computed, an ending that does not say a format and a file that would be lost.
    pub(super) fn open(&self) -> Result<TableFile, Error> {
        let ending = self.path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if !matches!(ending, "parquet" | "csv" | "jsonl") {
            let message = format!("`{}` does not say which kind of table to write", self.path.display());
            return Err(Error::input(message).help("end it with .parquet, .csv or .jsonl"));
        }
        let file = Output::at(&self.path, self.overwrite)?;
        Ok(TableFile { file, formulas: self.formulas })
    }
}

impl TableFile {
    pub(super) fn write(&self, table: Table) -> Result<(), Error> {
        let table = table.with_formulas(self.formulas);
        self.file.write(|path| Ok(foretask_data::write_table(path, &table)?))
    }
}

/// An encoder of ours, or weights of another program, with what was assumed of them.
pub(super) fn any_encoder(path: &Path) -> Result<(Encoder, Vec<String>), Error> {
    let found = load_weights(path, &ForeignOptions::default()).map_err(|error| refused(error, path))?;
    Ok((found.encoder, found.notes))
}

/// A model that cannot be used.
pub(super) fn refused(error: ModelError, path: &Path) -> Error {
    let shown = path.display();
    let help = match &error {
        ModelError::NoClassifier { .. } => Some(format!(
            "`let encoder = load_encoder(\"{shown}\");` in a script starts from these weights, and `linear_probe(encoder, few)` or \
             `finetune(encoder, few)` learns a classifier that can be saved; `foretask embed {shown} IMAGES -o features.parquet` \
             gives their features"
        )),
        ModelError::File { .. } => {
            Some("`foretask run` keeps models in the weights/ folder of each run; `.save(…)` writes one".to_owned())
        }
        _ => None,
    };
    let error = Error { kind: ErrorKind::Input, ..Error::from(error) };
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

/// What went wrong in a network of this file.
pub(super) fn of_model(error: Error, model: &Path) -> Error {
    Error { message: format!("{}: {}", model.display(), error.message), ..error }
}

/// Images on the way into a network.
pub(super) struct Inputs {
    pub(super) images: Images,
    pub(super) gathered: Gathered,
    /// What was done to them, in words.
    pub(super) notes: Vec<String>,
}

/// The images that `names` stand for, read as those that the network learned from. New images are what they are: bad ones are
/// listed, however many, as long as one is left.
pub(super) fn images_for(input: &InputSpec, names: &[PathBuf]) -> Result<Inputs, Error> {
    let gathered = foretask_data::gather(names)?;
    let options = foretask_train::load_options_for(input)?;
    let images = Images::load(&gathered.samples, &options)?;
    let mut notes: Vec<String> = fit_in_words(input, &images).into_iter().collect();
    let missed = gathered.passed_over.iter().filter(|passed| passed.missed);
    notes.extend(missed.map(|passed| format!("left out: {passed}")));
    notes.extend_from_slice(images.remarks());
    if input.reading.is_some() {
        notes.push("channels, black and white are read as in the images that the model learned from".to_owned());
    }
    if options.channels == Channels::Count(1) && look_colored(&gathered.samples) {
        notes.push("the model was made for gray images; color is turned to gray".to_owned());
    }
    Ok(Inputs { images, gathered, notes })
}

/// Whether a few images, evenly chosen, are stored in color.
fn look_colored(samples: &Samples) -> bool {
    const LOOKED_AT: usize = 16;
    let step = samples.len().div_ceil(LOOKED_AT).max(1);
    let picked = || (0..samples.len()).step_by(step);
    let few = Samples {
        rows: picked().map(|i| samples.rows[i]).collect(),
        labels: picked().map(|_| None).collect(),
        classes: [].into(),
        sources: picked().map(|i| samples.sources[i].clone()).collect(),
    };
    let options = LoadOptions { max_bad_fraction: 1.0, ..LoadOptions::default() };
    Images::load(&few, &options).is_ok_and(|images| images.channels() == 3)
}

/// Runs `work` on a device by name, `auto` where none is given.
pub(super) fn on_device<T>(
    device: Option<&str>,
    work: impl FnOnce(&Context<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let device = foretask_backend::device(device.unwrap_or("auto"))?;
    let context = Context {
        device: &device,
        folder: Path::new("."),
        events: &|_| (),
        interrupt: &Interrupt::new(),
        threads: crate::stage::loader_threads()?,
        features: None,
        checkpoint_every: foretask_train::CHECKPOINT_EVERY,
    };
    foretask_backend::catch("computing", || work(&context))?
}
