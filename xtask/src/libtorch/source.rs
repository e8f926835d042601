//! Where libtorch's files come from: archives (wheels, libtorch zips) or unpacked folders.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use zip::ZipArchive;

/// One archive or one unpacked folder, and the names of the files in it (with `/`).
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) names: Vec<String>,
}

impl Source {
    fn archive(path: &Path) -> Result<Self> {
        let archive = open_archive(path)?;
        let mut names = Vec::new();
        for name in archive.file_names() {
            let name = name.with_context(|| format!("{} holds a file whose name is no text", path.display()))?;
            if !name.ends_with('/') {
                names.push(name.into_owned());
            }
        }
        Ok(Self { path: path.into(), names })
    }

    fn folder(path: &Path) -> Result<Self> {
        let mut names = Vec::new();
        collect(path, path, &mut names)?;
        Ok(Self { path: path.into(), names })
    }

    /// Writes each named file to its destination. Archives check their files' sums while reading.
    pub(crate) fn unpack(&self, files: &[(String, PathBuf)]) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        println!("{} files from {}", files.len(), self.path.display());
        let mut archive = if self.path.is_dir() { None } else { Some(open_archive(&self.path)?) };
        for (name, to) in files {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            }
            let what = || format!("cannot unpack {name} of {} to {}", self.path.display(), to.display());
            match &mut archive {
                Some(archive) => {
                    let mut entry = archive.by_name(name).with_context(what)?;
                    let mut file = File::create(to).with_context(what)?;
                    std::io::copy(&mut entry, &mut file).with_context(what)?;
                }
                None => {
                    fs::copy(self.path.join(name), to).with_context(what)?;
                }
            }
        }
        Ok(())
    }

    /// One small text file.
    pub(crate) fn text(&self, name: &str) -> Result<String> {
        if self.path.is_dir() {
            return fs::read_to_string(self.path.join(name)).with_context(|| format!("cannot read {name}"));
        }
        let mut text = String::new();
        open_archive(&self.path)?.by_name(name)?.read_to_string(&mut text)?;
        Ok(text)
    }
}

/// An archive, a folder of archives, or a folder that holds an unpacked libtorch.
pub(crate) fn open(path: &Path) -> Result<Vec<Source>> {
    if path.is_file() {
        return Ok(vec![Source::archive(path)?]);
    }
    if !path.is_dir() {
        bail!("{} is neither a folder nor an archive", path.display());
    }
    let is_unpacked =
        ["", "libtorch", "torch"].iter().any(|inner| path.join(inner).join("lib/libtorch_cpu.so").exists());
    if is_unpacked {
        return Ok(vec![Source::folder(path)?]);
    }
    let mut archives = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        let file = entry?.path();
        if file.extension().is_some_and(|e| e == "whl" || e == "zip") {
            archives.push(file);
        }
    }
    archives.sort();
    if archives.is_empty() {
        bail!("{} holds neither wheels (*.whl), nor an archive (*.zip), nor lib/libtorch_cpu.so", path.display());
    }
    archives.iter().map(|archive| Source::archive(archive)).collect()
}

fn open_archive(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    ZipArchive::new(BufReader::new(file))
        .with_context(|| format!("{} is no whole zip archive; delete it to have it fetched anew", path.display()))
}

fn collect(root: &Path, folder: &Path, names: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, names)?;
        } else if let Ok(inner) = path.strip_prefix(root) {
            names.push(inner.to_string_lossy().into_owned());
        }
    }
    Ok(())
}
