//! Pretraining as a stage.

use std::path::Path;
use std::sync::Arc;

use foretask_pretext::Resolved;
use foretask_train::{
    Context, Features, Observer, PlannedTask, PretrainOptions, PretrainPlan, Pretraining, TaskMix, plan_pretraining,
};
use serde_json::{Value, json};

use super::kept_features::KeptFeatures;
use super::memory_note;
use super::online::Online;
use crate::custom_target::{choose_targets, labels_in_doubt};
use crate::error::{Error, Role};
use crate::experiment::Experiment;
use crate::plan::{PlannedAuto, PlannedPreview, PlannedStage, planned};
use crate::runner::{Stage, took};
use crate::stage::{Done, StageKey, write_history};
use crate::values::{Dataset, Pretrained, PretrainedResult, PretrainedStage, Start, Task, View, blame_task};

const RESULT: &str = "pretrained.ftckpt";
const ENCODER: &str = "encoder.safetensors";

/// Features learned from images without labels.
#[derive(Debug, Clone)]
pub struct Pretrain {
    /// What learns.
    pub start: Start,
    /// What it learns by.
    pub task: Task,
    /// What it learns from.
    pub images: Dataset,
    /// How it learns.
    pub options: PretrainOptions,
    /// Labeled images that say meanwhile how good the features are.
    pub online: Option<Online>,
}

impl Pretrain {
    /// Plans the stage; runs, resumes or loads it unless this is a planning pass.
    ///
    /// # Errors
    /// When an option does not suit the images, images cannot be read, or training fails or is interrupted.
    pub fn run(&self, experiment: &Experiment) -> Result<Pretrained, Error> {
        let stage = self.stage(experiment)?;
        if !experiment.planning() {
            // Bad images are told of even where nothing has to be learned from them any more.
            experiment.images_of(&self.images, stage.view)?;
        }
        let outcome = experiment.run(&stage)?;
        if let (Some(run), Some(_)) = (experiment.run_folder(), &outcome) {
            let name = format!("encoder-{}{}", self.task.mix.name().replace(" + ", "-"), stage.mark);
            run.keep_weights(&experiment.memory.file(&stage.key, ENCODER)?, &name)?;
        }
        let done = outcome.map(|outcome| (Arc::new(outcome.value), outcome.seconds, outcome.reused));
        let (start, teachers) = (self.start.encoder().cloned(), self.task.teachers.clone());
        let PretrainStage { key, plan, mark, .. } = stage;
        Ok(Pretrained::new(PretrainedStage { key, plan, start, teachers, data: self.images.clone(), mark, done }))
    }

    /// The stage with everything settled that can be known before training.
    fn stage(&self, experiment: &Experiment) -> Result<PretrainStage<'_>, Error> {
        let Self { task, images: data, options, online, .. } = self;
        if let Some(online) = online {
            online.check().map_err(|error| error.within("online"))?;
        }
        let view = data.single("pretrain", Role::Images)?;
        let samples = view.samples()?;
        let (sample_images, pool) = (experiment.sample_images(data, view)?, experiment.survey(data, view)?);
        let sketch = match &self.start {
            Start::Network(net) => foretask_train::Start::Network(net.0.clone()),
            Start::Encoder(encoder) => {
                experiment.say_spread(encoder, &pool)?;
                foretask_train::Start::Encoder(encoder.sketch(&pool)?)
            }
        };
        task.teachers.iter().try_for_each(|teacher| experiment.say_spread(teacher, &pool))?;
        let planned = |tasks: &TaskMix| {
            plan_pretraining(&sketch, tasks, &pool, options).map_err(|error| blame_task(error.into()))
        };
        let tasks = choose_targets(&task.met(&pool)?, &sample_images, |tasks| Ok(planned(tasks)?.shape()))?;
        let mut plan = planned(&tasks)?;
        plan.notes.extend(foretask_train::guards(&sketch, options, online.is_some())?.1);
        experiment.used_data(data.steps(), &samples);
        watch(experiment, data, view, &plan)?;
        if samples.labels.iter().all(Option::is_none) {
            without_labels(experiment, &plan);
        }
        let key = self.key(experiment, view, &plan)?;
        let said = json!({ "from": self.start.identity(), "data": data.steps(), "task": task.mix, "options": options });
        let mark = experiment.mark(&task.mix.name(), key.hash(), &said);
        self.add_previews(&task.met(&pool)?, &plan, experiment);
        Ok(PretrainStage { request: self, view, images: pool.count, tasks, plan, key, mark })
    }

    fn key(&self, experiment: &Experiment, view: &View, plan: &PretrainPlan) -> Result<StageKey, Error> {
        let mut decided =
            vec![("start", self.start.identity()), ("data", self.images.identity(view)?), ("plan", decisive(plan))];
        if plan.measures_statistics() {
            decided.push(("statistics", "of whole images".into()));
        }
        if let Some(online) = &self.online {
            // The weights are the same without it, but not what is kept about how they came to be.
            decided.push(("online", online.identity()?));
        }
        Ok(StageKey::new("pretrain", &experiment.device_kind()?, decided))
    }

    fn add_previews(&self, mix: &TaskMix, settled: &PretrainPlan, experiment: &Experiment) {
        experiment.with_plan(|plan| {
            for (task, _) in &mix.tasks {
                // What is shown is what this network will be asked.
                let of_patches = |patch| task.for_patches(patch, settled.shape());
                let task = settled.config.patch().map_or_else(|| task.clone(), of_patches);
                let data = self.images.clone();
                let shown = PlannedPreview { task, data, image_size: self.options.image_size };
                if !plan.previews.contains(&shown) {
                    plan.previews.push(shown);
                }
            }
        });
    }
}

