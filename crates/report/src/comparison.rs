//! Results against one of them: never two bare numbers.

use crate::aligned::fitted;
use crate::report::{Comparison, Difference, Outcome};
use crate::table::{guesses, paragraph};
use crate::verdict::{basis, chance_words, evidence};
use crate::words::{self, mean_sd, percent_number, points};

impl Comparison {
    /// A sentence for each result but the baseline: better, worse, or not to be told apart.
    pub fn sentences(&self) -> Vec<String> {
        self.differences().map(|(name, difference)| sentence(name, &self.baseline, difference)).collect()
    }

    /// The results as an aligned table with chance level and majority class, then the sentences and what they rest on. Where
    /// the table is wider than `width`, it loses what the sentences say, too, and then the single draws.
    pub fn to_text(&self, width: Option<usize>) -> String {
        let mut lines =
            vec![["", "accuracy %", "each draw", "difference", "95 % interval", "better"].map(str::to_owned).to_vec()];
        for row in &self.rows {
            let draws: Vec<String> = row.draws.iter().map(|draw| percent_number(draw.accuracy)).collect();
            let difference = row.difference_to(&self.baseline);
            let interval = difference.and_then(|difference| difference.interval.as_ref());
            lines.push(vec![
                row.name.clone(),
                mean_sd(row.mean, row.sd),
                if draws.len() > 1 { draws.join(" ") } else { String::new() },
                difference.map(|d| points(d.mean)).unwrap_or_default(),
                interval.map(|i| words::interval(i.low, i.high)).unwrap_or_default(),
                difference.map(|d| format!("{}/{}", d.better(), d.draws.len())).unwrap_or_default(),
            ]);
        }
        for (name, level) in guesses(self.evaluation.as_ref()) {
            lines.push(vec![name, percent_number(level)]);
        }
        let mut text = fitted(&lines, 3, width, &[5, 2]);
        text.push('\n');
        for sentence in self.sentences() {
            paragraph(&mut text, "", &sentence);
        }
        let tested = self.differences().count();
        if tested > 2 {
            let many = format!(
                "{tested} differences stand side by side; of twenty such intervals one misses the truth by chance."
            );
            paragraph(&mut text, "", &many);
        }
        if let Some(detail) = self.differences().find_map(|(_, difference)| basis(difference)) {
            paragraph(&mut text, "", &detail);
        }
        if let Some(chance) = chance_words(self.evaluation.as_ref()) {
            paragraph(&mut text, "", &chance);
        }
        text
    }

    fn differences(&self) -> impl Iterator<Item = (&str, &Difference)> {
        self.rows.iter().filter_map(|row| Some((row.name.as_str(), row.difference_to(&self.baseline)?)))
    }
}

fn sentence(name: &str, baseline: &str, difference: &Difference) -> String {
    let gain = points(difference.mean);
    if difference.interval.is_none() {
        return format!("{name} against {baseline}: {gain} points on one label draw; a single draw settles nothing.");
    }
    let evidence = evidence(difference);
    let n = difference.draws.len();
    match difference.outcome() {
        Outcome::Helped => format!("{name} is better than {baseline}: {gain} points ({evidence})."),
        Outcome::Hurt => format!("{name} is worse than {baseline}: {gain} points ({evidence})."),
        _ if difference.better() == n => {
            format!(
                "{name} looks better than {baseline}, but {n} label draws do not settle it: {gain} points ({evidence})."
            )
        }
        _ => format!("{name} and {baseline} cannot be told apart: {gain} points ({evidence})."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ClassShare, Draw, Evaluation, Interval, ResultRow};
    use crate::words::plain;

    type Gains<'a> = (&'a [f64], Option<(f64, f64)>);

    fn row(name: &str, gains: Option<Gains<'_>>) -> ResultRow {
        let draws = |values: &[f64]| values.iter().zip(0..).map(|(&accuracy, seed)| Draw { seed, accuracy }).collect();
        let difference = gains.map(|(gains, ends)| Difference {
            reference: "scratch".into(),
            draws: draws(gains),
            mean: gains.iter().sum::<f64>() / gains.len() as f64,
            interval: ends.map(|(low, high)| Interval { low, high, level: 0.95, method: "t".into() }),
        });
        ResultRow {
            name: name.into(),
            draws: draws(&[0.70, 0.72]),
            mean: 0.71,
            sd: Some(0.014),
            differences: difference.into_iter().collect(),
            ..ResultRow::default()
        }
    }

    #[test]
    fn every_case_has_its_sentence_and_chance_stands_below() {
        let comparison = Comparison {
            baseline: "scratch".into(),
            evaluation: Some(Evaluation {
                chance: Some(0.1),
                majority: Some(ClassShare { class: "Bag".into(), share: 0.12 }),
                ..Evaluation::default()
            }),
            rows: vec![
                row("a", Some((&[0.02, 0.04], Some((0.01, 0.05))))),
                row("b", Some((&[-0.02, -0.04], Some((-0.05, -0.01))))),
                row("c", Some((&[0.02, 0.04], Some((-0.01, 0.07))))),
                row("d", Some((&[-0.02, 0.04], Some((-0.05, 0.07))))),
                row("e", Some((&[0.03], None))),
                row("scratch", None),
            ],
        };
        let sentences = comparison.sentences();
        for (sentence, start) in sentences.iter().zip([
            "a is better than scratch: +3.0 points (95 % interval +1.0 … +5.0, better on 2 of 2 label draws).",
            "b is worse than scratch: −3.0 points",
            "c looks better than scratch, but 2 label draws do not settle it: +3.0 points",
            "d and scratch cannot be told apart: +1.0 points (95 % interval −5.0 … +7.0, which holds 0",
            "e against scratch: +3.0 points on one label draw; a single draw settles nothing.",
        ]) {
            assert!(plain(sentence).starts_with(start), "{sentence}");
        }
        assert_eq!(sentences.len(), 5);
        let text = comparison.to_text(None);
        for expected in ["chance", "always “Bag”", "12.0", "71.0 ± 1.4", "70.0 72.0", "+1.0 … +5.0", "2/2"] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
    }
}
