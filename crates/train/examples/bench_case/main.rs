//! Runs one case of `cargo xtask bench` and prints one line of JSON: images, seconds, CPU seconds and peak memory of what
//! was done after the warm-up.
//!
//! `cargo run --release -p foretask-train --example bench_case -- simclr --image 28x28x1 --threads 2 --seconds 6`

mod arguments;
mod company;
mod inputs;
mod measuring;
mod training;
mod views;

use std::error::Error;

use arguments::Arguments;
use measuring::Measured;

/// What can be measured, as named on the command line.
const WORKS: &[(&str, &str)] = &[
    ("data", "two SimCLR views of images in memory"),
    ("photos", "photographs decoded, two SimCLR views of 224 pixels each"),
    ("compute", "SimCLR's forward and backward pass and update on inputs that are there"),
    ("simclr", "pretraining by simclr(), end to end"),
    ("rotation", "pretraining by rotation(), end to end"),
    ("super_resolution", "pretraining by super_resolution(), end to end"),
    ("features", "features of a frozen encoder, end to end"),
    ("finetune", "fine-tuning on labels, end to end"),
    ("sgemm", "products of two 1024x1024 matrices of f32, each an \"image\""),
    ("start", "a device and its first number; the caller measures the process"),
    ("burn", "threads that do nothing but keep cores busy, for --seconds"),
    ("make_photos", "writes photographs to measure with into --photos"),
];

fn main() -> Result<(), Box<dyn Error>> {
    foretask_backend::tune_memory();
    let Some(arguments) = Arguments::read(std::env::args().skip(1))? else {
        println!("bench_case WORK {}", arguments::USAGE);
        for (name, about) in WORKS {
            println!("  {name:<18} {about}");
        }
        return Ok(());
    };
    if arguments.work == "burn" {
        measuring::burn(arguments.threads, arguments.seconds);
        return Ok(());
    }
    foretask_backend::set_threads(arguments.threads)?;
    let measured = match arguments.work.as_str() {
        "data" => views::of_images(&arguments)?,
        "photos" => views::of_photos(&arguments)?,
        "compute" => training::compute(&arguments)?,
        "simclr" | "rotation" | "super_resolution" => {
            company::together(arguments.ranks, || training::pretraining(&arguments))??
        }
        "features" => training::features(&arguments)?,
        "finetune" => training::finetuning(&arguments)?,
        "sgemm" => training::sgemm(&arguments)?,
        "start" => training::start(&arguments)?,
        "make_photos" => {
            inputs::make_photos(arguments.photos()?)?;
            Measured::default()
        }
        other => return Err(format!("there is no work `{other}`; call without arguments for a list").into()),
    };
    if !company::is_silent() {
        println!("{}", measured.to_json(training::flops_per_image(&arguments)?));
    }
    Ok(())
}