/// A pretraining, ready to begin.
struct PretrainStage<'a> {
    request: &'a Pretrain,
    view: &'a View,
    images: usize,
    tasks: TaskMix,
    plan: PretrainPlan,
    key: StageKey,
    mark: String,
}

impl Stage for PretrainStage<'_> {
    type Output = PretrainedResult;

    const TOGETHER: bool = true;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        let title = format!("pretrain {} by {}", self.plan.config.network(), self.request.task.mix.name());
        describe(format!("{title}{}", self.mark), self.images, &self.plan)
    }

    fn make(&self, experiment: &Experiment, folder: &Path) -> Result<PretrainedResult, Error> {
        let Pretrain { start, task, images, options, online } = self.request;
        let images = experiment.images_of(images, self.view)?;
        let start = match start {
            Start::Network(net) => foretask_train::Start::Network(net.0.clone()),
            Start::Encoder(encoder) => foretask_train::Start::Encoder(encoder.weights(&images, 0)?),
        };
        let watched = online.as_ref().map(|online| online.ready(experiment)).transpose()?;
        let judge = |features: &Features| watched.as_ref().map_or_else(Vec::new, |(_, judge)| judge.metrics(features));
        let observer = watched.as_ref().map(|(images, _)| Observer { images, judge: &judge });
        let mix = TaskMix { teachers: task.teachers_for(&images)?, ..self.tasks.clone() };
        let pretraining = Pretraining { start: &start, mix: &mix, images: &images, options };
        let store = KeptFeatures::of(experiment);
        experiment.training(folder, |cx| {
            // What teachers say is kept, as other features are.
            let cx = Context { features: Some(&store), ..*cx };
            foretask_train::pretrain(&pretraining, observer.as_ref(), &cx)
        })
    }

    fn save(&self, result: &PretrainedResult, folder: &Path) -> Result<Value, Error> {
        result.save(&folder.join(RESULT))?;
        // The same weights for people and other programs; `weights/` of a run links to it.
        result.encoder.save(folder.join(ENCODER))?;
        write_history(folder, &result.history)?;
        Ok(took(result.seconds))
    }

    fn load(&self, folder: &Path, _: &Done) -> Result<PretrainedResult, Error> {
        PretrainedResult::load(&folder.join(RESULT), &self.tasks)?
            .ok_or_else(|| Error::failed(format!("`{RESULT}` is missing in its folder")))
    }
}

/// Images looked at for what makes a task trivial or meaningless.
const WATCHED: usize = 128;

/// Warns of data that spoil a task: once, whether the script is planned or run.
fn watch(experiment: &Experiment, data: &Dataset, view: &View, plan: &PretrainPlan) -> Result<(), Error> {
    let images = experiment.some_images(data, view, WATCHED, 0)?;
    let pixels = (0..images.len()).map(|index| images.get(index)).collect::<Result<Vec<_>, _>>()?;
    let images = || pixels.iter().filter_map(|pixels| foretask_train::image_ref(pixels).ok());
    for Resolved { task, shape, .. } in plan.tasks.iter().map(|planned| &planned.task) {
        let found = foretask_pretext::suspicions(images(), task, *shape).into_iter();
        let found = found.map(|found| format!("{}: {} ({}); {}", task.name(), found.what, found.why, found.instead));
        for text in found.chain(labels_in_doubt(task, images(), *shape)) {
            experiment.plan_warning(text);
        }
    }
    Ok(())
}

/// Warns of a task that learns from labels, where there are none.
fn without_labels(experiment: &Experiment, plan: &PretrainPlan) {
    if plan.tasks.iter().any(PlannedTask::needs_labels) {
        let text = "supcon: none of these images has a label, so that it is the same as `simclr`; give it images of which a good \
                    part is labeled, or take `simclr`";
        experiment.plan_warning(text);
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

fn describe(title: String, images: usize, plan: &PretrainPlan) -> PlannedStage {
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
        ..planned(title)
    }
}
