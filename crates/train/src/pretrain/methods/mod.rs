//! How each family of pretext tasks is learned: which heads stand on the encoder, what the loss is, and what is remembered
//! from one step to the next.

mod classes;
mod clusters;
mod colors;
mod contrastive;
mod dino;
mod exemplar;
mod moco;
mod restore;
mod siamese;
mod statistics;
mod teacher;
mod tiles;
mod vectors;
mod views;

use std::fmt::Debug;

use burn::tensor::{Device, Tensor};
use foretask_backend::layers::global_avg_pool;
use foretask_backend::{HostTensor, StateDict, host_tensor};
use foretask_models::{
    Backbone, BackboneConfig, DinoConfig, Head, LastNorm, PredictionConfig, ProjectionConfig, PrototypesConfig,
    TileConfig, VectorConfig,
};
use foretask_objectives::{DeepCluster, DeepClusterOptions, Dino, FeatureQueue, Swav, VicReg};
use foretask_pretext::{
    AbBins, Auto, ColorTarget, Decoupled, ExemplarMode, Layout, PixelLoss, Shape, TargetKind, Task,
};
use foretask_random::Key;

use super::heads::HeadConfig;
use super::learner::{Learner, Net};
use super::plan::{PlannedTask, PretrainPlan};
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::{Block, Ready};
use crate::training::Moment;
use contrastive::Comparison;
use teacher::Teacher;
pub(super) use views::Views;

/// Large views of an image.
const GLOBAL_VIEWS: usize = 2;

/// A task in training. Whatever a later step depends on is in its state.
pub(super) trait Method: Debug {
    /// The mean loss of a batch with its graph, and gauges where they are wanted.
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError>;

    /// Factors of the learning rate in this update for parts of the task's head, by path; 0 freezes a part.
    fn factors(&self, _moment: Moment) -> Vec<(String, f64)> {
        Vec::new()
    }

    /// After each update; may change the task's head.
    fn after_step(&mut self, _encoder: &Backbone, head: Head, _moment: Moment) -> Result<Head, TrainError> {
        Ok(head)
    }

    /// Everything remembered, by name.
    fn state(&mut self) -> StateDict {
        StateDict::new()
    }

    /// Takes back what `state` gave.
    fn load_state(&mut self, _state: StateDict) -> Result<(), TrainError> {
        Ok(())
    }
}

/// What a method may need to know of the run.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    /// The input shape of whole images.
    pub(super) shape: Shape,
    /// Images to learn from.
    pub(super) pool: usize,
    /// Images a batch.
    pub(super) batch: usize,
    /// Decides what is drawn.
    pub(super) seed: u64,
}

impl Sizes {
    pub(super) fn of(plan: &PretrainPlan, task: &PlannedTask) -> Self {
        Self {
            shape: task.task.shape,
            pool: plan.sampling.images,
            batch: plan.sampling.batch_size,
            seed: plan.options.seed,
        }
    }
}

/// Fills what a task left open and only the size of pool, batch and network decides.
pub(super) fn settle(
    task: &mut Task,
    pool: usize,
    batch: usize,
    features: usize,
    steps: Option<u64>,
) -> Result<Vec<Auto>, TrainError> {
    macro_rules! settled {
        ($($method:ident),+) => {
            match task {
                $(Task::$method(options) => {
                    let (settled, notes) = options.settle(pool, batch, features, steps)?;
                    *options = settled;
                    notes
                })+
                _ => Vec::new(),
            }
        };
    }
    Ok(settled!(SimClr, MoCo, NnClr, Byol, SimSiam, BarlowTwins, VicReg, SwAv, Dino, DeepCluster, LeJepa, SupCon))
}

