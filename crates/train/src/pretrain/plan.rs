//! Every number of a pretraining run, settled before anything is trained.

use foretask_data::{Survey, Windows};
use foretask_models::BackboneConfig;
use foretask_pretext::{Auto, Layout, Resolved, RunSizes, Shape, TargetKind, Task};
use serde::{Deserialize, Serialize};

use super::continuing::{self, Continuing};
use super::heads::HeadConfig;
use super::methods::{HeadContext, learnable, learnable_mut};
use super::mix::TaskMix;
use super::on_device;
use super::options::PretrainOptions;
use super::update_rule::update_rule;
use crate::balance::Balance;
use crate::error::TrainError;
use crate::input_size::{input_size, why_size};
use crate::length::{Budget, Length};
use crate::loader::{PREFETCH, Sampling};
use crate::optim::Rule;
use crate::start::Start;

/// Time that is trained where no length is given.
const DEFAULT_BUDGET: Budget = Budget(std::time::Duration::from_mins(2));

/// A pretext task as it is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Task and input shape.
    pub task: Resolved,
    /// What its loss counts.
    pub weight: f64,
    /// What stands on the backbone for it.
    pub head: HeadConfig,
}

impl PlannedTask {
    /// Whether it learns from the labels of the images, as `supcon` does.
    pub fn needs_labels(&self) -> bool {
        learnable(&self.task.task).needs_labels()
    }
}

/// A network that the task can be looked at with, where none is known: any, but for tasks that need a certain kind.
pub fn usual_network(task: &Task) -> BackboneConfig {
    learnable(task).usual_network()
}

/// A pretraining run with nothing left open but the number of steps of a time budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PretrainPlan {
    /// The backbone.
    pub config: BackboneConfig,
    /// The pretext tasks; all see images of the same shape.
    pub tasks: Vec<PlannedTask>,
    /// How their losses are weighed against each other.
    pub balance: Balance,
    /// How long.
    pub length: Length,
    /// Updates; `None` until a time budget has been calibrated.
    pub steps: Option<u64>,
    /// Which images make up which batch.
    pub sampling: Sampling,
    /// Batches an update.
    pub accumulate: u64,
    /// Update rule.
    pub rule: Rule,
    /// Peak learning rate.
    pub lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// How an encoder that has learned before goes on; `None` from random weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuing: Option<Continuing>,
    /// The options as given, for what needs no choice.
    pub options: PretrainOptions,
    /// Numbers that are trained: backbone and head.
    pub parameters: u64,
    /// Estimated memory in bytes.
    pub memory_bytes: u64,
    /// What was chosen for the user, and why.
    pub notes: Vec<Auto>,
}

impl PretrainPlan {
    /// The shape of whole images as the network sees them.
    pub fn shape(&self) -> Shape {
        self.tasks.first().map_or(Shape::new(0, 0, 0), |task| task.task.shape)
    }

    /// "rotation", or "rotation + simclr".
    pub fn name(&self) -> String {
        self.tasks.iter().map(|task| task.task.task.name()).collect::<Vec<_>>().join(" + ")
    }
}

