//! One file that holds all a stage needs to go on to the bit.
//!
//! Layout, little-endian: magic `FTCKPT`, version (u16), length of the header (u64), the header (JSON: what the stage
//! stored, and name and shape of each tensor), the tensors' numbers (f32, in the header's order), and a BLAKE3 hash of
//! everything before it (32 bytes). The file is replaced in one step, so there is always a whole one.

use std::path::{Path, PathBuf};

use foretask_backend::{HostTensor, StateDict};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;

const MAGIC: &[u8; 6] = b"FTCKPT";
const VERSION: u16 = 1;
const HASH: usize = blake3::OUT_LEN;
const FIXED: usize = MAGIC.len() + 2 + 8;

/// Bytes that a checkpoint may have; networks that CPUs and single GPUs train have far fewer.
const MOST: u64 = 64 << 30;

/// The checkpoint of the stage that owns this folder.
pub fn path_in(folder: &Path) -> PathBuf {
    folder.join("checkpoint.ftckpt")
}

/// Where a stage keeps the number of steps that its time budget turned out to be.
pub(crate) fn length_in(folder: &Path) -> PathBuf {
    folder.join("length.ftckpt")
}

/// Whether a file of a stage's folder is one that only serves to go on; both know by themselves when they are damaged.
pub fn is_scratch(name: &str) -> bool {
    [path_in(Path::new("")), length_in(Path::new(""))].iter().any(|path| path.as_os_str() == name)
}

#[derive(Serialize, Deserialize)]
struct Header<S> {
    progress: S,
    tensors: Vec<(String, Vec<usize>)>,
}

/// Writes a checkpoint; the previous one stays until the new one is safely on the disk.
///
/// `progress` must survive JSON: store an f64 that has to be exact as its bits.
///
/// # Errors
/// The file cannot be written.
pub fn save<S: Serialize>(path: &Path, progress: &S, tensors: &StateDict) -> Result<(), TrainError> {
    let names = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone())).collect();
    let header = serde_json::to_vec(&Header { progress, tensors: names })
        .map_err(|error| TrainError::Checkpoint { path: path.to_owned(), reason: error.to_string() })?;
    let numbers: usize = tensors.values().map(|tensor| tensor.data.len()).sum();
    let mut bytes = Vec::with_capacity(FIXED + header.len() + 4 * numbers + HASH);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&header);
    for tensor in tensors.values() {
        for number in &tensor.data {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    foretask_data::write_atomically(path, &bytes)?;
    Ok(())
}

/// Reads a checkpoint; `None` where there is none.
///
/// # Errors
/// A file that is damaged, cut short, of another version, or holds something else than `S`.
pub fn load<S: DeserializeOwned>(path: &Path) -> Result<Option<(S, StateDict)>, TrainError> {
    let bytes = match foretask_files::read(path, MOST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(TrainError::File { path: path.to_owned(), source }),
    };
    parse(&bytes).map(Some).map_err(|reason| TrainError::Checkpoint { path: path.to_owned(), reason })
}

fn parse<S: DeserializeOwned>(bytes: &[u8]) -> Result<(S, StateDict), String> {
    if bytes.len() < FIXED + HASH || &bytes[..MAGIC.len()] != MAGIC {
        return Err("is not a Foretask checkpoint".to_owned());
    }
    let (content, hash) = bytes.split_at(bytes.len() - HASH);
    if blake3::hash(content).as_bytes() != hash {
        return Err("is damaged (its checksum does not match its content)".to_owned());
    }
    let version = u16::from_le_bytes([content[6], content[7]]);
    if version != VERSION {
        return Err(format!("has format version {version}, this program reads version {VERSION}"));
    }
    let mut length = [0; 8];
    length.copy_from_slice(&content[8..FIXED]);
    let rest = &content[FIXED..];
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    let header = rest.get(..length).ok_or("is cut short")?;
    let mut numbers = &rest[length..];
    let header: Header<S> = serde_json::from_slice(header).map_err(|e| format!("has an unreadable header: {e}"))?;
    let mut tensors = StateDict::new();
    for (name, shape) in header.tensors {
        let bytes = shape.iter().try_fold(4_usize, |bytes, &size| bytes.checked_mul(size));
        let (own, rest) = bytes.and_then(|bytes| numbers.split_at_checked(bytes)).ok_or("is cut short")?;
        numbers = rest;
        let data = own.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        tensors.insert(name, HostTensor { shape, data });
    }
    if !numbers.is_empty() {
        return Err("holds more numbers than its header names".to_owned());
    }
    Ok((header.progress, tensors))
}

/// All tensors of `part` under the name `part/<name>`, to keep several state dicts in one checkpoint.
pub fn put_under(part: &str, from: StateDict, into: &mut StateDict) {
    into.extend(from.into_iter().map(|(name, tensor)| (format!("{part}/{name}"), tensor)));
}

/// The tensors that [`put_under`] stored for `part`.
pub fn take_under(part: &str, from: &mut StateDict) -> StateDict {
    let prefix = format!("{part}/");
    let names: Vec<String> = from.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
    names
        .into_iter()
        .filter_map(|name| from.remove_entry(&name))
        .map(|(n, t)| (n[prefix.len()..].to_owned(), t))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> StateDict {
        let data = vec![1.0, -0.0, f32::MIN_POSITIVE / 8.0, f32::MAX, 0.1, f32::from_bits(0x3f80_0001)];
        let mut state = StateDict::new();
        state.insert("a.weight".into(), HostTensor { shape: vec![2, 3], data });
        state.insert("b".into(), HostTensor { shape: vec![], data: vec![7.0] });
        state.insert("empty".into(), HostTensor { shape: vec![0, 4], data: vec![] });
        state
    }

    fn bits(state: &StateDict) -> Vec<(String, Vec<usize>, Vec<u32>)> {
        let bits = |t: &HostTensor| t.data.iter().map(|x| x.to_bits()).collect();
        state.iter().map(|(name, t)| (name.clone(), t.shape.clone(), bits(t))).collect()
    }

    #[test]
    fn every_bit_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(folder.path());
        save(&path, &("progress", 17_u64), &tensors()).unwrap();
        let (progress, state): ((String, u64), _) = load(&path).unwrap().unwrap();
        assert_eq!(progress, ("progress".to_owned(), 17));
        assert_eq!(bits(&state), bits(&tensors()));
    }

    #[test]
    fn no_file_is_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load::<u64>(&path_in(folder.path())).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_refused_without_reading_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(folder.path());
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(load::<u64>(&path).unwrap_err().to_string().contains("a named pipe"));
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(load::<u64>(&path).unwrap_err().to_string().contains("a device"));
    }

    #[test]
    fn any_damaged_byte_and_any_cut_is_found_and_the_file_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(folder.path());
        save(&path, &1_u64, &tensors()).unwrap();
        let good = std::fs::read(&path).unwrap();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            std::fs::write(&path, &bad).unwrap();
            let message = load::<u64>(&path).unwrap_err().to_string();
            assert!(message.contains("checkpoint.ftckpt") && message.contains("delete it"), "{place}: {message}");
        }
        for length in 0..good.len() {
            std::fs::write(&path, &good[..length]).unwrap();
            assert!(load::<u64>(&path).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn parts_are_kept_apart() {
        let mut all = StateDict::new();
        put_under("model", tensors(), &mut all);
        put_under("optimizer", tensors(), &mut all);
        assert_eq!(all.len(), 6);
        assert_eq!(bits(&take_under("model", &mut all)), bits(&tensors()));
        assert_eq!(bits(&take_under("optimizer", &mut all)), bits(&tensors()));
        assert!(all.is_empty());
    }
}
