//! The record of finished shards, kept until the pack is whole; who holds its lock writes into the folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use foretask_files::{Held, Lock};
use polars::prelude::{DataFrame, ParquetCompression, ParquetReader, ParquetWriter, SerReader};
use serde::{Deserialize, Serialize};

use crate::{
    atomic::{write_atomically, write_atomically_if},
    error::{DataError, Result},
    images::{BadImage, Remarks},
    import::io_error,
    manifest::guarded,
};

/// The folder of the record, in that of the pack.
pub(super) const UNFINISHED: &str = ".unfinished";

/// Bytes that a text of the record may have: the names of a shard's bad images, and why they are bad.
const MOST: u64 = 1 << 30;

/// The file of a shard, in the folder of the pack.
pub(super) fn shard_name(number: usize) -> String {
    format!("images-{number:05}.pack")
}

/// The record of a pack that this process writes.
pub(super) struct Record<'a> {
    pub(super) folder: &'a Path,
    path: PathBuf,
    _lock: Lock,
}

/// What is on record of a finished shard, besides the table of its rows.
#[derive(Serialize, Deserialize)]
pub(super) struct Finished {
    /// How many of the rows to pack are in this shard and those before it, bad ones included.
    pub(super) next: usize,
    pub(super) bytes: u64,
    pub(super) shrunk: usize,
    pub(super) written: Vec<usize>,
    pub(super) bad: Vec<BadImage>,
    #[serde(default)]
    pub(super) remarks: Remarks,
}

impl<'a> Record<'a> {
    /// Begins a record, or takes up that of an interrupted pack.
    pub(super) fn open(folder: &'a Path) -> Result<Self> {
        let path = folder.join(UNFINISHED);
        let failed = |source| DataError::Write { path: path.clone(), source };
        fs::create_dir_all(&path).map_err(failed)?;
        match Lock::take(&path).map_err(failed)? {
            Ok(lock) => Ok(Self { folder, path, _lock: lock }),
            Err(Held(process)) => {
                let who = process.map_or_else(|| "another process".to_owned(), |id| format!("process {id}"));
                let reason = format!("{who} is packing into it; wait until that is done, or give another folder");
                Err(DataError::Import { path: folder.to_owned(), reason })
            }
        }
    }

    /// Takes the record away, with all that is in it.
    pub(super) fn remove(self) {
        // Where another process waits for the lock, it finds the pack finished and takes away what is left.
        let _ = fs::remove_dir_all(&self.path);
    }

    /// The finished shards of an interrupted pack of the same things; leftovers of anything else are removed.
    pub(super) fn resume(&self, identity: &str) -> Result<Vec<Finished>> {
        let (folder, record) = (self.folder, self.path.as_path());
        let known = foretask_files::read_text(&record.join("identity"), MOST).is_ok_and(|known| known == identity);
        let mut finished: Vec<Finished> = Vec::new();
        for number in (0..).take_while(|_| known) {
            let read = foretask_files::read(&record.join(format!("{number:05}.json")), MOST).ok();
            let Some(shard) = read.and_then(|text| serde_json::from_slice::<Finished>(&text).ok()) else { break };
            let whole = fs::metadata(folder.join(shard_name(number))).is_ok_and(|file| file.len() == shard.bytes);
            if !whole || !record.join(format!("{number:05}.parquet")).exists() {
                break;
            }
            finished.push(shard);
        }
        let removed =
            |path: &Path| fs::remove_file(path).map_err(|source| DataError::Write { path: path.to_owned(), source });
        for entry in fs::read_dir(folder).map_err(DataError::read(folder))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name.strip_prefix("images-").and_then(|name| name.strip_suffix(".pack"));
            let stale = number.and_then(|number| number.parse::<usize>().ok()).is_some_and(|n| n >= finished.len());
            let begun = [".images-", ".manifest.parquet."].iter().any(|start| name.starts_with(start))
                && entry.path().extension().is_some_and(|ending| ending == "tmp");
            if stale || begun {
                removed(&entry.path())?;
            }
        }
        for entry in fs::read_dir(record).map_err(DataError::read(record))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = name.split('.').next().and_then(|number| number.parse::<usize>().ok());
            if name != "lock" && number.is_none_or(|number| number >= finished.len()) {
                removed(&entry.path())?;
            }
        }
        write_atomically(record.join("identity"), identity)?;
        Ok(finished)
    }

    /// Puts a shard on record: the table of its rows, and then what else is known of it.
    pub(super) fn add(&self, number: usize, mut rows: DataFrame, finished: &Finished) -> Result<()> {
        let part = self.path.join(format!("{number:05}.parquet"));
        let failed = |error| DataError::Write { path: part.clone(), source: io_error(error) };
        write_atomically_if(&part, |file| ParquetWriter::new(file).finish(&mut rows).map(drop).map_err(failed))?;
        // Last: with it the shard counts as finished.
        let json = self.path.join(format!("{number:05}.json"));
        let text = serde_json::to_vec(finished)
            .map_err(|error| DataError::Write { path: json.clone(), source: error.into() })?;
        write_atomically(json, text)
    }

    /// All parts of the record as one table, part by part.
    pub(super) fn write_index(&self, parts: usize) -> Result<()> {
        let manifest = self.folder.join("manifest.parquet");
        let failed = |error| DataError::Write { path: manifest.clone(), source: io_error(error) };
        let read = |number: usize| -> Result<DataFrame> {
            let path = self.path.join(format!("{number:05}.parquet"));
            let file = foretask_files::open(&path).map_err(DataError::read(&path))?;
            guarded(&path.display().to_string(), || ParquetReader::new(file).finish())
        };
        let first = read(0)?;
        write_atomically_if(&manifest, |file| {
            let writer = ParquetWriter::new(file).with_compression(ParquetCompression::Zstd(None));
            let mut writer = writer.batched(first.schema()).map_err(failed)?;
            writer.write_batch(&first).map_err(failed)?;
            for number in 1..parts {
                writer.write_batch(&read(number)?).map_err(failed)?;
            }
            writer.finish().map(drop).map_err(failed)
        })
    }
}