/// Settles everything that can be settled without training, and refuses what cannot work.
///
/// # Errors
/// Options out of range, a task that does not suit the images, a network that cannot take them, too few images.
pub fn plan_pretraining(
    start: &Start,
    mix: &TaskMix,
    pool: &Survey,
    options: &PretrainOptions,
) -> Result<PretrainPlan, TrainError> {
    options.validate()?;
    let mut notes = Vec::new();
    let shape = input_shape(start, pool, options, &mut notes)?;
    let (resolved, shape) = resolve(mix, shape, &mut notes)?;
    on_device::check(options.augment_on, resolved.iter())?;
    let (config, reasons) = start.config().resolve(shape.height, shape.width)?;
    notes.extend(reasons.iter().map(|reason| as_note(reason)));
    let sampling = sampling(mix, pool, options, &mut notes)?;
    let length = options.length()?.unwrap_or_else(|| {
        let reason = "no length was given; `epochs`, `steps` or `budget` set it";
        notes.push(Auto::new("budget", DEFAULT_BUDGET, reason));
        Length::Budget(DEFAULT_BUDGET)
    });
    let per_epoch = sampling.batches_per_epoch() as f64 / options.accumulate as f64;
    let steps = match length {
        Length::Epochs(epochs) => Some(((epochs * per_epoch).ceil() as u64).max(1)),
        Length::Steps(steps) => Some(steps),
        Length::Budget(_) => None,
    };
    let map = config.cost(shape.channels, shape.height, shape.width).map;
    let (batch, features) = (sampling.batch_size, config.feature_dim());
    let sizes = RunSizes { pool: pool.count, batch, features, map, patch: config.patch(), steps };
    let mut tasks = Vec::new();
    for (mut task, (_, weight)) in resolved.into_iter().zip(&mix.tasks) {
        notes.extend(learnable_mut(&mut task.task).fill_auto(&sizes)?);
        let cx = HeadContext::of(&task.task, &config, shape, pool.count);
        let head = learnable_mut(&mut task.task).head(&cx, &mut notes)?;
        tasks.push(PlannedTask { task, weight: *weight, head });
    }

    let heads = tasks.iter().map(|task| &task.head);
    let continuing = continuing::plan(start, continuing::Asked { heads, balance: mix.balance, options }, &mut notes)?;
    let (rule, lr, weight_decay) = update_rule(&sampling, options, continuing.is_some(), &mut notes);
    let parameters = config.cost(shape.channels, shape.height, shape.width).parameters
        + tasks.iter().map(|task| task.head.parameters()).sum::<u64>();
    let kept = |task: &PlannedTask| learnable(&task.task.task).kept_bytes(&sizes);
    let memory_bytes = tasks.iter().map(|task| memory(task, &config, sampling.batch_size) + kept(task)).sum::<u64>()
        + 4 * parameters * (2 + rule.moments() as u64);
    Ok(PretrainPlan {
        config,
        tasks,
        balance: mix.balance,
        length,
        steps,
        sampling,
        accumulate: options.accumulate,
        rule,
        lr,
        weight_decay,
        continuing,
        options: options.clone(),
        parameters,
        memory_bytes,
        notes,
    })
}

/// "stem = strided (3x3 stride 2: …)" as a note.
fn as_note(reason: &str) -> Auto {
    let (name, rest) = reason.split_once(" = ").unwrap_or(("network", reason));
    let (value, why) = rest.split_once(" (").unwrap_or((rest, ""));
    Auto::new(name, value, why.strip_suffix(')').unwrap_or(why))
}

fn input_shape(
    start: &Start,
    pool: &Survey,
    options: &PretrainOptions,
    notes: &mut Vec<Auto>,
) -> Result<Shape, TrainError> {
    if let Start::Encoder(encoder) = start
        && encoder.input.channels != pool.channels
    {
        let reason = format!(
            "the encoder takes {} channels, the images have {}; load them with `channels: {0}`",
            encoder.input.channels, pool.channels
        );
        return Err(TrainError::Option { option: "channels", reason });
    }
    if let Some(side) = options.image_size {
        return Ok(Shape::new(pool.channels, side, side));
    }
    if let Start::Encoder(encoder) = start {
        let (height, width) = (encoder.input.height, encoder.input.width);
        notes.push(Auto::new("image_size", format!("{width}x{height}"), "what the encoder was trained on"));
        return Ok(Shape::new(pool.channels, height, width));
    }
    let (width, height) = input_size(pool);
    if pool.size != Some((width, height)) {
        notes.push(Auto::new("image_size", width, why_size(pool)));
    }
    Ok(Shape::new(pool.channels, height, width))
}

/// Every task with every option for one input shape: a task that needs another shape than the images' (a square) gives it to
/// all.
fn resolve(mix: &TaskMix, mut shape: Shape, notes: &mut Vec<Auto>) -> Result<(Vec<Resolved>, Shape), TrainError> {
    if mix.tasks.is_empty() {
        return Err(TrainError::Option { option: "tasks", reason: "there is no task to learn from".to_owned() });
    }
    for (task, _) in &mix.tasks {
        shape = task.resolve(shape)?.shape;
    }
    let resolved: Vec<Resolved> = mix.tasks.iter().map(|(task, _)| task.resolve(shape)).collect::<Result<_, _>>()?;
    let of_several = |name: &str, note: &Auto| Auto { name: format!("{name}.{}", note.name), ..note.clone() };
    for task in &resolved {
        let several = resolved.len() > 1;
        let note = |note| if several { of_several(task.task.name(), note) } else { note.clone() };
        notes.extend(task.notes.iter().map(note));
    }
    Ok((resolved, shape))
}

