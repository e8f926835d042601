//! Memory: settings of glibc's allocator, peak use, and what the machine has left.

use std::fs;

/// Tells glibc to keep freed memory instead of returning it to the kernel after every step, and libtorch to ask for it in a
/// way that lets glibc give it out again.
///
/// A training step allocates and frees the same large activations over and over. With glibc's defaults each of them is
/// mapped, faulted in page by page and unmapped again, which costs 15 to 20 % of a step. Call it first thing in `main`;
/// elsewhere than on glibc it does nothing. Costs resident memory: the peak stays.
pub fn tune_memory() {
    #[cfg(target_env = "gnu")]
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

/// Memory that can still be had without swapping, in bytes; `None` where the system does not tell.
pub fn available_memory_bytes() -> Option<u64> {
    status_field("/proc/meminfo", "MemAvailable:")
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
