//! The pictures of a report: pretext examples with the model's answers, predictions, neighbors.

use foretask_data::{Depth, Images};
use foretask_eval::{Prediction as Answer, nearest, worst_mistakes};
use foretask_pretext::{Example, ExampleTarget, Picture as Pixels};
use foretask_random::Key;
use foretask_report::{
    Neighbor, NeighborRow, NeighborSheet, Picture, Prediction, PredictionSheet, PretextItem, PretextSheet, Shown,
};

use super::stage_of;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::preview::examples;
use crate::stages;
use crate::values::{Dataset, Evaluation, Pretrained};

const PRETEXT_EXAMPLES: usize = 6;
const MISTAKES: usize = 12;
const SAMPLES: usize = 12;
const QUERIES: usize = 6;
const NEIGHBORS: usize = 8;
/// Larger sets are searched in an evenly spread part.
const MOST_SEARCHED: usize = 4096;
/// Photographs are shown no larger than this.
const LARGEST_SIDE: usize = 160;

/// What each pretext task asked, and what the trained model answered.
pub(super) fn pretext(experiment: &Experiment, stages: &[Pretrained]) -> Result<Vec<PretextSheet>, Error> {
    let mut sheets = Vec::new();
    for stage in stages {
        let Some(result) = stage.result() else { continue };
        let data = stage.data();
        let images = experiment.some_images(data, &data.views[0], PRETEXT_EXAMPLES, 1)?;
        let device = experiment.device()?;
        for (index, planned) in result.tasks.iter().enumerate() {
            let mut shown = examples(&planned.task, &images, 1)?;
            result.answer(index, &mut shown, &device)?;
            let items = shown.iter().enumerate().map(|(index, example)| item(example, images.name(index)));
            let task = &planned.task.task;
            sheets.push(PretextSheet {
                stage: stage.name(),
                task: task.name().to_owned(),
                question: task.info().summary.to_owned(),
                items: items.collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(sheets)
}

fn item(example: &Example, name: String) -> Result<PretextItem, Error> {
    let inputs = example.inputs.iter().map(|planes| png(&Pixels::from_planes(planes))).collect::<Result<_, _>>()?;
    let answer = example.answer.as_ref().map_or(Ok(Shown::Nothing), shown)?;
    let correct = match (&example.target, &example.answer) {
        (ExampleTarget::Classes(truth), Some(ExampleTarget::Classes(answer))) => Some(truth == answer),
        _ => None,
    };
    Ok(PretextItem {
        original: Some(png(&Pixels::from_planes(&example.original))?),
        name,
        inputs,
        label: shown(&example.target)?,
        answer,
        correct,
        notes: example.notes.clone(),
    })
}

fn shown(target: &ExampleTarget) -> Result<Shown, Error> {
    Ok(match target {
        ExampleTarget::Classes(classes) => Shown::Text(classes.clone()),
        ExampleTarget::Image(planes) => Shown::Pictures(vec![png(&Pixels::from_planes(planes))?]),
        ExampleTarget::Vector(numbers) => Shown::Text(numbers.iter().map(|x| format!("{x:.3}")).collect()),
        ExampleTarget::Views => Shown::Text(vec!["the same image".to_owned()]),
    })
}

fn png(pixels: &Pixels) -> Result<Picture, Error> {
    picture_of(&pixels.to_png()?)
}

fn picture_of(bytes: &[u8]) -> Result<Picture, Error> {
    Picture::from_png(bytes).map_err(|error| Error::failed(error.to_string()))
}

/// An image of a dataset as a picture, shrunk where it is large.
pub(super) fn picture(images: &Images, index: usize) -> Result<Picture, Error> {
    let pixels = images.get(index)?.at_depth(Depth::Bytes);
    let bytes = pixels.data.bytes().unwrap_or_default();
    let step = pixels.width.max(pixels.height).div_ceil(LARGEST_SIDE).max(1);
    let (width, height) = ((pixels.width / step).max(1), (pixels.height / step).max(1));
    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let at = (y * step * pixels.width + x * step) * pixels.channels;
            for color in 0..3 {
                let channel = if pixels.channels >= 3 { color } else { 0 };
                data.push(bytes.get(at + channel).copied().unwrap_or(0));
            }
        }
    }
    png(&Pixels { width, height, data })
}

/// The worst mistakes and some predictions at random, of the first draw of every result.
pub(super) fn predictions(
    experiment: &Experiment,
    results: &[(String, Evaluation)],
) -> Result<Vec<PredictionSheet>, Error> {
    let mut sheets = Vec::new();
    for (name, evaluation) in results {
        let Some(measured) = evaluation.draws.first().and_then(|draw| draw.measured.as_ref()) else { continue };
        let images = experiment.images_of(&evaluation.test, &evaluation.test.views[0])?;
        let classes: Vec<&str> = measured.classes().collect();
        let one = |answer: &Answer| -> Result<Prediction, Error> {
            let class = |class: u32| classes.get(class as usize).map_or("?", |name| name).to_owned();
            Ok(Prediction {
                picture: picture(&images, answer.index as usize)?,
                name: answer.name.clone(),
                truth: answer.label.map(class),
                predicted: class(answer.predicted),
                confidence: f64::from(answer.confidence()),
            })
        };
        let mut order: Vec<usize> = (0..measured.predictions.len()).collect();
        Key::new(1).named("report samples").rng().shuffle(&mut order);
        order.truncate(SAMPLES);
        sheets.push(PredictionSheet {
            result: name.clone(),
            basis: if evaluation.draws.len() > 1 { "label draw 1".into() } else { "the only label draw".into() },
            mistakes: worst_mistakes(measured, MISTAKES).into_iter().map(one).collect::<Result<_, _>>()?,
            samples: order.into_iter().map(|at| one(&measured.predictions[at])).collect::<Result<_, _>>()?,
        });
    }
    Ok(sheets)
}

/// For some images, the nearest other ones in each pretrained encoder's features: evaluation images where there are any, else
/// those it learned from.
pub(super) fn neighbors(
    experiment: &Experiment,
    results: &[(String, Evaluation)],
    named: &[(String, Pretrained)],
) -> Result<Vec<NeighborSheet>, Error> {
    let measured =
        results.iter().filter_map(|(_, evaluation)| Some((stage_of(evaluation)?, &evaluation.test, "evaluation")));
    let learned = named.iter().map(|(_, stage)| (stage, stage.data(), "pretraining"));
    let mut sheets: Vec<NeighborSheet> = Vec::new();
    for (stage, data, what) in measured.chain(learned) {
        if !sheets.iter().any(|sheet| sheet.encoder == stage.name()) {
            sheets.extend(nearest_of(experiment, stage, data, what)?);
        }
    }
    Ok(sheets)
}

fn nearest_of(
    experiment: &Experiment,
    stage: &Pretrained,
    data: &Dataset,
    what: &str,
) -> Result<Option<NeighborSheet>, Error> {
    let Some(result) = stage.result() else { return Ok(None) };
    let all = experiment.images_of(data, &data.views[0])?;
    let step = all.len().div_ceil(MOST_SEARCHED).max(1);
    let searched = all.select(&(0..all.len() as u32).step_by(step).collect::<Vec<_>>());
    let features = stages::features(experiment, &result.encoder, &searched)?;
    let mut order: Vec<u32> = (0..searched.len() as u32).collect();
    Key::new(1).named("report neighbors").rng().shuffle(&mut order);
    order.truncate(QUERIES);
    // The nearest of all is the query itself.
    let found = nearest(&features, &features.select(&order), NEIGHBORS + 1)?;
    let classes = searched.classes();
    let show = |index: u32, similarity: f32| -> Result<Neighbor, Error> {
        let at = index as usize;
        Ok(Neighbor {
            picture: picture(&searched, at)?,
            name: searched.name(at),
            label: searched.label(at).and_then(|label| classes.get(label as usize).cloned()),
            similarity: f64::from(similarity),
        })
    };
    let mut rows = Vec::new();
    for (query, found) in order.iter().zip(found) {
        let nearest = found.iter().filter(|found| found.index != *query).take(NEIGHBORS);
        rows.push(NeighborRow {
            query: show(*query, 1.0)?,
            nearest: nearest.map(|found| show(found.index, found.similarity)).collect::<Result<_, _>>()?,
        });
    }
    let basis = format!("among {} {what} images, cosine similarity", crate::plan::thousands(searched.len() as u64));
    Ok(Some(NeighborSheet { encoder: stage.name(), basis, rows }))
}
