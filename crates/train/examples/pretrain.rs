//! Pretrains an encoder on a dataset and tells how fast that was:
//! `cargo run --release -p foretask-train --example pretrain -- datasets/fashion-mini simclr 40`

use std::error::Error;
use std::path::Path;

use foretask_data::{Images, LoadOptions, Manifest};
use foretask_models::{Arch, BackboneConfig, Stem};
use foretask_pretext::Task;
use foretask_train::{
    CHECKPOINT_EVERY, Context, Event, Interrupt, PretrainOptions, Pretraining, Start, TaskMix, plan_pretraining,
    pretrain,
};

fn main() -> Result<(), Box<dyn Error>> {
    foretask_backend::tune_memory();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |i: usize, default: &str| arguments.get(i).cloned().unwrap_or_else(|| default.to_owned());
    let images = Manifest::open(argument(0, "datasets/fashion-mini"))?.split("train")?.unlabeled()?;
    let images = Images::load(&images.samples()?, &LoadOptions::default())?;
    let task = TaskMix::from(Task::by_name(&argument(1, "simclr"))?);
    let options = PretrainOptions { steps: Some(argument(2, "40").parse()?), ..PretrainOptions::default() };
    let start = Start::Network(BackboneConfig::resnet(Arch::ResNet10, 16).with_stem(Stem::Strided));

    let plan = plan_pretraining(&start, &task, &images.survey(), &options)?;
    println!("{} parameters, about {} MiB of memory", plan.parameters, plan.memory_bytes >> 20);

    let device = foretask_backend::device(&argument(3, "auto"))?;
    let folder = std::env::temp_dir().join(format!("foretask-example-{}", std::process::id()));
    let events = |event: Event| match event {
        Event::Note(text) => println!("{text}"),
        Event::Health(line) => println!(
            "step {:4}  loss {:.4}  gradient {:.3}  rank {:.1}  {}",
            line.step,
            line.loss,
            line.gradient_norm,
            line.diagnostics.effective_rank.unwrap_or(0.0),
            line.diagnostics
                .metrics
                .iter()
                .map(|m| format!("{} {:.3}", m.name, m.value))
                .collect::<Vec<_>>()
                .join("  ")
        ),
        _ => {}
    };
    let cx = Context {
        device: &device,
        folder: Path::new(&folder),
        events: &events,
        interrupt: &Interrupt::new(),
        threads: foretask_backend::threads(),
        features: None,
        checkpoint_every: CHECKPOINT_EVERY,
    };
    let pretraining = Pretraining { start: &start, mix: &task, images: &images, options: &options };
    let result = pretrain(&pretraining, None, &cx)?;
    println!(
        "{} on {}: {} images in {:.1} s, {:.0} images/s, peak memory {} MiB",
        task.name(),
        device.name(),
        result.images_seen,
        result.seconds,
        result.images_seen as f64 / result.seconds,
        foretask_backend::peak_memory_bytes() >> 20
    );
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
