//! The answer in plain words, from the paired differences and nothing else.

use crate::headline::Comparison;
use crate::report::{Difference, Evaluation, LabelCurve, Outcome, Report, ResultRow, Role, Stage};
use crate::words::{self, percent, points};

/// The verdict of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In one word.
    pub outcome: Outcome,
    /// In one sentence.
    pub sentence: String,
    /// What the sentence rests on, and what stands beside it.
    pub details: Vec<String>,
    /// What puts it in doubt.
    pub cautions: Vec<String>,
}

impl Report {
    /// The verdict in plain words.
    pub fn verdict(&self) -> Verdict {
        if let ([], [_, ..]) = (self.results.as_slice(), self.label_curves.as_slice()) {
            return self.by_label_curves();
        }
        let Some(comparison) = self.comparison() else {
            return self.nothing_to_judge();
        };
        let (outcome, sentence) = verdict_of(&comparison);
        let mut details = vec![self.levels(&comparison)];
        details.extend(comparison.difference.and_then(basis));
        details.extend(self.stronger_yardstick(&comparison));
        details.extend(self.other_pretrained(comparison.ours));
        details.extend(self.label_curves.iter().map(|curve| curve.verdict().sentence));
        Verdict { outcome, sentence, details, cautions: self.cautions(&comparison) }
    }

    /// What puts the results in doubt: the verdict's cautions without what was warned of on the way to them, which another run of
    /// the same need not meet.
    pub fn doubts(&self) -> Vec<String> {
        let noted: Vec<String> = self.noted().collect();
        self.verdict().cautions.into_iter().filter(|caution| !noted.contains(caution)).collect()
    }

    /// Where label curves are all there is, the first one's verdict, and the sentences of the others.
    fn by_label_curves(&self) -> Verdict {
        let mut verdicts = self.label_curves.iter().map(LabelCurve::verdict);
        let Some(mut verdict) = verdicts.next() else { return self.nothing_to_judge() };
        for other in verdicts {
            verdict.details.push(other.sentence);
            verdict.cautions.extend(other.cautions);
        }
        verdict.cautions.extend(self.warnings());
        verdict
    }

    fn nothing_to_judge(&self) -> Verdict {
        let without_labels = self.results.is_empty() && !self.stages.is_empty();
        let sentence = if without_labels {
            "Nothing was measured with labels: this report shows what was learned, not how well classes are told apart."
        } else if self.results.is_empty() {
            "No result was reported, so there is nothing to judge."
        } else {
            "No pretrained network is among the results, so nothing can be said about pretraining."
        };
        let mut details: Vec<String> = chance_words(self.evaluation.as_ref()).into_iter().collect();
        let mut cautions = Vec::new();
        if without_labels {
            details.extend(self.stages.iter().map(Stage::in_words));
            details.push(
                "To see what this is worth, label a few images (`label_next` chooses them) and report an evaluation."
                    .into(),
            );
            cautions.extend(
                self.stages
                    .iter()
                    .filter(|stage| stage.collapsed())
                    .map(|stage| format!("{} has collapsed: all images get nearly the same embedding.", stage.name)),
            );
        }
        cautions.extend(self.warnings());
        Verdict { outcome: Outcome::Unknown, sentence: sentence.into(), details, cautions }
    }

    fn levels(&self, comparison: &Comparison<'_>) -> String {
        let ours = comparison.ours;
        let level = |row: &ResultRow| format!("{}\u{a0}%", words::mean_sd(row.mean, row.sd));
        let mut parts = vec![format!("{} reaches {}", ours.name, level(ours))];
        parts.extend(comparison.scratch.map(|scratch| format!("{} {}", scratch.name, level(scratch))));
        let labels = words::counted(ours.labels, "label", "labels");
        parts.extend(match (ours.labels, ours.labels_per_class) {
            (0, _) => None,
            (_, Some(n)) => Some(format!("with {labels} ({n} a class)")),
            (_, None) => Some(format!("with {labels}")),
        });
        let chance = chance_words(self.evaluation.as_ref()).map(|chance| format!(" {chance}"));
        format!("{}.{}", parts.join(", "), chance.unwrap_or_default())
    }

