//! Distillation: the features of a larger network, and the likenesses of places in its map (lightly-train's third recipe, 2026).

use burn::tensor::{Device, Int, Tensor, TensorData};
use foretask_backend::{StateDict, in_f32};
use foretask_models::{Backbone, Head, Imitated, ImitationConfig, places_of};
use foretask_objectives::{
    CollapseRisk, FeatureQueue, imitated_directions, imitated_likenesses, imitated_values, imitation, likenesses,
    similarity,
};
use foretask_pretext::{Auto, Distill as Options, Imitation, RunSizes, Shape};
use foretask_random::Key;

use super::learnable::{HeadContext, Learnable, ObjectiveContext, filled};
use super::objective::{Measured, TaskObjective, no_fit, to_host};
use crate::checkpoint;
use crate::error::TrainError;
use crate::health::Metric;
use crate::pretrain::diagnostics;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::TaskView;
use crate::pretrain::lessons::{Lessons, Teaching};
use crate::pretrain::ready::{Block, Ready};
use crate::ranks::{Share, gathered, mean_of_parts};
use crate::training::StepInfo;

const NEEDS: &str = "a head for its teachers, and what they say of each view";

impl Learnable for Options {
    // The label does not depend on the student: what is the same for every image is far from it.
    fn collapse_risk(&self) -> CollapseRisk {
        CollapseRisk::Other
    }

    fn compares_images(&self) -> bool {
        true
    }

    fn fill_auto(&mut self, sizes: &RunSizes) -> Result<Vec<Auto>, TrainError> {
        let mut notes = filled(self, Self::fill_auto(self, sizes))?;
        let views = self.views.unwrap_or(0) as usize * sizes.pool;
        for teacher in self.teachers.iter().filter(|_| views > 0) {
            let Shape { height, width, .. } = teacher.input;
            let asked = format!("{} about {views} views of {width}x{height}", teacher.name);
            notes.push(Auto::new("asked", asked, "once, before the first step and on top of a `budget`"));
        }
        Ok(notes)
    }

    fn kept_bytes(&self, sizes: &RunSizes) -> u64 {
        let a_view: usize = (0..self.teachers.len()).map(|teacher| self.kept_numbers(teacher, sizes.map)).sum();
        2 * (a_view * sizes.pool) as u64 * u64::from(self.views.unwrap_or(0))
    }

    fn head(&mut self, cx: &HeadContext<'_>, _notes: &mut Vec<Auto>) -> Result<HeadConfig, TrainError> {
        let map = cx.config.map_size(cx.shape.height, cx.shape.width);
        let imitated = |(number, info): (usize, &foretask_pretext::TeacherInfo)| Imitated {
            features: info.features,
            places: self.imitates_places(number, map),
        };
        let teachers = self.teachers.iter().enumerate().map(imitated).collect();
        Ok(HeadConfig::Imitation(ImitationConfig { input: cx.features, place: cx.config.map_dim(), teachers }))
    }

    fn objective(&self, cx: &ObjectiveContext<'_>) -> Result<Box<dyn TaskObjective>, TrainError> {
        let masters = cx.teachers().iter().enumerate().map(|(number, teaching)| {
            let info = self.teachers.get(number).ok_or_else(|| no_fit(cx.word, NEEDS))?;
            let queue = match self.loss {
                Imitation::Likeness => {
                    let rows = cx.filled("queue", self.queue)?;
                    Some(cx.queue(&format!("queue {number}"), rows, info.features as u32)?)
                }
                Imitation::Cosine | Imitation::Mse => None,
            };
            let source = Source::of(teaching, self.block_of(number, cx.shape), cx)?;
            Ok(Master { source, map: info.map, features: info.features, queue })
        });
        Ok(Box::new(Distill {
            loss: self.loss,
            temperature: self.temperature,
            places: self.places,
            mixup: cx.filled("mixup", self.mixup)?.then(|| cx.key.named("mixup")),
            masters: masters.collect::<Result<_, TrainError>>()?,
        }))
    }
}