/// The head of a task whose every option has a value; sizes that were left open about it are filled, with reasons.
pub(super) fn head(
    task: &mut Task,
    config: &BackboneConfig,
    shape: Shape,
    pool: usize,
    notes: &mut Vec<Auto>,
) -> Result<HeadConfig, TrainError> {
    let features = config.feature_dim();
    let Layout { inputs, target } = task.layout(shape);
    let tiles = inputs.first().map_or(1, |(_, per_image)| *per_image);
    let projection = |width: Option<u32>, out: Option<u32>| {
        ProjectionConfig::new(features, width.map_or(features, |w| w as usize), out.map_or(128, |out| out as usize))
    };
    let prediction = |projection: ProjectionConfig, width: Option<u32>| {
        HeadConfig::Prediction(PredictionConfig { projection, hidden: width.map_or(features, |w| w as usize) })
    };
    let mut sized = |size: &mut Option<u32>, name: &'static str, auto: usize, reason: &str| -> usize {
        let auto = *size.get_or_insert_with(|| {
            notes.push(Auto::new(name, auto, reason));
            auto as u32
        });
        auto as usize
    };
    Ok(match task {
        Task::SimClr(t) => HeadConfig::Projection(projection(t.projector_width, t.projector_out)),
        Task::SupCon(t) => HeadConfig::Projection(projection(t.projector_width, t.projector_out)),
        Task::MoCo(t) if t.version == 2 => HeadConfig::Projection(projection(t.projector_width, t.projector_out)),
        Task::MoCo(t) => prediction(
            projection(t.projector_width, t.projector_out).with_last_norm(LastNorm::Plain),
            t.predictor_width,
        ),
        Task::NnClr(t) => prediction(
            projection(t.projector_width, t.projector_out).deep().with_last_norm(LastNorm::Affine),
            t.predictor_width,
        ),
        Task::Byol(t) => prediction(projection(t.projector_width, t.projector_out), t.predictor_width),
        Task::SimSiam(t) => prediction(
            projection(t.projector_width, t.projector_out).deep().with_last_norm(LastNorm::Plain),
            t.predictor_width,
        ),
        Task::BarlowTwins(t) => HeadConfig::Projection(projection(t.projector_width, t.projector_out).deep()),
        Task::VicReg(t) => HeadConfig::Projection(projection(t.projector_width, t.projector_out).deep()),
        Task::LeJepa(t) => HeadConfig::Projection(projection(t.projector_width, t.projector_out).deep()),
        Task::DeepCluster(t) => HeadConfig::Projection(projection(t.projector_width, t.projector_out)),
        Task::SwAv(t) => HeadConfig::Prototypes(PrototypesConfig {
            projection: projection(t.projector_width, t.projector_out),
            count: t.prototypes.unwrap_or(100) as usize,
        }),
        Task::Dino(t) => HeadConfig::Dino(DinoConfig {
            input: features,
            hidden: t.projector_width.map_or(features, |w| w as usize),
            bottleneck: t.bottleneck.unwrap_or(256) as usize,
            output: t.outputs.unwrap_or(1024) as usize,
            // Under a residual network: without, all answers start out alike.
            norm: true,
        }),
        Task::SuperResolution(t) => restore::decoder(&mut t.decoder_width, config, shape, shape, notes),
        Task::Denoising(t) => restore::decoder(&mut t.decoder_width, config, shape, shape, notes),
        Task::Inpainting(t) => restore::decoder(&mut t.decoder_width, config, shape, shape, notes),
        Task::Autoencoding(t) => restore::decoder(&mut t.decoder_width, config, shape, shape, notes),
        Task::MaskedPixels(t) => restore::decoder(&mut t.decoder_width, config, shape, shape, notes),
        Task::Colorization(t) => {
            let TargetKind::Image { shape: asked, .. } = target else { return Err(no_head(task)) };
            let planes = if t.target == ColorTarget::Classes { AbBins::get().len() } else { asked.channels };
            let asked = Shape::new(planes, asked.height, asked.width);
            restore::decoder(&mut t.decoder_width, config, shape, asked, notes)
        }
        Task::Jigsaw(t) => {
            let TargetKind::Classes { names, .. } = target else { return Err(no_head(task)) };
            let reason = "half of the features of a tile";
            let embedding = sized(&mut t.embed, "embed", features.div_ceil(2), reason);
            HeadConfig::Tiles(TileConfig { embedding, ..TileConfig::jigsaw(features, tiles, names.len()) })
        }
        Task::RelativePosition(t) => {
            let TargetKind::Classes { names, .. } = target else { return Err(no_head(task)) };
            let embedding = sized(&mut t.embed, "embed", features.div_ceil(2), "half of the features of a tile");
            let hidden = sized(&mut t.hidden, "hidden", features, "as wide as the features");
            HeadConfig::Tiles(TileConfig { embedding, hidden, ..TileConfig::pair(features, names.len()) })
        }
        Task::Counting(t) => {
            let output = sized(&mut t.embed, "embed", features, "as many as the features");
            HeadConfig::Vector(VectorConfig::counts(features, output))
        }
        Task::Exemplar(t) if t.mode == ExemplarMode::Triplet => {
            let output = sized(&mut t.embed, "embed", features.min(128), "as long as the features, at most 128");
            HeadConfig::Projection(ProjectionConfig::new(features, features, output))
        }
        Task::Exemplar(_) => HeadConfig::Class { input: features, classes: pool },
        _ => match target {
            TargetKind::Classes { names, .. } => HeadConfig::Class { input: features, classes: names.len() },
            TargetKind::Image { shape: asked, .. } => restore::decoder(&mut None, config, shape, asked, notes),
            TargetKind::Vectors { length } => HeadConfig::Vector(VectorConfig::new(features, length)),
            TargetKind::Views => return Err(no_head(task)),
        },
    })
}