    /// Says so when something else than the scratch network is the bar to clear.
    fn stronger_yardstick(&self, comparison: &Comparison<'_>) -> Option<String> {
        let scratch = comparison.scratch?;
        let ours = comparison.ours;
        let bar = self
            .results
            .iter()
            .filter(|row| matches!(row.role, Role::Baseline | Role::Scratch) && row.name != scratch.name)
            .filter(|row| row.labels == ours.labels && row.mean > scratch.mean)
            .max_by(|a, b| a.level().total_cmp(&b.level()))?;
        let difference = match ours.difference_to(&bar.name) {
            Some(difference) => format!("{} points ({})", points(difference.mean), evidence(difference)),
            None => format!("{} points (not paired)", points(ours.mean - bar.mean)),
        };
        let (bar, level, name) = (&bar.name, percent(bar.mean), &scratch.name);
        Some(format!("The strongest baseline is {bar} with {level}, not {name}: the difference to it is {difference}."))
    }

    fn other_pretrained(&self, ours: &ResultRow) -> Option<String> {
        let others: Vec<String> = self
            .results
            .iter()
            .filter(|row| row.role == Role::Pretrained && row.name != ours.name)
            .filter_map(|row| {
                let difference = row.difference_to(&self.scratch_of(row)?.name)?;
                let gain = points(difference.mean);
                let interval = difference.interval.as_ref().map(|i| format!(" ({})", words::interval(i.low, i.high)));
                Some(format!("{}\u{a0}{gain}{}", row.name, interval.unwrap_or_default()))
            })
            .collect();
        (!others.is_empty()).then(|| format!("The other pretrained results against scratch: {}.", others.join(", ")))
    }

    fn cautions(&self, comparison: &Comparison<'_>) -> Vec<String> {
        let mut cautions = Vec::new();
        if let Some(scratch) = comparison.scratch.filter(|row| row.converged == Some(false)) {
            cautions.push(format!(
                "{} had not converged when its training ended, so the difference flatters pretraining. Train it longer.",
                scratch.name
            ));
        }
        if comparison.picked_from > 1 {
            cautions.push(format!(
                "{} was picked as the best of {} pretrained results by looking at the evaluation images, which flatters it.",
                comparison.ours.name, comparison.picked_from
            ));
        }
        let guesses = self.evaluation.iter().flat_map(|e| [e.chance, e.majority.as_ref().map(|m| m.share)]).flatten();
        if guesses.max_by(f64::total_cmp).is_some_and(|guess| comparison.ours.mean <= guess + 0.01) {
            cautions.push(format!("{} is no better than guessing.", comparison.ours.name));
        }
        cautions.extend(self.few_images(comparison.ours));
        cautions.extend(self.warnings());
        cautions
    }

    /// Says so where the images measured on are so few that they alone leave the accuracy open.
    fn few_images(&self, ours: &ResultRow) -> Option<String> {
        /// An interval wider than this, as a fraction: reached below some 100 images at 50 %.
        const WIDE: f64 = 0.2;
        let interval = ours.over_images.as_ref().filter(|i| i.high - i.low > WIDE)?;
        let images = self.evaluation.as_ref()?.images;
        Some(format!(
            "{} was measured on {} only: by them alone its accuracy lies anywhere from {} to {}.",
            ours.name,
            words::counted(images, "image", "images"),
            percent(interval.low),
            percent(interval.high),
        ))
    }

    fn warnings(&self) -> Vec<String> {
        let leakage = self.leakage.iter().filter(|leakage| leakage.count > 0).map(|leakage| {
            format!(
                "{} of {} evaluation images {} among the images learned from, so accuracies may be too high.",
                words::count(leakage.count as u64),
                words::count(leakage.evaluation as u64),
                if leakage.count == 1 { "is" } else { "are" },
            )
        });
        leakage.chain(self.noted()).collect()
    }

    /// What was warned of while the run went on.
    fn noted(&self) -> impl Iterator<Item = String> {
        self.notes.iter().filter(|note| note.kind == crate::NoteKind::Warning).map(|note| {
            if note.subject.is_empty() { note.text.clone() } else { format!("{}: {}", note.subject, note.text) }
        })
    }
}

/// What guessing gives: never an accuracy without it.
pub(crate) fn chance_words(evaluation: Option<&Evaluation>) -> Option<String> {
    let evaluation = evaluation?;
    let chance = evaluation.chance.map(|chance| format!("Guessing gives {}", percent(chance)));
    let majority = evaluation.majority.as_ref();
    let majority = majority.map(|m| format!("lways saying “{}” gives {}", m.class, percent(m.share)));
    match (chance, majority) {
        (Some(chance), Some(majority)) => Some(format!("{chance}, a{majority}.")),
        (Some(chance), None) => Some(format!("{chance}.")),
        (None, Some(majority)) => Some(format!("A{majority}.")),
        (None, None) => None,
    }
}

