//! One run of a case: a process of its own, on cores of its own.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::cases::Case;
use super::machine;
use super::statistics::Sample;
use crate::run::{cargo, command, root, shown, works};

/// Where results, copies of programs and made photographs go.
pub(crate) fn folder() -> PathBuf {
    root().join("target/bench")
}

/// Besides the window: preparation, warm-up and the last step.
const PATIENCE: Duration = Duration::from_mins(3);
/// The quickstart's longest time.
const LONGEST: Duration = Duration::from_hours(1);
/// How often a process that is measured from outside is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Programs built for one device.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) device: &'static str,
    pub(crate) runner: PathBuf,
    pub(crate) foretask: PathBuf,
}

/// Builds the runner and `foretask` for a device, and copies them to where the next build leaves them alone.
pub(crate) fn build(device: &'static str) -> Result<Programs> {
    let features: &[&str] = if device == "flex" { &[] } else { &["--features", "foretask/libtorch"] };
    let targets = ["build", "--release", "--workspace", "--example", "bench_case", "--bin", "foretask"];
    crate::run::run(cargo(&targets).args(features))?;
    let built = crate::ci::release_folder()?;
    let folder = folder().join("bin").join(device);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let copy = |from: &Path| -> Result<PathBuf> {
        let to = folder.join(from.file_name().unwrap_or_default());
        fs::copy(from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
        Ok(to)
    };
    Ok(Programs { device, runner: copy(&built.join("examples/bench_case"))?, foretask: copy(&built.join("foretask"))? })
}

impl Programs {
    /// Our side of a case, on one of the devices that the program has.
    pub(crate) fn command(
        &self,
        case: &Case,
        device: &str,
        (threads, seconds): (usize, f64),
        photos: &Path,
    ) -> Command {
        let mut run = on_cores(&self.runner.to_string_lossy(), threads);
        run.args(arguments(case, threads, seconds, photos)).args(["--device", device]);
        with_libtorch(&mut run);
        run
    }

    /// `foretask VERB` of the quickstart.
    pub(crate) fn quickstart(&self, verb: &str) -> Result<Command> {
        let mut run = command(&self.foretask.to_string_lossy(), &[verb, "scripts/quickstart.rhai"]);
        if verb == "run" {
            // Finished stages would be loaded from an earlier run's folder.
            let out = folder().join("runs");
            if out.is_dir() {
                fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
            }
            run.args(["--device", self.device, "--out"]).arg(out);
        }
        with_libtorch(&mut run);
        Ok(run)
    }
}

/// What the runner and the peer's script are called with.
pub(crate) fn arguments(case: &Case, threads: usize, seconds: f64, photos: &Path) -> Vec<String> {
    let mut words = vec![case.work.to_owned()];
    let mut add = |name: &str, value: String| words.extend([name.to_owned(), value]);
    add("--threads", threads.to_string());
    add("--seconds", seconds.to_string());
    add("--batch", case.batch.to_string());
    if case.ranks > 1 {
        add("--ranks", case.ranks.to_string());
    }
    if let Some(net) = case.net {
        add("--arch", net.arch.to_owned());
        add("--width", net.width.to_string());
        add("--stem", net.stem.to_owned());
    }
    if case.precision != "f32" {
        add("--precision", case.precision.to_owned());
    }
    match case.work {
        "photos" => add("--photos", photos.to_string_lossy().into_owned()),
        "start" | "sgemm" => {}
        _ => add("--image", case.image.to_owned()),
    }
    words
}

/// A program that may use the first `threads` cores only, where `taskset` is there to hold it to them.
pub(crate) fn on_cores(program: &str, threads: usize) -> Command {
    if threads < machine::cores() && works(&mut command("taskset", &["--version"])) {
        command("taskset", &["--cpu-list", &format!("0-{}", threads.max(1) - 1), program])
    } else {
        command(program, &[])
    }
}

fn with_libtorch(command: &mut Command) {
    let libtorch = std::env::var_os("LIBTORCH").map_or_else(|| root().join("third_party/libtorch"), PathBuf::from);
    command.env("LD_LIBRARY_PATH", libtorch.join("lib"));
}

/// Runs a case's process and reads its line of JSON.
pub(crate) fn window(run: &mut Command, seconds: f64) -> Result<Sample> {
    let load = machine::load();
    let limit = PATIENCE + Duration::from_secs_f64(20.0 * seconds);
    let (output, _) = finish(run, limit)?;
    let line = output.lines().last().unwrap_or_default();
    let value: Value = serde_json::from_str(line).with_context(|| format!("`{}` printed no JSON", shown(run)))?;
    let number = |name: &str| value[name].as_f64().with_context(|| format!("`{}` gave no {name}", shown(run)));
    let sample = Sample {
        images: number("images")?,
        seconds: number("seconds")?,
        cpu_seconds: number("cpu_seconds")?,
        peak_bytes: number("peak_bytes")?,
        load,
        flops_per_image: value["flops_per_image"].as_f64(),
    };
    ensure!(sample.images > 0.0 && sample.seconds > 0.0, "`{}` did nothing: {line}", shown(run));
    Ok(sample)
}

/// Runs a process and measures it from outside.
pub(crate) fn whole(run: &mut Command) -> Result<Sample> {
    let (load, cpu) = (machine::load(), machine::cpu_seconds_of_children());
    let (_, outside) = finish(run, LONGEST)?;
    let Outside { seconds, peak_bytes } = outside;
    // The kernel counts in hundredths of a second; a process that took less took some.
    let cpu_seconds = (machine::cpu_seconds_of_children() - cpu).max(0.005);
    Ok(Sample { images: 1.0, seconds, cpu_seconds, peak_bytes, load, flops_per_image: None })
}

/// What can be seen of a process from outside.
struct Outside {
    seconds: f64,
    peak_bytes: f64,
}

/// What it wrote to standard output; a process that takes longer than `limit` is ended.
fn finish(run: &mut Command, limit: Duration) -> Result<(String, Outside)> {
    let begin = Instant::now();
    let spawned = run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = spawned.with_context(|| format!("cannot start `{}`", shown(run)))?;
    let mut child = Ended(child);
    // Both pipes are drained, or a talkative process would wait for us.
    let output = child.0.stdout.take().map(drain);
    let errors = child.0.stderr.take().map(drain);
    let mut outside = Outside { seconds: 0.0, peak_bytes: 0.0 };
    let status = loop {
        outside.peak_bytes = machine::peak_bytes(child.0.id()).max(outside.peak_bytes);
        if let Some(status) = child.0.try_wait()? {
            break status;
        }
        if begin.elapsed() > limit {
            bail!("`{}` was ended after {} s", shown(run), limit.as_secs());
        }
        std::thread::sleep(LOOK);
    };
    outside.seconds = begin.elapsed().as_secs_f64();
    let text = |reader: Option<std::thread::JoinHandle<String>>| reader.and_then(|r| r.join().ok()).unwrap_or_default();
    let errors = text(errors);
    if !status.success() {
        let last: Vec<_> = errors.lines().rev().take(3).collect();
        bail!("`{}` failed ({status}): {}", shown(run), last.into_iter().rev().collect::<Vec<_>>().join(" / "));
    }
    Ok((text(output), outside))
}

fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A process that does not outlive its owner.
pub(crate) struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Keeps every core busy until it is dropped.
pub(crate) fn disturbance(runner: &Path) -> Result<Ended> {
    let threads = machine::cores().to_string();
    let mut burn = command(&runner.to_string_lossy(), &["burn", "--threads", &threads, "--seconds", "600"]);
    with_libtorch(&mut burn);
    Ok(Ended(burn.spawn().with_context(|| format!("cannot start `{}`", shown(&burn)))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cases::CASES;

    fn shell(script: &str) -> Command {
        command("sh", &["-c", script])
    }

    #[test]
    fn a_line_of_json_becomes_a_sample() {
        let line = r#"echo talk; echo '{"images": 256, "seconds": 2.0, "cpu_seconds": 1.5, "peak_bytes": 1000}'"#;
        let sample = window(&mut shell(line), 1.0).unwrap();
        assert_eq!((sample.images, sample.seconds, sample.cpu_seconds, sample.peak_bytes), (256.0, 2.0, 1.5, 1000.0));
    }

    #[test]
    fn what_goes_wrong_is_told_with_the_command() {
        let failed = window(&mut shell("echo 'no such device' >&2; exit 3"), 1.0).unwrap_err().to_string();
        assert!(failed.contains("no such device") && failed.contains("sh -c"), "{failed}");
        let silent = format!("{:#}", window(&mut shell("echo hello"), 1.0).unwrap_err());
        assert!(silent.contains("printed no JSON"), "{silent}");
        let idle = r#"echo '{"images": 0, "seconds": 0, "cpu_seconds": 0, "peak_bytes": 0}'"#;
        assert!(window(&mut shell(idle), 1.0).unwrap_err().to_string().contains("did nothing"));
    }

    #[test]
    fn a_process_is_measured_from_outside() {
        let sample = whole(&mut shell("sleep 0.05")).unwrap();
        assert!(sample.seconds >= 0.05 && sample.cpu_seconds > 0.0 && sample.images == 1.0, "{sample:?}");
        let error = finish(&mut shell("sleep 60"), Duration::from_millis(20)).err().unwrap().to_string();
        assert!(error.contains("was ended"), "{error}");
    }

    #[test]
    fn both_sides_get_the_same_arguments() {
        let case = CASES.iter().find(|case| case.name == "simclr-32-r18w64").unwrap();
        let words = arguments(case, 2, 4.5, Path::new("photos")).join(" ");
        assert_eq!(
            words,
            "simclr --threads 2 --seconds 4.5 --batch 128 --arch resnet18 --width 64 --stem small --image 32x32x3"
        );
        let photos = CASES.iter().find(|case| case.work == "photos").unwrap();
        assert!(arguments(photos, 1, 1.0, Path::new("photos")).join(" ").ends_with("--batch 32 --photos photos"));
    }
}
