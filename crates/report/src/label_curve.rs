//! What a label curve says, in words and as a table for the terminal.

use crate::aligned::in_blocks;
use crate::curve_words::{heading, listed, with, worth, worth_clause};
use crate::report::{CurvePoint, CurveSeries, Difference, Evaluation, LabelCount, LabelCurve, Outcome, Role};
use crate::table::paragraph;
use crate::verdict::{Verdict, basis, chance_words, evidence};
use crate::words::{percent, percent_number, points};

/// How a headline curve fares at one number of labels.
pub(crate) struct Against<'a> {
    pub(crate) count: &'a LabelCount,
    pub(crate) point: &'a CurvePoint,
    /// To its curve from scratch.
    pub(crate) difference: &'a Difference,
}

impl LabelCurve {
    /// The verdict in plain words: where pretraining helped, and what it is worth in labels.
    pub fn verdict(&self) -> Verdict {
        let headlines: Vec<&CurveSeries> = self.series.iter().filter(|series| series.headline).collect();
        let judged: Vec<(&CurveSeries, Vec<Against<'_>>)> = headlines
            .into_iter()
            .map(|series| (series, self.against(series)))
            .filter(|(_, against)| !against.is_empty())
            .collect();
        let mut details: Vec<String> = chance_words(self.evaluation.as_ref()).into_iter().collect();
        if judged.is_empty() {
            let sentence =
                "No pretrained network stands beside one from scratch, so nothing can be said about pretraining.";
            return Verdict { outcome: Outcome::Unknown, sentence: sentence.into(), details, cautions: Vec::new() };
        }
        let sentences: Vec<String> =
            judged.iter().map(|(series, against)| sentence(series, against, judged.len() > 1)).collect();
        let all = || judged.iter().flat_map(|(_, against)| against);
        let outcomes: Vec<Outcome> = all().map(|against| against.difference.outcome()).collect();
        let outcome = match (outcomes.contains(&Outcome::Helped), outcomes.contains(&Outcome::Hurt)) {
            (true, false) => Outcome::Helped,
            (false, true) => Outcome::Hurt,
            _ => Outcome::Unclear,
        };
        details.extend(all().find_map(|against| basis(against.difference)));
        if all().any(|against| against.point.savings.is_some()) {
            details.push(
                "Labels saved are read off scratch’s mean curve, between its points evenly on the logarithm of labels; \
                 their interval is that of the difference, without the luck in the other points of the curve."
                    .into(),
            );
        }
        let tested = outcomes.iter().filter(|outcome| **outcome != Outcome::Unknown).count();
        if tested > 2 {
            details.push(format!(
                "{tested} differences stand side by side; of twenty such intervals one misses the truth by chance."
            ));
        }
        Verdict { outcome, sentence: sentences.join(" "), details, cautions: self.cautions(&judged) }
    }

    /// The points of a curve that have a difference to its curve from scratch.
    pub(crate) fn against<'a>(&'a self, series: &'a CurveSeries) -> Vec<Against<'a>> {
        let Some(scratch) = &series.scratch else { return Vec::new() };
        let points = self.counts.iter().zip(&series.points);
        points
            .filter_map(|(count, point)| {
                let difference = point.result.difference_to(scratch)?;
                Some(Against { count, point, difference })
            })
            .collect()
    }

    fn cautions(&self, judged: &[(&CurveSeries, Vec<Against<'_>>)]) -> Vec<String> {
        let mut cautions = Vec::new();
        let scratches = self.series.iter().filter(|series| series.role == Role::Scratch);
        for scratch in scratches {
            let stopped: Vec<&LabelCount> = self
                .counts
                .iter()
                .zip(&scratch.points)
                .filter(|(_, point)| point.result.converged == Some(false))
                .map(|(count, _)| count)
                .collect();
            if !stopped.is_empty() {
                cautions.push(format!(
                    "{} had not converged with {}, so the difference there flatters pretraining. Train it longer.",
                    scratch.name,
                    with(&stopped)
                ));
            }
        }
        let guess = guess(self.evaluation.as_ref());
        for (series, against) in judged {
            let level = |point: &CurvePoint| guess.is_some_and(|guess| point.result.mean <= guess + 0.01);
            let guessing: Vec<&LabelCount> =
                against.iter().filter(|against| level(against.point)).map(|against| against.count).collect();
            if !guessing.is_empty() {
                cautions.push(format!("{} is no better than guessing with {}.", series.name, with(&guessing)));
            }
        }
        cautions
    }

    /// For every headline curve and number of labels: accuracy, difference, what it is worth.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for series in self.series.iter().filter(|series| series.headline) {
            for against in self.against(series) {
                let scratch = series.scratch.as_deref().unwrap_or_default();
                let level = against.point.result.mean - against.difference.mean;
                lines.push(format!(
                    "{}, {}: {} against {} of {scratch}, {} points ({}){}.",
                    series.name,
                    with(&[against.count]),
                    percent(against.point.result.mean),
                    percent(level),
                    points(against.difference.mean),
                    evidence(against.difference),
                    worth_clause(against.point, scratch),
                ));
            }
        }
        lines
    }

    /// The accuracies as an aligned table with chance and majority class, then the verdict and what it rests on.
    ///
    /// Plain text without colors; no line of the table is longer than `width`, where there is one.
    pub fn to_text(&self, width: Option<usize>) -> String {
        let mut text = self.table(width);
        let verdict = self.verdict();
        paragraph(&mut text, "", &verdict.sentence);
        for detail in &verdict.details {
            paragraph(&mut text, "", detail);
        }
        for caution in &verdict.cautions {
            paragraph(&mut text, "! ", caution);
        }
        text
    }

    /// The accuracies, and every headline point against scratch.
    pub(crate) fn table(&self, width: Option<usize>) -> String {
        let mut text = String::new();
        let mut lines = vec![vec!["accuracy %".to_owned()]];
        lines[0].extend(self.counts.iter().map(heading));
        for series in &self.series {
            let mut line = vec![series.name.clone()];
            line.extend(series.points.iter().map(cell));
            lines.push(line);
        }
        for (name, level) in crate::table::guesses(self.evaluation.as_ref()) {
            lines.push(vec![name, percent_number(level)]);
        }
        text.push_str(&in_blocks(&lines, 1, width));
        if self.series.iter().flat_map(|series| &series.points).any(|point| point.interval.is_some()) {
            paragraph(
                &mut text,
                "",
                "Labels a class above; ± is half of the 95 % interval of the mean over label draws.",
            );
        }
        text.push('\n');
        for line in self.lines() {
            paragraph(&mut text, "- ", &line);
        }
        text.push('\n');
        text
    }
}

/// "69.1 ±2.3".
fn cell(point: &CurvePoint) -> String {
    let mean = percent_number(point.result.mean);
    match &point.interval {
        Some(interval) => format!("{mean} ±{:.1}", 50.0 * (interval.high - interval.low)),
        None => mean,
    }
}

fn guess(evaluation: Option<&Evaluation>) -> Option<f64> {
    let guesses = evaluation.iter().flat_map(|e| [e.chance, e.majority.as_ref().map(|m| m.share)]).flatten();
    guesses.max_by(f64::total_cmp)
}

fn sentence(series: &CurveSeries, against: &[Against<'_>], several: bool) -> String {
    let of = |wanted: &dyn Fn(&Against<'_>) -> bool| -> Vec<&Against<'_>> {
        against.iter().filter(|against| wanted(against)).collect()
    };
    let with = |found: &[&Against<'_>]| with(&found.iter().map(|against| against.count).collect::<Vec<_>>());
    let single = of(&|against| against.difference.interval.is_none());
    let helped = of(&|against| against.difference.outcome() == Outcome::Helped);
    let hurt = of(&|against| against.difference.outcome() == Outcome::Hurt);
    let open = of(&|a| a.difference.outcome() == Outcome::Unclear && a.difference.interval.is_some());
    let scratch = series.scratch.as_deref().unwrap_or("scratch");
    let who =
        if several { format!("Pretraining by {}", series.name) } else { format!("Pretraining ({})", series.name) };
    let mut parts = Vec::new();
    if !helped.is_empty() {
        let worths: Vec<String> =
            helped.iter().filter_map(|against| Some(worth(against.point.savings.as_ref()?.worth))).collect();
        let worths = if worths.is_empty() {
            String::new()
        } else {
            let verb = if helped.len() == 1 && helped[0].count.name == "1" { "it is" } else { "they are" };
            format!(": {verb} worth {} labels a class of {scratch}", listed(&worths))
        };
        parts.push(format!("helped with {}{worths}", with(&helped)));
    }
    if !hurt.is_empty() {
        parts.push(format!("did harm with {}", with(&hurt)));
    }
    if !open.is_empty() {
        let verb = if parts.is_empty() { "did not clearly help: it cannot" } else { "cannot" };
        parts.push(format!("{verb} be told apart from {scratch} with {}", with(&open)));
    }
    if !single.is_empty() {
        let settles = "there is a single draw, which settles nothing";
        let gains: Vec<String> = single.iter().map(|against| points(against.difference.mean)).collect();
        let gains = format!("{} points to {scratch}", listed(&gains));
        parts.push(if parts.is_empty() {
            format!("gave {gains} with {}: {settles}", with(&single))
        } else {
            format!("with {} {settles} ({gains})", with(&single))
        });
    }
    format!("{who} {}.", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Bound, Draw, Interval, ResultRow, Savings, Worth};
    use crate::words::plain;

    fn count(name: &str, per_class: f64) -> LabelCount {
        LabelCount { name: name.into(), per_class, labels: (10.0 * per_class) as usize }
    }

    type Gain = (f64, Option<(f64, f64)>);

    fn point(mean: f64, gain: Option<Gain>, worth: Option<(f64, Bound)>) -> CurvePoint {
        let interval = |(low, high)| Interval { low, high, level: 0.95, method: String::new() };
        let difference = gain.map(|(mean, ends)| Difference {
            reference: "scratch".into(),
            draws: (0..if ends.is_some() { 3 } else { 1 }).map(|seed| Draw { seed, accuracy: mean }).collect(),
            mean,
            interval: ends.map(interval),
        });
        CurvePoint {
            result: ResultRow { mean, differences: difference.into_iter().collect(), ..ResultRow::default() },
            interval: Some(interval((mean - 0.02, mean + 0.02))),
            savings: worth.map(|(labels, bound)| {
                let worth = Worth { labels, bound };
                Savings { worth, interval: Some((Worth { labels: 1.0, bound: Bound::FewerThan }, worth)) }
            }),
        }
    }

    fn curve(points: Vec<CurvePoint>) -> LabelCurve {
        let scratch = (0..points.len()).map(|at| point(0.4 + 0.1 * at as f64, None, None)).collect();
        LabelCurve {
            evaluation: Some(Evaluation { chance: Some(0.1), ..Evaluation::default() }),
            counts: [count("1", 1.0), count("10", 10.0), count("all", 1000.0)][..points.len()].to_vec(),
            series: vec![
                CurveSeries {
                    name: "simclr".into(),
                    role: Role::Pretrained,
                    scratch: Some("scratch".into()),
                    headline: true,
                    points,
                    ..CurveSeries::default()
                },
                CurveSeries { name: "scratch".into(), role: Role::Scratch, points: scratch, ..CurveSeries::default() },
            ],
            ..LabelCurve::default()
        }
    }

    #[test]
    fn what_it_is_worth_stands_in_the_sentence() {
        let curve = curve(vec![
            point(0.5, Some((0.1, Some((0.05, 0.15)))), Some((3.16, Bound::About))),
            point(0.51, Some((0.01, Some((-0.02, 0.04)))), Some((12.3, Bound::About))),
            point(0.59, Some((-0.01, None)), Some((640.0, Bound::About))),
        ]);
        let verdict = curve.verdict();
        assert_eq!(verdict.outcome, Outcome::Helped);
        assert_eq!(
            plain(&verdict.sentence),
            "Pretraining (simclr) helped with 1 label a class: it is worth about 3.2 labels a class of scratch; cannot be \
             told apart from scratch with 10 labels a class; with all 10 000 labels there is a single draw, which settles \
             nothing (−1.0 points to scratch)."
        );
        assert!(
            verdict.details.iter().any(|detail| plain(detail) == "Guessing gives 10.0 %."),
            "{:?}",
            verdict.details
        );
        let text = plain(&curve.to_text(None));
        assert!(text.contains("50.0 ±2.0"), "{text}");
        assert!(text.contains("fewer than 1 … 3.2"), "{text}");
        assert!(text.contains("chance"), "{text}");
    }

    #[test]
    fn no_help_harm_and_nothing_to_compare_are_said() {
        let sentence = |points| plain(&curve(points).verdict().sentence);
        let open = || point(0.5, Some((0.1, Some((-0.05, 0.25)))), Some((10.0, Bound::MoreThan)));
        assert_eq!(
            sentence(vec![open(), open()]),
            "Pretraining (simclr) did not clearly help: it cannot be told apart from scratch with 1 and 10 labels a class."
        );
        let hurt = point(0.3, Some((-0.1, Some((-0.15, -0.05)))), Some((1.0, Bound::FewerThan)));
        let verdict = curve(vec![hurt]).verdict();
        assert_eq!(
            (verdict.outcome, plain(&verdict.sentence).contains("did harm with 1 label a class")),
            (Outcome::Hurt, true)
        );
        let one = sentence(vec![point(0.5, Some((0.1, None)), None)]);
        assert_eq!(
            one,
            "Pretraining (simclr) gave +10.0 points to scratch with 1 label a class: there is a single draw, which settles nothing."
        );
        let mut alone = curve(vec![open()]);
        alone.series[0].scratch = None;
        assert_eq!(alone.verdict().outcome, Outcome::Unknown);
    }

    #[test]
    fn doubts_are_raised() {
        let mut curve = curve(vec![point(0.105, Some((-0.3, Some((-0.4, -0.2)))), None)]);
        curve.series[1].points[0].result.converged = Some(false);
        let cautions = curve.verdict().cautions.join("\n");
        assert!(cautions.contains("scratch had not converged with 1 label a class"), "{cautions}");
        assert!(cautions.contains("simclr is no better than guessing"), "{cautions}");
    }
}
