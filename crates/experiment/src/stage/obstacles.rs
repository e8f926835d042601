//! What stands where a stage keeps its files and is of another kind: a folder, a pipe, a link that leads nowhere. It gets another
//! name, so that it neither stops the work nor is lost.

use std::path::{Path, PathBuf};

use super::StageKey;
use super::memory::StageMemory;
use crate::error::Error;

impl StageMemory {
    /// Clears what keeps the stage from having a folder and a lock; a sentence about each.
    ///
    /// # Errors
    /// What cannot be moved.
    pub(crate) fn clear_entrance(&self, key: &StageKey) -> Result<Vec<String>, Error> {
        let (folder, mut said) = (self.folder(key), Vec::new());
        if folder.symlink_metadata().is_ok() && !folder.is_dir() {
            said.push(move_away(&folder, "the stage's folder")?);
        }
        let lock = folder.join(foretask_files::LOCK);
        if lock.symlink_metadata().is_ok() && !lock.is_file() {
            said.push(move_away(&lock, "the stage's lock")?);
        }
        Ok(said)
    }

    /// Clears what keeps the work of a stage from writing its files; a sentence about each. Files have an ending there, and folders
    /// have none.
    ///
    /// # Errors
    /// What cannot be looked at or moved.
    pub(crate) fn clear_way(&self, key: &StageKey) -> Result<Vec<String>, Error> {
        let folder = self.folder(key);
        let found = obstacles(&folder)
            .map_err(|error| Error::failed(format!("the folder `{}` cannot be read: {error}", folder.display())))?;
        found.iter().map(|path| move_away(path, "a file or folder of the stage")).collect()
    }
}

fn obstacles(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name == foretask_files::LOCK || foretask_files::is_aside(&name) {
            continue;
        }
        let fits = if name.contains('.') { path.is_file() } else { path.is_dir() };
        if !fits {
            found.push(path);
        } else if path.symlink_metadata()?.is_dir() {
            found.extend(obstacles(&path)?);
        }
    }
    found.sort();
    Ok(found)
}

fn move_away(path: &Path, place: &str) -> Result<String, Error> {
    let kind = path.symlink_metadata().map_or("gone", |about| match about.file_type() {
        kind if kind.is_dir() => "a folder",
        kind if kind.is_file() => "a file",
        kind if kind.is_symlink() => "a link to nothing that fits",
        kind => foretask_files::special(kind).unwrap_or("something else"),
    });
    let kept = foretask_files::set_aside(path).map_err(|error| {
        Error::failed(format!("`{}` is {kind} and cannot be moved out of the way: {error}", path.display()))
            .help("move it yourself, or choose another folder for results with `--out FOLDER`")
    })?;
    Ok(format!("`{}` is {kind} where {place} belongs; it is kept as {}", path.display(), kept.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::stage::StageState;

    #[cfg(unix)]
    #[test]
    fn what_is_of_a_wrong_kind_gets_another_name() {
        use std::os::unix::fs::symlink;
        let runs = tempfile::tempdir().unwrap();
        let memory = StageMemory::new(runs.path());
        let key = StageKey::new("evaluate", "flex", []);
        let folder = memory.folder(&key);
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        let pipe = |path: &Path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());

        // The folder itself, then its lock.
        for make in [
            (|path: &Path| fs::write(path, "x").unwrap()) as fn(&Path),
            |path| symlink(path, path).unwrap(),
            |path| symlink("/dev/zero", path).unwrap(),
        ] {
            make(&folder);
            assert_eq!(memory.clear_entrance(&key).unwrap().len(), 1);
            assert!(memory.clear_entrance(&key).unwrap().is_empty() && folder.symlink_metadata().is_err());
        }
        fs::create_dir(&folder).unwrap();
        let lock = folder.join("lock");
        for kind in 0..4 {
            match kind {
                0 => fs::create_dir_all(lock.join("x")).unwrap(),
                1 => pipe(&lock),
                2 => symlink("nowhere", &lock).unwrap(),
                _ => symlink("/dev/zero", &lock).unwrap(),
            }
            let said = memory.clear_entrance(&key).unwrap();
            assert!(said.len() == 1 && said[0].contains("lock.damaged"), "{said:?}");
            drop(memory.lock(&key, |_| (), || false).unwrap());
            fs::remove_file(&lock).unwrap();
        }

        // What the work would write.
        fs::create_dir_all(folder.join("recognized.json/x")).unwrap();
        fs::create_dir_all(folder.join("fold-1/checkpoint.ftckpt")).unwrap();
        pipe(&folder.join("checkpoint.ftckpt"));
        symlink("/dev/zero", folder.join("metrics.jsonl")).unwrap();
        fs::write(folder.join("round-2"), "x").unwrap();
        fs::write(folder.join("result.json"), "{}").unwrap();
        let said = memory.clear_way(&key).unwrap();
        assert_eq!(said.len(), 5, "{said:?}");
        assert!(said[0].contains("is a named pipe where") && said[0].contains("checkpoint.ftckpt.damaged"), "{said:?}");
        assert!(memory.clear_way(&key).unwrap().is_empty());
        assert!(folder.join("recognized.json.damaged/x").is_dir() && folder.join("result.json").is_file());
        assert!(folder.join("fold-1").is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn what_says_that_a_stage_is_done_is_never_waited_for() {
        let runs = tempfile::tempdir().unwrap();
        let memory = StageMemory::new(runs.path());
        let key = StageKey::new("evaluate", "flex", []);
        drop(memory.lock(&key, |_| (), || false).unwrap());
        let done = memory.folder(&key).join("done.json");
        assert!(std::process::Command::new("mkfifo").arg(&done).status().unwrap().success());
        assert_eq!(memory.state(&key), StageState::Damaged);
        assert!(memory.file(&key, "x.json").is_err());
        fs::remove_file(&done).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &done).unwrap();
        assert_eq!(memory.state(&key), StageState::Damaged);
        fs::remove_file(&done).unwrap();
        fs::File::create(&done).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(memory.state(&key), StageState::Damaged);
    }
}
