//! From evaluations to a report: baselines added, results compared, pictures drawn, everything written down.

mod atlas;
mod baselines;
mod comparison;
mod embedding;
mod issues;
mod label_curve;
mod leakage;
mod pictures;
mod provenance;
mod rows;

use std::path::PathBuf;

use foretask_report::{Report, table_text};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::progress::Progress;
use crate::run::{RunFolder, RunSource, UtcTime, is_cut, slug};
use crate::stages::Leakage;
use crate::values::{Evaluation, FoundIssues, LabelCurve, Pretrained, Trained};

pub use comparison::compare;
pub use label_curve::label_curve;

/// Options of the word `report`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportOptions {
    /// Add the baselines that are missing.
    pub baselines: bool,
    /// What to do about evaluation images among those learned from.
    pub leakage: Leakage,
    /// The result that the verdict is about.
    pub headline: Option<String>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { baselines: true, leakage: Leakage::Warn, headline: None }
    }
}

/// What a report is about, by name.
#[derive(Debug, Clone, Default)]
pub struct Reported {
    /// Classifiers, measured.
    pub results: Vec<(String, Evaluation)>,
    /// Accuracies against the number of labels.
    pub curves: Vec<(String, LabelCurve)>,
    /// Pretraining shown for its own sake, with or without results.
    pub pretrained: Vec<(String, Pretrained)>,
    /// What may be wrong with datasets.
    pub issues: Vec<(String, FoundIssues)>,
}

impl Reported {
    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.results.is_empty() && self.curves.is_empty() && self.pretrained.is_empty() && self.issues.is_empty()
    }
}

/// Prints the table and writes the page; `None` in a planning pass, which only plans the baselines.
///
/// # Errors
/// When a baseline fails, images cannot be read, or the page cannot be written.
pub fn write_report(
    experiment: &Experiment,
    title: &str,
    given: Reported,
    options: &ReportOptions,
) -> Result<Option<PathBuf>, Error> {
    let Reported { mut results, curves, pretrained: named, issues } = given;
    if options.baselines {
        baselines::add(experiment, &mut results)?;
    }
    announce(experiment, title, &results);
    let Some(run) = experiment.run_folder().cloned() else { return Ok(None) };
    // Everything that was learned from and measured on stands behind the page, curves included.
    let mut all = results.clone();
    all.extend(curves.iter().flat_map(|(_, curve)| curve.evaluations.iter().cloned()));
    let pretrained = pretrained(&all, &named);
    let leakage = (!all.is_empty()).then(|| leakage::check(experiment, &all, options.leakage)).transpose()?;
    let (started, seconds) = run.times();
    let mut rows = rows::rows(&results)?;
    for (row, (name, evaluation)) in rows.iter_mut().zip(&results) {
        row.weights = keep_weights(&run, experiment, name, evaluation)?;
    }
    let report = Report {
        embeddings: embedding::embeddings(experiment, &results, &rows, options.headline.as_deref(), &named)?,
        title: title.to_owned(),
        created: UtcTime::now().for_people(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        evaluation: rows::evaluation(&all)?,
        headline: options.headline.clone(),
        results: rows,
        label_curves: curves.iter().map(|(name, curve)| curve_called(name, curve)).collect(),
        stages: rows::stages(&pretrained, &results),
        confusions: rows::confusions(&results),
        galleries: atlas::galleries(experiment, &results, options.headline.as_deref())?,
        pretext: pictures::pretext(experiment, &pretrained)?,
        predictions: pictures::predictions(experiment, &results)?,
        neighbors: pictures::neighbors(experiment, &all, &named)?,
        issues: issues::issues(experiment, &issues)?,
        bad_images: Some(provenance::bad_images(experiment, &all, &pretrained)?),
        leakage,
        notes: [provenance::notes(experiment, &run), provenance::licenses(&all, &named)].concat(),
        script: script_of(run.source()),
        options: provenance::options(experiment, &run),
        data: provenance::data(&all, &pretrained)?,
        environment: provenance::environment(experiment, &started, seconds)?,
        ..Report::default()
    };
    let path = run.add_report(&report)?;
    experiment
        .emit(Progress::Table { text: format!("\n{title}\n\n{}", table_text(&report, experiment.settings.width)) });
    Ok(Some(path))
}

fn script_of(source: &RunSource) -> Option<foretask_report::Script> {
    let text = source.script.clone()?;
    Some(foretask_report::Script { path: source.name.clone(), text })
}

/// Puts the report into the plan, and warns of names that its files cannot have.
fn announce(experiment: &Experiment, title: &str, results: &[(String, Evaluation)]) {
    let again = experiment.with_plan(|plan| {
        let again = plan.reports.iter().any(|known| known == title);
        plan.reports.push(title.to_owned());
        again
    });
    if again {
        let title = shown(title);
        experiment
            .plan_warning(format!("two reports are called \"{title}\": the later one takes the place of the first"));
    }
    let names = results.iter().map(|(name, _)| ("result", name.as_str()));
    for (what, name) in std::iter::once(("report", title)).chain(names).filter(|(_, name)| is_cut(name)) {
        let (begin, count) = (shown(name), name.chars().count());
        experiment.plan_warning(format!(
            "the name of the {what} \"{begin}\" has {count} characters; its files are called {}",
            slug(name)
        ));
    }
}

/// The beginning of a long name.
fn shown(name: &str) -> String {
    const MOST: usize = 40;
    let begin: String = name.chars().take(MOST).collect();
    if begin.len() < name.len() { begin + "…" } else { begin }
}

fn curve_called(name: &str, curve: &LabelCurve) -> foretask_report::LabelCurve {
    foretask_report::LabelCurve { name: name.to_owned(), ..(*curve.plain).clone() }
}

/// Every pretraining stage that is named or that some result rests on, once, in the order of the results.
fn pretrained(results: &[(String, Evaluation)], named: &[(String, Pretrained)]) -> Vec<Pretrained> {
    let mut stages: Vec<Pretrained> = Vec::new();
    let behind = results.iter().filter_map(|(_, evaluation)| stage_of(evaluation));
    for stage in behind.chain(named.iter().map(|(_, stage)| stage)) {
        if !stages.iter().any(|known| known.key() == stage.key()) {
            stages.push(stage.clone());
        }
    }
    stages
}

/// The pretraining stage behind a result.
fn stage_of(evaluation: &Evaluation) -> Option<&Pretrained> {
    match &evaluation.classifiers.method.encoder()?.source {
        crate::values::EncoderSource::Pretrained(stage) => Some(stage),
        _ => None,
    }
}

/// The classifiers of a result, ready for `foretask predict`: the file of each draw.
fn keep_weights(
    run: &RunFolder,
    experiment: &Experiment,
    name: &str,
    evaluation: &Evaluation,
) -> Result<Vec<Option<String>>, Error> {
    let members = &evaluation.classifiers.members;
    let kept = members.iter().enumerate().map(|(index, member)| {
        let Some(Trained::Network(_)) = &member.trained else { return Ok(None) };
        let from = experiment.memory.file(&member.key, "classifier.safetensors")?;
        let name = if members.len() == 1 { name.to_owned() } else { format!("{name}-draw{}", index + 1) };
        let to = run.keep_weights(&from, &name)?;
        Ok(to.file_name().map(|file| file.to_string_lossy().into_owned()))
    });
    kept.collect()
}
