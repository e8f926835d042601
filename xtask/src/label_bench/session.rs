//! A session at the page: how long the first page takes, a key press, a picture while scrolling, a round of learning; and the memory.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::page::{Page, Talk};

/// Files that the rows of the table lead to in turn, and the side of each image.
const FILES: usize = 2000;
const SIDE: usize = 64;
/// Key presses, and pictures that are scrolled past.
const PRESSES: usize = 400;
const PICTURES: usize = 6000;
/// Between two key presses of a quick person.
const PAUSE: Duration = Duration::from_millis(150);

/// Plays a session on so many rows; a line of the table.
pub(super) fn play(program: &Path, folder: &Path, rows: usize) -> Result<String> {
    let table = table(folder, rows)?;
    let labels = folder.join(format!("{rows}-labels.sqlite"));
    for ending in ["sqlite", "sqlite-wal", "sqlite-shm", "csv"] {
        fs::remove_file(labels.with_extension(ending)).ok();
    }
    let begun = Instant::now();
    let page = Page::start(program, &table, &labels, &["--classes", "even,odd", "--encoder", "none"])?;
    let mut talk = page.talk()?;
    for path in ["/page.js", "/style.css", "/api/state", "/api/list?view=next&count=24"] {
        talk.get(path)?;
    }
    let first_page = begun.elapsed();
    println!(
        "  {rows} rows: address after {:.2} s, first page after {:.2} s",
        page.started_in.as_secs_f64(),
        first_page.as_secs_f64()
    );
    // While all images are still being looked at, as anybody would.
    let busy = press(&mut talk, rows, 0)?;
    let at_first = page.memory();
    wait_until_described(&mut talk)?;
    let calm = press(&mut talk, rows, PRESSES)?;
    let learned = talk.json("/api/state")?["seconds"].as_f64().unwrap_or(0.0);
    let (before, pictures) = (page.memory(), scroll(&mut talk, rows)?);
    let after = page.memory();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    Ok(format!(
        "| {rows} | {:.2} | {:.0} / {:.0} | {:.0} / {:.0} | {:.2} | {:.0} / {:.0} | {:.0} | {:.0} | {:.0} |",
        first_page.as_secs_f64(),
        share(&busy, 0.5),
        share(&busy, 0.99),
        share(&calm, 0.5),
        share(&calm, 0.99),
        learned,
        share(&pictures, 0.5),
        share(&pictures, 0.99),
        mib(at_first),
        mib(before),
        mib(after),
    ))
}

/// The head of the table.
pub(super) const HEAD: &str = "| rows | first page, s | key press while images are looked at, ms (median / 99 %) | key press afterwards, ms | \
learning, s | thumbnail, ms | memory at first, MiB | before scrolling | after |\n|---|---|---|---|---|---|---|---|---|";

/// A table of so many rows, which lead to a few files.
fn table(folder: &Path, rows: usize) -> Result<PathBuf> {
    let images = folder.join("images");
    fs::create_dir_all(&images)?;
    for file in 0..FILES {
        let path = images.join(format!("{file}.pgm"));
        if path.exists() {
            continue;
        }
        let mut bytes = format!("P5\n{SIDE} {SIDE}\n255\n").into_bytes();
        let random = foretask_random::Key::new(file as u64).named("bench").rng();
        let mut random = random;
        let (phase, tone) = (random.below(16) as usize, random.below(100) as usize);
        bytes.extend((0..SIDE * SIDE).map(|at| {
            let along = if file % 2 == 0 { at % SIDE } else { at / SIDE };
            ((along + phase) / 4 % 2 * 100 + tone + (random.below(30) as usize)).min(255) as u8
        }));
        fs::write(&path, bytes)?;
    }
    let table = folder.join(format!("{rows}.csv"));
    if !table.exists() {
        let mut text = String::from("path\n");
        for row in 0..rows {
            let _ = writeln!(text, "images/{}.pgm", row % FILES);
        }
        fs::write(&table, text).with_context(|| format!("cannot write {}", table.display()))?;
    }
    Ok(table)
}

/// Labels images one after the other, each followed by the state as the page asks for it; milliseconds from a key to its answer.
fn press(talk: &mut Talk, rows: usize, begin: usize) -> Result<Vec<f64>> {
    let classes = talk.json("/api/state")?["classes"].clone();
    let class = |at: usize| classes[at % 2]["id"].as_i64().unwrap_or(1);
    let mut took = Vec::with_capacity(PRESSES);
    for number in begin..begin + PRESSES {
        let row = number * 7919 % rows;
        let said = json!({ "said": [[row, class(row % FILES)]] });
        let begun = Instant::now();
        talk.post("/api/label", &said)?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        talk.get("/api/state")?;
        std::thread::sleep(PAUSE);
    }
    Ok(took)
}

fn wait_until_described(talk: &mut Talk) -> Result<()> {
    loop {
        let state: Value = talk.json("/api/state")?;
        if state["standing"]["doing"] == "" && state["rounds"].as_u64().unwrap_or(0) > 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Asks for pictures all over the list; milliseconds each.
fn scroll(talk: &mut Talk, rows: usize) -> Result<Vec<f64>> {
    let mut took = Vec::with_capacity(PICTURES);
    for number in 0..PICTURES {
        let row = number * 104_729 % rows;
        let begun = Instant::now();
        talk.get(&format!("/image/{row}?side=160"))?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(took)
}

/// The value that this share stays below.
fn share(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}
