//! Whole runs on tiny networks and pictures, to the bit.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use foretask_backend::{Device, StateDict};
use foretask_data::{Blob, LoadOptions, Samples, Source};
use foretask_models::{Arch, BackboneConfig};
use foretask_random::Key;

mod continuing;
mod distill;
mod masked;
mod networks;
mod on_device;
#[cfg(feature = "libtorch")]
mod on_ranks;
mod same_bits;
mod statistics;
mod trouble;
#[cfg(feature = "libtorch")]
mod with_libtorch;

use super::*;
use crate::balance::Balance;
use crate::checkpoint;
use crate::context::{Event, Interrupt};
use crate::health::HealthLine;

/// Every task that works on gray pictures without labels.
fn tasks() -> impl Iterator<Item = &'static str> {
    let without = ["colorization", "supcon"];
    foretask_pretext::TASKS.iter().map(|info| info.name).filter(move |name| !without.contains(name))
}

/// Large enough for nine tiles.
const SIDE: usize = 24;

/// Gray pictures: a bright bar near the top on noise, so that up and down can be told apart.
fn pictures(count: usize) -> Images {
    let picture = |i: u64| {
        let mut rng = Key::new(11).with(i).rng();
        let (row, left) = (1 + rng.below(4) as usize, rng.below(6) as usize);
        let mut bytes = format!("P5 {SIDE} {SIDE} 255\n").into_bytes();
        for k in 0..SIDE * SIDE {
            let bar = k / SIDE == row && (left..left + 9).contains(&(k % SIDE));
            bytes.push(if bar { 230 } else { 20 + rng.below(60) as u8 });
        }
        Source::Bytes { bytes: Blob::from(bytes.as_slice()), name: None }
    };
    let samples = Samples {
        rows: (0..count as u64).map(|i| 100 + i).collect(),
        labels: vec![None; count],
        classes: Arc::from([]),
        sources: (0..count as u64).map(picture).collect(),
    };
    Images::load(&samples, &LoadOptions::default()).unwrap()
}

fn start() -> Start {
    Start::Network(BackboneConfig::resnet(Arch::ResNet10, 8))
}

/// The network for these tasks: that of [`start`] where any will do.
fn start_of(mix: &TaskMix) -> Start {
    let mut networks = mix.tasks.iter().map(|(task, _)| usual_network(task));
    networks.find(|network| *network != BackboneConfig::default()).map_or_else(start, Start::Network)
}

fn mix(task: &str) -> TaskMix {
    taught(foretask_pretext::Task::by_name(task).unwrap(), &[teacher(1, 16)])
}

/// A small network that knows nothing, and says it always the same.
fn teacher(channels: usize, side: usize) -> Encoder {
    let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(foretask_models::Stem::Small);
    Encoder::random(&config, &InputSpec::centered(channels, side, side), side as u64).unwrap()
}

/// The task with these teachers, where it has any.
fn taught(task: foretask_pretext::Task, encoders: &[Encoder]) -> TaskMix {
    let foretask_pretext::Task::Distill(distill) = task else { return task.into() };
    let teachers: Vec<Teacher> = encoders
        .iter()
        .enumerate()
        .map(|(number, encoder)| Teacher { identity: number.to_string(), encoder: encoder.clone() })
        .collect();
    let info = |teacher: &Teacher| Teacher::info("a small one", &teacher.identity, &teacher.encoder);
    let distill = distill.with_teachers(teachers.iter().map(info).collect());
    TaskMix { teachers, ..foretask_pretext::Task::Distill(distill).into() }
}

fn options(text: &str) -> PretrainOptions {
    serde_json::from_str(text).unwrap()
}

/// Damaged or foreign files that were given another name.
fn kept_aside(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| foretask_files::is_aside(name.to_str().unwrap())).count()
}

struct Run<'a> {
    task: &'a str,
    options: &'a str,
    folder: &'a Path,
    device: &'a str,
    threads: usize,
    checkpoint_every: Duration,
    /// Asks to stop once this many steps are saved.
    stop_at: Option<u64>,
}

impl<'a> Run<'a> {
    fn new(task: &'a str, options: &'a str, folder: &'a Path) -> Self {
        let checkpoint_every = Duration::from_hours(1);
        Self { task, options, folder, device: "flex", threads: 2, checkpoint_every, stop_at: None }
    }

