//! Networks that teach: found by their identity; where views come again they are asked once, and what they say is kept.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use foretask_backend::catch;
use foretask_data::Images;
use foretask_models::{Backbone, Encoder, InputSpec, Seen, places_of};
use foretask_objectives::{l2_normalize, likenesses};
use foretask_pretext::{Distill, Shape, Task, TeacherInfo};
use foretask_random::Key;
use half::f16;

use super::batches::epoch_key;
use super::lessons::{Lessons, Teaching};
use super::mix::Teacher;
use super::plan::{PlannedTask, PretrainPlan};
use crate::context::Context;
use crate::error::TrainError;
use crate::features::{batch_size, check_finite, check_images, each_batch};
use crate::loader::Workers;
use crate::memory::require_to_evaluate;
use crate::reading::image_ref;
use crate::remembered::{Asked, Memory, remembered};
use crate::start::{Start, state_fingerprint};
use crate::views::{ViewSource, on_device};

/// Those who teach each task of the plan, in the order of its teachers. Where views come again, all questions are asked here.
pub(super) fn prepare<'a>(
    plan: &PretrainPlan,
    teachers: &'a [Teacher],
    images: &Images,
    cx: &Context<'_>,
) -> Result<Vec<Vec<Teaching<'a>>>, TrainError> {
    let mut all = Vec::new();
    for (number, PlannedTask { task, .. }) in plan.tasks.iter().enumerate() {
        let mut of_task = Vec::new();
        if let Task::Distill(distill) = &task.task {
            let map = plan.config.map_size(task.shape.height, task.shape.width);
            for (who, info) in distill.teachers.iter().enumerate() {
                let encoder = find(teachers, info)?;
                check_images(&encoder.input, images)?;
                let about = |view| {
                    let key = epoch_key(plan.options.seed, number, &task.task, view);
                    Questions { distill, encoder, key, shape: task.shape, places: distill.imitates_places(who, map) }
                };
                let lessons = task.task.repeats().map(|views| ask(views, &about, images, cx)).transpose()?;
                of_task.push(Teaching { encoder, lessons: lessons.map(Arc::new) });
            }
        }
        all.push(of_task);
    }
    Ok(all)
}

fn find<'a>(teachers: &'a [Teacher], info: &TeacherInfo) -> Result<&'a Encoder, TrainError> {
    let found = teachers.iter().find(|teacher| teacher.identity == info.identity);
    found.map(|teacher| &teacher.encoder).ok_or_else(|| TrainError::Option {
        option: "teachers",
        reason: format!("the weights of {} are not there; a `TaskMix` takes them along", info.name),
    })
}

/// The images that taught whatever comes of these, and the licenses that hold for it.
pub(super) fn inherited(start: &Start, teachers: &[Teacher]) -> (Seen, Option<String>) {
    let seen = teachers.iter().fold(start.seen(), |seen, teacher| seen.and(&teacher.encoder.seen));
    let mut licenses: Vec<String> = Vec::new();
    let all = teachers.iter().map(|teacher| teacher.encoder.license.clone());
    for license in std::iter::once(start.license()).chain(all).flatten() {
        if !licenses.contains(&license) {
            licenses.push(license);
        }
    }
    (seen, (!licenses.is_empty()).then(|| licenses.join(" and ")))
}

/// The name of a plan with those who teach: `distill from efficientnet_lite0`.
pub(super) fn named(plan: &PretrainPlan) -> String {
    let teachers = plan.tasks.iter().flat_map(|task| match &task.task.task {
        Task::Distill(distill) => distill.teachers.as_slice(),
        _ => &[],
    });
    let names: Vec<&str> = teachers.map(|teacher| teacher.name.as_str()).collect();
    if names.is_empty() { plan.name() } else { format!("{} from {}", plan.name(), names.join(" and ")) }
}

/// What is asked of a teacher about one view of each image.
struct Questions<'a> {
    distill: &'a Distill,
    encoder: &'a Encoder,
    /// The epoch's; the row of each image comes below it.
    key: Key,
    /// The student's input.
    shape: Shape,
    /// Whether the likenesses of its places are asked for.
    places: bool,
}

fn ask<'a>(
    views: u64,
    about: &impl Fn(u64) -> Questions<'a>,
    images: &Images,
    cx: &Context<'_>,
) -> Result<Lessons, TrainError> {
    let (mut numbers, mut width) = (Vec::new(), 0);
    for view in 0..views {
        let questions = about(view);
        width = questions.width();
        numbers.extend(questions.answers(images, cx)?.into_iter().map(f16::from_f32));
    }
    Ok(Lessons::new([views as usize, images.len(), width], numbers))
}

