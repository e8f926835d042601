//! Networks at work: through the library's own entries, interrupted when the time is over.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use foretask_backend::{Device, Scope};
use foretask_models::{Backbone, Encoder, InputSpec, ProjectionConfig, ProjectionHead};
use foretask_objectives::nt_xent;
use foretask_pretext::{Shape, Task};
use foretask_train::optim::{AdamW, Optimizer, Rule};
use foretask_train::step::{Update, gradients, step};
use foretask_train::{
    Context, Event, FinetuneOptions, Interrupt, Keep, PretrainOptions, Pretraining, Start, TaskMix, TrainError,
    extract_features, finetune, pretrain,
};

use crate::arguments::Arguments;
use crate::inputs;
use crate::measuring::{Measured, Window};

/// Unlabeled images, a usual number.
const IMAGES: usize = 10_000;
/// Labeled ones: ten batches of 128.
const LABELED: usize = 1280;
/// Images that features are taken of in one call.
const ENCODED: usize = 2048;
/// More steps than anyone waits for.
const ENDLESS: u64 = 1 << 30;
/// In the compute-only case the loss is read so often, to keep the device's queue short.
const READ_EVERY: u64 = 10;

/// The device and its first number.
pub(crate) fn start(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let device = foretask_backend::device(&arguments.device)?.plain();
    Tensor::<1>::ones([4], &device).add_scalar(1.0).sum().try_into_scalar::<f32>()?;
    Ok(Measured::default())
}

/// Sides of the matrices whose product is the rate that others are held against.
const SGEMM: usize = 1024;

/// Products of two matrices: what the device can reach.
pub(crate) fn sgemm(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let device = foretask_backend::device(&arguments.device)?.plain();
    let matrix = |step: usize| {
        let values: Vec<f32> = (0..SGEMM * SGEMM).map(|i| (i * step % 1000) as f32 / 500.0 - 1.0).collect();
        Tensor::<2>::from_data(TensorData::new(values, [SGEMM, SGEMM]), &device)
    };
    let (a, b) = (matrix(7919), matrix(104_729));
    let mut window = Window::new(arguments.seconds);
    for done in 1.. {
        // One number is read, so that a device that works ahead is waited for.
        a.clone().matmul(b.clone()).narrow(0, 0, 1).narrow(1, 0, 1).try_into_scalar::<f32>()?;
        if window.report(done) {
            break;
        }
    }
    Ok(window.measured()?)
}

/// Floating-point operations of a source image in the network, without heads; a multiply-add counts two.
pub(crate) fn flops_per_image(arguments: &Arguments) -> Result<Option<u64>, Box<dyn Error>> {
    let Shape { channels, height, width } = arguments.shape;
    let of_network = || Ok::<_, Box<dyn Error>>(arguments.network()?.cost(channels, height, width));
    Ok(match arguments.work.as_str() {
        "sgemm" => Some(2 * (SGEMM * SGEMM * SGEMM) as u64),
        "compute" | "simclr" => Some(2 * of_network()?.training_flops),
        "rotation" => Some(4 * of_network()?.training_flops),
        "super_resolution" | "finetune" => Some(of_network()?.training_flops),
        "features" => Some(of_network()?.forward_flops),
        _ => None,
    })
}

/// Pretraining by the task of the same name.
pub(crate) fn pretraining(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let images = inputs::images(IMAGES, arguments.shape)?;
    let options = PretrainOptions {
        steps: Some(ENDLESS),
        batch_size: Some(arguments.batch),
        // The peer does not clip.
        clip_norm: 0.0,
        precision: arguments.precision,
        augment_on: arguments.augment_on,
        ..PretrainOptions::default()
    };
    let task = TaskMix::from(Task::by_name(&arguments.work)?);
    let start = Start::Network(arguments.network()?);
    let pretraining = Pretraining { start: &start, mix: &task, images: &images, options: &options };
    watched(arguments, |step, _| step * arguments.batch as u64, |cx| pretrain(&pretraining, None, cx).map(drop))
}

/// Fine-tuning of the whole network on labeled images.
pub(crate) fn finetuning(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let images = inputs::images(LABELED, arguments.shape)?;
    let options = FinetuneOptions {
        steps: Some(ENDLESS),
        batch_size: Some(arguments.batch),
        keep: Keep::Finetuned,
        clip_norm: 0.0,
        precision: arguments.precision,
        ..FinetuneOptions::default()
    };
    let encoder = encoder(arguments)?;
    watched(
        arguments,
        |step, _| step * arguments.batch as u64,
        |cx| finetune(&Start::Encoder(encoder.clone()), &images, None, &options, cx).map(drop),
    )
}

