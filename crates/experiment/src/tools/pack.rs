//! Making packs.

use std::fmt;
use std::path::Path;

use foretask_data::{PackOptions, PackSummary, parse_bytes};

use super::ImportRequest;
use super::data::{contents, import_options, left_out, refused};
use crate::error::Error;
use crate::plan::thousands;

/// What `foretask pack` takes besides source and folder.
#[derive(Debug, Clone, Default)]
pub struct PackRequest {
    /// What is read, and which rows of it.
    pub import: ImportRequest,
    /// Longer side above which images are shrunk.
    pub max_side: Option<u32>,
    /// Quality of JPEGs that are written anew.
    pub quality: Option<u8>,
    /// Bytes of a shard, such as "512m".
    pub shard_size: Option<String>,
}

/// What was packed, printable.
#[derive(Debug, Clone)]
pub struct PackedUp(pub PackSummary);

impl fmt::Display for PackedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = &self.0;
        let mib = summary.bytes as f64 / f64::from(1 << 20);
        let (rows, shards) = (thousands(summary.rows as u64), summary.shards);
        write!(f, "{}: {rows} images, {mib:.1} MiB in {shards} file(s)", summary.folder.display())?;
        if summary.shrunk > 0 {
            write!(f, "\n  {} were made smaller", thousands(summary.shrunk as u64))?;
        }
        if summary.resumed > 0 {
            write!(f, "\n  {} had been packed before the interruption", thousands(summary.resumed as u64))?;
        }
        contents(f, &summary.splits, &summary.classes)?;
        left_out(f, &summary.bad, &summary.passed_over, &summary.remarks)
    }
}

/// Writes the images at `source` into a few large files in `folder`, with an index that is a manifest. `progress` hears how
/// many of how many are done.
///
/// # Errors
/// When nothing importable is there, `folder` holds something else, or it cannot be written.
pub fn pack(
    source: &Path,
    folder: &Path,
    request: PackRequest,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<PackedUp, Error> {
    let defaults = PackOptions::default();
    let shard_bytes = match &request.shard_size {
        Some(text) => parse_bytes("shard_size", text)?,
        None => defaults.shard_bytes,
    };
    let options = PackOptions {
        import: import_options(request.import)?,
        shard_bytes,
        max_side: request.max_side,
        quality: request.quality.unwrap_or(defaults.quality),
    };
    let summary = foretask_data::pack(source, folder, &options, progress).map_err(refused)?;
    Ok(PackedUp(summary))
}