fn no_head(task: &Task) -> TrainError {
    TrainError::NoHead { task: task.name() }
}

/// The task at its beginning, before the first step. `number` is that of its head.
pub(super) fn begin(
    task: &Task,
    sizes: &Sizes,
    learner: &Learner,
    number: usize,
    device: &Device,
    labels: &[Option<u32>],
) -> Result<Box<dyn Method>, TrainError> {
    let Sizes { batch, pool, seed, .. } = *sizes;
    let key = Key::new(seed).named("method").with(number as u64);
    let teacher = || Teacher::of(learner, number);
    let queue = |rows: u32, length: u32, name: &str| {
        FeatureQueue::new(rows as usize, length as usize, batch, key.named(name), device)
    };
    // Where a value was left open, planning has filled it.
    let or = |value: Option<f64>, usual: f64| value.unwrap_or(usual);
    let restore = |loss, is_picture| Box::new(restore::Restore { task: task.name(), loss, is_picture });
    Ok(match task {
        Task::SimClr(t) => Box::new(contrastive::SimClr {
            comparison: match t.decoupled {
                Decoupled::Off => Comparison::NtXent,
                Decoupled::On => Comparison::Decoupled,
                Decoupled::Weighted => Comparison::Weighted,
            },
            temperature: or(t.temperature, 0.2),
        }),
        Task::SupCon(t) => Box::new(contrastive::SupCon::new(t.temperature, labels)?),
        Task::MoCo(t) => {
            let momentum = [or(t.momentum, 0.99), or(t.momentum_end, 0.99)];
            if t.version == 2 {
                let (rows, length) = (t.queue.unwrap_or(batch as u32), t.projector_out.unwrap_or(128));
                let mut queues = vec![queue(rows, length, "queue")?];
                if t.symmetric == Some(true) {
                    queues.push(queue(rows, length, "second queue")?);
                }
                Box::new(moco::MocoQueue { temperature: t.temperature, momentum, teacher: teacher()?, queues })
            } else {
                Box::new(moco::MocoBatch { temperature: t.temperature, momentum, teacher: teacher()? })
            }
        }
        Task::NnClr(t) => Box::new(siamese::NnClr {
            temperature: or(t.temperature, 0.2),
            support: queue(t.queue.unwrap_or(batch as u32), t.projector_out.unwrap_or(128), "queue")?,
        }),
        Task::Byol(t) => Box::new(siamese::Byol {
            momentum: [or(t.momentum, 0.99), t.momentum_end],
            predictor_lr: t.predictor_lr,
            teacher: teacher()?,
        }),
        Task::SimSiam(t) => Box::new(siamese::SimSiam { constant_predictor: t.constant_predictor_lr }),
        Task::BarlowTwins(t) => Box::new(statistics::BarlowTwins { lambda: t.lambda, scale: t.scale }),
        Task::VicReg(t) => {
            let weights = VicReg { invariance: t.invariance, variance: t.variance, covariance: t.covariance };
            Box::new(statistics::Vic { weights })
        }
        Task::LeJepa(t) => {
            Box::new(statistics::LeJepa { lambda: t.lambda, slices: t.slices as usize, key: key.named("slices") })
        }
        Task::SwAv(t) => {
            let mut plain = Swav::default();
            (plain.temperature, plain.epsilon, plain.iterations) = (t.temperature, t.epsilon, t.iterations as usize);
            let swav = match t.queue {
                None | Some(0) => plain,
                Some(rows) => {
                    let length = t.projector_out.unwrap_or(128) as usize;
                    plain.with_queue(GLOBAL_VIEWS, rows as usize, length, batch, key.named("queue"), device)?
                }
            };
            Box::new(clusters::SwavMethod {
                swav,
                freeze: t.freeze.unwrap_or(0),
                queue_start: t.queue_start.unwrap_or(0),
            })
        }
        Task::DeepCluster(t) => {
            let options = DeepClusterOptions {
                images: pool,
                dimensions: t.projector_out.unwrap_or(128) as usize,
                views: GLOBAL_VIEWS,
                prototypes: t.prototypes.unwrap_or(100) as usize,
                heads: t.heads as usize,
                iterations: t.iterations as usize,
                temperature: t.temperature,
            };
            let clusters = DeepCluster::new(options, key.named("clusters"), device)?;
            Box::new(clusters::DeepClusterMethod { clusters, clustered: 0 })
        }
        Task::Dino(t) => {
            let mut dino = Dino::new(t.outputs.unwrap_or(1024) as usize, device);
            dino.student_temperature = t.student_temperature;
            dino.center_momentum = t.center_momentum.unwrap_or(dino.center_momentum);
            Box::new(dino::DinoMethod {
                dino,
                teacher: teacher()?,
                momentum: [or(t.momentum, 0.99), t.momentum_end],
                temperatures: [or(t.warmup_temperature, 0.04), or(t.teacher_temperature, 0.04)],
                warmup: t.warmup.unwrap_or(0),
                freeze: t.freeze.unwrap_or(0),
            })
        }
        Task::SuperResolution(t) => restore(t.loss, true),
        Task::Denoising(t) => restore(t.loss, true),
        Task::Inpainting(t) => restore(t.loss, true),
        Task::Autoencoding(t) => restore(t.loss, true),
        Task::MaskedPixels(t) => restore(t.loss, !t.normalize),
        Task::Colorization(t) if t.target == ColorTarget::Classes => Box::new(colors::ColorClasses::new(t.rebalance)),
        Task::Colorization(_) => Box::new(colors::ColorNumbers),
        Task::Counting(t) => Box::new(tiles::Counting { margin: t.margin }),
        Task::Exemplar(t) if t.mode == ExemplarMode::Triplet => Box::new(exemplar::Triplets { margin: t.margin }),
        Task::Exemplar(_) => Box::new(exemplar::Instances),
        other => match other.target(sizes.shape) {
            TargetKind::Image { .. } => restore(PixelLoss::L2, true),
            TargetKind::Vectors { .. } => Box::new(vectors::Vectors { task: other.name() }),
            TargetKind::Classes { .. } | TargetKind::Views => Box::new(classes::Classes { task: other.name() }),
        },
    })
}

