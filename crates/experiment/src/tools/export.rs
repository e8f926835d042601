//! Models for other programs: weights, or graphs.

use std::path::{Path, PathBuf};

use foretask_data::{Output, Range, Reading};
use foretask_models::{Classifier, Encoder, ModelError, OnnxInput, OnnxOptions};
use serde::Serialize;

use super::inputs::{any_encoder, refused};
use super::onnx_example::example_for;
use super::torch_example::{Model, NEEDS};
use crate::error::Error;

/// What `foretask export` wrote.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// "classifier" or "encoder".
    pub kind: &'static str,
    /// Architecture, as torchvision and timm call it, with width and stem.
    pub architecture: String,
    /// Names of the classes; empty for an encoder.
    pub classes: Vec<String>,
    /// What the layer that tells them is called in the file.
    pub layer: &'static str,
    /// What the network takes in, and what was assumed.
    pub notes: Vec<String>,
}

/// How a model is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Weights as safetensors under torchvision's names (which timm shares for residual networks) or timm's, and nothing besides: a
    /// strict `load_state_dict` takes them. Beside them a Python program with the network as a `PyTorch` module, `NAME_torch.py`.
    Safetensors,
    /// A graph with its weights, and beside it a Python program of a few lines that runs it, `NAME.onnx.py`.
    Onnx(OnnxOptions),
}

impl ExportFormat {
    /// The ending of such files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Onnx(_) => "onnx",
        }
    }
}

/// Writes a model for other programs. `model` may also be weights of another program (VISSL, lightly, …).
///
/// # Errors
/// When the model cannot be read, the file's ending is another or it is the model itself, or writing fails.
pub fn export(model: &Path, output: &Path, format: ExportFormat, overwrite: bool) -> Result<Exported, Error> {
    let ending = format.ending();
    if output.extension().is_none_or(|found| found != ending) {
        return Err(Error::input(format!("`{}` does not end as a file of {ending} does", output.display()))
            .help(format!("end it with .{ending}; .safetensors and .onnx are written")));
    }
    if model.canonicalize().is_ok_and(|model| output.canonicalize().is_ok_and(|output| model == output)) {
        return Err(Error::input(format!("`{}` would be overwritten by its own export", model.display()))
            .help("choose another name for the export"));
    }
    let file = Output::at(output, overwrite)?;
    match Classifier::load(model) {
        Ok(classifier) => {
            let encoder = &classifier.encoder;
            let beside = beside(output, format, &Model::of(encoder, Some(&classifier))?, overwrite)?;
            let program = file.write(|path| {
                match format {
                    ExportFormat::Safetensors => classifier.export(path)?,
                    ExportFormat::Onnx(options) => classifier.export_onnx(path, options)?,
                }
                beside.as_ref().map(Beside::write).transpose()
            })?;
            let mut notes: Vec<String> = std::iter::once(takes(encoder, format)).chain(terms(encoder)).collect();
            notes.extend(program);
            Ok(Exported {
                kind: "classifier",
                architecture: encoder.config.name(),
                classes: classifier.classes.to_vec(),
                layer: layer(encoder, format),
                notes,
            })
        }
        Err(ModelError::NoClassifier { .. }) => {
            let (encoder, mut notes) = any_encoder(model)?;
            let beside = beside(output, format, &Model::of(&encoder, None)?, overwrite)?;
            let program = file.write(|path| {
                match format {
                    ExportFormat::Safetensors => encoder.save(path)?,
                    ExportFormat::Onnx(options) => encoder.export_onnx(path, options)?,
                }
                beside.as_ref().map(Beside::write).transpose()
            })?;
            notes.extend(headless(&encoder, format));
            notes.push(takes(&encoder, format));
            notes.extend(terms(&encoder));
            notes.extend(program);
            let architecture = encoder.config.name();
            Ok(Exported { kind: "encoder", architecture, classes: Vec::new(), layer: layer(&encoder, format), notes })
        }
        Err(error) => Err(refused(error, model)),
    }
}

/// A program that lies beside what is exported.
struct Beside {
    file: Output,
    text: String,
    takes: &'static str,
    needs: &'static str,
}

impl Beside {
    /// Writes it, before the other file comes into its place: a full disk leaves both as they were. Says so.
    fn write(&self) -> Result<String, Error> {
        let Self { file, text, takes, needs } = self;
        file.write(|path| {
            std::fs::write(path, text)
                .map_err(|source| foretask_data::DataError::Write { path: path.into(), source })
                .map_err(Error::from)
        })?;
        Ok(format!("`python {} {takes} …` runs it; needs {needs}", file.path().display()))
    }
}

