//! What a run leaves that must not depend on its past: weights, results, written files. Times are left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::experiments::{IMAGES, SCRIPT};
use crate::runs;
use crate::tidy::has_extension;

/// Files by name: weights and written files as they are, results without times.
#[derive(Debug, PartialEq)]
pub(super) struct Product(BTreeMap<String, Vec<u8>>);

impl Product {
    /// The product of the latest run in a folder.
    pub(super) fn of(place: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let run = latest(place)?;
        for path in files_of(&run.join("weights"))? {
            files.insert(format!("weights/{}", name(&path)), fs::read(&path)?);
        }
        files.insert("results.json".to_owned(), runs::results(&run)?);
        for path in files_of(place)?.into_iter().filter(|path| name(path) != SCRIPT && !name(path).starts_with('.')) {
            files.insert(name(&path), fs::read(&path)?);
        }
        Ok(Self(files))
    }

    /// Fails with the first difference.
    pub(super) fn expect(&self, found: &Self) -> Result<()> {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.0.keys().collect(), found.0.keys().collect());
        ensure!(ours == theirs, "it left the files {theirs:?} in place of {ours:?}");
        for (name, expected) in &self.0 {
            let found = &found.0[name];
            let Some(words) = runs::difference(expected, found) else { continue };
            if has_extension(name, "json") || has_extension(name, "csv") {
                bail!("{name} differs: {words}");
            }
            let at = expected.iter().zip(found).position(|(a, b)| a != b).unwrap_or(expected.len().min(found.len()));
            bail!("{name} differs from byte {at} on ({} bytes in place of {})", found.len(), expected.len());
        }
        Ok(())
    }
}

/// The latest run of the experiment in a folder.
pub(super) fn latest(place: &Path) -> Result<PathBuf> {
    runs::latest(&place.join("runs"), SCRIPT.trim_end_matches(".rhai"))
}

/// What a killed run may leave and a finished one must not: temporary files, checkpoints of finished stages.
pub(super) fn leftovers(place: &Path) -> Result<Vec<String>> {
    let all = everything(place)?;
    let stray = |path: &&PathBuf| {
        let name = name(path);
        has_extension(&name, "tmp") || name.starts_with(".tmp") || name.starts_with("checkpoint")
    };
    Ok(all.iter().filter(stray).map(|path| path.strip_prefix(place).unwrap_or(path).display().to_string()).collect())
}

/// Every file below a folder but for the images, sorted.
pub(super) fn everything(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() && name(&path) != IMAGES {
                folders.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(accuracy: &str, weights: &[u8]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("runs/experiment/2026-01-01T00-00-00");
        fs::create_dir_all(run.join("weights")).unwrap();
        fs::write(run.join("weights/a.safetensors"), weights).unwrap();
        fs::write(run.join("results.json"), format!("{{\"mean\": {accuracy}}}")).unwrap();
        fs::write(place.path().join("table.csv"), "a,b\n").unwrap();
        place
    }

    #[test]
    fn every_difference_is_told() {
        let product = |place: &tempfile::TempDir| Product::of(place.path()).unwrap();
        let one = place("0.5", &[1, 2, 3]);
        product(&one).expect(&product(&place("0.5", &[1, 2, 3]))).unwrap();
        let told = |other: &tempfile::TempDir| product(&one).expect(&product(other)).unwrap_err().to_string();
        assert!(told(&place("0.6", &[1, 2, 3])).contains("results.json differs"));
        assert!(told(&place("0.5", &[1, 9, 3])).contains("weights/a.safetensors differs from byte 1 on"));
        let more = place("0.5", &[1, 2, 3]);
        fs::write(more.path().join("more.csv"), "").unwrap();
        assert!(told(&more).contains("more.csv"));
    }

    #[test]
    fn what_was_left_lying_about_is_listed() {
        let place = place("0.5", &[]);
        assert_eq!(leftovers(place.path()).unwrap(), [""; 0]);
        fs::write(place.path().join("runs/.tmpXYZ"), "").unwrap();
        assert_eq!(leftovers(place.path()).unwrap(), ["runs/.tmpXYZ"]);
    }
}
