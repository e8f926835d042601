//! The images that are labeled, by row and by name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use foretask_data::{LoadOptions, Manifest, OpenOptions, Pixels, Range, Samples, Source, settle_range};
use foretask_experiment::Error;

/// What images are called. A name is that of the dataset where no other image has it, else "row 17".
#[derive(Debug)]
pub(crate) struct Names {
    list: Vec<Box<str>>,
    rows: HashMap<Box<str>, u32>,
}

impl Names {
    /// Of these names, in row order.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut rows: HashMap<Box<str>, u32> = HashMap::new();
        let mut list: Vec<Box<str>> = Vec::new();
        for (row, name) in (0_u32..).zip(names) {
            let free = name.filter(|name| !name.is_empty() && !rows.contains_key(*name));
            let mut name = free.map_or_else(|| format!("row {row}"), str::to_owned);
            // A file may be called as a row is.
            while rows.contains_key(name.as_str()) {
                name.push('+');
            }
            rows.insert(name.as_str().into(), row);
            list.push(name.into());
        }
        Self { list, rows }
    }

    /// What the image in a row is called.
    pub(crate) fn name(&self, row: u32) -> Option<&str> {
        self.list.get(row as usize).map(AsRef::as_ref)
    }

    /// Where the image of a name is.
    pub(crate) fn row(&self, name: &str) -> Option<u32> {
        self.rows.get(name).copied()
    }
}

/// Images opened for labeling. Their files are never written to.
#[derive(Debug)]
pub(crate) struct Dataset {
    /// What the person called it.
    pub(crate) path: PathBuf,
    /// The table.
    pub(crate) manifest: Manifest,
    /// All rows.
    pub(crate) samples: Samples,
    /// What they are called.
    pub(crate) names: Arc<Names>,
    /// Which values of images of more than 8 bits are black and white; found out when the first is looked at.
    range: OnceLock<Range>,
}

impl Dataset {
    /// The images at `path`: a folder, a manifest, a pattern, a pack.
    ///
    /// # Errors
    /// Where there are none, or a table cannot be read.
    pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let manifest = Manifest::open_with(path, options)?;
        let samples = manifest.samples()?;
        if u32::try_from(samples.len()).is_err() {
            return Err(Error::input(format!("`{}` has {} rows", path.display(), samples.len()))
                .help("label a part of it: at most 4,294,967,295 rows can be shown"));
        }
        let names = Arc::new(Names::new(samples.sources.iter().map(Source::name)));
        Ok(Self { path: path.to_owned(), manifest, samples, names, range: OnceLock::new() })
    }

    /// Which values are black and white. Whoever looks at many images on rayon's threads asks first: the first answer is found on
    /// those very threads, and would wait for itself there.
    pub(crate) fn range(&self) -> &Range {
        self.range.get_or_init(|| settle_range(&self.samples, &LoadOptions::default()).unwrap_or_default())
    }

    /// The picture of a row in bytes of red, green and blue, for somebody who looks at it as large as `side` pixels: it may come
    /// out larger; and width and height of the image itself. The same values are black and white in all images, so that a dark one
    /// is dark.
    ///
    /// # Errors
    /// A row that there is not, an image that cannot be read.
    pub(crate) fn look_at(&self, row: u32, side: u32) -> Result<(Pixels<'static>, (usize, usize)), String> {
        let source = self.samples.sources.get(row as usize).ok_or("there is no such row")?;
        source.look_at(side, self.range()).map_err(|error| error.to_string())
    }

    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }
}

/// Where labels of `data` are kept unless told otherwise: `photos-labels.sqlite` beside the folder `photos`.
pub fn default_labels_path(data: &Path) -> PathBuf {
    let whole = data.canonicalize().unwrap_or_else(|_| data.to_path_buf());
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    let name = name.map_or_else(|| "images".into(), |name| name.to_string_lossy().into_owned());
    // A pattern is no name of a file everywhere.
    let name: String = name.chars().map(|c| if "*?[]:<>|\"".contains(c) { '_' } else { c }).collect();
    let beside = data.parent().filter(|parent| !parent.as_os_str().is_empty() && !data.ends_with(".."));
    let folder = if whole.exists() { whole.parent() } else { beside };
    folder.unwrap_or(Path::new(".")).join(format!("{name}-labels.sqlite"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_a_name_of_its_own() {
        let names = Names::new([Some("a.png"), None, Some("a.png"), Some(""), Some("row 5"), None]);
        let list: Vec<&str> = (0..6).map(|row| names.name(row).unwrap()).collect();
        assert_eq!(list, ["a.png", "row 1", "row 2", "row 3", "row 5", "row 5+"]);
        assert!((0..6).all(|row| names.row(names.name(row).unwrap()) == Some(row)));
        assert_eq!((names.name(6), names.row("c.png")), (None, None));
    }

    #[test]
    fn dark_measurements_are_shown_dark() {
        let folder = tempfile::tempdir().unwrap();
        // PNM of 16 bits, of which one uses 8 and the other 12.
        for (name, brightest) in [("bright.pgm", 4000_u16), ("dark.pgm", 200)] {
            let values = [0, brightest].into_iter().flat_map(u16::to_be_bytes);
            let file: Vec<u8> = b"P5 2 1 65535\n".iter().copied().chain(values).collect();
            std::fs::write(folder.path().join(name), file).unwrap();
        }
        let data = Dataset::open(folder.path(), &OpenOptions::default()).unwrap();
        let shown = |row| data.look_at(row, 160).unwrap().0.data.bytes().unwrap().to_vec();
        // 4000 and 200 of 4095.
        assert_eq!((shown(0), shown(1)), (vec![0, 0, 0, 249, 249, 249], vec![0, 0, 0, 12, 12, 12]));
        assert!(data.look_at(2, 160).is_err());
    }

    #[test]
    fn labels_lie_beside_the_images() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("photos")).unwrap();
        std::fs::write(root.join("table.csv"), "path\n").unwrap();
        assert_eq!(default_labels_path(&root.join("photos")), root.join("photos-labels.sqlite"));
        assert_eq!(default_labels_path(&root.join("photos/")), root.join("photos-labels.sqlite"));
        assert_eq!(default_labels_path(&root.join("table.csv")), root.join("table-labels.sqlite"));
        assert_eq!(default_labels_path(&root.join("x/../x-*.parquet")).extension().unwrap(), "sqlite");
    }
}
