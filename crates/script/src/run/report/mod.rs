//! From evaluations to a report: baselines added, results compared, pictures drawn, everything written down.

mod baselines;
mod comparison;
mod embedding;
mod label_curve;
mod leakage;
mod pictures;
mod provenance;
mod rows;

use std::path::PathBuf;

use foretask_report::{Report, table_text};
use serde::{Deserialize, Serialize};

use super::time::Moment;
use crate::Progress;
use crate::errors::Fault;
use crate::host::Host;
use crate::values::{Evaluation, LabelCurve, Pretrained, Trained};

pub(crate) use comparison::compare;
pub(crate) use label_curve::label_curve;

/// What to do about evaluation images among those learned from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Leakage {
    /// Say it loudly.
    #[default]
    Warn,
    /// Refuse to report.
    Error,
}

/// Options of the word `report`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReportOptions {
    /// Add the yardsticks that are missing.
    pub(crate) baselines: bool,
    pub(crate) leakage: Leakage,
    /// The result that the verdict is about.
    pub(crate) headline: Option<String>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { baselines: true, leakage: Leakage::Warn, headline: None }
    }
}

/// What a report is about, by the names in the script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reported {
    pub(crate) results: Vec<(String, Evaluation)>,
    pub(crate) curves: Vec<(String, LabelCurve)>,
    /// Pretraining shown for its own sake, with or without results.
    pub(crate) pretrained: Vec<(String, Pretrained)>,
}

impl Reported {
    pub(crate) fn is_empty(&self) -> bool {
        self.results.is_empty() && self.curves.is_empty() && self.pretrained.is_empty()
    }
}

/// Prints the table and writes the page; `None` in a planning pass, which only plans the baselines.
pub(crate) fn write_report(
    host: &Host,
    line: usize,
    title: &str,
    given: Reported,
    options: &ReportOptions,
) -> Result<Option<PathBuf>, Fault> {
    let Reported { mut results, curves, pretrained: named } = given;
    if options.baselines {
        baselines::add(host, line, &mut results)?;
    }
    host.with_plan(|plan| plan.reports.push(title.to_owned()));
    let Some(run) = host.run_folder().cloned() else { return Ok(None) };
    // Everything that was learned from and measured on stands behind the page, curves included.
    let mut all = results.clone();
    all.extend(curves.iter().flat_map(|(_, curve)| curve.evaluations.iter().cloned()));
    let pretrained = pretrained(&all, &named);
    let leakage = (!all.is_empty()).then(|| leakage::check(host, &all, &pretrained, options.leakage)).transpose()?;
    let (started, seconds) = run.times();
    let rows = rows::rows(&results)?;
    let report = Report {
        embeddings: embedding::embeddings(host, &results, &rows, options.headline.as_deref(), &named)?,
        title: title.to_owned(),
        created: Moment::now().for_people(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        evaluation: rows::evaluation(&all)?,
        headline: options.headline.clone(),
        results: rows,
        label_curves: curves.iter().map(|(name, curve)| curve_called(name, curve)).collect(),
        stages: rows::stages(&pretrained, &results),
        confusions: rows::confusions(&results),
        pretext: pictures::pretext(host, &pretrained)?,
        predictions: pictures::predictions(host, &results)?,
        neighbours: pictures::neighbours(host, &all, &named)?,
        bad_images: Some(provenance::bad_images(host, &all, &pretrained)?),
        leakage,
        notes: provenance::notes(host, &run),
        script: Some(foretask_report::Script { path: host.script.name.clone(), text: host.script.text.clone() }),
        options: provenance::options(host, &run),
        data: provenance::data(&all, &pretrained)?,
        environment: provenance::environment(host, &started, seconds)?,
        ..Report::default()
    };
    keep_weights(&run, host, &results)?;
    let path = run.add_report(&report)?;
    host.tell(Progress::Table { text: format!("\n{title}\n\n{}", table_text(&report, host.settings.width)) });
    Ok(Some(path))
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

/// The classifiers of every result, ready for `foretask predict`.
fn keep_weights(run: &super::RunFolder, host: &Host, results: &[(String, Evaluation)]) -> Result<(), Fault> {
    for (name, evaluation) in results {
        let members = &evaluation.classifiers.members;
        for (index, member) in members.iter().enumerate() {
            if let Some(Trained::Network(_)) = &member.trained {
                let from = host.stages.folder(&member.key).join("classifier.safetensors");
                let name = if members.len() == 1 { name.clone() } else { format!("{name}-draw{}", index + 1) };
                run.keep_weights(&from, &name)?;
            }
        }
    }
    Ok(())
}
