//! Runs every script of `scripts/` for a few steps, through the binary, as a user would: twice. The second run finds everything
//! done, and comes to the same. Two scripts at a time, for neither keeps two cores busy.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use super::binary::foretask;
use super::step::Outcome;
use crate::run::{command, root};
use crate::runs;
use crate::tidy::has_extension;

/// Values that make any script quick: for each parameter that it declares (`param("budget", "2m")`) and that is called so or whose
/// last word is this (`self_steps`).
const TINY: &[(&str, &str)] = &[
    ("budget", "2s"),
    ("steps", "3"),
    ("epochs", "0.02"),
    ("draws", "1"),
    ("labels", "2"),
    ("width", "4"),
    ("n", "20"),
    ("patch", "14"),
];

/// Every script.
pub(crate) fn run() -> Result<Outcome> {
    let mut scripts: Vec<_> = fs::read_dir(root().join("scripts"))
        .context("cannot list scripts/")?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| has_extension(name, "rhai"))
        .collect();
    scripts.sort();
    if scripts.is_empty() {
        bail!("scripts/ holds no *.rhai");
    }
    // One folder for all: what they have in common (the network from scratch, raw pixels) is done once, and waited for.
    let out = empty("all")?;
    let count = scripts.len();
    let queue = Mutex::new(scripts.into_iter());
    let worker = || loop {
        let next = queue.lock().map_or(None, |mut queue| queue.next());
        let Some(script) = next else { return Ok(()) };
        let told = run_into(&format!("scripts/{script}"), &out);
        if told.is_err() {
            // The other worker ends, too, after the script it is at.
            queue.lock().map(|mut queue| queue.by_ref().for_each(drop)).ok();
        }
        told?;
    };
    thread::scope(|scope| {
        let other = scope.spawn(worker);
        let own: Result<()> = worker();
        other.join().unwrap_or_else(|_| bail!("a script's checks panicked")).and(own)
    })?;
    Ok(Outcome::Passed(format!("{count} scripts, each twice")))
}

/// Checks one script as it is, then runs it with tiny lengths in an empty folder.
pub(crate) fn run_one(script: &str) -> Result<()> {
    run_into(script, &empty(&Path::new(script).file_stem().unwrap_or_default().to_string_lossy())?)
}

/// A folder for results without any.
fn empty(name: &str) -> Result<PathBuf> {
    let out = root().join("target/ci-runs").join(name);
    if out.is_dir() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    Ok(out)
}

fn run_into(script: &str, out: &Path) -> Result<()> {
    let name = Path::new(script).file_stem().unwrap_or_default().to_string_lossy();
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let log = out.join(format!("{name}.log"));
    let done = run_logged(script, out, &log);
    // In one piece, since others write at the same time.
    print!("{}", fs::read_to_string(&log).unwrap_or_default());
    done
}

fn run_logged(script: &str, out: &Path, log: &Path) -> Result<()> {
    let program = foretask()?;
    let program = program.to_string_lossy();
    let text = fs::read_to_string(root().join(script)).with_context(|| format!("cannot read {script}"))?;
    let file = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
    let told = |command: &mut Command| {
        let output = command.env_remove("LD_LIBRARY_PATH").stdout(file.try_clone()?).stderr(file.try_clone()?);
        crate::run::run(output)
    };
    let data = data(script, &text)?;
    told(command(&program, &["check", script]).args(&data))?;
    let settings = tiny(&text);
    if settings.is_empty() {
        bail!(
            "{script} declares no length that can be made short; write it as param(\"budget\", \"2m\"), or with another of {TINY:?}"
        );
    }
    let run = || told(command(&program, &["run", script, "--out", &out.to_string_lossy()]).args(&settings).args(&data));
    let name = Path::new(script).file_stem().unwrap_or_default().to_string_lossy();
    run()?;
    let first = runs::latest(out, &name)?;
    run()?;
    let again = runs::latest(out, &name)?;
    repeated(script, &first, &again)
}

/// The second run of a script made nothing and came to the same results.
fn repeated(script: &str, first: &Path, again: &Path) -> Result<()> {
    ensure!(first != again, "{script}: the second run has no folder of its own");
    let made = runs::made(again)?;
    ensure!(made.is_empty(), "{script}: the second run made stages anew: {made:?}");
    match runs::difference(&runs::results(first)?, &runs::results(again)?) {
        None => Ok(()),
        Some(words) => bail!("{script}: the second run's results.json differs: {words}"),
    }
}

/// The dataset that comes with the repository.
const OURS: &str = "datasets/fashion-mini";

/// Where a script takes its images from a folder that not every machine has, `--set data=…` with a few drawn ones: the same
/// check everywhere.
fn data(script: &str, text: &str) -> Result<Vec<String>> {
    let named = text.split("param(\"data\", \"").nth(1).and_then(|rest| rest.split('"').next());
    match named {
        Some(folder) if folder != OURS => {
            let drawn = super::drawn::folder()?;
            println!("{script}: drawn pictures stand in for {folder}, which `cargo xtask dataset` brings");
            Ok(vec!["--set".to_owned(), format!("data={}", drawn.display())])
        }
        _ => Ok(Vec::new()),
    }
}

/// `--set name=value` for each declared parameter that is a length.
fn tiny(script: &str) -> Vec<String> {
    let code = script.lines().map(|line| line.split("//").next().unwrap_or_default());
    let declared = code.flat_map(|line| line.split("param(\"").skip(1)).filter_map(|rest| rest.split('"').next());
    let mut settings = Vec::new();
    for name in declared {
        let word = name.rsplit('_').next().unwrap_or(name);
        if let Some((_, value)) = TINY.iter().find(|(tiny, _)| *tiny == word) {
            settings.extend(["--set".to_owned(), format!("{name}={value}")]);
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::{data, fs, repeated, tiny};

    #[test]
    fn a_second_run_loads_everything_and_comes_to_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let run = |name: &str, reused: bool, mean: f64| {
            let run = folder.path().join(name);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join("run.json"), format!("{{\"stages\": [{{\"title\": \"knn\", \"reused\": {reused}}}]}}"))
                .unwrap();
            fs::write(run.join("results.json"), format!("{{\"mean\": {mean}, \"seconds\": {}}}", name.len())).unwrap();
            run
        };
        let first = run("first", false, 0.5);
        repeated("s", &first, &run("again", true, 0.5)).unwrap();
        let told = |other: &std::path::Path| repeated("s", &first, other).unwrap_err().to_string();
        assert!(told(&run("made", false, 0.5)).contains("made stages anew: [\"knn\"]"));
        assert!(told(&run("differs", true, 0.25)).contains("results.json differs"));
        assert!(told(&first).contains("no folder of its own"));
    }

    #[test]
    fn foreign_data_are_drawn() {
        assert!(data("a", "dataset(param(\"data\", \"datasets/fashion-mini\"))").unwrap().is_empty());
        let settings = data("a", "dataset(param(\"data\", \"datasets/stamps\"))").unwrap();
        let folder = settings[1].strip_prefix("data=").unwrap();
        assert!(std::path::Path::new(folder).join("train/disc/0.png").is_file());
    }

    #[test]
    fn declared_lengths_are_made_tiny() {
        let script = "let a = f(#{ budget: param(\"budget\", \"2m\"), lr: param(\"lr\", 0.05) });\n\
                      let b = param(\"sharp_budget\", \"30s\"); // not param(\"steps\", 3)\n";
        assert_eq!(tiny(script), ["--set", "budget=2s", "--set", "sharp_budget=2s"]);
    }
}
