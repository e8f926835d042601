//! `metrics.jsonl`: the health lines as they come.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::TrainError;
use crate::health::HealthLine;
use crate::ranks;

#[derive(Debug)]
pub(super) struct MetricsFile {
    path: PathBuf,
    /// None on a rank that writes nothing.
    file: Option<File>,
}

impl MetricsFile {
    /// Cut back to the lines that the checkpoint knows: what came after it will be done again.
    pub(super) fn open(folder: &Path, history: &[HealthLine]) -> Result<Self, TrainError> {
        let path = folder.join("metrics.jsonl");
        if !ranks::is_first() {
            return Ok(Self { path, file: None });
        }
        let mut known = Vec::new();
        for line in history {
            write_line(&mut known, line).map_err(|source| TrainError::File { path: path.clone(), source })?;
        }
        foretask_data::write_atomically(&path, &known)?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|source| TrainError::File { path: path.clone(), source })?;
        Ok(Self { path, file: Some(file) })
    }

    pub(super) fn append(&mut self, line: &HealthLine) -> Result<(), TrainError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        write_line(&mut bytes, line)
            .and_then(|()| file.write_all(&bytes))
            .map_err(|source| TrainError::File { path: self.path.clone(), source })
    }
}

fn write_line(out: &mut Vec<u8>, line: &HealthLine) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.push(b'\n');
    Ok(())
}