/// What a network answers to a task's inputs.
pub(super) enum Answer {
    /// Of every image.
    Images(Tensor<4>),
    /// Of every question.
    Logits(Tensor<2>),
    /// Of every image.
    Vectors(Tensor<2>),
    /// Nothing that a person could look at.
    Embeddings,
}

/// Features of the first block of inputs `[n, d]` where they are wanted, and the answer of the task's head.
pub(super) fn answer(
    net: &Net<'_>,
    task: &'static str,
    inputs: Vec<Block>,
    wanted: bool,
) -> Result<(Option<HostTensor>, Answer), TrainError> {
    let block = inputs.into_iter().next().ok_or(TrainError::NoHead { task })?;
    if let Head::Tiles(head) = net.head {
        let (features, logits) = tiles::answer_of_tiles(net, head, block, task == "relative_position");
        return Ok((wanted.then(|| to_host(features)), Answer::Logits(logits)));
    }
    let x = block.x;
    if let Head::Decoder(head) = net.head {
        let map = net.encoder.forward_map(x);
        let features = wanted.then(|| to_host(global_avg_pool(map.clone())));
        return Ok((features, Answer::Images(head.forward(map))));
    }
    let features = net.encoder.forward(x);
    let seen = wanted.then(|| to_host(features.clone()));
    Ok((
        seen,
        match net.head {
            Head::Class(head) => Answer::Logits(head.forward(features)),
            Head::Vector(head) => Answer::Vectors(head.forward(features)),
            _ => Answer::Embeddings,
        },
    ))
}

/// Values without their graph.
pub(super) fn to_host<const D: usize>(tensor: Tensor<D>) -> HostTensor {
    host_tensor(tensor.inner())
}