    fn run(&self) -> Result<Pretrained, TrainError> {
        self.run_mix(&mix(self.task))
    }

    /// The result, and what was warned of.
    fn warned(&self) -> (Result<Pretrained, TrainError>, Vec<String>) {
        let warnings: Mutex<Vec<String>> = Mutex::default();
        let result = self.told(&mix(self.task), &|event| {
            if let Event::Warning(text) = event {
                warnings.lock().unwrap().push(text.clone());
            }
        });
        (result, warnings.into_inner().unwrap())
    }

    fn run_mix(&self, mix: &TaskMix) -> Result<Pretrained, TrainError> {
        self.told(mix, &|_| ())
    }

    fn told(&self, mix: &TaskMix, listener: &(dyn Fn(&Event) + Sync)) -> Result<Pretrained, TrainError> {
        let device = foretask_backend::device(self.device).unwrap();
        let interrupt = Interrupt::new();
        let events = |event: Event| {
            listener(&event);
            if let (Event::Saved { step }, Some(stop)) = (event, self.stop_at)
                && step >= stop
            {
                interrupt.request();
            }
        };
        let cx = Context {
            device: &device,
            folder: self.folder,
            events: &events,
            interrupt: &interrupt,
            threads: self.threads,
            features: None,
            checkpoint_every: self.checkpoint_every,
        };
        learn(&start_of(mix), mix, self.options, &cx)
    }
}

/// Pretrains on twenty pictures.
fn learn(start: &Start, mix: &TaskMix, text: &str, cx: &Context<'_>) -> Result<Pretrained, TrainError> {
    pretrain(&Pretraining { start, mix, images: &pictures(20), options: &options(text) }, None, cx)
}

fn bits(state: &StateDict) -> Vec<(&str, Vec<u32>)> {
    state.iter().map(|(name, t)| (name.as_str(), t.data.iter().map(|x| x.to_bits()).collect())).collect()
}

/// Everything but the time it took.
fn timeless(history: &[HealthLine]) -> Vec<HealthLine> {
    history.iter().map(|line| HealthLine { seconds: 0.0, ..line.clone() }).collect()
}

fn assert_same(a: &Pretrained, b: &Pretrained) {
    assert_eq!(bits(&a.encoder.state), bits(&b.encoder.state));
    assert_eq!(bits(&a.heads), bits(&b.heads));
    assert_eq!(timeless(&a.history), timeless(&b.history));
    assert_eq!((a.steps, a.images_seen, &a.encoder.input), (b.steps, b.images_seen, &b.encoder.input));
}

/// What comes out without an interruption; with one once `stop_at` steps are saved it is the same.
fn resumes_to_the_bit(options: &str, mix: &TaskMix, stop_at: u64) -> Pretrained {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = Run::new("", options, whole.path()).run_mix(mix).unwrap();
    let run = || Run::new("", options, parts.path());
    let first = Run { stop_at: Some(stop_at), checkpoint_every: Duration::ZERO, ..run() };
    assert!(matches!(first.run_mix(mix), Err(TrainError::Interrupted { step, .. }) if step == stop_at + 1));
    assert_same(&expected, &run().run_mix(mix).unwrap());
    expected
}

