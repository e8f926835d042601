//! What the targets share: a folder in memory into which each input is written, because readers take paths.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use foretask_data::{ImportFormat, ImportOptions, OnBadImage};
use tempfile::TempDir;

/// A folder for this process; in memory where the system has such a place.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let memory = Path::new("/dev/shm");
    let make = || if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    FOLDER.get_or_init(|| make().expect("a temporary folder")).path()
}

/// A file of that folder with this content.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
    std::fs::write(&path, bytes).expect("a temporary file");
    path
}

/// Imports `source`, whatever it says; errors are what a reader of hostile bytes gives back.
pub fn import(source: &Path, format: ImportFormat) {
    let options = ImportOptions {
        format,
        on_bad_image: OnBadImage::Skip,
        max_bad_fraction: 1.0,
        threads: 1,
        ..ImportOptions::default()
    };
    if let Err(error) = foretask_data::import(source, &folder().join("out.parquet"), &options) {
        assert!(!error.to_string().is_empty(), "an error without words");
    }
}

/// A small picture, for targets that need some.
pub const PNG: &[u8] = include_bytes!("../picture.png");