impl Questions<'_> {
    /// Numbers of an answer.
    fn width(&self) -> usize {
        let [height, width] = self.encoder.config.map_size(self.encoder.input.height, self.encoder.input.width);
        self.encoder.config.feature_dim() + if self.places { (height * width).pow(2) } else { 0 }
    }

    /// What the teacher says of all images, `[images, width]`, remembered where somebody remembers.
    fn answers(&self, images: &Images, cx: &Context<'_>) -> Result<Vec<f32>, TrainError> {
        let Some(store) = cx.features.filter(|store| store.wants(self.encoder, images.len()).is_some()) else {
            return self.answers_now(images, cx);
        };
        let name = |image: usize, hash: u64, hasher: &mut blake3::Hasher| {
            hasher.update(&hash.to_le_bytes());
            hasher.update(&images.row(image).to_le_bytes());
        };
        let asked = Asked { whose: self.whose(), width: self.width(), name: &name };
        remembered(Memory { store, half: true }, &asked, images, cx, |some, cx| self.answers_now(some, cx))
    }

    /// What decides the answers besides the images.
    fn whose(&self) -> blake3::Hasher {
        let mut hash = blake3::Hasher::new();
        hash.update(b"foretask lessons 1\n");
        hash.update(state_fingerprint(&self.encoder.state).as_bytes());
        let view = (self.distill.view(self.shape), self.shape, self.places, self.key.value());
        let decisive = (&self.encoder.config, &self.encoder.input, view);
        hash.update(&serde_json::to_vec(&decisive).unwrap_or_default());
        hash
    }

    fn answers_now(&self, images: &Images, cx: &Context<'_>) -> Result<Vec<f32>, TrainError> {
        let InputSpec { channels, height, width, .. } = self.encoder.input;
        let needed =
            self.encoder.config.cost(channels, height, width).evaluation_bytes(batch_size(&self.encoder.input));
        require_to_evaluate(needed, (width, height), cx.device)?;
        let backbone = catch("building a teacher", || self.encoder.build(&cx.device.plain()))??;
        let views = TeachersViews { questions: self, device: cx.device.plain() };
        let answer = |x| catch("asking a teacher", || answer(&backbone, x, self.places));
        let data = each_batch(&views, images, cx, answer)?;
        check_finite("features", &data, images)?;
        Ok(data)
    }
}

/// Features at a mean square of one (nobody imitates their length, and half precision would not hold large ones), and the
/// likenesses of places behind them, `[b, width]`.
fn answer(backbone: &Backbone, x: Tensor<4>, places: bool) -> Tensor<2> {
    let scaled = |features: Tensor<2>| {
        let [_, d] = features.dims();
        l2_normalize(features).mul_scalar((d as f64).sqrt())
    };
    if !places {
        return scaled(backbone.forward(x));
    }
    let (map, features) = backbone.forward_both(x);
    let alike = likenesses(places_of(map), None);
    let [b, count, _] = alike.dims();
    Tensor::cat(vec![scaled(features), alike.reshape([b, count * count])], 1)
}

/// What a teacher sees of each image.
struct TeachersViews<'a> {
    questions: &'a Questions<'a>,
    device: Device,
}

impl ViewSource for TeachersViews<'_> {
    type Made = Vec<f32>;

    fn input(&self) -> &InputSpec {
        &self.questions.encoder.input
    }

    fn make(&self, images: &Images, part: &[u32], workers: &Workers) -> Result<Vec<f32>, TrainError> {
        let input = self.input();
        let size = Shape::new(input.channels, input.height, input.width);
        let Questions { distill, key, shape, .. } = *self.questions;
        let mut data = vec![0.0; part.len() * size.len()];
        let slots = data.chunks_exact_mut(size.len().max(1)).zip(part).collect();
        workers.each(slots, |(slot, &index): (&mut [f32], &u32)| {
            let pixels = images.get(index as usize)?;
            distill.teachers_view(image_ref(&pixels)?, key.with(images.row(index as usize)), (shape, size), slot)?;
            input.normalize(slot);
            Ok(())
        })?;
        Ok(data)
    }

    fn arrive(&self, made: Vec<f32>) -> Tensor<4> {
        on_device(made, self.input(), &self.device)
    }
}