fn verdict_of(comparison: &Comparison<'_>) -> (Outcome, String) {
    const REFERENCE: &str = "the same network trained from scratch";
    let ours = comparison.ours;
    let Some(difference) = comparison.difference else {
        let why = if comparison.scratch.is_some() {
            "the network trained from scratch shares no label draw with"
        } else {
            "no network trained from scratch stands beside"
        };
        return (Outcome::Unknown, format!("Whether pretraining helped is open: {why} {}.", ours.name));
    };
    let gain = points(difference.mean);
    let evidence = evidence(difference);
    let n = difference.draws.len();
    let outcome = difference.outcome();
    let sentence = match outcome {
        _ if difference.interval.is_none() => {
            format!("One label draw gives {gain} points over {REFERENCE}; a single draw settles nothing.")
        }
        Outcome::Helped => format!("Pretraining helped: {gain} points over {REFERENCE} ({evidence})."),
        Outcome::Hurt => format!("Pretraining did harm: {gain} points against {REFERENCE} ({evidence})."),
        _ if difference.better() == n => format!(
            "Pretraining looks better, but {n} label draws do not settle it: {gain} points over {REFERENCE} ({evidence})."
        ),
        _ => format!("Pretraining and scratch cannot be told apart: {gain} points against {REFERENCE} ({evidence})."),
    };
    (outcome, sentence)
}

/// "95 % interval +1.2 … +5.0, better on 3 of 3 label draws".
pub(crate) fn evidence(difference: &Difference) -> String {
    let draws = difference.draws.len();
    let better =
        format!("better on {} of {draws} label {}", difference.better(), if draws == 1 { "draw" } else { "draws" });
    match &difference.interval {
        Some(i) => {
            let zero = if i.low <= 0.0 && i.high >= 0.0 { ", which holds 0" } else { "" };
            format!("{} interval {}{zero}, {better}", words::level(i.level), words::interval(i.low, i.high))
        }
        None => better,
    }
}

