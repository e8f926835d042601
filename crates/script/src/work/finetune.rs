//! Fine-tuning and scratch training as stages, one per label draw.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use foretask_models::Classifier;
use foretask_pretext::Shape;
use foretask_train::{
    FinetuneOptions, Finetuned, HealthLine, Kept, Labelled, MOST_ROUNDS, Recipe, Start, resolve_finetune,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::draws::{draw_title, need_labels};
use super::finish::{CONTENTS, DECLINED, Encoded, finish, too_few};
use super::pool::{self, Pool};
use super::pretrain::memory_note;
use crate::errors::Fault;
use crate::host::Host;
use crate::plan::{PlannedAuto, PlannedStage};
use crate::stage::{StageKey, Work, planned, read_json, write_json};
use crate::values::{Classifiers, Dataset, Member, Method, Trained, View};

const RESULT: &str = "classifier.safetensors";
const ABOUT: &str = "about.json";
const NOT_ASKED: &str = "from scratch it is done only if asked for (`calibrate: true`)";

/// What is kept of a fine-tuning besides the weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct About {
    history: Vec<HealthLine>,
    converged: bool,
    steps: u64,
    seconds: f64,
    training_accuracy: f64,
    kept_reason: String,
    recipe: Recipe,
}

/// A classifier per label draw. `method` is [`Method::Finetune`] or [`Method::Scratch`].
pub(crate) fn finetune(
    host: &Host,
    line: usize,
    method: Method,
    few: &Dataset,
    options: &FinetuneOptions,
) -> Result<Classifiers, Fault> {
    let pool = method.encoder().and_then(pool::of);
    let mut members = Vec::new();
    for (draw, view) in few.views.iter().enumerate() {
        // Other first weights and other batches in every draw, so that the spread over draws holds both kinds of luck.
        let options = FinetuneOptions { seed: options.seed.wrapping_add(draw as u64), ..options.clone() };
        members.push(one_draw(host, line, &method, few, (draw, view), pool.as_ref(), &options)?);
    }
    Ok(Classifiers { method, few: few.clone(), members: members.into() })
}

fn identity(method: &Method) -> Value {
    match method {
        Method::Scratch(net) => json!({ "net": net.0 }),
        Method::Finetune(encoder) => json!({ "encoder": encoder.identity() }),
        _ => Value::Null,
    }
}

