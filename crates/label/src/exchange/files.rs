//! Formats that hold the images themselves: folders of classes, Parquet.

use std::io;
use std::path::{Path, PathBuf};

use foretask_data::{ClassLabeled, Source, write_class_labels};
use foretask_experiment::Error;

use super::gathered::{Entry, Gathered};
use super::names::{Flat, is_folder_name};
use super::request::{ExportRequest, Exported};

/// A folder that is filled beside its place and takes it when it is whole.
#[derive(Debug)]
pub(super) struct Staged {
    target: PathBuf,
    folder: PathBuf,
    done: bool,
}

impl Staged {
    /// For a folder that is not there yet, or is empty.
    pub(super) fn new(target: &Path) -> Result<Self, Error> {
        let taken = std::fs::read_dir(target).is_ok_and(|mut inside| inside.next().is_some()) || target.is_file();
        if taken {
            let message = format!("`{}` is there already", target.display());
            return Err(Error::input(message).help("give a folder that is not there yet, or remove it"));
        }
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = target.with_file_name(format!(".{name}.foretask-{}", std::process::id()));
        let staged = Self { target: target.to_owned(), folder, done: false };
        std::fs::create_dir_all(&staged.folder).map_err(|error| failed(&staged.folder, &error))?;
        Ok(staged)
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// A folder in it.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        Ok(folder)
    }

    /// It takes its place.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        // An empty one may be there.
        std::fs::remove_dir(&self.target).ok();
        std::fs::rename(&self.folder, &self.target).map_err(|error| failed(&self.target, &error))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.done {
            std::fs::remove_dir_all(&self.folder).ok();
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("`{}` cannot be written: {error}", path.display()))
}

/// Puts an image's file at a path, whose ending follows from what it is where its name has none; the name it got. A link leads to the
/// file where it is now, by its whole path.
pub(super) fn put(gathered: &Gathered, entry: &Entry, path: &Path, link: bool) -> Result<String, Error> {
    let source = gathered.source(entry).ok_or_else(|| Error::input(format!("`{}` is no image here", entry.name)))?;
    let own = || path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let (true, Some(file)) = (link, source.path()) {
        let file = file.canonicalize().map_err(|error| failed(&file, &error))?;
        linked(&file, path).map_err(|error| failed(path, &error))?;
        return Ok(own());
    }
    let bytes = source.encoded()?;
    let path = match (path.extension(), foretask_data::ending_of(&bytes)) {
        (None, Some(ending)) => path.with_extension(ending),
        _ => path.to_owned(),
    };
    std::fs::write(&path, &bytes).map_err(|error| failed(&path, &error))?;
    Ok(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
}

#[cfg(unix)]
fn linked(file: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(file, path)
}

#[cfg(not(unix))]
fn linked(file: &Path, path: &Path) -> io::Result<()> {
    std::fs::hard_link(file, path)
}

/// A folder a class.
pub(super) fn export_folders(gathered: &Gathered, request: &ExportRequest<'_>) -> Result<Exported, Error> {
    let used = |class: &&String| gathered.entries.iter().any(|entry| entry.label.as_ref() == Some(*class));
    if let Some(class) = gathered.classes.iter().filter(used).find(|class| !is_folder_name(class)) {
        let message = format!("the class “{class}” cannot be the name of a folder");
        return Err(Error::input(message).help("rename it on the page, or export as hf, which holds any name"));
    }
    let staged = Staged::new(request.output)?;
    let mut flat = Flat::default();
    for entry in &gathered.entries {
        let Some(label) = &entry.label else { continue };
        let folder = staged.folder(label)?;
        put(gathered, entry, &folder.join(flat.name(&entry.name)), request.link)?;
    }
    staged.finish()?;
    let (images, labeled) = gathered.counts();
    Ok(Exported { images, labeled, written: vec![request.output.to_owned()], notes: Vec::new() })
}

/// Images and class labels in one Parquet file.
pub(super) fn export_hugging_face(gathered: &Gathered, request: &ExportRequest<'_>) -> Result<Exported, Error> {
    if request.output.extension().is_none_or(|ending| ending != "parquet") {
        let message = format!("`{}` is no Parquet file", request.output.display());
        return Err(Error::input(message).help("end it with .parquet"));
    }
    let labeled: Vec<(&Entry, &Source)> =
        gathered.entries.iter().filter_map(|entry| Some((entry, gathered.source(entry)?))).collect();
    let image = |at: usize| -> foretask_data::Result<ClassLabeled> {
        let (entry, source) = labeled[at];
        let label = entry.label.as_ref().and_then(|label| gathered.classes.iter().position(|class| class == label));
        Ok(ClassLabeled {
            bytes: source.encoded()?.into_owned(),
            name: entry.name.clone(),
            label: label.map(|at| at as u32),
        })
    };
    let output = foretask_data::Output::at(request.output, request.overwrite)?;
    output.write(|path| write_class_labels(path, &gathered.classes, labeled.len(), &image))?;
    let (images, labeled) = gathered.counts();
    Ok(Exported { images, labeled, written: vec![request.output.to_owned()], notes: Vec::new() })
}