/// Bytes of the task's batches and of what is kept between forward and backward pass, roughly.
fn memory(task: &PlannedTask, config: &BackboneConfig, batch: usize) -> u64 {
    let Layout { inputs, target } = task.task.task.layout(task.task.shape);
    let mut bytes = 0;
    for (shape, count) in &inputs {
        let n = batch * count;
        let kept = config.cost(shape.channels, shape.height, shape.width).kept_bytes(n);
        bytes += (kept as f64 * learnable(&task.task.task).share_seen()) as u64
            + (4 * n * shape.len()) as u64 * (PREFETCH as u64 + 3);
    }
    let asked = match &target {
        TargetKind::Image { shape, weighted } => shape.len() + if *weighted { shape.plane() } else { 0 },
        TargetKind::Vectors { length } => *length,
        TargetKind::Classes { .. } | TargetKind::Views => 0,
    };
    let most = inputs.iter().map(|(_, count)| batch * count).max().unwrap_or(0);
    bytes + (4 * batch * asked) as u64 * (PREFETCH as u64 + 3) + task.head.activation_bytes(most)
}

fn sampling(
    mix: &TaskMix,
    pool: &Survey,
    options: &PretrainOptions,
    notes: &mut Vec<Auto>,
) -> Result<Sampling, TrainError> {
    let compared = mix.tasks.iter().map(|(task, _)| task).find(|task| learnable(task).compares_images());
    let least = if compared.is_some() { 2 } else { 1 };
    if pool.count < least {
        let need = match (pool.count, compared) {
            (1, Some(task)) => format!("`{}` compares images with each other and needs at least {least}", task.name()),
            _ => "there is nothing to learn from; look at the manifest with `describe`".to_owned(),
        };
        return Err(TrainError::TooFewImages { have: pool.count, need });
    }
    if compared.is_some() && options.batch_size == Some(1) {
        let reason = "is 1, but views need other images to be told from; 64 or more work well".to_owned();
        return Err(TrainError::Option { option: "batch_size", reason });
    }
    let inputs = |(task, _): &(Task, f64)| task.layout(Shape::new(pool.channels, 32, 32)).inputs_per_image();
    let auto = match mix.tasks.iter().map(inputs).max().unwrap_or(1) {
        _ if compared.is_some() => (256, "every other image of the batch is something to be told from".to_owned()),
        1 => (128, "steady gradients at little memory".to_owned()),
        most => (128, format!("with {most} inputs of each image that is {}", 128 * most)),
    };
    let wanted = options.batch_size.unwrap_or(auto.0);
    let batch_size = wanted.min(pool.count);
    if batch_size < wanted {
        let reason = format!("there are only {} images; {wanted} would be the batch otherwise", pool.count);
        notes.push(Auto::new("batch_size", batch_size, reason));
    } else if options.batch_size.is_none() {
        notes.push(Auto::new("batch_size", batch_size, auto.1));
    }
    if let Some(Windows { block, blocks }) = pool.windows {
        let reason = "the images do not fit into memory; a window is read in long runs and shuffled, and so are its parts among \
                      all others";
        notes.push(Auto::new("order", format!("windows of {blocks} x {block} images"), reason));
    }
    // Batch norm and negatives want equal batches; a pool of one batch has no rest.
    let windows = pool.windows;
    Ok(Sampling { images: pool.count, batch_size, seed: options.seed, drop_last: true, windows })
}

#[cfg(test)]
mod tests {
    use foretask_models::Arch;

    use super::*;

    fn pool(count: usize) -> Survey {
        Survey { count, channels: 1, size: Some((28, 28)), smallest_side: 28, low_side: 28, windows: None }
    }

    fn plan(task: &str, pool: &Survey, options: &str) -> Result<PretrainPlan, String> {
        let start = Start::Network(BackboneConfig::resnet(Arch::ResNet10, 16));
        let options = serde_json::from_str(options).unwrap();
        plan_pretraining(&start, &Task::by_name(task).unwrap().into(), pool, &options)
            .map_err(|error| error.to_string())
    }

