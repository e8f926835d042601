//! Pretraining as a stage.

use std::path::Path;

use foretask_pretext::{ImageRef, Resolved, Task as Pretext};
use foretask_train::{Features, Observer, Pool, PretrainOptions, PretrainPlan, Start, plan_pretraining};
use serde_json::{Value, json};

use super::online::{Online, inside};
use crate::custom;
use crate::errors::Fault;
use crate::host::Host;
use crate::plan::{PlannedAuto, PlannedStage};
use crate::stage::{StageKey, Work, planned, took};
use crate::values::{Dataset, Encoder, Net, Pretrained, PretrainedResult, Task, View};
use crate::verbs::{PlannedPreview, some_images};

/// What pretraining starts from.
#[derive(Debug, Clone)]
pub(crate) enum PretrainFrom {
    Net(Net),
    Encoder(Encoder),
}

impl PretrainFrom {
    fn identity(&self) -> Value {
        match self {
            Self::Net(net) => json!({ "net": net.0 }),
            Self::Encoder(encoder) => json!({ "encoder": encoder.identity() }),
        }
    }
}

const RESULT: &str = "pretrained.ftckpt";
const ENCODER: &str = "encoder.safetensors";

/// Plans the stage; runs, resumes or loads it unless this is a planning pass.
pub(crate) fn pretrain(
    host: &Host,
    line: usize,
    from: &PretrainFrom,
    task: &Task,
    data: &Dataset,
    options: &PretrainOptions,
    online: Option<&Online>,
) -> Result<Pretrained, Fault> {
    if let Some(online) = online {
        online.check().map_err(|fault| inside(fault, 3))?;
    }
    let view = data.single("pretrain", 2)?;
    let samples = view.samples()?;
    let glance = data.glance(host, view)?;
    let pool = Pool { count: samples.len(), ..Pool::from(&*glance) };
    let sketch = match from {
        PretrainFrom::Net(net) => Start::Network(net.0.clone()),
        PretrainFrom::Encoder(encoder) => Start::Encoder(encoder.sketch(&glance)?),
    };
    let tasks =
        custom::settle(&task.0, &glance, |tasks| Ok(plan_pretraining(&sketch, tasks, &pool, options)?.shape()))?;
    let plan = plan_pretraining(&sketch, &tasks, &pool, options)?;
    host.used_data(data.steps(), &samples);
    watch(host, data, view, &plan)?;
    if samples.labels.iter().all(Option::is_none) {
        without_labels(host, &plan);
    }
    let mut decided = vec![("start", from.identity()), ("data", data.identity(view)?), ("plan", decisive(&plan))];
    if let Some(online) = online {
        // The weights are the same without it, but not what is kept about how they came to be.
        decided.push(("online", online.identity()?));
    }
    let key = StageKey::new("pretrain", &host.device_kind()?, decided);
    let title = format!("pretrain {} by {}", plan.config.arch.name(), task.0.name());
    let said = json!({ "from": from.identity(), "data": data.steps(), "task": task.0, "options": options });
    let mark = host.mark(&task.0.name(), key.hash(), &said);
    let title = format!("{title}{mark}");
    host.with_plan(|all| {
        for (task, _) in &task.0.tasks {
            let shown = PlannedPreview { task: task.clone(), data: data.clone(), image_size: options.image_size };
            if !all.previews.contains(&shown) {
                all.previews.push(shown);
            }
        }
    });
    let stage = describe(title, line, samples.len(), &plan);
    let images = if host.planning() { None } else { Some(data.images(host, view)?) };
    let mut make = |folder: &Path| -> Result<PretrainedResult, Fault> {
        let images = images.as_deref().ok_or_else(|| Fault::failed("there are no images to learn from"))?;
        let start = match from {
            PretrainFrom::Net(net) => Start::Network(net.0.clone()),
            PretrainFrom::Encoder(encoder) => Start::Encoder(encoder.weights(images, 0)?),
        };
        let watched = online.map(|online| online.ready(host)).transpose()?;
        let judge = |features: &Features| watched.as_ref().map_or_else(Vec::new, |(_, judge)| judge.metrics(features));
        let observer = watched.as_ref().map(|(images, _)| Observer { images, judge: &judge });
        host.training(folder, |cx| foretask_train::pretrain(&start, &tasks, images, options, observer.as_ref(), cx))
    };
    let outcome = host.stage(
        stage,
        &key,
        Work {
            make: &mut make,
            save: &|result: &PretrainedResult, folder: &Path| {
                result.save(&folder.join(RESULT))?;
                // The same weights for people and other programs; `weights/` of a run links to it.
                result.encoder.save(folder.join(ENCODER))?;
                Ok(took(result.seconds))
            },
            load: &|folder: &Path, _| {
                PretrainedResult::load(&folder.join(RESULT))?
                    .ok_or_else(|| Fault::failed(format!("`{RESULT}` is missing in its folder")))
            },
        },
    )?;
    let done = outcome.map(|outcome| (outcome.value, outcome.seconds, outcome.reused));
    if let (Some(run), true) = (host.run_folder(), done.is_some()) {
        run.keep_weights(
            &host.stages.folder(&key).join(ENCODER),
            &format!("encoder-{}{mark}", task.0.name().replace(" + ", "-")),
        )?;
    }
    Ok(Pretrained::new(key, plan, data.clone(), mark, done))
}

