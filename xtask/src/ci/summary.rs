//! The closing table of `cargo xtask ci`.

use std::fmt::Write;
use std::time::Duration;

use super::step::Outcome;

/// One step's end.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) outcome: Result<Outcome, String>,
    pub(crate) time: Duration,
}

/// A row a step: name, time, how it ended.
pub(crate) fn table(lines: &[Line]) -> String {
    let mut text = String::from("step          time  result\n");
    for line in lines {
        let result = match &line.outcome {
            Ok(Outcome::Passed(note)) if note.is_empty() => "passed".to_owned(),
            Ok(Outcome::Passed(note)) => format!("passed: {note}"),
            Ok(Outcome::Skipped(reason)) => format!("SKIPPED: {reason}"),
            Err(error) => format!("FAILED: {}", error.lines().next().unwrap_or_default()),
        };
        let _ = writeln!(text, "{:<10} {:>7}  {result}", line.name, time(line.time));
    }
    let total = lines.iter().map(|line| line.time).sum();
    let _ = writeln!(text, "{:<10} {:>7}", "total", time(total));
    text
}

/// The last line, in the form test runners use.
pub(crate) fn closing(lines: &[Line]) -> String {
    let count = |wanted: fn(&Line) -> bool| lines.iter().filter(|line| wanted(line)).count();
    format!(
        "ci: {} passed, {} failed, {} skipped",
        count(|line| matches!(line.outcome, Ok(Outcome::Passed(_)))),
        count(|line| line.outcome.is_err()),
        count(|line| matches!(line.outcome, Ok(Outcome::Skipped(_)))),
    )
}

fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1}s")
    } else {
        format!("{}m{:02}s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_is_told() {
        let line = |name, outcome, seconds| Line { name, outcome, time: Duration::from_secs_f64(seconds) };
        let lines = [
            line("fmt", Ok(Outcome::Passed(String::new())), 0.4),
            line("typos", Ok(Outcome::Skipped("no pip".into())), 1.0),
            line("doctest", Err("cargo test failed\ndetails".into()), 125.0),
        ];
        assert_eq!(
            table(&lines),
            "step          time  result\n\
             fmt           0.4s  passed\n\
             typos         1.0s  SKIPPED: no pip\n\
             doctest      2m05s  FAILED: cargo test failed\n\
             total        2m06s\n"
        );
        assert_eq!(closing(&lines), "ci: 1 passed, 1 failed, 1 skipped");
    }
}
