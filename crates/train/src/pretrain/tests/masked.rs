//! Patches that are hidden from vision transformers.

use foretask_models::{Positions, VitConfig};
use foretask_pretext::{Mae, SimMim, Task};

use super::*;

fn network(config: VitConfig) -> Start {
    Start::Network(config.into())
}

fn learned(start: &Start, task: Task, images: &Images, text: &str) -> Result<Pretrained, TrainError> {
    let folder = tempfile::tempdir().unwrap();
    let device = foretask_backend::device("flex").unwrap();
    let interrupt = Interrupt::new();
    let cx = Context {
        device: &device,
        folder: folder.path(),
        events: &|_| (),
        interrupt: &interrupt,
        threads: 1,
        features: None,
        checkpoint_every: Duration::from_hours(1),
    };
    pretrain(&Pretraining { start, mix: &task.into(), images, options: &options(text) }, None, &cx)
}

/// Ramps from left to right, some of them darker than others: what is hidden follows from what is seen.
fn ramps(count: usize) -> Images {
    let picture = |i: usize| {
        let mut bytes = format!("P5 {SIDE} {SIDE} 255\n").into_bytes();
        bytes.extend((0..SIDE * SIDE).map(|at| (8 * i + 4 * (at % SIDE)) as u8));
        Source::Bytes { bytes: Blob::from(bytes.as_slice()), name: None }
    };
    let samples = Samples {
        rows: (0..count as u64).collect(),
        labels: vec![None; count],
        classes: Arc::from([]),
        sources: (0..count).map(picture).collect(),
    };
    Images::load(&samples, &LoadOptions::default()).unwrap()
}

#[test]
fn what_is_hidden_comes_to_be_restored() {
    let still = Mae { crop: [1.0, 1.0], flip: 0.0, decoder_width: Some(64), decoder_depth: Some(1), ..Mae::default() };
    let text = r#"{"steps": 30, "batch_size": 16, "lr": 1e-3}"#;
    for (task, metric) in [
        (Task::Mae(still), "restored_variance"),
        (Task::Mae(Mae { normalize: false, ..still }), "psnr_hidden"),
        (Task::SimMim(SimMim { crop: [1.0, 1.0], flip: 0.0, ..SimMim::default() }), "psnr_hidden"),
    ] {
        let what = format!("{task:?}");
        let made =
            learned(&network(VitConfig { patch: Some(8), ..VitConfig::default() }), task, &ramps(16), text).unwrap();
        let (first, last) = (&made.history[0], made.history.last().unwrap());
        assert!(last.loss < 0.6 * first.loss, "{what}: {} {}", first.loss, last.loss);
        let (before, after) = (&first.diagnostics.metrics[0], &last.diagnostics.metrics[0]);
        assert_eq!(after.name, metric);
        assert!(after.value > before.value && after.value.is_finite(), "{what}: {before:?} {after:?}");
    }
}

#[test]
fn planning_takes_the_patches_of_the_network_and_says_so() {
    let plan = |start: &Start, task: Task, text: &str| {
        plan_pretraining(start, &task.into(), &pictures(20).survey(), &options(text)).map_err(|error| error.to_string())
    };
    let eight = network(VitConfig { patch: Some(8), ..VitConfig::default() });
    let planned = plan(&eight, Task::Mae(Mae::default()), SHORT).unwrap();
    let Task::Mae(mae) = &planned.tasks[0].task.task else { panic!("{planned:?}") };
    assert_eq!((mae.patch, mae.decoder_width, mae.decoder_depth), (Some(8), Some(128), Some(2)));
    for name in ["patch", "decoder_width", "decoder_depth"] {
        assert!(planned.notes.iter().any(|note| note.name == name && !note.reason.is_empty()), "{name}");
    }
    // Seven of nine patches are hidden, which the encoder never holds.
    let whole = plan(&eight, Task::SimMim(SimMim::default()), SHORT).unwrap();
    assert!(planned.memory_bytes < whole.memory_bytes, "{} {}", planned.memory_bytes, whole.memory_bytes);
    let error = plan(&eight, Task::Mae(Mae { patch: Some(4), ..Mae::default() }), SHORT).unwrap_err();
    assert!(error.contains("`patch` = 4") && error.contains("8x8 pixels"), "{error}");
    let error = plan(&eight, Task::SimMim(SimMim { unit: Some(12), ..SimMim::default() }), SHORT).unwrap_err();
    assert!(error.contains("`unit` = 12") && error.contains("use 8 or 16"), "{error}");
    let blind = network(VitConfig { patch: Some(24), ..VitConfig::default() });
    let error = plan(&blind, Task::Mae(Mae::default()), SHORT).unwrap_err();
    assert!(error.starts_with("mae") && error.contains("`patch` = 24"), "{error}");
    let error = plan(&start(), Task::Mae(Mae::default()), SHORT).unwrap_err();
    assert!(error.starts_with("mae cannot teach this network") && error.contains("`masked_pixels`"), "{error}");
}

#[test]
fn a_preview_without_a_network_hides_the_patches_that_a_vit_would_have() {
    let images = pictures(1);
    let pixels = images.get(0).unwrap();
    let image = crate::image_ref(&pixels).unwrap();
    let mut compared = 0;
    for side in [21, 24, 28, 30, 32, 36, 40, 42, 45, 48, 60, 64, 90, 96, 100, 112, 140, 150, 210, 224, 256, 518] {
        let Ok((net, _)) = BackboneConfig::from(VitConfig::default()).resolve(side, side) else { continue };
        let patch = net.patch().unwrap();
        let shape = foretask_pretext::Shape::new(1, side, side);
        let note = Task::Mae(Mae::default()).explain(image, Key::new(1), shape).unwrap().notes.remove(0);
        assert!(note.contains(&format!("squares of {patch}x{patch} pixels")), "{side}: {note}");
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn tokens_that_belong_to_no_place_and_turned_ones_are_learned_from_too() {
    for positions in [Positions::Sincos, Positions::Rope] {
        let config = VitConfig {
            patch: Some(8),
            registers: 2,
            positions,
            drop_path: 0.2.try_into().unwrap(),
            ..VitConfig::default()
        };
        for name in ["mae", "simmim"] {
            let task = Task::by_name(name).unwrap();
            let [one, two] =
                [0, 1].map(|_| learned(&network(config.clone()), task.clone(), &ramps(16), SHORT).unwrap());
            assert_same(&one, &two);
        }
    }
}
