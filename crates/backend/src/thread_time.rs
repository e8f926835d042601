//! How long a thread has computed.

use std::time::Duration;

/// Processor time of this thread since it began: pauses and other processes do not count. Where the system does not say,
/// time that has passed.
#[cfg(unix)]
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Unix, and `time` is ours to be written to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// Processor time of this thread since it began; on this system, time that has passed.
#[cfg(not(unix))]
pub fn thread_time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computing_takes_time_and_sleeping_none() {
        let before = thread_time();
        let sum = (0..3_000_000_u64).fold(0, |sum, i| std::hint::black_box(sum ^ i));
        let computed = thread_time();
        assert!(computed > before, "{sum}");
        #[cfg(unix)]
        {
            std::thread::sleep(Duration::from_millis(300));
            assert!(thread_time().saturating_sub(computed) < Duration::from_millis(200));
        }
    }
}