    fn note(plan: &PretrainPlan, name: &str) -> Option<String> {
        plan.notes.iter().find(|note| note.name == name).map(|note| note.value.clone())
    }

    #[test]
    fn defaults_suit_small_images_and_say_why() {
        let plan = plan("simclr", &pool(10_000), "{}").unwrap();
        assert_eq!((plan.sampling.batch_size, plan.lr, plan.weight_decay), (256, 2e-3, 1e-2));
        assert_eq!((plan.length.to_string().as_str(), plan.steps), ("2m", None));
        for name in ["budget", "batch_size", "lr", "weight_decay", "stem", "projector_out", "temperature"] {
            let note = plan.notes.iter().find(|note| note.name == name);
            assert!(note.is_some_and(|note| !note.value.is_empty() && !note.reason.is_empty()), "{name}: {note:?}");
        }
        assert_eq!(note(&plan, "stem").unwrap(), "strided");
        assert!(plan.parameters > 307_248 && plan.memory_bytes > 1 << 20);
    }

    #[test]
    fn lengths_become_steps() {
        let steps = |options| plan("rotation", &pool(1000), options).unwrap().steps.unwrap();
        assert_eq!(steps(r#"{"epochs": 2, "batch_size": 100}"#), 20);
        assert_eq!(steps(r#"{"epochs": 0.001, "batch_size": 100}"#), 1);
        assert_eq!(steps(r#"{"epochs": 3, "batch_size": 100, "accumulate": 4}"#), 8);
        assert_eq!(steps(r#"{"steps": 7}"#), 7);
    }

    #[test]
    fn a_small_pool_is_one_batch_and_a_tiny_one_is_refused() {
        let small = plan("simclr", &pool(40), r#"{"batch_size": 64, "epochs": 3}"#).unwrap();
        assert_eq!((small.sampling.batch_size, small.steps), (40, Some(3)));
        assert_eq!(note(&small, "batch_size").unwrap(), "40");
        assert!(plan("simclr", &pool(1), "{}").unwrap_err().contains("at least 2"));
        assert!(plan("rotation", &pool(0), "{}").unwrap_err().contains("nothing to learn from"));
        assert!(plan("simclr", &pool(9), r#"{"batch_size": 1}"#).unwrap_err().contains("`batch_size`"));
        assert!(plan("rotation", &pool(1), "{}").is_ok());
    }

    #[test]
    fn image_sizes_are_chosen_by_the_images() {
        let shape = |pool: &Survey, options| plan("simclr", pool, options).unwrap().tasks[0].task.shape;
        assert_eq!(shape(&pool(99), "{}"), Shape::new(1, 28, 28));
        assert_eq!(shape(&pool(99), r#"{"image_size": 20}"#), Shape::new(1, 20, 20));
        let mixed = Survey { channels: 3, size: None, smallest_side: 17, low_side: 17, ..pool(99) };
        assert_eq!(shape(&mixed, "{}"), Shape::new(3, 32, 32));
        let large = Survey { channels: 3, size: Some((640, 480)), smallest_side: 480, low_side: 480, ..pool(99) };
        assert_eq!(shape(&large, "{}"), Shape::new(3, 128, 128));
    }

    #[test]
    fn views_on_the_device_are_refused_where_there_are_none() {
        for on in ["auto", "host", "device"] {
            assert!(plan("simclr", &pool(99), &format!(r#"{{"augment_on": "{on}"}}"#)).is_ok());
        }
        let error = plan("rotation", &pool(99), r#"{"augment_on": "device"}"#).unwrap_err();
        assert!(
            error.contains("`augment_on`") && error.contains("simclr") && error.contains("leave it out"),
            "{error}"
        );
        assert!(plan("rotation", &pool(99), r#"{"augment_on": "auto"}"#).is_ok());
    }

    #[test]
    fn learning_rates_follow_the_batch() {
        let lr = |options| plan("simclr", &pool(9999), options).unwrap().lr;
        assert_eq!(lr(r#"{"batch_size": 64}"#), 1e-3);
        assert_eq!(lr(r#"{"batch_size": 1024}"#), 2e-3);
        assert_eq!(lr(r#"{"optimizer": "sgd", "batch_size": 512}"#), 0.1);
        assert_eq!(lr(r#"{"lr": 0.125}"#), 0.125);
    }
}
