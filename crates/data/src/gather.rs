//! Images as people name them on a command line: files, folders, patterns, manifests, in any number.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::{DataError, Result},
    find::{Passed, PassedOver, Reason, expand, is_image, is_unnamed_image, unread_format, without_arrays_beside},
    manifest::Manifest,
    samples::Samples,
    source::Source,
};

/// Images that were named one way or another.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// All of them. Rows count from 0 over everything that was named; for a single manifest or folder they are its rows.
    pub samples: Samples,
    /// The table, where a single one was named.
    pub manifest: Option<Manifest>,
    /// Files where was looked that are none of these images, by reason.
    pub passed_over: Vec<PassedOver>,
}

/// Finds the images that `names` stand for, in their order: an image file, a folder of images or with a manifest, a manifest,
/// or a pattern (`photos/**/*.jpg`, `data/train-*.parquet`) where no file has that very name.
///
/// Single images are called as they were named; those of a folder or table as its rows call them, with the folder's name in
/// front where several things are named.
///
/// # Errors
/// [`DataError::NotFound`](crate::DataError::NotFound) and [`DataError::NoImages`](crate::DataError::NoImages) where a name stands for nothing, and whatever
/// [`Manifest::open`](Manifest::open) refuses.
pub fn gather(names: &[impl AsRef<Path>]) -> Result<Gathered> {
    let (mut parts, mut passed_over) = (Vec::new(), Vec::new());
    for name in names {
        named(name.as_ref(), &mut parts, &mut passed_over)?;
    }
    for part in &parts {
        if let Part::Table(_, manifest) = part {
            passed_over.extend_from_slice(manifest.passed_over());
        }
    }
    if let [Part::Table(_, manifest)] = &parts[..] {
        return Ok(Gathered { samples: manifest.samples()?, manifest: Some((**manifest).clone()), passed_over });
    }
    let several = parts.len() > 1;
    let mut all = Together::default();
    for part in parts {
        match part {
            Part::Image(path) => all.push(None, file(&path)),
            Part::Table(path, manifest) => {
                let found = manifest.samples()?;
                for (label, source) in found.labels.iter().zip(found.sources) {
                    let label = label.and_then(|label| found.classes.get(label as usize));
                    all.push(label, if several { called(source, &path) } else { source });
                }
            }
        }
    }
    Ok(Gathered { samples: all.finish(), manifest: None, passed_over })
}

/// One thing that was named.
enum Part {
    Image(PathBuf),
    Table(PathBuf, Box<Manifest>),
}

fn named(name: &Path, parts: &mut Vec<Part>, passed_over: &mut Vec<PassedOver>) -> Result<()> {
    if name.to_str().is_none() {
        return Err(DataError::Argument {
            name: "path",
            value: name.display().to_string(),
            expected: "a name of UTF-8 text, or a table could not hold it; give it another name".to_owned(),
        });
    }
    // Also one that cannot be read: it is then listed with its reason.
    if name.exists() && !name.is_dir() && (is_image(name) || unread_format(name).is_some() || is_unnamed_image(name)) {
        parts.push(Part::Image(name.to_owned()));
        return Ok(());
    }
    if name.exists() {
        parts.push(Part::Table(name.to_owned(), Box::new(Manifest::open(name)?)));
        return Ok(());
    }
    let mut passed = Passed::default();
    let (images, others): (Vec<PathBuf>, Vec<PathBuf>) =
        expand(name, &mut passed)?.into_iter().partition(|path| is_image(path) || is_unnamed_image(path));
    if images.is_empty() {
        // Parts of a table, or nothing at all; the table says which.
        parts.push(Part::Table(name.to_owned(), Box::new(Manifest::open(name)?)));
        return Ok(());
    }
    let images = without_arrays_beside(images, &mut passed);
    // A pattern such as photos/* meets notes and spreadsheets, too; only images are meant.
    parts.extend(images.into_iter().map(Part::Image));
    for other in others {
        passed.add(unread_format(&other).map_or(Reason::NoImage, Reason::Unread), &other.to_string_lossy());
    }
    passed_over.extend(passed.finish());
    Ok(())
}

/// An image by the name it was given.
fn file(path: &Path) -> Source {
    Source::File { folder: Arc::from(Path::new("")), name: path.to_string_lossy().into_owned() }
}