/// Features of a frozen encoder, called again and again.
pub(crate) fn features(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let images = inputs::images(ENCODED, arguments.shape)?;
    let encoder = encoder(arguments)?;
    let calls = Mutex::new(0);
    let seen = |_, epoch: f64| {
        let calls = *calls.lock().unwrap_or_else(PoisonError::into_inner);
        ((calls as f64 + epoch) * images.len() as f64).round() as u64
    };
    watched(arguments, seen, |cx| {
        loop {
            extract_features(&encoder, &images, cx)?;
            *calls.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    })
}

fn encoder(arguments: &Arguments) -> Result<Encoder, Box<dyn Error>> {
    let shape = arguments.shape;
    let input = InputSpec::centered(shape.channels, shape.height, shape.width);
    Ok(Encoder::random(&arguments.network()?, &input, 1)?)
}

/// Runs `work`, which is interrupted when the window closes. `seen` tells the images done after a step and a share of an
/// epoch.
fn watched(
    arguments: &Arguments,
    seen: impl Fn(u64, f64) -> u64 + Sync,
    work: impl FnOnce(&Context<'_>) -> Result<(), TrainError>,
) -> Result<Measured, Box<dyn Error>> {
    let device = foretask_backend::device(&arguments.device)?;
    let folder = tempfile::tempdir()?;
    let interrupt = Interrupt::new();
    let window = Mutex::new(Window::new(arguments.seconds));
    let events = |event: Event| {
        if let Event::Step { step, epoch, .. } = event
            && window.lock().unwrap_or_else(PoisonError::into_inner).report(seen(step, epoch))
        {
            interrupt.request();
        }
    };
    let cx = Context {
        device: &device,
        folder: folder.path(),
        events: &events,
        interrupt: &interrupt,
        threads: arguments.loader,
        features: None,
        checkpoint_every: Duration::from_hours(1),
    };
    match work(&cx) {
        Ok(()) | Err(TrainError::Interrupted { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(window.into_inner().unwrap_or_else(PoisonError::into_inner).measured()?)
}

#[derive(Module, Debug)]
struct BenchNetwork {
    encoder: Backbone,
    head: ProjectionHead,
}

/// Forward, backward and update on inputs that are there, as `simclr()` trains.
pub(crate) fn compute(arguments: &Arguments) -> Result<Measured, Box<dyn Error>> {
    let device = foretask_backend::device(&arguments.device)?;
    device.require(arguments.precision)?;
    let inputs = arguments.precision.input(fixed_inputs(arguments, &device));
    let mut learner = learner(arguments, &device)?;
    let mut optimizer = Optimizer::new(Rule::AdamW(AdamW::default()), 1e-2);
    let update = Update { learning_rate: 1e-3, clip_norm: None };
    let mut window = Window::new(arguments.seconds);
    for done in 1.. {
        let z = learner.head.forward(learner.encoder.forward(inputs.clone()));
        let [_, length] = z.dims();
        let pairs = z.reshape([2, arguments.batch, length]);
        let view = |k: usize| pairs.clone().narrow(0, k, 1).reshape([arguments.batch, length]);
        let loss = nt_xent(view(0), view(1), 0.2);
        let gradients = gradients(&loss, &learner);
        (learner, _) = step(learner, gradients, &mut optimizer, &update);
        if done % READ_EVERY == 0 {
            loss.try_into_scalar::<f32>()?;
        }
        if window.report(done * arguments.batch as u64) {
            break;
        }
    }
    Ok(window.measured()?)
}

fn fixed_inputs(arguments: &Arguments, device: &Device) -> Tensor<4> {
    let shape = arguments.shape;
    let count = 2 * arguments.batch;
    let pixels: Vec<f32> = (0..count * shape.len()).map(|i| (i * 7919 % 1000) as f32 / 500.0 - 1.0).collect();
    let data = TensorData::new(pixels, [count, shape.channels, shape.height, shape.width]);
    Tensor::from_data(data, &device.plain())
}

fn learner(arguments: &Arguments, device: &Device) -> Result<BenchNetwork, Box<dyn Error>> {
    let config = arguments.network()?;
    let features = config.feature_dim();
    let head = ProjectionConfig::for_features(features);
    let training = device.training();
    Ok(BenchNetwork {
        encoder: config.init(arguments.shape.channels, 1, &training),
        head: ProjectionHead::new(&Scope::new(1, &training).at("head"), &head),
    })
}
