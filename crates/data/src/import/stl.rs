//! STL-10, binary version (<https://cs.stanford.edu/~acoates/stl10>): `train_X.bin`, `train_y.bin`, `test_…`, `unlabeled_X.bin`.
//!
//! Images of 96x96 pixels, all red ones column by column, then green, then blue; labels from 1 to 10.

use std::{
    io::BufReader,
    path::{Path, PathBuf},
};

use super::raw::{Layout, RawFile, RawImages, Size, listed, names, records};
use crate::error::{DataError, Result};

const SIZE: Size = Size { height: 96, width: 96, channels: 3 };

/// Where `class_names.txt` is missing.
const CLASSES: [&str; 10] = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"];

/// What the files hold.
pub(super) struct Stl {
    pub(super) images: RawImages,
    /// From 0.
    pub(super) labels: Vec<Option<u8>>,
    pub(super) splits: Vec<String>,
    pub(super) class_names: Vec<String>,
}

/// The files of images of a path; none where there are none. Training first.
pub(super) fn find(source: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> = listed(source)?.into_iter().filter(|(name, _)| name.ends_with("_X.bin")).collect();
    let rank =
        |name: &str| ["train", "test", "unlabeled"].iter().position(|split| name.starts_with(split)).unwrap_or(3);
    files.sort_by_key(|(name, _)| (rank(name), name.clone()));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

pub(super) fn open(paths: Vec<PathBuf>) -> Result<Stl> {
    let folder = paths.first().and_then(|path| path.parent()).unwrap_or(Path::new("")).to_owned();
    let class_names = names(&folder.join("class_names.txt")).unwrap_or_else(|| CLASSES.map(str::to_owned).to_vec());
    let mut stl = Stl { images: RawImages { files: Vec::new() }, labels: Vec::new(), splits: Vec::new(), class_names };
    for path in paths {
        let (file, count) = records(&path, SIZE.bytes(), "STL-10 images")?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().trim_end_matches("_X").to_owned();
        stl.read_labels(&path.with_file_name(format!("{name}_y.bin")), count)?;
        stl.splits.extend(std::iter::repeat_n(name.clone(), count));
        stl.images.files.push(RawFile {
            path,
            name,
            data: Box::new(BufReader::with_capacity(1 << 16, file)),
            count,
            size: SIZE,
            lead: 0,
            layout: Layout::Columns,
            read: 0,
        });
    }
    Ok(stl)
}

impl Stl {
    /// None where there is no file of labels.
    fn read_labels(&mut self, path: &Path, count: usize) -> Result<()> {
        if !path.is_file() {
            self.labels.extend(std::iter::repeat_n(None, count));
            return Ok(());
        }
        let labels = foretask_files::read(path, 1 << 30).map_err(DataError::read(path))?;
        let refuse = |reason: String| Err(DataError::Import { path: path.to_owned(), reason });
        if labels.len() != count {
            return refuse(format!("truncated or of another set: it holds {} labels for {count} images", labels.len()));
        }
        if let Some((index, label)) = labels.iter().enumerate().find(|(_, label)| !(1..=10).contains(*label)) {
            return refuse(format!("damaged: image {index} has label {label}, STL-10 has 1 to 10"));
        }
        self.labels.extend(labels.into_iter().map(|label| Some(label - 1)));
        Ok(())
    }
}
