//! Features of images from a saved model, as a table.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::inputs::{Answering, TableRequest, any_encoder, images_for, of_model, on_device};
use crate::error::Error;
use crate::stages::embedding_table;

/// What `foretask embed` wrote.
#[derive(Debug, Clone, Serialize)]
pub struct Embedded {
    /// Images.
    pub count: usize,
    /// Length of each vector.
    pub width: usize,
    /// What was assumed of the model or done to the images.
    pub notes: Vec<String>,
    /// Images that could not be read.
    pub bad: Vec<String>,
}

/// Writes the features of images (files, folders, patterns, manifests) by an encoder or classifier of ours, or by weights of
/// another program, into the table `output`.
///
/// # Errors
/// When the model cannot be read, images are missing, or the table cannot be written.
pub fn embed(
    model: &Path,
    images: &[PathBuf],
    output: &TableRequest,
    answering: &Answering<'_>,
) -> Result<Embedded, Error> {
    let output = output.open()?;
    let (mut encoder, mut notes) = any_encoder(model)?;
    encoder.input.fit = answering.fit.unwrap_or(encoder.input.fit);
    let inputs = images_for(&encoder.input, images)?;
    notes.extend(inputs.notes);
    let features =
        on_device(answering.device, |cx| Ok(foretask_train::extract_features(&encoder, &inputs.images, cx)?))
            .map_err(|error| of_model(error, model))?;
    let (count, width) = (features.len(), features.dim);
    let table = embedding_table(&inputs.images, features, inputs.gathered.manifest.as_ref())?;
    output.write(table)?;
    Ok(Embedded { count, width, notes, bad: inputs.images.bad().iter().map(ToString::to_string).collect() })
}
