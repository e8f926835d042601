//! How long a small draw from a very long table takes, and how much memory.
//!
//!     cargo run --release -p foretask-data --example many_rows -- write /tmp/rows.parquet 10000000 text
//!     cargo run --release -p foretask-data --example many_rows -- read /tmp/rows.parquet
//!
//! `text` writes labels as text rather than numbers. Paths lead nowhere: no image is opened.

use std::{path::Path, time::Instant};

use foretask_data::{Column, DataError, Manifest, Table, write_table};
use foretask_random::Key;

/// Classes of the table.
const CLASSES: u64 = 1000;

fn main() -> Result<(), DataError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["write", path, rows] => write(Path::new(path), rows.parse().unwrap_or(10_000_000), false),
        ["write", path, rows, "text"] => write(Path::new(path), rows.parse().unwrap_or(10_000_000), true),
        ["read", path] => read(path),
        _ => {
            eprintln!("many_rows write FILE.parquet ROWS [text] | many_rows read FILE.parquet");
            Ok(())
        }
    }
}

fn write(path: &Path, rows: u64, text: bool) -> Result<(), DataError> {
    let draw = |row: u64, name: &str, below: u64| Key::new(1).named(name).with(row).rng().below(below);
    let numbers = |name: &str, below: u64, plus: u64| {
        Column::U64((0..rows).map(|row| plus + draw(row, name, below)).collect::<Vec<u64>>())
    };
    let label = if text {
        Column::Text((0..rows).map(|row| format!("n{:08}", draw(row, "label", CLASSES))).collect())
    } else {
        numbers("label", CLASSES, 0)
    };
    let split = |row| if draw(row, "split", 10) == 0 { "val" } else { "train" };
    let table = Table::new()
        .with("path", Column::Text((0..rows).map(|row| format!("{:03}/{row:08}.jpg", row % 1000)).collect()))
        .with("label", label)
        .with("split", Column::Text((0..rows).map(|row| split(row).to_owned()).collect()))
        .with("width", numbers("width", 600, 64))
        .with("height", numbers("height", 600, 64));
    write_table(path, &table)
}

fn read(path: &str) -> Result<(), DataError> {
    let data = timed("open", || Manifest::open(path))?;
    timed("classes", || data.classes())?;
    timed("splits", || data.splits().map(<[String]>::len))?;
    let some = data.split("train")?.filter("width >= 256 AND height >= 256")?;
    println!("{:>28} rows pass the filter", timed("filter and count", || some.count())?);
    let few = timed("10 rows of each class", || some.per_class(10, 1))?;
    let samples = timed("their samples", || few.samples())?;
    println!("{:>28} rows drawn", samples.len());
    timed("a thousandth", || data.fraction(0.001, 1)?.samples())?;
    timed("describe", || data.describe())?;
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T, DataError>) -> Result<T, DataError> {
    let start = Instant::now();
    let result = work();
    println!("{:>9.2} s, {:>6} MB at most so far  {what}", start.elapsed().as_secs_f64(), peak() / 1000);
    result
}

/// The most memory this process ever had, in kB (Linux; elsewhere 0).
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
