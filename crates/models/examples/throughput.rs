//! Training throughput of a backbone: forward and backward pass and update, images a second.
//!
//! `cargo run --release -p foretask-models --example throughput -- [device] [threads] [width] [precision]`

use std::cell::RefCell;
use std::time::Instant;

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use foretask_backend::update::{AdamStep, adamw};
use foretask_backend::{Device, Precision, Scope};
use foretask_models::{
    Arch, Backbone, BackboneConfig, DecoderConfig, DecoderHead, ProjectionConfig, ProjectionHead, Stem,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    foretask_backend::tune_memory();
    let mut arguments = std::env::args().skip(1);
    let device = foretask_backend::device(&arguments.next().unwrap_or_else(|| "auto".into()))?;
    if let Some(threads) = arguments.next() {
        foretask_backend::set_threads(threads.parse()?)?;
    }
    let width = arguments.next().map_or(Ok(16), |width| width.parse())?;
    let precision = if arguments.next().as_deref() == Some("bf16") { Precision::Bf16 } else { Precision::F32 };
    device.require(precision)?;
    println!("{device}, {precision}, {} thread(s), 28x28x1", foretask_backend::threads());
    println!(
        "{:<24} {:<10} {:>5} {:>12} {:>14} {:>14} {:>12}",
        "backbone", "head", "batch", "images/s", "ms CPU/image", "ms CPU/update", "forward/s"
    );
    for (arch, stem) in [(Arch::ResNet10, Stem::Strided), (Arch::ResNet10, Stem::Small), (Arch::ResNet18, Stem::Small)]
    {
        let config = BackboneConfig::resnet(arch, width).with_stem(stem);
        for batch in [64, 128, 256, 512] {
            measure(&config, "none", batch, &device, precision);
        }
        measure(&config, "projection", 256, &device, precision);
        measure(&config, "decoder", 256, &device, precision);
    }
    println!("peak memory {} MB", foretask_backend::peak_memory_bytes() >> 20);
    Ok(())
}

/// A few steps of one configuration.
fn measure(config: &BackboneConfig, head: &str, batch: usize, device: &Device, precision: Precision) {
    let training = device.training();
    let net = config.init(1, 1, &training);
    let features = config.feature_dim();
    let scope = Scope::new(1, &training);
    let projection = ProjectionHead::new(&scope, &ProjectionConfig::for_features(features));
    let decoder = DecoderHead::new(&scope, &DecoderConfig::light(features, config.map_size(28, 28), [1, 28, 28]));
    let pixels: Vec<f32> = (0..batch * 784).map(|i| ((i * 7919 % 1000) as f32 / 500.0) - 1.0).collect();
    let data = TensorData::new(pixels, [batch, 1, 28, 28]);
    let step = || {
        let x = Tensor::<4>::from_data(data.clone(), &training);
        let loss = match head {
            "projection" => projection.forward(net.forward(precision.input(x))).powi_scalar(2).mean(),
            "decoder" => (decoder.forward(net.forward_map(precision.input(x.clone()))) - x).abs().mean(),
            _ => net.forward(precision.input(x)).powi_scalar(2).mean(),
        };
        drop(loss.backward());
        loss.into_scalar::<f32>()
    };
    let (seconds, cpu) = time(&step);
    let (_, update) = time(&updates(&net, TensorData::new(vec![0.5_f32; 784], [1, 1, 28, 28])));
    let plain = device.plain();
    let inference = config.init(1, 1, &plain);
    let forward = || {
        let x = Tensor::<4>::from_data(data.clone(), &plain);
        inference.forward(precision.input(x)).mean().into_scalar::<f32>()
    };
    let (forward_seconds, _) = time(&forward);
    let n = batch as f64;
    println!(
        "{:<24} {head:<10} {batch:>5} {:>12.0} {:>14.3} {:>14.3} {:>12.0}",
        config.name(),
        n / seconds,
        cpu * 1e3 / n,
        update * 1e3,
        n / forward_seconds
    );
}

/// Updates of all parameters by `AdamW`.
fn updates(net: &Backbone, x: TensorData) -> impl Fn() -> f32 {
    struct Update {
        gradients: GradientsParams,
        moments: Vec<Box<dyn std::any::Any>>,
        count: u64,
    }
    impl ModuleMapper for Update {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let Some(gradient) = self.gradients.get::<D>(param.id) else { return param };
            let old = if self.count > 1 { Some(self.moments.remove(0)) } else { None };
            let old = old.and_then(|old| old.downcast::<[Tensor<D>; 2]>().ok()).map(|old| *old);
            let betas = [0.9, 0.999];
            let step = AdamStep { count: self.count, learning_rate: 1e-3, betas, epsilon: 1e-8, weight_decay: 0.01 };
            param.map(|value| {
                let (value, moments) = adamw(value, gradient, old, None, step);
                self.moments.push(Box::new(moments));
                Tensor::from_inner(value).require_grad()
            })
        }
    }
    let x = Tensor::<4>::from_data(x, &net.devices()[0]);
    let gradients = GradientsParams::from_grads(net.forward(x).powi_scalar(2).mean().backward(), net);
    let state = RefCell::new((Some(net.clone()), Update { gradients, moments: Vec::new(), count: 0 }));
    move || {
        let (net, update) = &mut *state.borrow_mut();
        update.count += 1;
        *net = net.take().map(|net| net.map(update));
        update.count as f32
    }
}

/// Best wall time and median CPU time of a step, in seconds; best, because a shared machine only ever adds time.
fn time(step: &dyn Fn() -> f32) -> (f64, f64) {
    std::hint::black_box(step());
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    let begin = Instant::now();
    while walls.len() < 3 || (walls.len() < 30 && begin.elapsed().as_secs_f64() < 2.0) {
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        std::hint::black_box(step());
        walls.push(wall.elapsed().as_secs_f64());
        cpus.push(cpu_seconds() - cpu);
    }
    walls.sort_by(f64::total_cmp);
    cpus.sort_by(f64::total_cmp);
    (walls[0], cpus[cpus.len() / 2])
}

/// CPU seconds of this process so far, all threads, from the kernel's clock ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let main: f64 = stat.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0);
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let all: f64 = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .sum();
    all.max(main) * 1e-9
}
