//! Files in which many images lie one after the other: our packs, and plain tar archives.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use crate::error::{DataError, Result};

/// One such file; opened when first read, closed with its last image.
#[derive(Debug)]
pub struct Shard {
    path: PathBuf,
    file: OnceLock<Result<File, String>>,
}

impl Shard {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: OnceLock::new() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of one image, or of several neighbors, whose checksum is still to be compared.
    pub(crate) fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, String> {
        let name = self.path.display();
        let open = || foretask_files::open(&self.path).map_err(|error| format!("cannot read {name}: {error}"));
        let file = self.file.get_or_init(open).as_ref().map_err(Clone::clone)?;
        // A damaged index must not make us allocate what it says.
        let size = file.metadata().map_err(|error| format!("cannot read {name}: {error}"))?.len();
        if offset.saturating_add(len as u64) > size {
            return Err(truncated(&self.path, size, offset, len));
        }
        let mut bytes = vec![0; len];
        read_exact_at(file, &mut bytes, offset).map_err(|error| format!("cannot read {name}: {error}"))?;
        Ok(bytes)
    }
}

/// What to say of a shard that ends before an image does.
fn truncated(path: &Path, size: u64, offset: u64, len: usize) -> String {
    format!(
        "{} is truncated: it ends at byte {size}, but an image of {len} bytes begins at offset {offset}; copy the file again, \
         or pack again",
        path.display()
    )
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        offset += read as u64;
    }
    Ok(())
}

/// The shards of a table by the names in its index.
#[derive(Default)]
pub(crate) struct Shards(Mutex<HashMap<String, Arc<Shard>>>);

impl Shards {
    pub(crate) fn get(&self, folder: &Path, name: &str) -> Arc<Shard> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = known.get(name) {
            return shard.clone();
        }
        let shard = Arc::new(Shard::new(folder.join(name)));
        known.insert(name.to_owned(), shard.clone());
        shard
    }
}

/// Where the bytes of an image lie in a shard.
#[derive(Clone, Debug)]
pub struct ShardSlice {
    /// The file.
    pub shard: Arc<Shard>,
    /// Its first byte.
    pub offset: u64,
    /// Number of bytes.
    pub len: u32,
    /// Of these bytes: the first eight of their BLAKE3 hash, as a number.
    pub checksum: Option<u64>,
}

impl ShardSlice {
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.len))
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, String> {
        let bytes = self.shard.read(self.offset, self.len as usize)?;
        self.verify(&bytes)?;
        Ok(bytes)
    }

    /// Compares the checksum.
    pub(crate) fn verify(&self, bytes: &[u8]) -> Result<(), String> {
        match self.checksum {
            Some(expected) if checksum(bytes) != expected => Err(format!(
                "{} is damaged: the bytes at offset {} are not those that were packed; copy the file again, or pack again",
                self.shard.path.display(),
                self.offset
            )),
            _ => Ok(()),
        }
    }
}

/// The first eight bytes of BLAKE3, read as a big-endian number.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    first_word(&blake3::hash(bytes))
}

pub(crate) fn first_word(hash: &blake3::Hash) -> u64 {
    hash.as_bytes().iter().take(8).fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// Refuses an index that names bytes beyond the ends of its shards. `row` is the table's row of each place.
pub(crate) fn check_ends<'a>(table: &str, places: impl Iterator<Item = (u64, &'a ShardSlice)>) -> Result<()> {
    let mut last: Option<(&Arc<Shard>, u64)> = None;
    let mut sizes: HashMap<*const Shard, u64> = HashMap::new();
    for (row, place) in places {
        let size = match last {
            Some((shard, size)) if Arc::ptr_eq(shard, &place.shard) => size,
            _ => {
                if let Some(&size) = sizes.get(&Arc::as_ptr(&place.shard)) {
                    size
                } else {
                    let path = &place.shard.path;
                    let size = std::fs::metadata(path).map_err(DataError::read(path))?.len();
                    sizes.insert(Arc::as_ptr(&place.shard), size);
                    size
                }
            }
        };
        last = Some((&place.shard, size));
        if place.end() > size {
            let reason = format!("row {row}: {}", truncated(&place.shard.path, size, place.offset, place.len as usize));
            return Err(DataError::Table { table: table.to_owned(), reason });
        }
    }
    Ok(())
}
