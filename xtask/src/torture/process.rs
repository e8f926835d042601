//! `foretask`, started in a folder, killed or waited for.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::run::{shown, works};

/// No experiment takes longer, even on busy cores.
pub(super) const LIMIT: Duration = Duration::from_mins(2);

/// How often a process is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(2);

/// A signal that a case sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// `kill -9`, a power cut.
    Kill,
    /// Ctrl-C.
    Interrupt,
}

/// What a process left behind.
#[derive(Debug)]
pub(super) struct Done {
    /// The command as one would type it.
    pub(super) command: String,
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    /// It did not end by itself in the time it had.
    pub(super) hung: bool,
    /// Both standard streams, in the order they were written.
    pub(super) printed: String,
    pub(super) time: Duration,
}

/// A process at work; it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    start: Instant,
    command: String,
    log: PathBuf,
}

impl Running {
    /// Starts `command`; what it prints goes to the file `log`.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let same = file.try_clone().with_context(|| format!("cannot write {}", log.display()))?;
        let words = shown(command);
        let child = command.stdin(Stdio::null()).stdout(file).stderr(same).spawn();
        let child = child.with_context(|| format!("cannot start `{words}`"))?;
        Ok(Self { child, start: Instant::now(), command: words, log: log.to_owned() })
    }

    /// Waits until `moment` after the start; true if the process has ended before.
    pub(super) fn ends_before(&mut self, moment: Duration) -> Result<bool> {
        while self.start.elapsed() < moment {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            std::thread::sleep(LOOK.min(moment.saturating_sub(self.start.elapsed())));
        }
        Ok(false)
    }

    /// Sends a signal.
    pub(super) fn send(&mut self, signal: Signal) -> Result<()> {
        match signal {
            Signal::Kill => self.child.kill()?,
            Signal::Interrupt => {
                // It may have ended in between; then nobody is there to hear it.
                let sent = works(Command::new("kill").args(["-INT", &self.child.id().to_string()]));
                ensure!(sent || self.child.try_wait()?.is_some(), "SIGINT could not be sent");
            }
        }
        Ok(())
    }

    /// Waits for the end, but no longer than `limit` after the start.
    pub(super) fn finish(mut self, limit: Duration) -> Result<Done> {
        let hung = !self.ends_before(limit)?;
        if hung {
            self.child.kill()?;
        }
        let status = self.child.wait()?;
        self.done(status, hung)
    }

    fn done(&self, status: ExitStatus, hung: bool) -> Result<Done> {
        let printed = fs::read(&self.log).with_context(|| format!("cannot read {}", self.log.display()))?;
        Ok(Done {
            command: self.command.clone(),
            code: status.code(),
            signal: status.signal(),
            hung,
            printed: String::from_utf8_lossy(&printed).into_owned(),
            time: self.start.elapsed(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeping(seconds: &str) -> (tempfile::TempDir, Running) {
        let folder = tempfile::tempdir().unwrap();
        let running = Running::start(Command::new("sleep").arg(seconds), &folder.path().join("log")).unwrap();
        (folder, running)
    }

    #[test]
    fn endings_are_told_apart() {
        let (_folder, running) = sleeping("0");
        let done = running.finish(Duration::from_mins(1)).unwrap();
        assert_eq!((done.code, done.signal, done.hung), (Some(0), None, false));

        let (_folder, running) = sleeping("60");
        assert!(running.finish(Duration::from_millis(20)).unwrap().hung);

        let (_folder, mut running) = sleeping("60");
        assert!(!running.ends_before(Duration::from_millis(20)).unwrap());
        running.send(Signal::Interrupt).unwrap();
        assert_eq!(running.finish(Duration::from_mins(1)).unwrap().signal, Some(2));
    }
}