/// A student of some teachers.
#[derive(Debug)]
struct Distill {
    loss: Imitation,
    temperature: f64,
    /// What the likenesses of places count.
    places: f64,
    /// Names how images are mixed, where they are.
    mixup: Option<Key>,
    masters: Vec<Master>,
}

/// A teacher at work.
#[derive(Debug)]
struct Master {
    source: Source,
    /// Height and width of its map.
    map: [usize; 2],
    /// Length of its features.
    features: usize,
    /// Its features of other images, where they are what is imitated.
    queue: Option<FeatureQueue>,
}

/// Where a teacher's answers come from.
#[derive(Debug)]
enum Source {
    /// It was asked before.
    Kept(std::sync::Arc<Lessons>),
    /// It is asked.
    Asked(Box<Asked>),
}

/// A teacher that is at hand.
#[derive(Debug)]
struct Asked {
    backbone: Backbone,
    /// The block of inputs that it sees.
    block: usize,
    /// How it normalizes them, `[1, c, 1, 1]`.
    mean: Tensor<4>,
    std: Tensor<4>,
}

/// What a teacher says of a batch: features `[b, d]`, and likenesses of places `[b, places, places]` where they are wanted.
type Said = (Tensor<2>, Option<Tensor<3>>);

impl Source {
    fn of(teaching: &Teaching<'_>, block: usize, cx: &ObjectiveContext<'_>) -> Result<Self, TrainError> {
        if let Some(lessons) = &teaching.lessons {
            return Ok(Self::Kept(lessons.clone()));
        }
        let input = &teaching.encoder.input;
        let column =
            |values: &[f32]| Tensor::from_data(TensorData::new(values.to_vec(), [1, input.channels, 1, 1]), cx.device);
        let (mean, std) = (column(&input.mean), column(&input.std));
        Ok(Self::Asked(Box::new(Asked { backbone: teaching.encoder.build(cx.device)?, block, mean, std })))
    }
}

impl Master {
    /// What it says of a batch, without graph.
    fn says(&self, view: &TaskView<'_>, batch: &Ready, places: bool) -> Result<Said, TrainError> {
        match &self.source {
            Source::Kept(lessons) => {
                let images = Share::current().of(&batch.images);
                let (rows, width) = (images.len(), lessons.width());
                let numbers = TensorData::new(lessons.of(batch.epoch, images), [rows, width]);
                let numbers: Tensor<2> = Tensor::from_data(numbers, &view.normalizer.device);
                let count = self.map[0] * self.map[1];
                let alike = places
                    .then(|| numbers.clone().narrow(1, self.features, count * count).reshape([rows, count, count]));
                Ok((numbers.narrow(1, 0, self.features), alike))
            }
            Source::Asked(asked) => {
                let block = batch.inputs.get(asked.block).ok_or_else(|| no_fit("distill", NEEDS))?;
                let x = view.normalizer.renormalized(block.x.clone(), &asked.mean, &asked.std);
                if !places {
                    return Ok((in_f32(asked.backbone.forward(x)), None));
                }
                let (map, features) = asked.backbone.forward_both(x);
                Ok((in_f32(features), Some(likenesses(places_of(map), None))))
            }
        }
    }
}

impl Distill {
    /// What a student's features lack of a teacher's.
    fn pooled(&self, master: &Master, student: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
        match (self.loss, &master.queue) {
            (Imitation::Likeness, Some(queue)) => imitation(student, teacher, queue.features(), self.temperature),
            (Imitation::Mse, _) => imitated_values(in_f32(student), teacher),
            (Imitation::Cosine | Imitation::Likeness, _) => imitated_directions(student, teacher),
        }
    }
}

