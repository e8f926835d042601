//! `done.json`: what is kept about a finished stage, and how the rest of its folder is known to be what was written.
//!
//! It names every file of the result with its BLAKE3 hash, and ends with a hash of its own text, so that a flipped bit, a cut,
//! another stage's file or an edited number anywhere in the folder is found before it is used. Stages of earlier versions have
//! neither; they are taken as they are, and sealed when they are next loaded.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file, written last.
pub(super) const DONE: &str = "done.json";
/// What stands between the text and its hash.
const SEAL: &str = ",\n  \"seal\": \"";

/// What is kept about a finished stage, beside its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Title shown in plans.
    pub title: String,
    /// Wall seconds it took, over all its parts.
    pub seconds: f64,
    /// The hash that names the stage; none in those of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Everything that decided the result.
    pub key: Value,
    /// Numbers of the stage that later words and the report need.
    pub facts: Value,
    /// What the stages held that it was made from, by their hash.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub upon: BTreeMap<String, String>,
    /// The hash of every file of the result; none in those of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<BTreeMap<String, String>>,
}

impl Done {
    /// Its text with a hash of itself at the end.
    pub(super) fn sealed(&self) -> serde_json::Result<String> {
        let text = serde_json::to_string_pretty(self)?;
        let text = text.strip_suffix("\n}").unwrap_or(&text);
        Ok(format!("{text}{SEAL}{}\"\n}}\n", blake3::hash(text.as_bytes())))
    }

    /// What [`Done::sealed`] wrote, or the plain text of an earlier version; `None` for anything else.
    pub(super) fn unsealed(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let done: Self = serde_json::from_str(text).ok()?;
        let Some((before, seal)) = text.rsplit_once(SEAL) else {
            // The seal came with the hashes: with these alone it has lost it.
            return done.files.is_none().then_some(done);
        };
        (seal == format!("{}\"\n}}\n", blake3::hash(before.as_bytes()))).then_some(done)
    }
}

/// Whether a file of a stage's folder belongs to its result: not its lock, nor what only serves to go on.
fn belongs(name: &str) -> bool {
    let ours = name == DONE || name == foretask_files::LOCK;
    !ours
        && !foretask_train::checkpoint::is_scratch(name)
        && !foretask_files::is_temporary(name)
        && !foretask_files::is_aside(name)
}

/// The names of the files of the result in `folder`. Folders within it are scratch space of the work.
pub(super) fn files_of(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && belongs(&name) {
            files.push(name);
        }
    }
    Ok(files)
}

/// The hash of every file of the result in `folder`.
pub(super) fn checksums(folder: &Path) -> std::io::Result<BTreeMap<String, String>> {
    files_of(folder)?.into_iter().map(|name| hash(&folder.join(&name)).map(|hash| (name, hash))).collect()
}

/// The files of `expected` that are gone or hold something else, with what is wrong.
pub(super) fn misfits(folder: &Path, expected: &BTreeMap<String, String>) -> Vec<(String, &'static str)> {
    let wrong = |(name, wanted): (&String, &String)| {
        let path = folder.join(name);
        let what = match path.symlink_metadata() {
            // Not through links, and never from a pipe.
            Ok(about) if about.is_file() => match hash(&path) {
                Ok(found) if found == *wanted => return None,
                Ok(_) => "is not what was written",
                Err(_) => "cannot be read",
            },
            Ok(_) => "is no file",
            Err(_) => "is gone",
        };
        Some((name.clone(), what))
    };
    expected.iter().filter_map(wrong).collect()
}

/// BLAKE3 of a file, as 64 hexadecimal digits.
pub(crate) fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(foretask_files::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn done() -> Done {
        let files = Some(BTreeMap::from([("a.json".to_owned(), "00".to_owned())]));
        Done {
            title: "knn".into(),
            seconds: 0.1,
            stage: None,
            key: json!({ "k": 5 }),
            facts: json!({}),
            upon: BTreeMap::new(),
            files,
        }
    }

    #[test]
    fn no_changed_byte_and_no_cut_passes() {
        let text = done().sealed().unwrap();
        assert_eq!(Done::unsealed(text.as_bytes()), Some(done()));
        assert!(serde_json::from_str::<Value>(&text).unwrap()["seal"].is_string(), "{text}");
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                assert_eq!(Done::unsealed(&bytes), None, "bit {bit} of byte {at}");
            }
            assert_eq!(Done::unsealed(&text.as_bytes()[..at]), None, "cut to {at}");
        }
    }

    #[test]
    fn that_of_an_earlier_version_is_read() {
        let old = Done { files: None, ..done() };
        assert_eq!(Done::unsealed(serde_json::to_string_pretty(&old).unwrap().as_bytes()), Some(old));
        assert_eq!(Done::unsealed(serde_json::to_string_pretty(&done()).unwrap().as_bytes()), None);
    }

    #[test]
    fn a_file_that_changed_or_went_is_named_and_scratch_is_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        for name in ["a.json", "b.json", "c.json", "lock", "done.json", "checkpoint.ftckpt", "x.damaged"] {
            write(name, name);
        }
        std::fs::create_dir(folder.path().join("fold-1")).unwrap();
        let expected = checksums(folder.path()).unwrap();
        assert_eq!(expected.keys().collect::<Vec<_>>(), ["a.json", "b.json", "c.json"]);
        assert_eq!(misfits(folder.path(), &expected), []);
        write("a.json", "A.json");
        std::fs::remove_file(folder.path().join("b.json")).unwrap();
        std::fs::remove_file(folder.path().join("c.json")).unwrap();
        std::fs::create_dir(folder.path().join("c.json")).unwrap();
        let found = misfits(folder.path(), &expected);
        let expected = [("a.json", "is not what was written"), ("b.json", "is gone"), ("c.json", "is no file")];
        assert_eq!(found, expected.map(|(name, what)| (name.to_owned(), what)));
    }
}
