//! `foretask-libtorch.txt` inside the folder: what was put there, so that a later call can tell whether it still is.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::layout::Kind;
use super::version::VERSION;

/// The record's name.
pub(crate) const FILE: &str = "foretask-libtorch.txt";

/// Writes the record: version and kind, then size and path of each library and of one header.
pub(crate) fn write(kind: Kind, folder: &Path) -> Result<()> {
    let mut text = format!("{VERSION} {kind}\n");
    let mut names = vec!["include/torch/csrc/api/include/torch/torch.h".to_owned()];
    list(folder, "lib", &mut names)?;
    for package in packages(folder) {
        list(folder, &format!("../nvidia/{package}/lib"), &mut names)?;
    }
    names.sort();
    for name in names {
        let size = fs::metadata(folder.join(&name)).with_context(|| format!("{name} was not unpacked"))?.len();
        writeln!(text, "{size} {name}")?;
    }
    fs::write(folder.join(FILE), text).context("cannot write the record of libtorch's files")
}

fn list(folder: &Path, inner: &str, names: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder.join(inner)).with_context(|| format!("cannot list {inner}"))? {
        names.push(format!("{inner}/{}", entry?.file_name().to_string_lossy()));
    }
    Ok(())
}

/// NVIDIA's packages beside the libtorch folder, of which a libtorch for a CPU has none.
fn packages(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("../nvidia")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// What the folder holds, if all that was recorded is there with its size; the first difference is told.
pub(crate) fn complete(folder: &Path) -> Result<Option<Kind>> {
    let Ok(text) = fs::read_to_string(folder.join(FILE)) else {
        return Ok(None);
    };
    let mut lines = text.lines();
    let kind = match lines.next().and_then(|line| line.strip_prefix(VERSION)).map(str::trim) {
        Some("cpu") => Kind::Cpu,
        Some("cuda") => Kind::Cuda,
        _ => return Ok(None),
    };
    for line in lines {
        let (size, name) = line.split_once(' ').with_context(|| format!("{FILE}: not `size path`: {line}"))?;
        let found = fs::metadata(folder.join(name)).map(|m| m.len().to_string()).unwrap_or_default();
        if found != size {
            println!("{}/{name} is not as it was unpacked: libtorch is unpacked anew", folder.display());
            return Ok(None);
        }
    }
    Ok(Some(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let header = folder.path().join("include/torch/csrc/api/include/torch");
        fs::create_dir_all(&header).unwrap();
        fs::write(header.join("torch.h"), "#pragma once").unwrap();
        fs::create_dir(folder.path().join("lib")).unwrap();
        fs::write(folder.path().join("lib/libc10.so"), "12345").unwrap();
        assert_eq!(complete(folder.path()).unwrap(), None);
        write(Kind::Cuda, folder.path()).unwrap();
        assert_eq!(complete(folder.path()).unwrap(), Some(Kind::Cuda));
        fs::write(folder.path().join("lib/libc10.so"), "1234").unwrap();
        assert_eq!(complete(folder.path()).unwrap(), None);
    }
}
