//! What C++ writes to standard output, where a program's results belong.

#[cfg(target_os = "linux")]
use std::fs::File;
#[cfg(target_os = "linux")]
use std::io::{Read, Seek, Write};
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, FromRawFd};

/// Does `work`. Of what is written to standard output meanwhile, lines that begin so are dropped; all others come once it is done.
#[cfg(target_os = "linux")]
pub(super) fn held_back<T>(beginning: &str, work: impl FnOnce() -> T) -> T {
    use std::sync::{Mutex, PoisonError};

    // Two at once would give standard output back in the wrong order.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let held = Held::begin();
    let result = work();
    if let Some(held) = held {
        held.end(beginning);
    }
    result
}

/// Elsewhere they come with the rest.
#[cfg(not(target_os = "linux"))]
pub(super) fn held_back<T>(_beginning: &str, work: impl FnOnce() -> T) -> T {
    work()
}

/// Standard output as it was, and what stands in for it.
#[cfg(target_os = "linux")]
struct Held {
    output: File,
    instead: File,
}

#[cfg(target_os = "linux")]
impl Held {
    /// `None` where the system does not let us.
    fn begin() -> Option<Self> {
        // SAFETY: numbers of files, new ones, which the two here close; C's own buffers are emptied before they would go astray.
        unsafe {
            libc::fflush(std::ptr::null_mut());
            let output = opened(libc::fcntl(libc::STDOUT_FILENO, libc::F_DUPFD_CLOEXEC, 3))?;
            let instead = opened(libc::memfd_create(c"chatter".as_ptr(), libc::MFD_CLOEXEC))?;
            (libc::dup2(instead.as_raw_fd(), libc::STDOUT_FILENO) >= 0).then_some(Self { output, instead })
        }
    }

    fn end(mut self, beginning: &str) {
        // SAFETY: as above.
        unsafe {
            libc::fflush(std::ptr::null_mut());
            libc::dup2(self.output.as_raw_fd(), libc::STDOUT_FILENO);
        }
        let mut bytes = Vec::new();
        // Nobody is left to tell where standard output does not take it.
        let _ = self.instead.rewind().and_then(|()| self.instead.read_to_end(&mut bytes));
        let _ = self.output.write_all(&without(&bytes, beginning));
    }
}

#[cfg(target_os = "linux")]
unsafe fn opened(number: i32) -> Option<File> {
    // SAFETY: whoever calls has just got it from the system.
    (number >= 0).then(|| unsafe { File::from_raw_fd(number) })
}

/// All lines but those that begin so.
#[cfg(any(target_os = "linux", test))]
fn without(bytes: &[u8], beginning: &str) -> Vec<u8> {
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    lines.filter(|line| !line.starts_with(beginning.as_bytes())).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_begin_so_are_dropped() {
        let text = b"one\n[Gloo] Rank 0\ntwo [Gloo]\n[Gloo] Rank 1\nthree";
        assert_eq!(without(text, "[Gloo]"), b"one\ntwo [Gloo]\nthree");
        assert_eq!(held_back("[Gloo]", || 7), 7);
    }
}