/// What the interval rests on.
pub(crate) fn basis(difference: &Difference) -> Option<String> {
    let interval = difference.interval.as_ref()?;
    let n = difference.draws.len();
    let method = if interval.method.is_empty() { String::new() } else { format!(" ({})", interval.method) };
    let few = if n < 5 { format!(" only {n}") } else { format!(" {n}") };
    let wide = if n < 5 { " So few are easily swayed by one odd draw; more make it firmer." } else { "" };
    Some(format!(
        "The interval rests on{few} differences, one for each draw of labeled images, the same images on both \
         sides{method}.{wide} It covers the luck of the draw, not the choice of evaluation images."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ClassShare, Draw, Evaluation, Interval, Leakage, Note, NoteKind};
    use crate::words::plain;

    fn row(name: &str, role: Role, accuracies: &[f64]) -> ResultRow {
        let draws: Vec<Draw> = accuracies.iter().zip(0..).map(|(&accuracy, seed)| Draw { seed, accuracy }).collect();
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        ResultRow { name: name.into(), role, draws, mean, labels: 100, ..ResultRow::default() }
    }

    fn against(mut row: ResultRow, reference: &ResultRow, interval: Option<(f64, f64)>) -> ResultRow {
        let draws: Vec<Draw> = row
            .draws
            .iter()
            .zip(&reference.draws)
            .map(|(a, b)| Draw { seed: a.seed, accuracy: a.accuracy - b.accuracy })
            .collect();
        row.differences.push(Difference {
            reference: reference.name.clone(),
            mean: row.mean - reference.mean,
            draws,
            interval: interval.map(|(low, high)| Interval { low, high, level: 0.95, method: String::new() }),
        });
        row
    }

    fn report(results: Vec<ResultRow>) -> Report {
        Report { results, ..Report::default() }
    }

    #[test]
    fn a_clear_gain() {
        let scratch = row("scratch", Role::Scratch, &[0.70, 0.71, 0.69]);
        let ours = against(row("simclr", Role::Pretrained, &[0.73, 0.74, 0.723]), &scratch, Some((0.012, 0.05)));
        let verdict = report(vec![scratch, ours]).verdict();
        assert_eq!(verdict.outcome, Outcome::Helped);
        assert_eq!(
            plain(&verdict.sentence),
            "Pretraining helped: +3.1 points over the same network trained from scratch \
             (95 % interval +1.2 … +5.0, better on 3 of 3 label draws)."
        );
        assert!(verdict.details.iter().any(|d| d.contains("only 3 differences")), "{:?}", verdict.details);
        assert!(verdict.cautions.is_empty(), "{:?}", verdict.cautions);
    }

    #[test]
    fn harm_doubt_and_single_draws_are_called_so() {
        let scratch = row("scratch", Role::Scratch, &[0.70, 0.71, 0.69]);
        let verdict_of = |accuracies: &[f64], interval| {
            let ours = against(row("x", Role::Pretrained, accuracies), &scratch, interval);
            let verdict = report(vec![ours, scratch.clone()]).verdict();
            (verdict.outcome, plain(&verdict.sentence))
        };
        let (outcome, text) = verdict_of(&[0.68, 0.69, 0.67], Some((-0.021, -0.019)));
        assert!(outcome == Outcome::Hurt && text.starts_with("Pretraining did harm: −2.0 points"), "{text}");
        let (outcome, text) = verdict_of(&[0.71, 0.72, 0.72], Some((-0.003, 0.03)));
        assert!(
            outcome == Outcome::Unclear && text.contains("looks better, but 3 label draws do not settle it"),
            "{text}"
        );
        assert!(text.contains("−0.3 … +3.0, which holds 0"), "{text}");
        let (outcome, text) = verdict_of(&[0.69, 0.72, 0.72], Some((-0.02, 0.03)));
        assert!(outcome == Outcome::Unclear && text.contains("cannot be told apart"), "{text}");
        let (outcome, text) = verdict_of(&[0.80], None);
        assert!(outcome == Outcome::Unclear && text.contains("a single draw settles nothing"), "{text}");
    }

    #[test]
    fn nothing_to_compare_with_is_said() {
        assert!(report(vec![]).verdict().sentence.contains("No result was reported"));
        let verdict = report(vec![row("pixels", Role::Baseline, &[0.6])]).verdict();
        assert!(verdict.outcome == Outcome::Unknown && verdict.sentence.contains("No pretrained network"));
        let verdict = report(vec![row("simclr", Role::Pretrained, &[0.6])]).verdict();
        assert!(
            verdict.sentence.contains("no network trained from scratch stands beside simclr"),
            "{}",
            verdict.sentence
        );
        let rows = vec![row("simclr", Role::Pretrained, &[0.6]), row("scratch", Role::Scratch, &[0.5])];
        assert!(report(rows).verdict().sentence.contains("shares no label draw"));
    }

    #[test]
    fn doubts_are_raised() {
        let mut scratch = row("scratch", Role::Scratch, &[0.10, 0.10]);
        scratch.converged = Some(false);
        let one = against(row("one", Role::Pretrained, &[0.105, 0.105]), &scratch, Some((0.004, 0.006)));
        let two = against(row("two", Role::Pretrained, &[0.102, 0.102]), &scratch, Some((-0.01, 0.014)));
        let pixels = row("pixels", Role::Baseline, &[0.3, 0.3]);
        let mut report = report(vec![two, one, scratch, pixels]);
        report.evaluation = Some(Evaluation {
            chance: Some(0.1),
            majority: Some(ClassShare { class: "Shirt".into(), share: 0.104 }),
            ..Evaluation::default()
        });
        report.leakage = Some(Leakage { pool: 10, evaluation: 2000, count: 3, ..Leakage::default() });
        report.notes.push(Note {
            kind: NoteKind::Warning,
            subject: "simclr".into(),
            text: "collapsed".into(),
            value: None,
        });
        let verdict = report.verdict();
        let cautions = verdict.cautions.join("\n");
        for expected in [
            "scratch had not converged",
            "one was picked as the best of 2",
            "one is no better than guessing",
            "3 of 2000 evaluation images are among",
            "simclr: collapsed",
        ] {
            assert!(cautions.contains(expected), "{expected} is missing in {cautions}");
        }
        let details = plain(&verdict.details.join("\n"));
        assert!(details.contains("The strongest baseline is pixels with 30.0 %"), "{details}");
        assert!(details.contains("−19.5 points (not paired)"), "{details}");
        assert!(details.contains("two +0.2 (−1.0 … +1.4)"), "{details}");

        report.headline = Some("two".into());
        let verdict = report.verdict();
        assert!(verdict.sentence.contains("+0.2"), "{}", verdict.sentence);
        assert!(!verdict.cautions.join("").contains("picked"));
    }
}
