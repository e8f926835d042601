//! Weights for other programs.

use std::path::Path;

use foretask_data::Output;
use foretask_models::{Classifier, ModelError};
use serde::Serialize;

use super::inputs::{any_encoder, refused};
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

/// Writes a model's weights as safetensors under torchvision's names (which timm shares for residual networks) or timm's, and nothing
/// besides: a strict `load_state_dict` takes them. `model` may also be weights of another program (VISSL, lightly, …).
///
/// # Errors
/// When the model cannot be read, the file's ending is another or it is the model itself, or writing fails.
pub fn export(model: &Path, output: &Path, overwrite: bool) -> Result<Exported, Error> {
    if output.extension().is_none_or(|ending| ending != "safetensors") {
        return Err(Error::input(format!("weights are exported as safetensors, not as `{}`", output.display()))
            .help("end it with .safetensors"));
    }
    if model.canonicalize().is_ok_and(|model| output.canonicalize().is_ok_and(|output| model == output)) {
        return Err(Error::input(format!("`{}` would be overwritten by its own export", model.display()))
            .help("choose another name for the export"));
    }
    let file = Output::at(output, overwrite)?;
    match Classifier::load(model) {
        Ok(classifier) => {
            file.write(|path| classifier.export(path).map_err(Error::from))?;
            let (encoder, classes) = (&classifier.encoder, classifier.classes.to_vec());
            Ok(Exported {
                kind: "classifier",
                architecture: encoder.config.name(),
                classes,
                layer: encoder.config.classifier(),
                notes: std::iter::once(takes(encoder)).chain(terms(encoder)).collect(),
            })
        }
        Err(ModelError::NoClassifier { .. }) => {
            let (encoder, mut notes) = any_encoder(model)?;
            file.write(|path| encoder.save(path).map_err(Error::from))?;
            notes.push(takes(&encoder));
            notes.extend(terms(&encoder));
            let (architecture, layer) = (encoder.config.name(), encoder.config.classifier());
            Ok(Exported { kind: "encoder", architecture, classes: Vec::new(), layer, notes })
        }
        Err(error) => Err(refused(error, model)),
    }
}

/// Under which terms published weights are given on.
pub(super) fn terms(encoder: &foretask_models::Encoder) -> Option<String> {
    let license = encoder.license.as_ref()?;
    Some(format!("it comes from published weights under the license {license}, which goes with every copy"))
}

/// The preprocessing that other programs have to repeat.
fn takes(encoder: &foretask_models::Encoder) -> String {
    let input = &encoder.input;
    format!(
        "it takes {} channel(s), {}x{} pixels in 0..1, less mean {:?}, divided by std {:?}; other proportions: {}",
        input.channels,
        input.height,
        input.width,
        input.mean,
        input.std,
        input.fit.name()
    )
}
