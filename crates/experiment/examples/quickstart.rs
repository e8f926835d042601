//! The quickstart as a program: does pretraining pay when only 10 images of each class are labeled?
//!
//! It remembers and resumes as `scripts/quickstart.rhai` does, and each finds what the other has finished. A larger number of
//! steps tells more: `cargo run --release --workspace --example quickstart 1000`.

use foretask_experiment::report::{ReportOptions, Reported, write_report};
use foretask_experiment::stages::{Finetune, Leakage, Pretrain, evaluate};
use foretask_experiment::tools::prepare_process;
use foretask_experiment::values::{Dataset, Network};
use foretask_experiment::{Error, Experiment, RunSource, Settings};
use foretask_models::{Arch, BackboneConfig};
use foretask_pretext::{SimClr, Task};
use foretask_train::{FinetuneOptions, PretrainOptions};

/// What is planned, and then done.
fn quickstart(experiment: &Experiment, steps: u64) -> Result<(), Error> {
    let data = Dataset::open("datasets/fashion-mini")?;
    let few = data.split("train")?.per_class(10, &[1])?;
    let test = data.split("test")?;
    let net = Network(BackboneConfig::resnet(Arch::ResNet10, 16));

    let task = Task::SimClr(SimClr::default()).into();
    let options = PretrainOptions { steps: Some(steps), ..PretrainOptions::default() };
    let request = Pretrain { start: net.clone().into(), task, images: data.unlabeled()?, options, online: None };
    let pretrained = request.run(experiment)?;

    let options = FinetuneOptions::default();
    let ours = Finetune { start: pretrained.into(), few: few.clone(), options: options.clone() }.run(experiment)?;
    let scratch = Finetune { start: net.into(), few, options }.run(experiment)?;
    let results = vec![
        ("simclr".to_owned(), evaluate(experiment, &ours, &test, Some(Leakage::Warn))?),
        ("scratch".to_owned(), evaluate(experiment, &scratch, &test, Some(Leakage::Warn))?),
    ];
    write_report(experiment, "quickstart", Reported { results, ..Reported::default() }, &ReportOptions::default())?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    prepare_process()?;
    let steps = std::env::args().nth(1).map_or(Ok(30), |steps| steps.parse())?;
    let source = RunSource::program("quickstart");
    let finished =
        foretask_experiment::run(&source, &Settings::new("runs"), |experiment| quickstart(experiment, steps))?;
    println!("Results: {}", finished.folder.display());
    Ok(())
}
