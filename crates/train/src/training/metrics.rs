//! `metrics.jsonl`: the health lines as they come.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::TrainError;
use crate::health::HealthLine;

#[derive(Debug)]
pub(super) struct MetricsFile {
    path: PathBuf,
    file: File,
}

impl MetricsFile {
    /// Cut back to the lines that the checkpoint knows: what came after it will be done again.
    pub(super) fn open(folder: &Path, history: &[HealthLine]) -> Result<Self, TrainError> {
        let path = folder.join("metrics.jsonl");
        let mut known = Vec::new();
        for line in history {
            write_line(&mut known, line).map_err(|source| TrainError::File { path: path.clone(), source })?;
        }
        foretask_data::write_atomically(&path, &known)?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|source| TrainError::File { path: path.clone(), source })?;
        Ok(Self { path, file })
    }

    pub(super) fn append(&mut self, line: &HealthLine) -> Result<(), TrainError> {
        let mut bytes = Vec::new();
        write_line(&mut bytes, line)
            .and_then(|()| self.file.write_all(&bytes))
            .map_err(|source| TrainError::File { path: self.path.clone(), source })
    }
}

fn write_line(out: &mut Vec<u8>, line: &HealthLine) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.push(b'\n');
    Ok(())
}
