//! The window of time that counts.

use std::time::{Duration, Instant};

use crate::company;

/// The warm-up takes this share of the window's length.
const WARM_UP: f64 = 1.0 / 3.0;
/// And both take at least so many reports, where one takes long.
const REPORTS: usize = 2;

/// Opens after the warm-up and closes when its time is over.
pub(crate) struct Window {
    /// Of the warm-up: the first report, since what comes before it is preparation.
    begin: Option<Instant>,
    seconds: f64,
    reports: usize,
    opened: Option<Mark>,
    closed: Option<Measured>,
}

struct Mark {
    at: Instant,
    cpu: f64,
    images: u64,
    report: usize,
}

/// What was done within the window.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measured {
    images: u64,
    seconds: f64,
    cpu_seconds: f64,
    peak_bytes: u64,
}

impl Window {
    /// A window of this length.
    pub(crate) fn new(seconds: f64) -> Self {
        Self { begin: None, seconds, reports: 0, opened: None, closed: None }
    }

    /// Takes a report that so many source images have been done since the process began; whether that is enough.
    pub(crate) fn report(&mut self, images: u64) -> bool {
        self.reports += 1;
        let now = Instant::now();
        let begin = *self.begin.get_or_insert(now);
        match &self.opened {
            None if self.reports > REPORTS && (now - begin).as_secs_f64() >= self.seconds * WARM_UP => {
                self.opened = Some(Mark { at: now, cpu: cpu_seconds(), images, report: self.reports });
            }
            Some(mark) if self.closed.is_none() => {
                let seconds = (now - mark.at).as_secs_f64();
                if self.reports >= mark.report + REPORTS && seconds >= self.seconds {
                    let images = images - mark.images;
                    let cpu_seconds = cpu_seconds() - mark.cpu;
                    let peak_bytes = peak_bytes();
                    self.closed = Some(Measured { images, seconds, cpu_seconds, peak_bytes });
                }
            }
            _ => {}
        }
        self.closed.is_some()
    }

    /// What was measured, once [`report`](Self::report) has said so.
    pub(crate) fn measured(&self) -> Result<Measured, String> {
        self.closed.ok_or_else(|| "the work ended before its time was over".to_owned())
    }
}

impl Measured {
    /// One line; with the operations that a source image takes, where they are known.
    pub(crate) fn to_json(self, flops_per_image: Option<u64>) -> serde_json::Value {
        serde_json::json!({
            "images": self.images,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "peak_bytes": self.peak_bytes,
            "flops_per_image": flops_per_image,
        })
    }
}

/// CPU seconds of this process and of other ranks, threads that have ended among them.
fn cpu_seconds() -> f64 {
    company::others()
        .iter()
        .map(u32::to_string)
        .chain(["self".to_owned()])
        .map(|process| cpu_seconds_of(&process))
        .sum()
}

/// Peak memory of this process and of other ranks.
fn peak_bytes() -> u64 {
    let of_other = |process: u32| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
            .map_or(0, |kilobytes| 1024 * kilobytes)
    };
    foretask_backend::peak_memory_bytes() + company::others().into_iter().map(of_other).sum::<u64>()
}

/// Linux counts in hundredths.
fn cpu_seconds_of(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Keeps so many cores busy.
pub(crate) fn burn(threads: usize, seconds: f64) {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(move || {
                let mut x = 1.0_f64;
                while Instant::now() < end {
                    for _ in 0..100_000 {
                        x = std::hint::black_box(x * 1.000_000_1);
                    }
                }
            });
        }
    });
}