/// An image of a table with the table's folder (or its file) before its own name.
fn called(source: Source, table: &Path) -> Source {
    match source {
        Source::File { folder, name } => file(&folder.join(name)),
        Source::Bytes { bytes, name } => {
            let name = name.map(|name| format!("{}:{name}", table.display()));
            Source::Bytes { bytes, name }
        }
        Source::Packed { place, name, look } => {
            let name = name.map(|name| format!("{}:{name}", table.display()).into());
            Source::Packed { place, name, look }
        }
        Source::Missing => Source::Missing,
    }
}

/// Images of several tables, their classes matched by name.
#[derive(Default)]
struct Together {
    labels: Vec<Option<String>>,
    sources: Vec<Source>,
}

impl Together {
    fn push(&mut self, label: Option<&String>, source: Source) {
        self.labels.push(label.cloned());
        self.sources.push(source);
    }

    fn finish(self) -> Samples {
        let mut numbers: BTreeMap<&str, u32> = self.labels.iter().flatten().map(|name| (name.as_str(), 0)).collect();
        for (number, place) in numbers.values_mut().zip(0..) {
            *number = place;
        }
        let labels =
            self.labels.iter().map(|label| label.as_ref().and_then(|name| numbers.get(name.as_str())).copied());
        Samples {
            rows: (0..self.sources.len() as u64).collect(),
            labels: labels.collect(),
            classes: numbers.keys().map(|name| (*name).to_owned()).collect(),
            sources: self.sources,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Images, LoadOptions};

    /// A folder with two classes of one image each, a loose image, and a text.
    fn place() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["photos/cat/a.pgm", "photos/dog/b.PGM", "other/cat/c.pgm", "loose.pgm"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"P5\n1 1\n255\n\x07").unwrap();
        }
        std::fs::write(folder.path().join("photos/notes.txt"), "nothing").unwrap();
        folder
    }

    fn names(found: &Gathered) -> Vec<String> {
        let names = found.samples.sources.iter().map(|source| source.name().unwrap().replace('\\', "/"));
        names.map(|name| name.rsplit('/').take(2).collect::<Vec<_>>().join(" in ")).collect()
    }

    #[test]
    fn a_single_folder_keeps_its_rows_and_classes() {
        let folder = place();
        let found = gather(&[folder.path().join("photos")]).unwrap();
        assert!(found.manifest.is_some());
        assert_eq!((found.samples.len(), found.samples.classes.len()), (2, 2));
        assert_eq!(found.samples.sources[0].name(), Some("cat/a.pgm"));
    }

    #[test]
    fn files_folders_and_patterns_come_one_after_the_other() {
        let folder = place();
        let at = |name: &str| folder.path().join(name);
        let found = gather(&[at("loose.pgm"), at("photos"), at("o*/**/*.pgm")]).unwrap();
        assert!(found.manifest.is_none());
        assert_eq!(names(&found).len(), 4);
        assert_eq!(found.samples.rows, [0, 1, 2, 3]);
        assert_eq!(&*found.samples.classes, ["cat", "dog"]);
        assert_eq!(found.samples.labels, [None, Some(0), Some(1), None]);
        // They are all there, wherever one stands.
        let images = Images::load(&found.samples, &LoadOptions::default()).unwrap();
        assert_eq!((images.len(), images.bad().len()), (4, 0));
        assert_eq!(
            names(&found),
            [
                "loose.pgm in ".to_owned() + &dir(&folder),
                "a.pgm in cat".into(),
                "b.PGM in dog".into(),
                "c.pgm in cat".into()
            ]
        );
    }

    fn dir(folder: &tempfile::TempDir) -> String {
        folder.path().file_name().unwrap().to_string_lossy().into_owned()
    }

    #[test]
    fn a_pattern_goes_down_into_folders_and_takes_images_only() {
        let folder = place();
        let found = gather(&[folder.path().join("photos/**/*")]).unwrap();
        assert_eq!(names(&found), ["a.pgm in cat", "b.PGM in dog"]);
    }

    #[test]
    fn what_stands_for_nothing_is_named() {
        let folder = place();
        let refuse = |name: &str| gather(&[folder.path().join(name)]).unwrap_err().to_string();
        assert!(refuse("nowhere").contains("nowhere"));
        assert!(refuse("photos/*.jpg").contains("photos/*.jpg"));
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(refuse("empty").contains("holds neither a manifest"));
        assert!(refuse("photos/notes.txt").contains("not the name of a table format"));
    }
}
