//! Several reports side by side.

use super::{Difference, Report};

/// One report of a comparison.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Compared {
    /// What people call it: the run's folder.
    pub name: String,
    /// The report.
    pub report: Report,
}

/// The same result in two runs, paired by the draws of labels that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// The result's name.
    pub result: String,
    /// Which run, as [`RunComparison::runs`] counts.
    pub run: usize,
    /// The run that is subtracted.
    pub reference: usize,
    /// What came out, or why the two cannot be paired.
    pub outcome: Result<Difference, String>,
}

/// Reports to be compared, the first being what the others are compared with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunComparison {
    /// When it was made, in words.
    pub created: String,
    /// The version of Foretask that made it.
    pub version: String,
    /// The reports.
    pub runs: Vec<Compared>,
    /// Results that several runs have.
    pub matched: Vec<Matched>,
}

impl RunComparison {
    /// "A", "B", …, in the order of the runs.
    pub(crate) fn letter(run: usize) -> String {
        let letter = char::from(b'A' + (run % 26) as u8);
        if run < 26 { letter.to_string() } else { format!("{letter}{}", run / 26 + 1) }
    }

    /// Names of all results in order of first appearance.
    pub(crate) fn result_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in self.runs.iter().flat_map(|run| run.report.ordered_results()) {
            if !names.contains(&row.name.as_str()) {
                names.push(&row.name);
            }
        }
        names
    }

    /// What came of comparing a run's result with that of the first run.
    pub(crate) fn matched_with_first(&self, result: &str, run: usize) -> Option<&Result<Difference, String>> {
        let found = self.matched.iter().find(|m| m.result == result && m.run == run && m.reference == 0);
        found.map(|found| &found.outcome)
    }

    /// Every setting whose values differ between runs: its group, its name, a value for each run (none where a run has no such
    /// setting). A group that only some runs have is one line of its own.
    pub(crate) fn differing(&self) -> Vec<(String, String, Vec<Option<String>>)> {
        let settings: Vec<Vec<(String, String, String)>> = self.runs.iter().map(|run| settings(&run.report)).collect();
        let mut groups: Vec<&str> = Vec::new();
        for (group, ..) in settings.iter().flatten() {
            if !groups.contains(&group.as_str()) {
                groups.push(group);
            }
        }
        let mut lines = Vec::new();
        for group in groups {
            let within = |run: &[(String, String, String)]| run.iter().any(|(own, ..)| own == group);
            if !settings.iter().all(|run| within(run)) {
                let values = settings.iter().map(|run| within(run).then(|| "yes".to_owned())).collect();
                lines.push((group.to_owned(), String::new(), values));
                continue;
            }
            let mut names: Vec<&str> = Vec::new();
            for (own, name, _) in settings.iter().flatten() {
                if own == group && !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            for name in names {
                let of = |run: &Vec<(String, String, String)>| {
                    run.iter().find(|(g, n, _)| g == group && n == name).map(|(.., value)| value.clone())
                };
                let values: Vec<Option<String>> = settings.iter().map(of).collect();
                if values.windows(2).any(|pair| pair[0] != pair[1]) {
                    lines.push((group.to_owned(), name.to_owned(), values));
                }
            }
        }
        lines
    }
}

/// Group, name and value of everything that was set in a run or chosen for it.
fn settings(report: &Report) -> Vec<(String, String, String)> {
    /// Of a run rather than of what it was told.
    const PASSING: [&str; 4] = ["started", "time until this report", "peak memory so far", "memory"];
    let mut all = Vec::new();
    for group in &report.options {
        // The line of the script says where a word stood, not what it was told.
        let name = group.name.rsplit_once(", line ").map_or(group.name.as_str(), |(name, _)| name);
        all.extend(group.entries.iter().map(|entry| (name.to_owned(), entry.name.clone(), entry.value.clone())));
    }
    for data in &report.data {
        all.push(("Data".to_owned(), data.purpose.clone(), data.steps.join(" → ")));
        let short = data.fingerprint.chars().take(12).collect();
        all.push(("Data".to_owned(), format!("{}, fingerprint", data.purpose), short));
    }
    for group in &report.environment {
        let entries = group.entries.iter().filter(|entry| !PASSING.contains(&entry.name.as_str()));
        all.extend(entries.map(|entry| (group.name.clone(), entry.name.clone(), entry.value.clone())));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, EntryGroup, Origin};

    fn run(groups: &[(&str, &[(&str, &str)])]) -> Compared {
        let entry = |(name, value): &(&str, &str)| Entry {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            origin: Origin::Unknown,
        };
        let group = |(name, entries): &(&str, &[(&str, &str)])| EntryGroup {
            name: (*name).to_owned(),
            entries: entries.iter().map(entry).collect(),
        };
        let report = Report { options: groups.iter().map(group).collect(), ..Report::default() };
        Compared { name: String::new(), report }
    }

    #[test]
    fn only_what_differs_is_listed_whatever_line_it_stood_on() {
        let one = run(&[("pretrain, line 7", &[("lr", "0.1"), ("steps", "6")]), ("Params", &[("labels", "10")])]);
        let two = run(&[
            ("pretrain, line 9", &[("lr", "0.2"), ("steps", "6"), ("blur", "0.5")]),
            ("Params", &[("labels", "10")]),
            ("self-train, line 12", &[("rounds", "2")]),
        ]);
        let found = RunComparison { runs: vec![one, two], ..RunComparison::default() }.differing();
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                ("pretrain".to_owned(), "lr".to_owned(), vec![value("0.1"), value("0.2")]),
                ("pretrain".to_owned(), "blur".to_owned(), vec![None, value("0.5")]),
                ("self-train".to_owned(), String::new(), vec![None, value("yes")]),
            ]
        );
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!(
            (RunComparison::letter(0), RunComparison::letter(25), RunComparison::letter(26)),
            ("A".into(), "Z".into(), "A2".into())
        );
    }
}
