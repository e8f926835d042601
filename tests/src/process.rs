//! The binary, running and done.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No run of a test may take longer than this.
const LIMIT: Duration = Duration::from_mins(4);

/// Where the `foretask` binary is: `FORETASK_BINARY`, or where cargo puts it, above the folder of the running test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("FORETASK_BINARY") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the running test has a path");
    // target/release/deps/end_to_end-0123 -> target/release/foretask
    let found = test.ancestors().skip(1).map(|folder| folder.join("foretask")).find(|path| path.is_file());
    found.expect("foretask is not built: run `cargo build --release -p foretask` first, or set FORETASK_BINARY")
}

/// What a finished process left.
#[derive(Debug)]
pub struct Done {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Wall time.
    pub time: Duration,
}

impl Done {
    /// Panics with all that was printed unless the exit code is `code`.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use, reason = "often the last word on a process")]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Everything that was printed: standard output, then standard error.
    pub fn printed(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Panics unless each of these was printed.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.printed().contains(word), "`{word}` is not in:\n{}", self.printed());
        }
        self
    }
}

/// A process that is still running; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    start: Instant,
    stdout: tempfile::NamedTempFile,
    stderr: tempfile::NamedTempFile,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        // Files rather than pipes: a process that is killed or waits for nobody can never block on them.
        let stdout = tempfile::NamedTempFile::new().expect("a temporary file");
        let stderr = tempfile::NamedTempFile::new().expect("a temporary file");
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout.reopen().expect("the file just made"))
            .stderr(stderr.reopen().expect("the file just made"))
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        Self { child, start: Instant::now(), stdout, stderr }
    }

    /// Waits until `seen` holds; false if the process ended before.
    pub fn until(&mut self, mut seen: impl FnMut() -> bool) -> bool {
        while !seen() {
            if self.ended().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// Waits until what was printed so far is `seen`; false if the process ended before.
    pub fn until_printed(&mut self, mut seen: impl FnMut(&str) -> bool) -> bool {
        while !seen(&read(&self.stdout)) {
            if self.ended().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Done {
        let status = loop {
            if let Some(status) = self.ended() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.done(status)
    }

    /// `kill -9`, at once.
    pub fn kill(mut self) -> Done {
        self.child.kill().expect("the process can be killed");
        let status = self.child.wait().expect("the process can be waited for");
        self.done(status)
    }

    /// What Ctrl-C does.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIGINT could not be sent");
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("the process can be asked");
        if status.is_none() && self.start.elapsed() > LIMIT {
            self.child.kill().ok();
            let (stdout, stderr) = (read(&self.stdout), read(&self.stderr));
            panic!("still running after {LIMIT:?}\nstdout:\n{stdout}\nstderr:\n{stderr}");
        }
        status
    }

    fn done(&self, status: ExitStatus) -> Done {
        let time = self.start.elapsed();
        Done { code: status.code(), stdout: read(&self.stdout), stderr: read(&self.stderr), time }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read(file: &tempfile::NamedTempFile) -> String {
    String::from_utf8_lossy(&std::fs::read(file.path()).expect("the file just made")).into_owned()
}
