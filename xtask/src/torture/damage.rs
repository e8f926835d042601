//! Finished stages with damaged files, and damaged checkpoints: the next run says it, makes them again, and ends in the same results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use foretask_random::Rng;

use super::case::{Case, Tried};
use super::experiments::{EVERYTHING, IMAGES};
use super::mutate::{flip, mutated};
use super::process::Signal;
use super::product::{Product, everything};
use super::verdict;
use super::workshop::Workshop;

/// What is done to a file of a stage.
pub(super) const KINDS: &[&str] = &[
    "flipped_bit",
    "cut",
    "emptied",
    "deleted",
    "swapped",
    "garbled",
    "changed_digit",
    "deleted_folder",
    "done_json",
    "checkpoint",
];

/// Tasks whose pretraining is stopped to have a checkpoint.
const STOPPED: [&str; 6] = ["simclr", "swav", "moco", "rotation", "custom_task", "finetune"];

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    let mut rng = case.rng();
    if case.kind == "checkpoint" { checkpoint(shop, case, &mut rng) } else { stage(shop, case, &mut rng) }
}

fn stage(shop: &Workshop, case: &Case, rng: &mut Rng) -> Result<Tried> {
    let undisturbed = shop.undisturbed(EVERYTHING)?;
    let place = case.place()?;
    copy(&undisturbed.place, &place)?;
    let stages = place.join("runs/.stages");
    let chosen = |path: &&PathBuf| {
        let is_done = path.ends_with("done.json");
        path.file_name().is_some_and(|name| name != "lock") && (case.kind != "done_json" || is_done)
    };
    let files: Vec<PathBuf> = everything(&stages)?.into_iter().filter(|path| chosen(&path)).collect();
    ensure!(!files.is_empty(), "{} holds no stage", stages.display());
    let file = &files[rng.below(files.len() as u64) as usize];
    let before = fs::read(file)?;
    spoil(case.kind, file, &files, rng)?;
    let what = format!("{} {}", case.kind, file.strip_prefix(&place).unwrap_or(file).display());
    let unchanged = fs::read(file).is_ok_and(|now| now == before);

    let done = case.finish(&mut shop.run(&place))?;
    verdict::succeeded(&done).with_context(|| what.clone())?;
    undisturbed.product.expect(&Product::of(&place)?).with_context(|| what.clone())?;
    if !unchanged && case.kind != "deleted_folder" {
        let said = ["again", "damaged", "anew"].iter().any(|word| done.printed.contains(word));
        ensure!(said, "{what}: nothing was said: {}", verdict::told(&done));
    }
    Ok(Tried::Held)
}

/// Does to a file, or its folder, what `kind` says.
fn spoil(kind: &str, file: &Path, all: &[PathBuf], rng: &mut Rng) -> Result<()> {
    let mut bytes = fs::read(file)?;
    match kind {
        "flipped_bit" => flip(&mut bytes, rng),
        "cut" => bytes.truncate(rng.below(bytes.len().max(1) as u64) as usize),
        "emptied" => bytes.clear(),
        "garbled" => bytes = mutated(&bytes, rng),
        "changed_digit" | "done_json" => change_digit(&mut bytes, rng),
        "deleted" => return fs::remove_file(file).context("deleting"),
        "deleted_folder" => return fs::remove_dir_all(file.parent().context("a folder")?).context("deleting"),
        _ => {
            let same = |other: &&PathBuf| *other != file && other.file_name() == file.file_name();
            let others: Vec<_> = all.iter().filter(same).collect();
            if !others.is_empty() {
                let other = others[rng.below(others.len() as u64) as usize];
                fs::write(file, fs::read(other)?)?;
                return fs::write(other, bytes).context("swapping");
            }
            flip(&mut bytes, rng);
        }
    }
    fs::write(file, bytes).context("damaging")
}

/// Another digit in place of one: 0.31 becomes 0.91. A bit where there is no digit.
fn change_digit(bytes: &mut [u8], rng: &mut Rng) {
    let digits: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()).collect();
    match digits.len() as u64 {
        0 => flip(bytes, rng),
        n => {
            let at = digits[rng.below(n) as usize];
            bytes[at] = b'0' + (bytes[at] - b'0' + 1 + rng.below(9) as u8) % 10;
        }
    }
}

fn checkpoint(shop: &Workshop, case: &Case, rng: &mut Rng) -> Result<Tried> {
    let experiment = STOPPED[case.number as usize % STOPPED.len()];
    let undisturbed = shop.undisturbed(experiment)?;
    let place = case.place()?;
    shop.lay_out(&place, experiment)?;
    let checkpoints = || -> Result<Vec<PathBuf>> {
        let stages = place.join("runs/.stages");
        let all = if stages.is_dir() { everything(&stages)? } else { Vec::new() };
        Ok(all.into_iter().filter(|path| path.to_string_lossy().contains("checkpoint")).collect())
    };
    let mut running = case.start(&mut shop.run(&place))?;
    let mut moment = Duration::ZERO;
    while checkpoints()?.is_empty() {
        moment += Duration::from_millis(5);
        if running.ends_before(moment)? {
            return Ok(Tried::Skipped("the run was over before it had saved a checkpoint".to_owned()));
        }
    }
    running.send(Signal::Kill)?;
    running.finish(super::process::LIMIT)?;
    let found = checkpoints()?;
    ensure!(!found.is_empty(), "the checkpoint is gone");
    let file = &found[rng.below(found.len() as u64) as usize];
    let kinds = ["flipped_bit", "cut", "emptied", "garbled", "deleted"];
    let kind = kinds[rng.below(kinds.len() as u64) as usize];
    spoil(kind, file, &found, rng)?;
    let what = || format!("{experiment}, {kind} {}", file.strip_prefix(&place).unwrap_or(file).display());
    verdict::succeeded(&case.finish(&mut shop.run(&place))?).with_context(what)?;
    undisturbed.product.expect(&Product::of(&place)?).with_context(what)?;
    Ok(Tried::Held)
}

/// A finished experiment, copied; the images are a link and stay one.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::remove_dir_all(to)?;
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    ensure!(copied.success() && to.join(IMAGES).exists(), "{} cannot be copied", from.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;

    #[test]
    fn each_kind_changes_what_it_says() {
        for kind in KINDS.iter().filter(|kind| **kind != "checkpoint") {
            let folder = tempfile::tempdir().unwrap();
            let files: Vec<PathBuf> = ["a", "b"].iter().map(|name| folder.path().join(name).join("x.json")).collect();
            for (file, text) in files.iter().zip(["{\"mean\": 0.31}", "{\"mean\": 0.75}"]) {
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            spoil(kind, &files[0], &files, &mut Key::new(1).rng()).unwrap();
            let now = fs::read(&files[0]).unwrap_or_default();
            assert_ne!(now, b"{\"mean\": 0.31}", "{kind}");
            assert_eq!(now == b"{\"mean\": 0.75}", *kind == "swapped", "{kind}");
            assert_eq!(files[0].parent().unwrap().exists(), *kind != "deleted_folder");
        }
    }
}
