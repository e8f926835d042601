//! What can go wrong with models and their files.

use std::path::PathBuf;

use foretask_backend::BackendError;

/// An error of this crate: each message names the thing, the place and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// An option of a model is out of range.
    #[error("{option} = {value} cannot work: {reason}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What it was set to.
        value: String,
        /// Why not, and what to choose.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// "read" or "write".
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what its name says.
    #[error("{path} is no readable weights file: {reason}; expected .safetensors, .pth or .pt")]
    Format {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A safetensors file carries no description of the model it belongs to.
    #[error("{path} has no {what} in its metadata: it was not written as a {wanted} of this program")]
    Metadata {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
        /// "encoder" or "classifier".
        wanted: &'static str,
    },
    /// A file of a later version of this program.
    #[error("{path} has format version {found}, this program knows up to {known}: use a newer program")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The newest known version.
        known: u32,
    },
    /// Foreign weights are of no architecture that this crate has.
    #[error("{path} holds no ResNet of a known kind: {reason}")]
    Architecture {
        /// Which file.
        path: PathBuf,
        /// What was found, and what is known.
        reason: String,
    },
    /// The weights do not fit the module, or tensor code failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// The result of this crate's fallible functions.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;
