//! What can go wrong while a report is written.

use std::path::PathBuf;

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The bytes handed in as a picture are not a PNG file.
    #[error("a picture of {bytes} bytes is not a PNG file; encode it as PNG before putting it into a report")]
    NotPng {
        /// Length of what was handed in.
        bytes: usize,
    },
    /// The stored report cannot be read or written as JSON.
    #[error("the stored report is not readable: {0}; run the script again to write it anew")]
    Json(#[from] serde_json::Error),
    /// A newer version wrote the report.
    #[error(
        "the report has format {found}, this version knows up to {known}; use the version that wrote it, or a newer one"
    )]
    Format {
        /// Format in the file.
        found: u32,
        /// Newest format known here.
        known: u32,
    },
    /// A template of the page failed, which is a mistake in this crate.
    #[error("the report's page could not be filled in: {0}; please report this with the run's report.json")]
    Template(#[from] minijinja::Error),
    /// An event file cannot be written.
    #[error("cannot write TensorBoard events to {}: {source}; check that the folder exists and has space", path.display())]
    Events {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}