fn one_draw(
    host: &Host,
    line: usize,
    method: &Method,
    few: &Dataset,
    (draw, view): (usize, &View),
    pool: Option<&Pool>,
    options: &FinetuneOptions,
) -> Result<Member, Fault> {
    let samples = view.samples()?;
    need_labels("finetune", few, &samples)?;
    host.used_data(view.manifest.steps(), &samples);
    let glance = few.glance(host, view)?;
    let (config, shape, name) = match method {
        Method::Finetune(encoder) => {
            let sketch = encoder.sketch(&glance)?;
            let input = &sketch.input;
            let shape = Shape::new(input.channels, input.height, input.width);
            (sketch.config.clone(), shape, format!("fine-tune {}", encoder.describe()))
        }
        Method::Scratch(net) => {
            let (width, height) = match options.image_size {
                Some(side) => (side, side),
                None => crate::values::input_size(&glance),
            };
            let (config, _) = net.0.resolve(height, width)?;
            (
                config,
                Shape::new(glance.channels(), height, width),
                format!("train {} from scratch", host.net_called(net)),
            )
        }
        _ => return Err(Fault::failed("only encoders and nets are fine-tuned")),
    };
    let from_scratch = matches!(method, Method::Scratch(_));
    let classes = samples.labels.iter().flatten().collect::<std::collections::BTreeSet<_>>().len();
    let labelled = Labelled { images: samples.len(), classes, shape };
    let (recipe, autos) = resolve_finetune(options, from_scratch, labelled)?;
    let cost = config.cost(shape.channels, shape.height, shape.width);
    let memory = cost.training_bytes(recipe.batch_size);
    let mut length = format!("{} steps of {}", recipe.steps, recipe.batch_size);
    if recipe.converge {
        let _ = write!(length, ", until the labels are fitted (at most {MOST_ROUNDS} times)");
    }
    let key = StageKey::new(
        "finetune",
        &host.device_kind()?,
        [
            ("start", identity(method)),
            ("data", few.identity(view)?),
            ("pool", pool::identity(pool)?),
            ("recipe", json!(recipe)),
            ("options", json!(options)),
            ("contents", json!(CONTENTS)),
        ],
    );
    let stage = PlannedStage {
        images: samples.len(),
        length,
        parameters: cost.parameters as usize,
        memory: Some(memory),
        // The draws' choices are alike: they are told once.
        autos: if draw == 0 { autos.iter().map(PlannedAuto::from).collect() } else { Vec::new() },
        notes: memory_note(memory),
        ..planned(draw_title(&name, few, draw), line)
    };
    let make = |folder: &Path| -> Result<Finetuned, Fault> {
        let images = few.images(host, view)?;
        let start = match method {
            Method::Finetune(encoder) => Start::Encoder(encoder.weights(&images, draw as u64)?),
            Method::Scratch(net) => Start::Network(net.0.clone()),
            _ => return Err(Fault::failed("only encoders and nets are fine-tuned")),
        };
        let statistics = match &start {
            Start::Encoder(encoder) => pool::statistics(host, pool, encoder, method.encoder())?,
            Start::Network(_) => None,
        };
        let mut found =
            host.training(folder, |cx| foretask_train::finetune(&start, &images, statistics.as_ref(), options, cx))?;
        let missing = match options.calibrate {
            Some(false) => DECLINED.to_owned(),
            None if from_scratch => NOT_ASKED.to_owned(),
            _ => too_few(images.len()),
        };
        let features = match found.kept {
            Kept::Probe => Some(super::features(host, &found.classifier.encoder, &images)?),
            Kept::Finetuned => None,
        };
        let encoded = features.as_ref().map_or(Encoded::Trained, Encoded::Frozen);
        found.classifier = finish(host, found.classifier, &images, encoded, found.held_out.as_ref(), &missing)?;
        Ok(found)
    };
    let about = |found: &Finetuned| About {
        history: found.history.clone(),
        converged: found.converged,
        steps: found.steps,
        seconds: found.seconds,
        training_accuracy: found.training_accuracy,
        kept_reason: found.kept_reason.clone(),
        recipe: found.recipe.clone(),
    };
    let outcome = host.stage(
        stage,
        &key,
        Work {
            make: &mut |folder: &Path| make(folder).map(|found| (about(&found), found.classifier)),
            save: &|(about, classifier): &(About, Classifier), folder: &Path| {
                classifier.save(folder.join(RESULT))?;
                write_json(&folder.join(ABOUT), about)?;
                Ok(json!({ "converged": about.converged }))
            },
            load: &|folder: &Path, _| Ok((read_json(&folder.join(ABOUT))?, Classifier::load(folder.join(RESULT))?)),
        },
    )?;
    if outcome.as_ref().is_some_and(|outcome| !outcome.reused) {
        // The result is on the disk; what networks without a part of the labels left is not needed any more.
        for part in ["fold-1", "fold-2", "fold-3", "held-out-1", "held-out-2", "held-out-3"] {
            std::fs::remove_dir_all(host.stages.folder(&key).join(part)).ok();
        }
    }
    let seed = view.seed.unwrap_or(0);
    Ok(match outcome {
        None => Member::planned(key, seed),
        Some(outcome) => {
            let (about, classifier) = outcome.value;
            if !about.converged {
                host.warn(format!(
                    "{}: training stopped before the labels were fitted ({:.0} % of them are)",
                    draw_title(&name, few, draw),
                    100.0 * about.training_accuracy
                ));
            }
            Member {
                key,
                seed,
                trained: Some(Trained::Network(Arc::new(classifier))),
                seconds: outcome.seconds,
                reused: outcome.reused,
                converged: Some(about.converged),
                // A probe is fitted without any update of the network; from scratch there is one answer only.
                kept: (!from_scratch).then_some(if about.steps == 0 { Kept::Probe } else { Kept::Finetuned }),
                steps: about.steps,
                history: about.history.into(),
            }
        }
    })
}
