//! Files that travel inside the program, put where a person can look at them and run them.

use std::path::{Path, PathBuf};

use foretask_data::{Output, write_atomically};

use crate::error::Error;

/// Files by their path, with `/`, and their bytes.
pub type Files<'a> = [(&'a str, &'a [u8])];

/// Writes files below `folder`; their paths. One that is there and the same to the byte is left alone.
///
/// # Errors
/// Before anything is written, where a file is there that is another and not ours, unless `overwrite`; where writing fails.
pub fn unpack(files: &Files<'_>, folder: &Path, overwrite: bool) -> Result<Vec<PathBuf>, Error> {
    let mut wanted = Vec::new();
    for (name, bytes) in files {
        let path = name.split('/').fold(folder.to_path_buf(), |path, part| path.join(part));
        let same = foretask_files::read(&path, bytes.len() as u64).is_ok_and(|found| found == *bytes);
        let file = if same { None } else { Some(Output::at(&path, overwrite)?) };
        wanted.push((path, file, bytes));
    }
    for (_, file, bytes) in &wanted {
        if let Some(file) = file {
            file.write(|path| write_atomically(path, bytes).map_err(Error::from))?;
        }
    }
    Ok(wanted.into_iter().map(|(path, _, _)| path).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_written_once_and_other_peoples_stay() {
        let place = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 2] = [("a.rhai", b"seed(1);"), ("deep/er/b.csv", b"path")];
        let paths = unpack(&files, place.path(), false).unwrap();
        assert_eq!(paths, [place.path().join("a.rhai"), place.path().join("deep/er/b.csv")]);
        assert_eq!(fs::read(&paths[1]).unwrap(), b"path");
        // The same files of somebody else, then changed ones.
        let notes = place.path().join(foretask_data::WRITTEN);
        fs::remove_file(&notes).ok();
        fs::remove_file(paths[1].with_file_name(foretask_data::WRITTEN)).ok();
        unpack(&files, place.path(), false).unwrap();
        fs::write(&paths[1], "mine").unwrap();
        fs::remove_file(&paths[0]).unwrap();
        let error = unpack(&files, place.path(), false).unwrap_err();
        assert!(error.message.contains("b.csv"), "{}", error.message);
        assert!(!paths[0].exists(), "nothing is written where something is in the way");
        unpack(&files, place.path(), true).unwrap();
        assert_eq!(fs::read(&paths[1]).unwrap(), b"path");
    }
}