fn metrics(folder: &Path) -> Vec<HealthLine> {
    let text = std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SHORT: &str = r#"{"steps": 6, "batch_size": 8, "seed": 3}"#;

#[test]
fn a_budget_becomes_steps_that_a_rerun_repeats_and_calibration_leaves_no_trace() {
    let (folder, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = r#"{"budget": "0.4s", "batch_size": 8}"#;
    let begin = Instant::now();
    let first = Run::new("rotation", text, folder.path()).run().unwrap();
    assert!(first.steps >= 1 && begin.elapsed() < Duration::from_secs(20));
    std::fs::remove_file(checkpoint::path_in(folder.path())).unwrap();
    assert_same(&first, &Run::new("rotation", text, folder.path()).run().unwrap());
    let text = format!(r#"{{"steps": {}, "batch_size": 8}}"#, first.steps);
    assert_same(&first, &Run::new("rotation", &text, plain.path()).run().unwrap());
}

#[test]
fn rotation_is_learned_and_the_health_line_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"steps": 40, "batch_size": 20, "lr": 4e-3}"#;
    let result = Run::new("rotation", text, folder.path()).run().unwrap();
    assert!((10..=200).contains(&result.history.len()), "{}", result.history.len());
    let (first, last) = (&result.history[0], result.history.last().unwrap());
    assert!(last.loss < 0.5 * first.loss, "{} {}", first.loss, last.loss);
    let accuracy = &last.diagnostics.metrics[0];
    assert_eq!(accuracy.reference.as_ref().unwrap().value, 0.25);
    assert!(accuracy.value > 0.6, "{accuracy:?}");
    assert_eq!((last.step, last.images, last.epoch), (40, 800, 40.0));
    assert!(last.diagnostics.effective_rank.unwrap() > 1.0 && last.gradient_norm > 0.0);
}

#[test]
fn a_function_that_no_file_can_hold_comes_from_the_plan() {
    use foretask_pretext::{
        Custom, GeneratedPair, GeneratedTarget, Generator, ImageRef, Planes, Refusal, Shape, TargetKind,
    };
    /// Says whether the picture was turned upside down.
    struct Upright;
    impl Generator for Upright {
        fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<GeneratedPair, Refusal> {
            let mut input = Planes::black(shape);
            foretask_pretext::ops::center_view(image, shape, &mut input.data);
            let class = key.rng().below(2) as u32;
            if class == 1 {
                input.data.reverse();
            }
            Ok(GeneratedPair { input, target: GeneratedTarget::Class(class), note: None })
        }
    }
    let names = vec!["up".to_owned(), "down".to_owned()];
    let target = TargetKind::Classes { names, per_image: 1 };
    let of = |identity: &str| -> TaskMix {
        let generator: Option<Arc<dyn Generator>> = Some(Arc::new(Upright));
        foretask_pretext::Task::Custom(Custom {
            name: "upright".into(),
            identity: identity.into(),
            target: target.clone(),
            generator,
        })
        .into()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result");
    let made = Run::new("upright", SHORT, folder.path()).run_mix(&of("1")).unwrap();
    made.save(&path).unwrap();
    let loaded = Pretrained::load(&path, &of("1")).unwrap().unwrap();
    let images = pictures(1);
    let pixels = images.get(0).unwrap();
    let image = crate::image_ref(&pixels).unwrap();
    let mut examples = vec![loaded.tasks[0].task.task.explain(image, Key::new(1), loaded.tasks[0].task.shape).unwrap()];
    loaded.answer(0, &mut examples, &foretask_backend::device("flex").unwrap()).unwrap();
    assert!(examples[0].answer.is_some());
    for other in [of("2"), mix("rotation"), TaskMix { tasks: vec![], ..mix("rotation") }] {
        let error = Pretrained::load(&path, &other).unwrap_err().to_string();
        assert!(error.contains("other tasks"), "{error}");
    }
}

#[test]
fn every_task_answers_on_its_own_examples_and_survives_its_file() {
    let images = pictures(3);
    let device: Device = foretask_backend::device("flex").unwrap();
    for task in tasks() {
        let folder = tempfile::tempdir().unwrap();
        let result = Run::new(task, SHORT, folder.path()).run().unwrap();
        let path = folder.path().join("pretrained.bin");
        assert_eq!(Pretrained::load(&path, &mix(task)).unwrap(), None);
        result.save(&path).unwrap();
        let loaded = Pretrained::load(&path, &mix(task)).unwrap().unwrap();
        assert_same(&loaded, &result);
        let pixels = images.get(0).unwrap();
        let image = crate::image_ref(&pixels).unwrap();
        let mut examples =
            vec![loaded.tasks[0].task.task.explain(image, Key::new(1), loaded.tasks[0].task.shape).unwrap()];
        loaded.answer(0, &mut examples, &device).unwrap();
        let answered = match (&examples[0].target, &examples[0].answer) {
            (foretask_pretext::ExampleTarget::Classes(a), Some(foretask_pretext::ExampleTarget::Classes(b))) => {
                a.len() == b.len()
            }
            (foretask_pretext::ExampleTarget::Image(a), Some(foretask_pretext::ExampleTarget::Image(b))) => {
                a.shape == b.shape && b.data.iter().all(|x| (0.0..=1.0).contains(x))
            }
            (foretask_pretext::ExampleTarget::Views, None) => true,
            _ => false,
        };
        assert!(answered, "{task}: {:?}", examples[0].answer);
    }
}

#[test]
fn several_tasks_share_an_encoder_and_resume_to_the_bit() {
    let task = |name: &str| foretask_pretext::Task::by_name(name).unwrap();
    for balance in [Balance::Weights, Balance::Gradients] {
        let tasks = vec![(task("rotation"), 1.0), (task("simclr"), 0.5), (task("inpainting"), 2.0)];
        let mix = TaskMix { tasks, balance, teachers: Vec::new() };
        let expected = resumes_to_the_bit(SHORT, &mix, 3);
        let names: Vec<&str> =
            expected.history[0].diagnostics.metrics.iter().map(|metric| metric.name.as_str()).collect();
        for name in ["rotation loss", "rotation accuracy", "simclr loss", "inpainting psnr_hidden"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }
}

#[test]
fn supcon_wants_every_label() {
    let folder = tempfile::tempdir().unwrap();
    let error = Run::new("supcon", SHORT, folder.path()).run().unwrap_err().to_string();
    assert!(error.contains("20 of 20 images have none") && error.contains("`simclr`"), "{error}");
}

#[test]
fn an_encoder_can_be_trained_on() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Run::new("rotation", SHORT, one.path()).run().unwrap();
    let device = foretask_backend::device("flex").unwrap();
    let (events, interrupt) = (|_: Event| (), Interrupt::new());
    let cx = Context {
        device: &device,
        folder: two.path(),
        events: &events,
        interrupt: &interrupt,
        threads: 1,
        features: None,
        checkpoint_every: Duration::from_hours(1),
    };
    let start = Start::Encoder(first.encoder.clone());
    let task = mix("simclr");
    let second = learn(&start, &task, SHORT, &cx).unwrap();
    assert_eq!(second.encoder.input, first.encoder.input);
    assert_ne!(bits(&second.encoder.state), bits(&first.encoder.state));
    // Another encoder is another run: nothing of what is in the folder is gone on with, and nothing of it is lost.
    let third = Start::Encoder(second.encoder);
    let again = learn(&third, &task, SHORT, &cx).unwrap();
    assert_eq!(kept_aside(two.path()), 1);
    let fresh = tempfile::tempdir().unwrap();
    let cx = Context { folder: fresh.path(), ..cx };
    assert_same(&learn(&third, &task, SHORT, &cx).unwrap(), &again);
}

#[test]
fn an_observer_sees_the_encoder_change_and_changes_nothing() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plain = Run::new("simclr", SHORT, one.path()).run().unwrap();
    let device = foretask_backend::device("flex").unwrap();
    let (events, interrupt) = (|_: Event| (), Interrupt::new());
    let cx = Context {
        device: &device,
        folder: two.path(),
        events: &events,
        interrupt: &interrupt,
        threads: 1,
        features: None,
        checkpoint_every: Duration::from_hours(1),
    };
    let watched = pictures(5);
    let seen = std::cell::RefCell::new(Vec::new());
    let judge = |features: &crate::Features| {
        assert_eq!(features.len(), 5);
        seen.borrow_mut().push(features.data.clone());
        vec![Metric::new("seen", f64::from(features.data[0])).against("before", 0.0)]
    };
    let observer = Observer { images: &watched, judge: &judge };
    let (start, mix, images, options) = (start(), mix("simclr"), pictures(20), options(SHORT));
    let pretraining = Pretraining { start: &start, mix: &mix, images: &images, options: &options };
    let found = pretrain(&pretraining, Some(&observer), &cx).unwrap();
    assert_eq!(bits(&found.encoder.state), bits(&plain.encoder.state));
    let seen = seen.into_inner();
    assert_eq!(seen.len(), found.history.len());
    for (line, features) in found.history.iter().zip(&seen) {
        let metric = line.diagnostics.metrics.last().unwrap();
        assert!(metric.name == "seen" && (metric.value - f64::from(features[0])).abs() < 1e-6);
    }
    assert!(seen.windows(2).all(|pair| pair[0] != pair[1]));
}