/// What the program of weights is called that lies beside them.
pub(super) fn torch_program(weights: &Path) -> PathBuf {
    let mut name = weights.file_stem().unwrap_or_default().to_owned();
    name.push("_torch.py");
    weights.with_file_name(name)
}

/// What the program is handed that lies beside a graph of this encoder; none where there is no such program.
pub(super) fn program_takes(encoder: &Encoder, input: OnnxInput) -> Result<Option<&'static str>, Error> {
    let reading = foretask_train::reading_of(&encoder.input)?;
    Ok(example_for("", encoder, reading.as_ref(), input, false).map(|(_, takes)| takes))
}

/// What will lie beside the file; looked at before anything is written.
fn beside(output: &Path, format: ExportFormat, model: &Model<'_>, overwrite: bool) -> Result<Option<Beside>, Error> {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    let shown = name.to_string_lossy().into_owned();
    let ExportFormat::Onnx(options) = format else {
        let file = Output::at(torch_program(output), overwrite)?;
        return Ok(Some(Beside { file, text: model.program(&shown), takes: model.takes(), needs: NEEDS }));
    };
    let reading = model.reading.as_ref();
    if options.input == OnnxInput::Pixels && finest(reading) != OnnxInput::Pixels {
        return Err(Error::input("bytes would be too coarse: the model learned from images of more than 8 bits")
            .help("`--input planes` makes a graph that takes numbers from 0 (black) to 1 (white)"));
    }
    let tells = model.classifier.is_some();
    let Some((text, takes)) = example_for(&shown, model.encoder, reading, options.input, tells) else {
        return Ok(None);
    };
    name.push(".py");
    let file = Output::at(output.with_file_name(name), overwrite)?;
    Ok(Some(Beside { file, text, takes, needs: "onnxruntime, numpy, pillow" }))
}

/// Bytes where they say all that image files say, which were read in this way; of photographs without one.
pub(super) fn finest(reading: Option<&Reading>) -> OnnxInput {
    let bytes = reading.is_none_or(|reading| matches!(&reading.range, Range::Whites(all) if all.is_empty()));
    if bytes { OnnxInput::Pixels } else { OnnxInput::Planes }
}

fn layer(encoder: &Encoder, format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Safetensors => encoder.config.classifier(),
        ExportFormat::Onnx(_) => "probabilities",
    }
}

/// What a program misses that builds the whole network.
fn headless(encoder: &Encoder, format: ExportFormat) -> Option<String> {
    let layer = encoder.config.classifier();
    let says = || {
        format!(
            "an encoder has no `{layer}`, the layer that tells classes, and neither has this file: PyTorch takes it with \
             `load_state_dict(…, strict=False)`, and `{layer}` then stays as it was"
        )
    };
    matches!(format, ExportFormat::Safetensors).then(says)
}

/// Under which terms published weights are given on.
pub(super) fn terms(encoder: &Encoder) -> Option<String> {
    let license = encoder.license.as_ref()?;
    Some(format!("it comes from published weights under the license {license}, which goes with every copy"))
}

/// What other programs have to hand in.
fn takes(encoder: &Encoder, format: ExportFormat) -> String {
    let input = &encoder.input;
    let (channels, height, width) = (input.channels, input.height, input.width);
    let taken = match format {
        ExportFormat::Safetensors => format!(
            "it takes {channels} channel(s), {height}x{width} pixels in 0..1, less mean {:?}, divided by std {:?}; other proportions: {}",
            input.mean,
            input.std,
            input.fit.name()
        ),
        ExportFormat::Onnx(OnnxOptions { opset, input: planes }) => {
            let what = match planes {
                OnnxInput::Pixels => format!("`pixels`, bytes [images, {height}, {width}, {channels}]"),
                OnnxInput::Planes => format!("`image`, numbers from 0 to 1, [images, {channels}, {height}, {width}]"),
            };
            let fit = input.fit.name();
            format!("it takes {what}; opset {}; images of other proportions: {fit}", opset.number())
        }
    };
    match foretask_train::reading_of(input) {
        Ok(Some(reading)) => {
            format!("{taken}; image files were read with {}", foretask_train::reading_in_words(&reading))
        }
        _ => taken,
    }
}
