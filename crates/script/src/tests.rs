//! A script and a program that say the same share their stages.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use foretask_eval::KnnOptions;
use foretask_experiment::stages::{Finetune, Knn, LinearProbe, Pretrain, evaluate, pool_of};
use foretask_experiment::values::{Dataset, Encoder, Network};
use foretask_experiment::{Error, Experiment, Progress, RunSource, Settings};
use foretask_models::{Arch, BackboneConfig};
use foretask_pretext::{Rotation, Task};
use foretask_train::{FinetuneOptions, PretrainOptions, ProbeOptions};

use crate::{Source, run};

/// A folder with a table of sixteen gray images of two classes.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let mut table = "path,label,split\n".to_owned();
    for index in 0..16_u8 {
        let mut image = b"P5\n16 16\n255\n".to_vec();
        image.extend((0..256_usize).map(|at| (at as u8 % 16).wrapping_mul(3).wrapping_add(index * 15)));
        std::fs::write(place.path().join(format!("{index}.pgm")), image).unwrap();
        let (class, split) = (if index % 2 == 0 { "bag" } else { "coat" }, if index < 12 { "train" } else { "test" });
        writeln!(table, "{index}.pgm,{class},{split}").unwrap();
    }
    std::fs::write(place.path().join("clothes.csv"), table).unwrap();
    place
}

fn script(place: &Path) -> Source {
    let table = place.join("clothes.csv").display().to_string();
    let text = format!(
        "let data = dataset(\"{table}\");\n\
         let few = data.split(\"train\").per_class(4, #{{ seed: 3, draws: 2 }});\n\
         let pre = pretrain(resnet10(#{{ width: 4 }}), rotation(), data.unlabeled(), #{{ steps: 2, batch_size: 4 }});\n\
         let test = data.split(\"test\");\n\
         finetune(pre.encoder, few, #{{ steps: 2 }}).evaluate(test);\n\
         linear_probe(pre.encoder, few).evaluate(test);\n\
         knn(pre.encoder, few, #{{ k: 3 }}).evaluate(test);\n"
    );
    Source { name: "same.rhai".into(), text }
}

fn program(experiment: &Experiment, place: &Path) -> Result<(), Error> {
    let data = Dataset::open(place.join("clothes.csv"))?;
    let few = data.split("train")?.per_class(4, &[3, 4])?;
    let test = data.split("test")?;
    let start = Network(BackboneConfig::resnet(Arch::ResNet10, 4)).into();
    let task = Task::Rotation(Rotation::default()).into();
    let options = PretrainOptions { steps: Some(2), batch_size: Some(4), ..PretrainOptions::default() };
    let pretrained = Pretrain { start, task, images: data.unlabeled()?, options, online: None }.run(experiment)?;
    let encoder = Encoder::pretrained(pretrained);
    let options = FinetuneOptions { steps: Some(2), ..FinetuneOptions::default() };
    let tuned = Finetune { start: encoder.clone().into(), few: few.clone(), options }.run(experiment)?;
    let (pool, options) = (pool_of(&encoder), ProbeOptions::default());
    let probe = LinearProbe { encoder: encoder.clone(), few: few.clone(), pool, options }.run(experiment)?;
    let neighbors = Knn { encoder, few, options: KnnOptions { k: 3, ..KnnOptions::default() } }.run(experiment)?;
    for classifiers in [tuned, probe, neighbors] {
        evaluate(experiment, &classifiers, &test, None)?;
    }
    Ok(())
}

/// Settings, and what happens to stages: "+" for one that begins, "=" for one that is loaded.
fn listening(place: &Path) -> (Settings, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    let mut settings = Settings { device: Some("flex".into()), ..Settings::new(place.join("runs")) };
    settings.listener = Arc::new(move |progress| match progress {
        Progress::StageBegins { title, .. } => told.lock().unwrap().push(format!("+ {title}")),
        Progress::StageReused { title, .. } => told.lock().unwrap().push(format!("= {title}")),
        _ => {}
    });
    (settings, heard)
}

/// Titles behind their signs.
fn titles(heard: &Mutex<Vec<String>>, sign: char) -> Vec<String> {
    let heard = heard.lock().unwrap();
    heard.iter().map(|line| line.strip_prefix(sign).unwrap_or_else(|| panic!("{line}")).trim().to_owned()).collect()
}

#[test]
fn a_script_finds_what_a_program_has_finished() {
    let place = place();
    let (settings, heard) = listening(place.path());
    let work = |experiment: &Arc<Experiment>| program(experiment, place.path());
    foretask_experiment::run(&RunSource::program("same"), &settings, work).unwrap();
    let begun = titles(&heard, '+');
    assert_eq!(begun.len(), 5, "{begun:?}");

    let (settings, heard) = listening(place.path());
    let finished = run(script(place.path()), &settings).unwrap();
    assert_eq!(titles(&heard, '='), begun);
    assert!(finished.folder.join("script.rhai").is_file());
}

#[test]
fn a_program_finds_what_a_script_has_finished() {
    let place = place();
    let (settings, heard) = listening(place.path());
    run(script(place.path()), &settings).unwrap();
    let begun = titles(&heard, '+');

    let (settings, heard) = listening(place.path());
    let work = |experiment: &Arc<Experiment>| program(experiment, place.path());
    let plan = foretask_experiment::planned(&settings, work).unwrap().plan();
    assert!(plan.to_text().contains("done before, will be loaded\n"), "{}", plan.to_text());
    let finished = foretask_experiment::run(&RunSource::program("same"), &settings, work).unwrap();
    assert_eq!(titles(&heard, '='), begun);
    assert!(!finished.folder.join("script.rhai").exists());
}

#[test]
fn a_request_to_stop_ends_a_stage_that_keeps_nothing() {
    let place = place();
    let table = place.path().join("clothes.csv").display().to_string();
    let begin = format!(
        "let data = dataset(\"{table}\");\n\
         let few = data.split(\"train\").per_class(4);\n\
         let pre = pretrain(resnet10(#{{ width: 4 }}), rotation(), data.unlabeled(), #{{ steps: 1, batch_size: 4 }});\n"
    );
    let source = |text: String| Source { name: "stop.rhai".into(), text };
    run(source(begin.clone()), &listening(place.path()).0).unwrap();
    for word in [
        "pixel_probe(few)",
        "linear_probe(pre.encoder, few)",
        "spread_labels(pre.encoder, few, data.unlabeled(), #{ neighbors: 3 })",
        "label_next(pre.encoder, data.unlabeled(), #{ n: 2 })",
    ] {
        let text = format!("{begin}{word};\n");
        let ended = Arc::new(Mutex::new(Vec::new()));
        let mut settings = Settings { device: Some("flex".into()), ..Settings::new(place.path().join("runs")) };
        let (heard, interrupt) = (Arc::clone(&ended), settings.interrupt.clone());
        settings.listener = Arc::new(move |progress| match progress {
            Progress::StageBegins { .. } => interrupt.request(),
            Progress::StageEnds { title, .. } => heard.lock().unwrap().push(title),
            _ => {}
        });
        let error = run(source(text), &settings).unwrap_err();
        assert_eq!(error.kind().exit_code(), 130, "{word}: {error}");
        assert!(ended.lock().unwrap().is_empty(), "{word}: {error}");
    }
}
