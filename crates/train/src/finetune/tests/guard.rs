//! That an encoder does no harm.

use std::sync::Arc;

use foretask_models::VitConfig;

use super::*;
use crate::context::Event;

/// An encoder that sees nothing, and never will: its first layer is zero, and so are all gradients behind the rectifier.
fn blind() -> Encoder {
    let mut encoder = Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap();
    Arc::make_mut(&mut encoder.state).get_mut("conv1.weight").unwrap().data.fill(0.0);
    encoder
}

fn guarded() -> FinetuneOptions {
    FinetuneOptions { keep: Keep::Auto, ..short() }
}

#[test]
fn features_that_are_worth_less_than_none_are_given_up() {
    let images = stripes(24, 2);
    let start = Start::Encoder(blind());
    let options = FinetuneOptions { steps: Some(30), converge: None, ..guarded() };
    let found = trained(&start, &images, &options, &Surroundings::new(), 1);
    assert_eq!(found.kept, Retained::Scratch, "{}", found.kept_reason);
    assert!(found.kept_reason.contains("starts from scratch"), "{}", found.kept_reason);
    assert!(found.training_accuracy >= FITTED && found.converged);
    // No weight of the encoder is left, and neither is what taught it.
    assert_ne!(found.classifier.encoder.state["conv1.weight"], blind().state["conv1.weight"]);
    assert!(found.classifier.encoder.origin.contains("from scratch"), "{}", found.classifier.encoder.origin);
    assert_eq!(found.held_out.unwrap().len(), 24);
    assert!(found.autos.iter().any(|auto| auto.name == "keep" && auto.value == "scratch"));

    // Who compares encoders sees the harm, and so does who says which answer to keep.
    let compared = FinetuneOptions { guard: false, ..guarded() };
    assert_eq!(trained(&start, &images, &compared, &Surroundings::new(), 1).kept, Retained::Finetuned);
    assert_eq!(trained(&start, &images, &short(), &Surroundings::new(), 1).kept, Retained::Finetuned);
}

#[test]
fn published_weights_are_not_raced_from_scratch_and_it_is_said() {
    let start = Start::Encoder(blind().with_license(Some("Apache-2.0".into())));
    let around = Surroundings::new();
    let warnings = std::sync::Mutex::new(Vec::new());
    let events = |event: Event| {
        if let Event::Warning(text) = event {
            warnings.lock().unwrap().push(text);
        }
    };
    let cx = Context { events: &events, ..around.context(1) };
    let found = finetune(&start, &stripes(24, 2), None, &guarded(), &cx).unwrap();
    assert_eq!((found.kept, found.steps), (Retained::Probe, 0));
    assert!(found.kept_reason.contains("worth less than none"), "{}", found.kept_reason);
    assert!(warnings.lock().unwrap()[0].contains("raw pixels"));
}

#[test]
fn training_that_did_not_help_is_not_kept() {
    let start = Start::Encoder(Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap());
    let images = stripes(40, 2);
    // At such a rate nothing moves: network and probe give the same answers.
    let still = FinetuneOptions { lr: Some(1e-30), freeze: vec!["backbone".into()], ..guarded() };
    let found = trained(&start, &images, &still, &Surroundings::new(), 1);
    assert_eq!(found.kept, Retained::Probe, "{}", found.kept_reason);
    assert_eq!(found.classifier, found.probe);
    let unguarded = FinetuneOptions { guard: false, ..still };
    assert_eq!(trained(&start, &images, &unguarded, &Surroundings::new(), 1).kept, Retained::Finetuned);
}

#[test]
fn interrupted_or_on_more_threads_the_guard_ends_with_the_same_bits() {
    let images = stripes(16, 2);
    let start = Start::Encoder(Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap());
    let whole = trained(&start, &images, &guarded(), &Surroundings::new(), 1);
    let around = Surroundings::new();
    let resumed = loop {
        let sitting = around.until_saved();
        match finetune(&start, &images, None, &guarded(), &sitting.context(3)) {
            Ok(found) => break found,
            Err(TrainError::Interrupted { .. } | TrainError::Stopped) => {}
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!((resumed.kept, &resumed.kept_reason), (whole.kept, &whole.kept_reason));
    assert_eq!(resumed.classifier, whole.classifier);
    assert_eq!(resumed.held_out, whole.held_out);
}

#[test]
fn what_the_guard_costs_is_known_before() {
    let labels = |count: usize, classes: usize| -> Vec<u32> { (0..count).map(|i| (i % classes) as u32).collect() };
    let auto = guarded();
    assert_eq!(guard_trainings(&auto, &labels(100, 10), 10), 3);
    assert_eq!(guard_trainings(&auto, &labels(200, 10), 10), 2);
    assert_eq!(guard_trainings(&auto, &labels(1000, 10), 10), 1);
    assert_eq!(guard_trainings(&auto, &labels(20, 10), 10), 2);
    assert_eq!(guard_trainings(&auto, &labels(10, 10), 10), 0);
    assert_eq!(guard_trainings(&short(), &labels(100, 10), 10), 0);
    assert_eq!(guard_trainings(&FinetuneOptions { guard: false, ..auto }, &labels(100, 10), 10), 0);
}

#[test]
fn blocks_of_a_transformer_move_the_less_the_nearer_they_are_to_the_pixels() {
    let config = VitConfig { patch: Some(4), grid: Some([3, 3]), ..VitConfig::default() };
    let encoder = Encoder::random(&config.into(), &InputSpec::centered(1, 12, 12), 1).unwrap();
    // Without decay or clipping AdamW's first step moves every number by the rate, wherever the gradient is well above its epsilon.
    let once = FinetuneOptions {
        steps: Some(1),
        lr: Some(1e-3),
        layer_decay: Some(0.5),
        weight_decay: Some(0.0),
        warmup: 0.0,
        clip_norm: 0.0,
        ..short()
    };
    let found = trained(&Start::Encoder(encoder.clone()), &stripes(12, 2), &once, &Surroundings::new(), 1);
    let moved = |name: &str| {
        let (before, after) = (&encoder.state[name].data, &found.classifier.encoder.state[name].data);
        before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let near = |name: &str, wanted: f32| {
        let found = moved(name);
        assert!((found - wanted).abs() < 0.05 * wanted + 1e-7, "{name}: {found} instead of {wanted}");
    };
    near("norm.weight", 1e-3);
    near("blocks.11.mlp.fc2.weight", 5e-4);
    near("blocks.10.mlp.fc2.weight", 2.5e-4);
    near("blocks.8.mlp.fc2.weight", 6.25e-5);
}
