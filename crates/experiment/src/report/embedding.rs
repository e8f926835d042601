//! Images in the feature space of an encoder: the evaluation images, or those it learned from.

use std::path::Path;

use foretask_data::Images;
use foretask_eval::{Maps, TsneOptions, maps};
use foretask_report::{Embedding, PointMap, ResultRow, Role};
use serde_json::{Value, json};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::runner::Stage;
use crate::stage::{Done, StageKey, read_json, write_json};
use crate::stages;
use crate::values::{Dataset, Evaluation, Pretrained, Trained};

/// As many points as a picture holds without becoming a blot.
const MOST: usize = 1000;
/// Fewer are no picture.
const LEAST: usize = 10;
const RESULT: &str = "maps.json";

/// What is drawn, and how it is called.
struct Subject<'a> {
    name: &'a str,
    encoder: &'a foretask_models::Encoder,
    data: &'a Dataset,
    /// "evaluation images in the features of this result’s encoder".
    of: String,
    /// The class that was named for each image of the data, by the data's own classes; empty where nobody was asked.
    answers: Vec<Option<u32>>,
}

/// Pictures of the features of the headline's encoder (else of the best pretrained one's), and of every pretraining that was
/// reported by itself.
pub(super) fn embeddings(
    experiment: &Experiment,
    results: &[(String, Evaluation)],
    rows: &[ResultRow],
    headline: Option<&str>,
    named: &[(String, Pretrained)],
) -> Result<Vec<Embedding>, Error> {
    let mut subjects: Vec<Subject<'_>> = headline_of(results, rows, headline).into_iter().collect();
    for (name, stage) in named {
        let Some(result) = stage.result() else { continue };
        let of = format!("images it learned from, in the features of {}", stage.name());
        subjects.push(Subject { name, encoder: &result.encoder, data: stage.data(), of, answers: Vec::new() });
    }
    subjects.iter().filter_map(|subject| draw(experiment, subject).transpose()).collect()
}

fn headline_of<'a>(
    results: &'a [(String, Evaluation)],
    rows: &'a [ResultRow],
    headline: Option<&'a str>,
) -> Option<Subject<'a>> {
    let best = || {
        let pretrained = rows.iter().filter(|row| row.role == Role::Pretrained && row.mean.is_finite());
        pretrained.max_by(|a, b| a.mean.total_cmp(&b.mean)).map(|row| row.name.as_str())
    };
    let name = headline.or_else(best)?;
    let (name, evaluation) = results.iter().find(|(other, _)| other == name)?;
    let encoder = match evaluation.classifiers.members.first()?.trained.as_ref()? {
        Trained::Network(classifier) => &classifier.encoder,
        Trained::Neighbors(encoder) => &**encoder,
        Trained::Pixels(_) => return None,
    };
    let draw = if evaluation.draws.len() > 1 { ", label draw 1" } else { "" };
    let of = format!("evaluation images in the features of this result’s encoder{draw}");
    Some(Subject { name, encoder, data: &evaluation.test, of, answers: answers(evaluation)? })
}

/// What the first draw's classifier named, by the classes of the evaluation images.
fn answers(evaluation: &Evaluation) -> Option<Vec<Option<u32>>> {
    let measured = evaluation.draws.first()?.measured.as_ref()?;
    let known = evaluation.test.views[0].samples().ok()?;
    let names: Vec<&str> = measured.classes().collect();
    let place = |predicted: u32| {
        let name = names.get(predicted as usize)?;
        known.classes.iter().position(|class| class == name).map(|place| place as u32)
    };
    let mut answers =
        vec![None; measured.predictions.iter().map(|answer| answer.index as usize + 1).max().unwrap_or(0)];
    for answer in &measured.predictions {
        answers[answer.index as usize] = place(answer.predicted);
    }
    Some(answers)
}

/// `None` for too few images.
fn draw(experiment: &Experiment, subject: &Subject<'_>) -> Result<Option<Embedding>, Error> {
    let Subject { name, encoder, data, of, answers } = subject;
    let view = &data.views[0];
    let all = experiment.images_of(data, view)?;
    if all.len() < LEAST {
        return Ok(None);
    }
    let count = all.len().min(MOST);
    let chosen: Vec<u32> = (0..count).map(|i| (i * all.len() / count) as u32).collect();
    let images = all.select(&chosen);
    let key = StageKey::new(
        "maps of features",
        &experiment.device_kind()?,
        [
            ("encoder", json!(foretask_train::state_fingerprint(&encoder.state))),
            ("data", data.identity(view)?),
            ("most", json!(MOST)),
        ],
    );
    let outcome = experiment.run(&Mapping { key, encoder, images: &images })?;
    let Some(found) = outcome.map(|outcome| outcome.value) else { return Ok(None) };
    let [first, second] = found.explained.map(|share| 100.0 * share);
    let number = |count: usize| crate::plan::thousands(count as u64);
    let some = if count == all.len() { String::new() } else { format!(" of {}", number(all.len())) };
    Ok(Some(Embedding {
        result: (*name).to_owned(),
        basis: format!("{}{some} {of}", number(count)),
        classes: images.classes().to_vec(),
        labels: images.labels().to_vec(),
        names: (0..images.len()).map(|index| images.name(index)).collect(),
        answers: chosen.iter().map(|index| answers.get(*index as usize).copied().flatten()).collect(),
        atlas: Some(super::atlas::atlas(&images, &(0..images.len()).collect::<Vec<_>>())?),
        maps: vec![
            PointMap {
                name: "t-SNE".into(),
                note: format!(
                    "Near neighbors stay near: perplexity {:.0}, divergence {:.2} nats.",
                    found.perplexity, found.divergence
                ),
                points: found.tsne,
            },
            PointMap {
                name: "Principal components".into(),
                note: format!("The two directions of largest variance: {first:.0} and {second:.0} % of it."),
                points: found.pca,
            },
        ],
    }))
}

/// Drawing them, which takes some seconds.
struct Mapping<'a> {
    key: StageKey,
    encoder: &'a foretask_models::Encoder,
    images: &'a Images,
}

impl Stage for Mapping<'_> {
    type Output = Maps;

    const QUICK: bool = true;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        planned("maps of features")
    }

    fn make(&self, experiment: &Experiment, _: &Path) -> Result<Maps, Error> {
        Ok(maps(&stages::features(experiment, self.encoder, self.images)?, &TsneOptions::default())?)
    }

    fn save(&self, maps: &Maps, folder: &Path) -> Result<Value, Error> {
        write_json(&folder.join(RESULT), maps)?;
        Ok(json!({}))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<Maps, Error> {
        read_json(&folder.join(RESULT))
    }
}
