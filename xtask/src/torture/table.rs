//! The closing table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// What became of the cases of one kind.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) tried: u64,
    pub(super) failed: u64,
    /// Why some could not be tried.
    pub(super) skipped: BTreeMap<String, u64>,
    pub(super) time: Duration,
}

/// A case that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) again: String,
    pub(super) reason: String,
    /// Where its files are.
    pub(super) kept: String,
}

/// A row a kind, in the order of the groups.
pub(super) fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<10} {:<18} {:>6} {:>6} {:>8}\n", "group", "kind", "tried", "failed", "seconds");
    let (mut tried, mut failed) = (0, 0);
    for row in rows {
        let Row { group, kind, .. } = row;
        let _ =
            write!(text, "{group:<10} {kind:<18} {:>6} {:>6} {:>8.1}", row.tried, row.failed, row.time.as_secs_f64());
        for (reason, count) in &row.skipped {
            let _ = write!(text, "  {count} skipped: {reason}");
        }
        if row.tried == 0 && row.skipped.is_empty() {
            text.push_str("  not reached in the time");
        }
        text.push('\n');
        tried += row.tried;
        failed += row.failed;
    }
    let _ = writeln!(text, "{:<29} {tried:>6} {failed:>6}", "total");
    text
}

/// Failures of one kind that are listed.
const LISTED: usize = 3;

/// What failed, and how to see it again: the first few of each kind.
pub(super) fn failures(failures: &[Failure]) -> String {
    let mut text = String::new();
    let mut listed: BTreeMap<_, usize> = BTreeMap::new();
    for failure in failures {
        let count = listed.entry((failure.group, failure.kind)).or_default();
        *count += 1;
        if *count > LISTED {
            continue;
        }
        let _ = write!(text, "\nFAILED: {}\n    files: {}\n    {}\n", failure.again, failure.kept, failure.reason);
    }
    for ((group, kind), count) in listed.iter().filter(|(_, count)| **count > LISTED) {
        let _ = writeln!(text, "\n{} more of {group}/{kind}", count - LISTED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_is_told() {
        let skipped = BTreeMap::from([("no mount".to_owned(), 2)]);
        let row = |group, kind| Row { group, kind, ..Row::default() };
        let rows = [
            Row { tried: 5, failed: 1, time: Duration::from_millis(2500), ..row("kills", "simclr") },
            Row { skipped, ..row("disk", "rotation") },
            row("threads", "dino"),
        ];
        assert_eq!(
            table(&rows),
            "group      kind                tried failed  seconds\n\
             kills      simclr                  5      1      2.5\n\
             disk       rotation                0      0      0.0  2 skipped: no mount\n\
             threads    dino                    0      0      0.0  not reached in the time\n\
             total                              5      1\n"
        );
        let failed = || {
            let (again, reason, kept) = ("cargo xtask torture".into(), "it hung".into(), "target".into());
            Failure { group: "kills", kind: "dino", again, reason, kept }
        };
        let one = "\nFAILED: cargo xtask torture\n    files: target\n    it hung\n";
        assert_eq!(failures(&[failed()]), one);
        let many: Vec<Failure> = (0..5).map(|_| failed()).collect();
        assert_eq!(failures(&many), format!("{}\n2 more of kills/dino\n", one.repeat(3)));
    }
}