impl TaskObjective for Distill {
    fn loss(&mut self, view: &TaskView<'_>, mut batch: Ready, info: StepInfo) -> Result<Measured, TrainError> {
        let Head::Imitation(head) = view.head else { return Err(no_fit("distill", NEEDS)) };
        if let Some(key) = self.mixup {
            batch.inputs = mixed(batch.inputs, key.with(info.step))?;
        }
        let x = batch.inputs.first().ok_or_else(|| no_fit("distill", "inputs"))?.x.clone();
        let (map, features) = if head.wants_map() {
            let (map, features) = view.encoder.forward_both(x);
            (Some(map), features)
        } else {
            (None, view.encoder.forward(x))
        };
        let mut diagnostics = info.measure.then(|| diagnostics::of_features(&to_host(features.clone())));
        let mut losses = Vec::new();
        for number in 0..self.masters.len() {
            let student = head.features(number, features.clone()).ok_or_else(|| no_fit("distill", NEEDS))?;
            let places = map.as_ref().and_then(|map| head.places(number, map.clone()));
            let master = &mut self.masters[number];
            let (said, alike) = master.says(view, &batch, places.is_some())?;
            let (student, said) = (gathered(student)?, gathered(said)?);
            if let Some(diagnostics) = &mut diagnostics {
                diagnostics.metrics.push(likeness(number, &student, &said));
            }
            // Before the loss: the batch is among those that it is compared with, and itself what it is most like.
            if let Some(queue) = &mut master.queue {
                queue.enqueue(said.clone())?;
            }
            let master = &self.masters[number];
            losses.push(self.pooled(master, student, said));
            if let (Some(places), Some(alike), Some(map)) = (places, alike, &map) {
                let [_, _, height, width] = map.dims();
                let ours = likenesses(places, grid([height, width], master.map, &view.normalizer.device));
                let loss = imitated_likenesses(ours, alike, self.temperature);
                losses.push(mean_of_parts(loss, 1.0)?.mul_scalar(self.places));
            }
        }
        let share = 1.0 / self.masters.len().max(1) as f64;
        let sum = losses.into_iter().reduce(Tensor::add).ok_or_else(|| no_fit("distill", NEEDS))?;
        Ok((sum.mul_scalar(share), diagnostics))
    }

    fn state(&mut self) -> StateDict {
        let mut state = StateDict::new();
        for (number, master) in self.masters.iter().enumerate() {
            if let Some(queue) = &master.queue {
                checkpoint::put_under(&format!("queue{number}"), queue.state(), &mut state);
            }
        }
        state
    }

    fn load_state(&mut self, mut state: StateDict) -> Result<(), TrainError> {
        for (number, master) in self.masters.iter_mut().enumerate() {
            if let Some(queue) = &mut master.queue {
                queue.load_state(&checkpoint::take_under(&format!("queue{number}"), &mut state))?;
            }
        }
        Ok(())
    }
}

/// Each image with another one of its batch, all by the same share, in every block alike (Zhang et al. 2018, "mixup: beyond
/// empirical risk minimization", <https://arxiv.org/abs/1710.09412>, with a share uniform in 0..1 as in lightly-train).
fn mixed(blocks: Vec<Block>, key: Key) -> Result<Vec<Block>, TrainError> {
    let share = f64::from(key.named("share").rng().uniform());
    let mix = |Block { x, per_image }: Block| {
        let [own, c, h, w] = x.dims();
        // Another one may be with another rank.
        let all = gathered(x.clone().flatten(1, 3))?;
        let [count, _] = all.dims();
        let others = key.named("others").rng().permutation(count as u32).into_iter().map(i64::from).collect::<Vec<_>>();
        let others = Share::current().of(&others).to_vec();
        let others = Tensor::<1, Int>::from_data(TensorData::new(others, [own]), &x.device());
        let other = all.select(0, others).reshape([own, c, h, w]);
        Ok(Block { x: x.mul_scalar(share).add(other.mul_scalar(1.0 - share)), per_image })
    };
    blocks.into_iter().map(mix).collect()
}

