//! Where and when it was measured.

use std::fs;

use serde_json::{Value, json};

use crate::run::{command, read};

/// Cores of the machine.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Processes that wanted to run in the last minute, on the mean; 0 where the system does not tell.
pub(crate) fn load() -> f64 {
    first_number(&fs::read_to_string("/proc/loadavg").unwrap_or_default())
}

/// The most resident memory that a running process has held so far.
pub(crate) fn peak_bytes(process: u32) -> f64 {
    1024.0 * field(&fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default(), "VmHWM:")
}

/// CPU seconds of all processes that we have started and seen end.
pub(crate) fn cpu_seconds_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split_whitespace();
    fields.skip(13).take(2).map(first_number).sum::<f64>() / 100.0
}

/// A "Name:  123 kB" line of a file under /proc.
fn field(text: &str, name: &str) -> f64 {
    text.lines().find_map(|line| line.strip_prefix(name)).map_or(0.0, first_number)
}

fn first_number(text: &str) -> f64 {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// Date, processor, memory, versions. What cannot be found out is left empty.
pub(crate) fn describe() -> Value {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = field(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal:");
    let line = |program: &str, args: &[&str]| {
        read(&mut command(program, args)).map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    json!({
        "date": line("date", &["-u", "+%F"]),
        "processor": model(&cpu),
        "instructions": instructions(&cpu),
        "cores": cores(),
        "memory_gib": (memory / f64::from(1 << 20)).round(),
        "rust": line("rustc", &["--version"]),
        "commit": line("git", &["describe", "--always", "--dirty", "--abbrev=10"]),
        "load_before": load(),
    })
}

fn model(cpuinfo: &str) -> String {
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    name.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim().to_owned()).unwrap_or_default()
}

/// The widest instructions that matter to the kernels.
fn instructions(cpuinfo: &str) -> &'static str {
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |flag: &str| flags.split_whitespace().any(|word| word == flag);
    match (has("avx512f"), has("avx2")) {
        (true, _) => "AVX-512",
        (false, true) => "AVX2",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_read_from_what_linux_tells() {
        let text = "processor\t: 0\nmodel name\t: Some CPU 9\nflags\t\t: fpu sse2 avx2 avx512f\n";
        assert_eq!((model(text).as_str(), instructions(text)), ("Some CPU 9", "AVX-512"));
        assert_eq!(instructions("flags : sse2 avx2"), "AVX2");
        assert_eq!(model(""), "");
    }

    #[test]
    fn numbers_are_read_from_named_lines() {
        assert_eq!(field("VmPeak:\t 9 kB\nVmHWM:\t  123 kB\n", "VmHWM:"), 123.0);
        assert_eq!(field("", "VmHWM:"), 0.0);
        assert_eq!(first_number("0.52 0.58 0.59 1/389 12"), 0.52);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_can_be_described() {
        let found = describe();
        assert!(found["cores"].as_u64().unwrap() >= 1 && found["memory_gib"].as_f64().unwrap() > 0.0, "{found}");
        assert!(peak_bytes(std::process::id()) > 1e6);
    }
}
