//! Mutated archives: tar, IDX, CIFAR, STL-10, and packs of our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use foretask_random::Key;

use super::case::{Case, Tried};
use super::mutate::mutated;
use super::product::everything;
use super::verdict;
use super::workshop::Workshop;

pub(super) const KINDS: &[&str] = &["tar", "idx", "idx_gz", "cifar10", "stl10", "pack"];

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let mut rng = case.rng();
    let place = case.place()?;
    let whole = shop.fixture(case.kind, |folder| make(shop, case.kind, folder))?;
    let source = place.join("source");
    fs::create_dir_all(&source)?;
    let files = everything(&whole)?;
    let chosen = rng.below(files.len() as u64) as usize;
    for (number, file) in files.iter().enumerate() {
        let bytes = fs::read(file)?;
        let bytes = if number == chosen { mutated(&bytes, &mut rng) } else { bytes };
        fs::write(source.join(file.file_name().context("a file")?), bytes)?;
    }
    let source = if case.kind == "tar" { "source/images.tar" } else { "source" };
    let command: &[&str] = match (rng.below(3), case.kind) {
        (0, "pack") => &["describe", source],
        (1, _) => &["pack", source, "-o", "packed"],
        _ => &["import", source, "-o", "out.parquet"],
    };
    let done = case.look(&mut shop.foretask(&place, command))?;
    verdict::orderly_about(&done, &["source", verdict::BAD_ROWS])?;
    Ok(Tried::Held)
}

fn make(shop: &Workshop, kind: &str, folder: &Path) -> Result<()> {
    match kind {
        "tar" => tar(shop, folder),
        "idx" | "idx_gz" => idx(folder, kind == "idx_gz"),
        "cifar10" => write_noise(&folder.join("data_batch_1.bin"), 12, 10, 3 * 32 * 32),
        "stl10" => {
            write_noise(&folder.join("train_X.bin"), 6, 0, 3 * 96 * 96)?;
            Ok(fs::write(folder.join("train_y.bin"), [1, 2, 3, 4, 9, 10])?)
        }
        _ => {
            let images = shop.images().display().to_string();
            shop.make(folder, &["pack", &images, "-o", ".", "--shard-size", "16k"])
        }
    }
}

/// Pictures and their classes, as WebDataset has them.
fn tar(shop: &Workshop, folder: &Path) -> Result<()> {
    let parts = folder.with_file_name("tar-parts");
    fs::create_dir_all(&parts)?;
    for (number, picture) in everything(shop.images())?.iter().step_by(8).enumerate() {
        fs::copy(picture, parts.join(format!("{number:03}.png")))?;
        fs::write(parts.join(format!("{number:03}.cls")), format!("{}", number % 3))?;
    }
    let mut tar = Command::new("tar");
    tar.args(["--format=ustar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf"]);
    let done =
        tar.arg(folder.join("images.tar")).arg("-C").arg(&parts).arg(".").status().context("cannot start tar")?;
    ensure!(done.success(), "tar failed");
    Ok(())
}

fn idx(folder: &Path, gzipped: bool) -> Result<()> {
    let (images, labels) = (folder.join("train-images-idx3-ubyte"), folder.join("train-labels-idx1-ubyte"));
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 8, 0, 0, 0, 8];
    bytes.extend((0..20 * 64).map(|at| (at * 7 % 251) as u8));
    fs::write(&images, bytes)?;
    let mut bytes = vec![0, 0, 8, 1, 0, 0, 0, 20];
    bytes.extend((0..20).map(|at| at % 3));
    fs::write(&labels, bytes)?;
    if gzipped {
        let done = Command::new("gzip").arg("-n").args([&images, &labels]).status().context("cannot start gzip")?;
        ensure!(done.success(), "gzip failed");
    }
    Ok(())
}

/// `records` records: a label below `labels`, if there are any, and random values.
fn write_noise(path: &PathBuf, records: u64, labels: u64, values: usize) -> Result<()> {
    let mut rng = Key::new(0).named("records").rng();
    let mut bytes = Vec::new();
    for record in 0..records {
        if labels > 0 {
            bytes.push((record % labels) as u8);
        }
        bytes.extend((0..values).map(|_| rng.next_u64() as u8));
    }
    Ok(fs::write(path, bytes)?)
}
