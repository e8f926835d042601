//! Memory: settings of glibc's allocator, peak use, and what the machine has left.

use std::fs;
use std::path::Path;

/// Tells glibc to keep freed memory instead of returning it to the kernel after every step, and libtorch to ask for it in a
/// way that lets glibc give it out again.
///
/// A training step allocates and frees the same large activations over and over. With glibc's defaults each of them is
/// mapped, faulted in page by page and unmapped again, which costs 15 to 20 % of a step. Call it first thing in `main`;
/// elsewhere than on glibc it does nothing. Costs resident memory: the peak stays.
pub fn tune_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const KEEP: libc::c_int = 1 << 30;
        const TOP_UP: libc::c_int = 64 << 20;
        // SAFETY: mallopt takes plain numbers and is safe to call at any time.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEEP);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
            libc::mallopt(libc::M_TOP_PAD, TOP_UP);
        }
    }
    #[cfg(feature = "libtorch")]
    crate::libtorch::shim::tune_memory();
}

/// The most resident memory this process has held so far, in bytes; 0 where the system does not tell.
pub fn peak_memory_bytes() -> u64 {
    status_field("/proc/self/status", "VmHWM:").unwrap_or(0)
}

/// Memory that can still be had without swapping, in bytes; `None` where the system does not tell. What containers
/// (`docker --memory`, a batch system's share) and `ulimit -v` leave counts, too.
pub fn available_memory_bytes() -> Option<u64> {
    let left = [status_field("/proc/meminfo", "MemAvailable:"), left_of_group(), left_of_limit()];
    // What was freed and kept (see `tune_memory`) is given out again first.
    left.into_iter().flatten().min().map(|left| left.saturating_add(kept()))
}

/// Bytes that were freed and that the allocator has not given back to the system.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn kept() -> u64 {
    // SAFETY: mallinfo2 takes nothing, counts, and is safe to call at any time.
    unsafe { libc::mallinfo2() }.fordblks as u64
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn kept() -> u64 {
    0
}

/// What the control group (version 2) of this process may still take; pages of files do not count, they can be dropped.
fn left_of_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let folder = Path::new("/sys/fs/cgroup").join(own);
    // A limit above this group binds as well.
    let limits = folder.ancestors().take_while(|folder| folder.starts_with("/sys/fs/cgroup"));
    limits.filter_map(left_of_folder).min()
}

fn left_of_folder(folder: &Path) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    // "max" is no number: no limit.
    let (most, used) = (number("memory.max")?, number("memory.current")?);
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let files = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.parse::<u64>().ok()).unwrap_or(0);
    Some(most.saturating_sub(used.saturating_sub(files)))
}

/// What `ulimit -v` leaves.
#[cfg(unix)]
fn left_of_limit() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: getrlimit fills the struct it is given and touches nothing else.
    let found = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut limit) } == 0;
    if !found || limit.rlim_cur == libc::RLIM_INFINITY {
        return None;
    }
    let used = status_field("/proc/self/status", "VmSize:")?;
    Some(limit.rlim_cur.saturating_sub(used))
}

#[cfg(not(unix))]
fn left_of_limit() -> Option<u64> {
    None
}

/// All memory of the machine, in bytes; `None` where the system does not tell.
pub fn total_memory_bytes() -> Option<u64> {
    status_field("/proc/meminfo", "MemTotal:")
}

/// A "Name:   123 kB" line of a file under /proc, in bytes.
fn status_field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_grows_with_what_is_touched() {
        tune_memory();
        let before = peak_memory_bytes();
        assert!(before > 0);
        let block = std::hint::black_box(vec![1_u8; 300 << 20]);
        assert!(peak_memory_bytes() >= before.max(300 << 20), "{} bytes held", block.len());
        assert!(available_memory_bytes().unwrap() <= total_memory_bytes().unwrap());
    }
}
