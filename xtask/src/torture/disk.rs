//! A disk that is full, and an output that nobody takes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::case::{Case, Tried};
use super::product::Product;
use super::verdict;
use super::workshop::Workshop;
use crate::run::works;

/// Experiments on a disk that fills up, and what becomes of standard output.
pub(super) const KINDS: &[&str] = &["rotation", "finetune", "label_curve", "predict", "full_output", "closed_output"];

/// Bytes for which no experiment here is too large.
const ENOUGH: &str = "64m";

pub(super) fn run(shop: &Workshop, case: &Case) -> Result<Tried> {
    match case.kind {
        "full_output" => output(shop, case, true),
        "closed_output" => output(shop, case, false),
        _ => full(shop, case),
    }
}

/// Fails for want of room with an error, and ends in the same results once there is room.
fn full(shop: &Workshop, case: &Case) -> Result<Tried> {
    let undisturbed = shop.undisturbed(case.kind)?;
    let mut rng = case.rng();
    // A page at least; at most what the whole run takes.
    let taken = size_of(&undisturbed.place)?;
    let bytes = 8192 + rng.below(taken);
    let disk = match SmallDisk::mount(&case.place()?.join("disk"), bytes)? {
        Ok(disk) => disk,
        Err(reason) => return Ok(Tried::Skipped(reason)),
    };
    let place = disk.0.join("place");
    if shop.lay_out(&place, case.kind).is_err() {
        return Ok(Tried::Skipped("the disk is too small for the script itself".to_owned()));
    }
    let done = case.finish(&mut shop.run(&place))?;
    verdict::orderly(&done).with_context(|| format!("{bytes} bytes of disk"))?;
    ensure!(done.code != Some(2), "a full disk is no mistake of the script: {}", verdict::told(&done));
    if done.code == Some(1) {
        let said = ["space", "full"].iter().any(|word| done.printed.contains(word));
        ensure!(
            said,
            "{bytes} bytes of disk: the message does not say that the disk is full: {}",
            verdict::told(&done)
        );
    }
    disk.grow()?;
    verdict::succeeded(&case.finish(&mut shop.run(&place))?).context("with room again")?;
    undisturbed.product.expect(&Product::of(&place)?).with_context(|| format!("after {bytes} bytes of disk"))?;
    Ok(Tried::Held)
}

/// Verbs whose output goes nowhere.
fn output(shop: &Workshop, case: &Case, full: bool) -> Result<Tried> {
    const VERBS: [&[&str]; 9] = [
        &["words"],
        &["words", "pretrain"],
        &["describe", "color"],
        &["describe", "color", "--json"],
        &["check", "experiment.rhai"],
        &["completions", "bash"],
        &["doctor"],
        &["devices"],
        &["--help"],
    ];
    let verb = VERBS[case.number as usize % VERBS.len()];
    let place = case.place()?;
    shop.lay_out(&place, "rotation")?;
    let errors = case.folder().join("errors.txt");
    let mut command = shop.foretask(&place, verb);
    command.stdin(Stdio::null()).stderr(File::create(&errors)?);
    let status = if full {
        command.stdout(File::options().write(true).open("/dev/full").context("there is no /dev/full")?).status()?
    } else {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        child.wait()?
    };
    let told = fs::read_to_string(&errors)?;
    ensure!(!told.contains("panicked"), "{verb:?}: {told}");
    // Some hold their output back until a reader that has gone is noticed by nobody.
    let allowed: &[i32] = if full { &[1] } else { &[0, 1] };
    ensure!(status.code().is_some_and(|code| allowed.contains(&code)), "{verb:?} ended with {status}: {told}");
    Ok(Tried::Held)
}

/// A file system in memory, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounted, or why not.
    fn mount(folder: &Path, bytes: u64) -> Result<Result<Self, String>> {
        fs::create_dir_all(folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "torture"]).arg(folder);
        Ok(if works(&mut mount) {
            Ok(Self(folder.to_owned()))
        } else {
            Err("file systems may not be mounted here".to_owned())
        })
    }

    fn grow(&self) -> Result<()> {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={ENOUGH}")]).arg(&self.0);
        ensure!(works(&mut mount), "the disk cannot be made larger");
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        works(Command::new("umount").arg(&self.0));
    }
}

fn size_of(place: &Path) -> Result<u64> {
    super::product::everything(place)?.iter().map(|path| Ok(path.metadata()?.len())).sum()
}