/// Images looked at for what makes a task trivial or meaningless.
const WATCHED: usize = 128;

/// Warns of data that spoil a task: once, whether the script is planned or run.
fn watch(host: &Host, data: &Dataset, view: &View, plan: &PretrainPlan) -> Result<(), Fault> {
    let images = some_images(host, data, view, WATCHED, 0)?;
    let pixels = (0..images.len()).map(|index| images.get(index)).collect::<Result<Vec<_>, _>>()?;
    let images =
        || pixels.iter().map(|p| ImageRef { data: &p.data, width: p.width, height: p.height, channels: p.channels });
    for Resolved { task, shape, .. } in plan.tasks.iter().map(|planned| &planned.task) {
        let found = foretask_pretext::suspicions(images(), task, *shape).into_iter();
        let mut texts: Vec<String> =
            found.map(|found| format!("{}: {} ({}); {}", task.name(), found.what, found.why, found.instead)).collect();
        texts.extend(custom::labels_in_doubt(task, images(), *shape));
        host.with_plan(|plan| {
            texts.retain(|text| !plan.warnings.contains(text));
            plan.warnings.append(&mut texts);
        });
    }
    Ok(())
}

/// Warns of a task that learns from labels, where there are none.
fn without_labels(host: &Host, plan: &PretrainPlan) {
    if plan.tasks.iter().any(|planned| matches!(planned.task.task, Pretext::SupCon(_))) {
        let text = "supcon: none of these images has a label, so that it is the same as `simclr`; give it images of which a good \
                    part is labelled, or take `simclr`";
        host.with_plan(|plan| {
            if !plan.warnings.iter().any(|known| known == text) {
                plan.warnings.push(text.to_owned());
            }
        });
    }
}

/// What of a plan decides the result: everything but words and estimates.
fn decisive(plan: &PretrainPlan) -> Value {
    let mut value = crate::stage::json(plan);
    if let Some(map) = value.as_object_mut() {
        for name in ["notes", "memory_bytes", "parameters"] {
            map.remove(name);
        }
        for task in map.get_mut("tasks").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(task) = task.get_mut("task").and_then(Value::as_object_mut) {
                task.remove("notes");
            }
        }
    }
    value
}

fn describe(title: String, line: usize, images: usize, plan: &PretrainPlan) -> PlannedStage {
    let length = match plan.steps {
        Some(steps) => format!("{} = {} steps of {}", plan.length, steps, plan.sampling.batch_size),
        None => format!("budget {}, in steps of {} images", plan.length, plan.sampling.batch_size),
    };
    PlannedStage {
        images,
        length,
        parameters: plan.parameters as usize,
        memory: Some(plan.memory_bytes),
        autos: plan.notes.iter().map(PlannedAuto::from).collect(),
        notes: memory_note(plan.memory_bytes),
        ..planned(title, line)
    }
}

/// Says beforehand what would be refused later.
pub(super) fn memory_note(needed: u64) -> Vec<String> {
    match foretask_backend::available_memory_bytes() {
        Some(free) if needed > free => vec![format!(
            "needs more memory than the {} that are free now; a smaller `batch_size`, `image_size` or `width` helps",
            crate::plan::bytes(free)
        )],
        _ => Vec::new(),
    }
}
