//! Makes datasets/fashion-mini from the IDX files of Fashion-MNIST (Debian package `dataset-fashion-mnist`).
//!
//!     cargo run --release -p foretask-data --example fashion_mini
//!
//! The same as `foretask import /usr/share/datasets/fashion-mnist -o datasets/fashion-mini/manifest.parquet
//! --per-class train=1000,test=200 --seed 1 --class-names t-shirt/top,trouser,…`.

use std::path::Path;

use foretask_data::{DataError, ImportOptions, import};

const CLASSES: [&str; 10] =
    ["t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

fn main() -> Result<(), DataError> {
    let source = std::env::args().nth(1).unwrap_or_else(|| "/usr/share/datasets/fashion-mnist".to_owned());
    let options = ImportOptions {
        per_class: Some("train=1000,test=200".parse()?),
        seed: 1,
        class_names: Some(CLASSES.map(str::to_owned).to_vec()),
        ..ImportOptions::default()
    };
    let summary = import(Path::new(&source), Path::new("datasets/fashion-mini/manifest.parquet"), &options)?;
    println!("{}: {} rows, {} bytes", summary.destination.display(), summary.rows, summary.bytes);
    Ok(())
}