/// How alike a student's and a teacher's features are, against those of different images.
fn likeness(number: usize, student: &Tensor<2>, teacher: &Tensor<2>) -> Metric {
    let [_, d] = teacher.dims();
    let alike = similarity(&to_host(student.clone()).data, &foretask_backend::host_tensor(teacher.clone()).data, d);
    let name = if number == 0 { "teacher_similarity".to_owned() } else { format!("teacher_similarity_{}", number + 1) };
    Metric::new(&name, alike.positive).against("others", alike.negative)
}

/// What each place of a map counts at each place of another, `[H W, h w]`: linear interpolation between their centers,
/// PyTorch's `align_corners=False`. None where both are the same.
fn grid(from: [usize; 2], to: [usize; 2], device: &Device) -> Option<Tensor<2>> {
    if from == to {
        return None;
    }
    let (down, across) = (weights(from[0], to[0]), weights(from[1], to[1]));
    let mut both = Vec::with_capacity(from[0] * from[1] * to[0] * to[1]);
    for row in down.chunks_exact(from[0].max(1)) {
        for column in across.chunks_exact(from[1].max(1)) {
            both.extend(row.iter().flat_map(|y| column.iter().map(move |x| y * x)));
        }
    }
    Some(Tensor::from_data(TensorData::new(both, [to[0] * to[1], from[0] * from[1]]), device))
}

/// What each of `from` points counts at each of `to` points along a line, `[to, from]`.
fn weights(from: usize, to: usize) -> Vec<f32> {
    let mut all = vec![0.0; from * to];
    for (at, row) in all.chunks_exact_mut(from.max(1)).enumerate() {
        let place = ((at as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, from as f64 - 1.0);
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        row[above] += (place - place.floor()) as f32;
        row[below] += (1.0 - (place - place.floor())) as f32;
    }
    all
}

#[cfg(test)]
mod tests {
    use foretask_backend::layers::upsample_bilinear;

    use super::*;

    #[test]
    fn another_grid_is_pytorchs_interpolation() {
        let device = foretask_backend::device("flex").unwrap().plain();
        let values: Vec<f32> = (0..2 * 3 * 2 * 3).map(|i| (i as f32 * 1.3).sin()).collect();
        let map = Tensor::<4>::from_data(TensorData::new(values, [2, 3, 2, 3]), &device);
        assert!(grid([2, 3], [2, 3], &device).is_none());
        for to in [[4, 4], [5, 7], [1, 2]] {
            let weights: Tensor<3> = grid([2, 3], to, &device).unwrap().unsqueeze::<3>().expand([2, to[0] * to[1], 6]);
            let ours = weights.matmul(places_of(map.clone()));
            let expected = places_of(upsample_bilinear(map.clone(), to));
            let (ours, expected) = (foretask_backend::host_tensor(ours), foretask_backend::host_tensor(expected));
            assert_eq!(ours.shape, expected.shape);
            for (ours, expected) in ours.data.iter().zip(&expected.data) {
                assert!((ours - expected).abs() < 1e-5, "{to:?}: {ours} {expected}");
            }
        }
    }

    #[test]
    fn all_blocks_are_mixed_alike() {
        let device = foretask_backend::device("flex").unwrap().plain();
        let block = |scale: f32| {
            let values: Vec<f32> = (0..8).map(|i| scale * (1 << i) as f32).collect();
            Block { x: Tensor::from_data(TensorData::new(values, [8, 1, 1, 1]), &device), per_image: 1 }
        };
        let blocks = mixed(vec![block(1.0), block(3.0)], Key::new(5)).unwrap();
        let [one, three] = [&blocks[0], &blocks[1]].map(|block| foretask_backend::host_tensor(block.x.clone()).data);
        assert!(one.iter().zip(&three).all(|(one, three)| (three / one - 3.0).abs() < 1e-5), "{one:?} {three:?}");
        // Shares add up to one: over a whole permutation nothing is lost.
        assert!((one.iter().sum::<f32>() - 255.0).abs() < 1e-3);
        assert!(one.iter().enumerate().any(|(i, value)| (value - (1 << i) as f32).abs() > 0.5));
    }
}
