//! What can go wrong with models and their files.

use std::path::PathBuf;

use foretask_backend::BackendError;

/// The networks whose weights are read, in words.
pub const KNOWN_NETWORKS: &str = "resnet10 to resnet152, resnet50d and wide ResNets, vit_tiny to vit_giant, convnext_atto to convnext_large, \
     and efficientnet_lite0";

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
    /// A file is something else than weights.
    #[error("{path} is {what}, not a file of weights; {way_out}")]
    NotWeights {
        /// Which file.
        path: PathBuf,
        /// What it is: "a folder", "a web page (HTML)".
        what: String,
        /// What to do.
        way_out: String,
    },
    /// A file of weights is damaged or cut off.
    #[error(
        "the weights file {path} cannot be read: {reason}; take the original again, it may have been damaged or cut off on the way"
    )]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The description beside the tensors says what cannot be.
    #[error(
        "the description in the weights file {path} is wrong: `{field}` {reason}; it was damaged or changed by hand, take the original"
    )]
    Description {
        /// Which file.
        path: PathBuf,
        /// The field, such as "input.height".
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Values that are no numbers to compute with.
    #[error("the weights file {path} holds {what} in {names}; take weights from before that happened")]
    NotFinite {
        /// Which file.
        path: PathBuf,
        /// "values that are not finite (NaN or infinity)".
        what: &'static str,
        /// The tensors.
        names: String,
    },
    /// A file was not written by this program.
    #[error("{path} holds {found}, with no description of this program's")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// A file holds something else than a classifier.
    #[error("{path} holds {found}, and no classifier with the names of its classes")]
    NoClassifier {
        /// Which file.
        path: PathBuf,
        /// What it holds.
        found: String,
    },
    /// A file of a later version of this program.
    #[error("{path} has format version {found}, this program knows up to {known}; use a newer program")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The newest known version.
        known: u32,
    },
    /// Foreign weights are of no architecture that this crate has.
    #[error("{path} holds {found}; this program has {known}", known = KNOWN_NETWORKS)]
    Architecture {
        /// Which file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// What of a file is wanted is not there, or is left open.
    #[error("{path} holds {reason}")]
    Choice {
        /// Which file.
        path: PathBuf,
        /// What there is, and how to choose.
        reason: String,
    },
    /// The tensors of a file do not belong to the network it names.
    #[error("the weights in {path} do not fit: {source}")]
    Unfit {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        source: BackendError,
    },
    /// A file is too large for this machine; refused before trying, because a failed allocation ends the process.
    #[error(
        "{path} needs about {needed_mib} MiB of memory, {available_mib} MiB are free; close other programs or take a smaller network"
    )]
    Memory {
        /// Which file.
        path: PathBuf,
        /// Estimated need in MiB.
        needed_mib: u64,
        /// Free memory in MiB.
        available_mib: u64,
    },
    /// The weights do not fit the module, or tensor code failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// The result of this crate's fallible functions.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;
