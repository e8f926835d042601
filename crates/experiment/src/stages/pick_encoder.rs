//! A race of encoders on the labeled few: a cross-validated probe of each, compared image by image, with what an image costs.

use std::fmt::Write as _;

use foretask_eval::{Paired, Summary, Verdict, paired};

use super::cross_validate::CrossValidationOptions;
use super::pick_task::labels;
use super::pick_task::score::{Score, score};
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::values::{Dataset, Encoder, Entrant, PickedEncoder};

/// A race of encoders.
#[derive(Debug, Clone)]
pub struct PickEncoder {
    /// The encoders with their names; two or more.
    pub encoders: Vec<(String, Encoder)>,
    /// Labeled images that decide.
    pub few: Dataset,
    /// How they decide.
    pub options: CrossValidationOptions,
}

/// An encoder that has run.
struct Run<'a> {
    name: &'a str,
    encoder: &'a Encoder,
    score: Score,
    summary: Summary,
    giga_macs: f64,
}

impl PickEncoder {
    /// Looks at the labeled images through each encoder, and says which one to use.
    ///
    /// # Errors
    /// When the labels cannot decide, an encoder does not take these images, or the work fails or is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<PickedEncoder, Error> {
        let fewest = labels::check("pick_encoder", &self.few)?;
        let CrossValidationOptions { folds, repeats, seed } = self.options;
        let survey = experiment.survey(&self.few, &self.few.views[0])?;
        experiment.used_data(self.few.steps(), &*self.few.views[0].samples()?);
        let mut runs = Vec::new();
        let mut notes = Vec::new();
        if folds > fewest {
            notes.push(format!(
                "{fewest} parts instead of {folds}: a class has {fewest} labeled images, one for each part"
            ));
        }
        for (name, encoder) in &self.encoders {
            let sketch = encoder.sketch(&survey)?;
            let takes = sketch.input.channels;
            if takes != survey.channels {
                let message =
                    format!("`{name}` takes images of {takes} channel(s), but these have {}", survey.channels);
                let error = Error::input(message).help(format!("open the dataset with channels: {takes}"));
                return Err(error.item(Role::Start, name.as_str()));
            }
            let cost = sketch.config.cost(takes, sketch.input.height, sketch.input.width);
            notes.extend(encoder.enlarging(&survey)?.map(|note| format!("{name}: {note}")));
            if let Some(score) = score(experiment, encoder, &self.few, (folds, repeats, seed))? {
                let summary = Summary::of(&score.right)?;
                let giga_macs = cost.forward_flops as f64 / 2e9;
                runs.push(Run { name, encoder, score, summary, giga_macs });
            }
        }
        self.plan(experiment, survey.count, folds.min(fewest), notes);
        if runs.len() < self.encoders.len() {
            // Only a race that was run before says who wins.
            let (name, encoder) = self.encoders.first().ok_or_else(|| Error::failed("a race needs encoders"))?;
            let verdict = format!("PickedEncoder({name}, before the race)");
            return Ok(PickedEncoder {
                encoder: encoder.clone(),
                name: name.clone(),
                table: Vec::new().into(),
                verdict,
            });
        }
        // With few labels accuracies tie; the held-out loss hardly does.
        runs.sort_by(|one, other| {
            other.summary.mean.total_cmp(&one.summary.mean).then(one.score.loss.total_cmp(&other.score.loss))
        });
        let table = runs.iter().map(|run| entrant(run, &runs[0])).collect::<Result<Vec<_>, _>>()?;
        let text = in_words(&table, survey.count);
        if !experiment.planning() {
            experiment.note(text.clone());
        }
        let (name, encoder) = (runs[0].name.to_owned(), runs[0].encoder.clone());
        Ok(PickedEncoder { encoder, name, table: table.into(), verdict: text })
    }

    fn plan(&self, experiment: &Experiment, images: usize, folds: usize, notes: Vec<String>) {
        let repeats = self.options.repeats;
        let names: Vec<&str> = self.encoders.iter().map(|(name, _)| name.as_str()).collect();
        let stage = PlannedStage {
            line: experiment.line(),
            images,
            length: format!("probes in {folds} parts, dealt {repeats} times"),
            notes,
            ..planned(format!("pick_encoder: {}", names.join(", ")))
        };
        experiment.with_plan(|plan| plan.stages.push(stage));
    }
}

fn entrant(run: &Run<'_>, winner: &Run<'_>) -> Result<Entrant, Error> {
    let (low, high) = run.summary.interval.unwrap_or((run.summary.mean, run.summary.mean));
    let own = std::ptr::eq(run, winner);
    let (behind, close) = if own {
        (0.0, false)
    } else {
        let Paired { difference, verdict, .. } = paired(&winner.score.right, &run.score.right)?;
        (difference.mean, verdict != Verdict::Higher)
    };
    Ok(Entrant {
        encoder: run.name.to_owned(),
        accuracy: run.summary.mean,
        low: low.max(0.0),
        high: high.min(1.0),
        behind,
        close,
        seconds: run.score.image_seconds.unwrap_or(0.0),
        giga_macs: run.giga_macs,
    })
}

/// The race in words, the winner first, and whether a cheaper one will do.
fn in_words(table: &[Entrant], images: usize) -> String {
    let Some(best) = table.first() else { return String::new() };
    let width = table.iter().map(|row| row.encoder.chars().count()).max().unwrap_or(0);
    let mut lines = vec![format!(
        "use {}: {:.1} % of the {images} labeled images right while held out",
        best.encoder,
        100.0 * best.accuracy
    )];
    let cheaper = table.iter().filter(|row| row.close && row.giga_macs < best.giga_macs);
    if let Some(cheap) = cheaper.min_by(|one, other| one.giga_macs.total_cmp(&other.giga_macs)) {
        let _ = write!(
            lines[0],
            "; {} may be as good (within noise) and costs {:.0} % of it",
            cheap.encoder,
            100.0 * cheap.giga_macs / best.giga_macs
        );
    }
    for (place, row) in table.iter().enumerate() {
        let fate = match (place, row.close) {
            (0, _) => "wins".to_owned(),
            (_, true) => format!("{:.1} points behind, within noise", 100.0 * row.behind),
            (_, false) => format!("{:.1} points behind", 100.0 * row.behind),
        };
        lines.push(format!(
            "  {:<width$}  {:.1} % ({:.1} to {:.1}), {:.1} ms and {:.2} GMAC an image: {fate}",
            row.encoder,
            100.0 * row.accuracy,
            100.0 * row.low,
            100.0 * row.high,
            1000.0 * row.seconds,
            row.giga_macs
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(encoder: &str, accuracy: f64, close: bool, giga_macs: f64) -> Entrant {
        Entrant { encoder: encoder.into(), accuracy, close, giga_macs, ..Entrant::default() }
    }

    #[test]
    fn a_cheaper_one_within_noise_is_named() {
        let text = in_words(&[row("large", 0.9, false, 4.0), row("small", 0.89, true, 1.0)], 100);
        assert!(text.starts_with("use large: 90.0 % of the 100") && text.contains("small may be as good"), "{text}");
        assert!(text.contains("25 % of it") && text.contains("within noise"), "{text}");
        let text = in_words(&[row("small", 0.9, false, 1.0), row("large", 0.89, true, 4.0)], 100);
        assert!(!text.contains("may be as good"), "{text}");
        let text = in_words(&[row("large", 0.9, false, 4.0), row("small", 0.7, false, 1.0)], 100);
        assert!(!text.contains("may be as good") && !text.contains("within noise"), "{text}");
    }
}
