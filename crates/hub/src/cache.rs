//! The cache's folders, which are those of `huggingface_hub`: `models--OWNER--NAME` with `blobs`, named by what they hold,
//! `snapshots/COMMIT/FILE`, which lead to them, and `refs`, which say what commit a branch was last seen at.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::HubError;

/// The bytes of a commit's name and its line's end, and more than enough.
const MOST_REF: u64 = 256;

/// A repository's folder.
pub(crate) struct Folder {
    root: PathBuf,
    locks: PathBuf,
}

impl Folder {
    pub(crate) fn of(cache: &Path, repository: &str) -> Self {
        let name = format!("models--{}", repository.replace('/', "--"));
        Self { root: cache.join(&name), locks: cache.join(".locks").join(name) }
    }

    /// The file as it was last fetched.
    pub(crate) fn find(&self, revision: &str, file: &str) -> Option<PathBuf> {
        let commit = if is_commit(revision) {
            revision.to_owned()
        } else {
            let text = foretask_files::read(&self.root.join("refs").join(revision), MOST_REF).ok()?;
            String::from_utf8(text).ok()?.trim().to_owned()
        };
        let path = self.snapshot(&commit, file);
        (is_commit(&commit) && path.is_file()).then_some(path)
    }

    pub(crate) fn blob(&self, etag: &str) -> PathBuf {
        self.root.join("blobs").join(etag)
    }

    /// What has arrived of a blob.
    pub(crate) fn part(&self, etag: &str) -> PathBuf {
        self.root.join("blobs").join(format!("{etag}.incomplete"))
    }

    fn snapshot(&self, commit: &str, file: &str) -> PathBuf {
        self.root.join("snapshots").join(commit).join(file)
    }

    /// Held while a blob is fetched, by this program or by `huggingface_hub`; none while somebody else holds it.
    pub(crate) fn lock(&self, etag: &str) -> Result<Option<File>, HubError> {
        let path = self.locks.join(format!("{etag}.lock"));
        std::fs::create_dir_all(&self.locks).map_err(HubError::file("made", &self.locks))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(HubError::file("opened", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(source)) => Err(HubError::File { action: "locked", path, source }),
        }
    }

    /// Makes a blob the file of a commit, and the commit that of a revision.
    pub(crate) fn enter(&self, etag: &str, (revision, commit): (&str, &str), file: &str) -> Result<PathBuf, HubError> {
        let path = self.snapshot(commit, file);
        let folder = path.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder).map_err(HubError::file("made", folder))?;
        if !path.is_file() {
            // What stands there leads nowhere.
            std::fs::remove_file(&path).ok();
            let up = "../".repeat(2 + file.matches('/').count());
            lead(&format!("{up}blobs/{etag}"), &self.blob(etag), &path).map_err(HubError::file("written", &path))?;
        }
        if revision != commit {
            let reference = self.root.join("refs").join(revision);
            foretask_files::write(&reference, commit).map_err(HubError::file("written", &reference))?;
        }
        Ok(path)
    }
}

/// A link to the blob; a copy where there are no links.
fn lead(to: &str, blob: &Path, path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if std::os::unix::fs::symlink(to, path).is_ok() {
        return Ok(());
    }
    let _ = to;
    std::fs::copy(blob, path).map(|_| ())
}

/// Whether it can name a commit, and nothing but a file of that name.
pub(crate) fn is_commit(text: &str) -> bool {
    (5..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a blob is called, of the hub's header; none where that would be no plain name.
pub(crate) fn etag_of(header: &str) -> Option<String> {
    let plain = header.strip_prefix("W/").unwrap_or(header).trim_matches('"');
    let fits =
        (8..=128).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_of_the_cache_are_none() {
        assert_eq!(etag_of("W/\"0123456789abcdef\"").as_deref(), Some("0123456789abcdef"));
        for wrong in ["\"../../../x\"", "\"\"", "\"a/b/c/d/e\"", "\"..........\""] {
            assert_eq!(etag_of(wrong), None, "{wrong}");
        }
        assert!(is_commit("0a1b2c3d") && !is_commit("main") && !is_commit("../..") && !is_commit("..abc"));
    }

    #[test]
    fn a_file_is_found_by_its_branch_and_by_its_commit() {
        let cache = tempfile::tempdir().unwrap();
        let folder = Folder::of(cache.path(), "some/thing");
        assert_eq!(folder.find("main", "deep/model.safetensors"), None);
        let blob = folder.blob("abcdef0123456789");
        std::fs::create_dir_all(blob.parent().unwrap()).unwrap();
        std::fs::write(&blob, "bytes").unwrap();
        let commit = "0123456789012345678901234567890123456789";
        let path = folder.enter("abcdef0123456789", ("main", commit), "deep/model.safetensors").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"bytes");
        assert_eq!(folder.find("main", "deep/model.safetensors").as_deref(), Some(path.as_path()));
        assert_eq!(folder.find(commit, "deep/model.safetensors").as_deref(), Some(path.as_path()));
        assert!(path.ends_with(format!("models--some--thing/snapshots/{commit}/deep/model.safetensors")));
        // A link that leads nowhere any more is no file.
        std::fs::remove_file(blob).unwrap();
        assert_eq!(folder.find("main", "deep/model.safetensors"), None);
    }
}
