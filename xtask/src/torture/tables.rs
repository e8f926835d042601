//! Mutated manifests.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use foretask_random::Rng;

use super::case::{Case, Tried};
use super::experiments::IMAGES;
use super::mutate::mutated;
use super::product::everything;
use super::verdict;
use super::workshop::Workshop;

pub(super) const KINDS: &[&str] = &["csv", "csv_words", "parquet", "jsonl"];

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let mut rng = case.rng();
    let place = case.place()?;
    let ending = case.kind.split('_').next().unwrap_or_default();
    let table = format!("table.{ending}");
    let whole = fs::read(shop.fixture("tables", |folder| make(shop, folder))?.join(&table))?;
    let bytes = if case.kind == "csv_words" { other_words(&whole, &mut rng) } else { mutated(&whole, &mut rng) };
    fs::write(place.join(&table), bytes)?;
    std::os::unix::fs::symlink(shop.images(), place.join(IMAGES))?;
    let script = format!(
        "let data = dataset(\"{table}\");\nlet few = data.labeled().per_class(2);\n\
         pretrain(resnet10(#{{ width: 4 }}), rotation(), data.filter(\"number > 3\").unlabeled(), #{{ steps: 2, batch_size: 4 }});\n"
    );
    fs::write(place.join("script.rhai"), script)?;
    let command: &[&str] = match rng.below(4) {
        0 => &["describe", &table],
        1 => &["import", &table, "-o", "out.parquet"],
        2 => &["pack", &table, "-o", "packed"],
        _ => &["check", "script.rhai", "--device", "flex"],
    };
    let done = case.look(&mut shop.foretask(&place, command))?;
    verdict::orderly_about(&done, &[&table, "script.rhai", verdict::BAD_ROWS])?;
    Ok(Tried::Held)
}

/// The same rows as text, as Parquet with the images in it, and as JSON lines.
fn make(shop: &Workshop, folder: &Path) -> Result<()> {
    let (mut csv, mut json) = (String::from("path,label,split,number,remark\n"), String::new());
    let pictures: Vec<PathBuf> = everything(shop.images())?;
    for (number, picture) in pictures.iter().step_by(3).enumerate() {
        let path = picture.strip_prefix(shop.images()).unwrap_or(picture).display();
        let mut parts = picture.iter().rev().skip(1).map(|part| part.to_string_lossy());
        let (label, split) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        writeln!(csv, "{IMAGES}/{path},{label},{split},{number},\"a, \"\"remark\"\"\"")?;
        writeln!(
            json,
            "{{\"path\":\"{IMAGES}/{path}\",\"label\":\"{label}\",\"split\":\"{split}\",\"number\":{number}}}"
        )?;
    }
    fs::write(folder.join("table.csv"), &csv)?;
    fs::write(folder.join("table.jsonl"), json)?;
    std::os::unix::fs::symlink(shop.images(), folder.join(IMAGES))?;
    shop.make(folder, &["import", "table.csv", "-o", "table.parquet"])
}

/// Cells with other contents, such as people and programs leave there.
fn other_words(table: &[u8], rng: &mut Rng) -> Vec<u8> {
    const CELLS: [&str; 18] = [
        "",
        "\"",
        "\"\"",
        "NaN",
        "-1",
        "1e400",
        "99999999999999999999",
        "../../../etc/passwd",
        "/dev/zero",
        "a;b",
        "\t",
        "\u{feff}x",
        "\u{202e}gnp",
        "=HYPERLINK(\"x\")",
        "\0",
        "null",
        "color",
        "\n",
    ];
    let text = String::from_utf8_lossy(table).into_owned();
    let mut rows: Vec<Vec<String>> = text.lines().map(|row| row.split(',').map(str::to_owned).collect()).collect();
    for _ in 0..=rng.below(5) {
        let row = rng.below(rows.len() as u64) as usize;
        let cells = &mut rows[row];
        let cell = rng.below(cells.len() as u64) as usize;
        match rng.below(5) {
            0 => drop(cells.remove(cell)),
            1 => cells.push("one more".to_owned()),
            _ => CELLS[rng.below(CELLS.len() as u64) as usize].clone_into(&mut cells[cell]),
        }
        if cells.is_empty() {
            cells.push(String::new());
        }
    }
    let ends = ["\n", "\r\n", "\r"];
    let end = ends[if rng.chance(0.8) { 0 } else { rng.below(3) as usize }];
    rows.into_iter().map(|cells| cells.join(",")).collect::<Vec<_>>().join(end).into_bytes()
}
