//! A folder as the Hugging Face hub shows models: weights, a graph, a program that runs it, a card.

use std::path::{Path, PathBuf};

use foretask_data::{Found, Output, found_at, write_atomically};
use foretask_models::{Classifier, Encoder, ModelError, OnnxOptions};
use serde::Serialize;

use super::export::{ExportFormat, export, finest, program_takes, terms, torch_program};
use super::inputs::{any_encoder, refused};
use super::model_card::Card;
use super::reached::{Reached, reached};
use super::torch_example::Model;
use crate::error::Error;

/// What `foretask export --to-hub-folder` wrote.
#[derive(Debug, Clone, Serialize)]
pub struct HubFolder {
    /// "classifier" or "encoder".
    pub kind: &'static str,
    /// Architecture, as torchvision and timm call it.
    pub architecture: String,
    /// The files.
    pub files: Vec<PathBuf>,
    /// Why the card says nothing of what the model reached; none where it does.
    pub no_results: Option<String>,
}

/// Writes a model as a folder that can be uploaded as it is: `model.safetensors`, which foretask opens again with everything in it,
/// `model_torch.py` with their network in `PyTorch`, `model.onnx` with its Python program, and `README.md`, the card. Of a file in the
/// `weights/` of a run the card says what it reached and holds the script. Nothing is uploaded.
///
/// # Errors
/// A model that cannot be read, a folder with files of somebody else (unless `overwrite`), writing that fails.
pub fn to_hub_folder(model: &Path, folder: &Path, overwrite: bool) -> Result<HubFolder, Error> {
    if folder.is_file() {
        return Err(Error::input(format!("`{}` is a file", folder.display())).help("name a folder to make"));
    }
    let (whole, notes) = match Classifier::load(model) {
        Ok(classifier) => (Whole::Classifier(Box::new(classifier)), Vec::new()),
        Err(ModelError::NoClassifier { .. }) => {
            let (encoder, notes) = any_encoder(model)?;
            (Whole::Encoder(Box::new(encoder)), notes)
        }
        Err(error) => return Err(refused(error, model)),
    };
    let encoder = whole.encoder();
    let card = Output::at(folder.join("README.md"), overwrite)?;
    let weights = Output::at(folder.join("model.safetensors"), overwrite)?;
    let torch = Output::at(torch_program(weights.path()), overwrite)?;
    std::fs::create_dir_all(folder)
        .map_err(|source| foretask_data::DataError::Write { path: folder.to_owned(), source })?;
    let (graph, program) = (folder.join("model.onnx"), folder.join("model.onnx.py"));
    let input = finest(foretask_train::reading_of(&encoder.input)?.as_ref());
    let takes = program_takes(encoder, input)?;
    let in_torch = Model::of(encoder, whole.classifier())?;
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let (reached, no_results) = match reached(model) {
        Ok(reached) => (reached, None),
        Err(why) => (Reached::default(), Some(why)),
    };
    let text = Card {
        name: &name.file_name().unwrap_or_default().to_string_lossy(),
        architecture: encoder.config.name(),
        classes: whole.classes(),
        input: &encoder.input,
        origin: &encoder.origin,
        license: encoder.license.as_deref(),
        terms: terms(encoder),
        reached,
        notes: &notes,
        graph: takes,
        torch: in_torch.takes(),
    }
    .page();
    // Nothing takes its place before everything is written: a full disk leaves the folder as it was.
    weights.write(|path| {
        whole.save(path)?;
        card.write(|path| {
            write_atomically(path, text.as_bytes())?;
            torch.write(|path| {
                write_atomically(path, in_torch.program("model.safetensors").as_bytes())?;
                let format = ExportFormat::Onnx(OnnxOptions { input, ..OnnxOptions::default() });
                export(model, &graph, format, overwrite)
            })
        })
    })?;
    // That of another model.
    if takes.is_none() && found_at(&program)? == Found::Ours {
        std::fs::remove_file(&program)
            .map_err(|source| foretask_data::DataError::Write { path: program.clone(), source })?;
    }
    let files = [card.path(), weights.path(), torch.path()].map(Path::to_owned).into_iter().chain([graph, program]);
    Ok(HubFolder {
        kind: whole.kind(),
        architecture: encoder.config.name(),
        files: files.filter(|file| file.is_file()).collect(),
        no_results,
    })
}

/// A model with all that it has.
enum Whole {
    Classifier(Box<Classifier>),
    Encoder(Box<Encoder>),
}

impl Whole {
    fn encoder(&self) -> &Encoder {
        match self {
            Self::Classifier(classifier) => &classifier.encoder,
            Self::Encoder(encoder) => encoder,
        }
    }

    fn classifier(&self) -> Option<&Classifier> {
        match self {
            Self::Classifier(classifier) => Some(classifier),
            Self::Encoder(_) => None,
        }
    }

    fn classes(&self) -> &[String] {
        self.classifier().map_or(&[], |classifier| &classifier.classes)
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Classifier(_) => "classifier",
            Self::Encoder(_) => "encoder",
        }
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Classifier(classifier) => classifier.save(path)?,
            Self::Encoder(encoder) => encoder.save(path)?,
        }
        Ok(())
    }
}
