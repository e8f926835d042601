//! The label stage end to end on tiny images.

mod guard;

use foretask_models::{Arch, Stem};

use super::*;
use crate::test_support::{Surroundings, stripes};

fn net() -> BackboneConfig {
    BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Small)
}

fn short() -> FinetuneOptions {
    FinetuneOptions { steps: Some(6), keep: Keep::Finetuned, converge: Some(false), seed: 5, ..Default::default() }
}

fn trained(
    start: &Start,
    images: &Images,
    options: &FinetuneOptions,
    around: &Surroundings,
    threads: usize,
) -> Finetuned {
    finetune(start, images, None, options, &around.context(threads)).unwrap()
}

#[test]
fn from_scratch_learns_to_the_end_and_says_so() {
    let around = Surroundings::new();
    let options = FinetuneOptions { steps: Some(30), ..Default::default() };
    let found = trained(&Start::Network(net()), &stripes(24, 2), &options, &around, 1);
    assert!(found.converged && found.training_accuracy >= FITTED, "{} {}", found.steps, found.training_accuracy);
    assert_eq!(found.kept, Retained::Finetuned);
    assert!(found.final_training_loss < 0.5 && found.history.len() >= 10);
    assert_eq!(found.history.last().unwrap().step, found.steps);
    assert_eq!(found.steps % 30, 0);
}

#[test]
fn rounds_go_on_until_the_cap_and_the_verdict_is_honest() {
    // A learning rate that learns nothing.
    let around = Surroundings::new();
    let options = FinetuneOptions { steps: Some(2), lr: Some(1e-12), ..Default::default() };
    let found = trained(&Start::Network(net()), &stripes(12, 3), &options, &around, 1);
    assert!(!found.converged);
    assert_eq!(found.steps, 2 * MOST_ROUNDS);
    let steps: Vec<u64> = found.history.iter().map(|line| line.step).collect();
    assert!(steps.is_sorted() && steps.last() == Some(&8), "{steps:?}");
}

#[test]
fn interrupted_at_every_step_ends_with_the_same_bits() {
    let images = stripes(20, 2);
    let encoder = Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap();
    let start = Start::Encoder(encoder);
    let whole = trained(&start, &images, &short(), &Surroundings::new(), 1);
    let around = Surroundings::new();
    let mut sittings = 0;
    let resumed = loop {
        sittings += 1;
        let session = around.until_saved();
        match finetune(&start, &images, None, &short(), &session.context(3)) {
            Ok(found) => break found,
            Err(TrainError::Interrupted { .. } | TrainError::Stopped) => assert!(sittings < 20),
            Err(other) => panic!("{other}"),
        }
    };
    assert!(sittings > 1);
    assert_eq!(resumed.classifier, whole.classifier);
    assert_eq!(resumed.history.len(), whole.history.len());
    assert_eq!(resumed.final_training_loss, whole.final_training_loss);
}

#[test]
fn training_starts_where_the_probe_ends() {
    let around = Surroundings::new();
    let encoder = Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap();
    let still = FinetuneOptions { lr: Some(1e-30), ..short() };
    let found = trained(&Start::Encoder(encoder.clone()), &stripes(20, 2), &still, &around, 1);
    assert_eq!(found.classifier.weight, found.probe.weight);
    assert_eq!(found.classifier.encoder.state["conv1.weight"], encoder.state["conv1.weight"]);
    let fresh = FinetuneOptions { head: Some(HeadStart::Fresh), ..still };
    let found = trained(&Start::Encoder(encoder), &stripes(20, 2), &fresh, &Surroundings::new(), 1);
    assert_ne!(found.classifier.weight, found.probe.weight);
}

#[test]
fn frozen_parts_stay_and_the_rest_moves() {
    let encoder = Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap();
    let options = FinetuneOptions { freeze: vec!["layer1".into(), "conv1".into()], ..short() };
    let start = Start::Encoder(encoder.clone());
    let found = trained(&start, &stripes(20, 2), &options, &Surroundings::new(), 1);
    let moved = |name: &str| found.classifier.encoder.state[name] != encoder.state[name];
    assert!(!moved("layer1.0.conv1.weight") && !moved("conv1.weight") && moved("layer2.0.conv1.weight"));
    let unknown = FinetuneOptions { freeze: vec!["layer9".into()], ..short() };
    let around = Surroundings::new();
    let message = finetune(&start, &stripes(20, 2), None, &unknown, &around.context(1)).unwrap_err().to_string();
    assert!(message.contains("layer9") && message.contains("layer4"), "{message}");
}

#[test]
fn which_answer_is_kept_is_decided_and_explained() {
    let encoder = Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap();
    let start = Start::Encoder(encoder);
    let auto = FinetuneOptions { keep: Keep::Auto, guard: false, ..short() };
    let keep = |images: &Images| {
        let found = trained(&start, images, &auto, &Surroundings::new(), 1);
        (found.kept, found.kept_reason, found.steps)
    };
    let (kept, reason, steps) = keep(&stripes(2, 2));
    assert!(kept == Retained::Probe && reason.contains("single label") && steps == 0, "{reason}");
    let (kept, reason, steps) = keep(&stripes(20, 2));
    assert!(kept == Retained::Finetuned && reason.contains("10 labels a class") && steps == 6, "{reason}");
    let (_, reason, _) = keep(&stripes(8, 2));
    assert!(reason.contains("3-fold cross-validation"), "{reason}");
    let asked = FinetuneOptions { keep: Keep::Probe, ..auto };
    let found = trained(&start, &stripes(20, 2), &asked, &Surroundings::new(), 1);
    assert_eq!((found.kept, found.classifier), (Retained::Probe, found.probe));
}

#[test]
fn images_without_labels_or_of_other_channels_are_refused() {
    let around = Surroundings::new();
    let encoder = Encoder::random(&net(), &InputSpec::centered(3, 12, 12), 1).unwrap();
    let say = |start: &Start, images: &Images| {
        finetune(start, images, None, &short(), &around.context(1)).unwrap_err().to_string()
    };
    assert!(say(&Start::Encoder(encoder), &stripes(4, 2)).contains("channels: 3"));
    assert!(say(&Start::Network(net()), &stripes(4, 1)).contains("one class"));
    assert!(say(&Start::Network(net()), &stripes(4, 2).select(&[])).contains("no labeled image"));
}

#[test]
fn answers_for_labels_that_were_left_out_come_along_and_change_nothing() {
    let images = stripes(24, 2);
    let start = Start::Encoder(Encoder::random(&net(), &InputSpec::centered(1, 12, 12), 1).unwrap());
    let with = |options: FinetuneOptions| trained(&start, &images, &options, &Surroundings::new(), 1);
    let found = with(short());
    let held = found.held_out.unwrap();
    assert_eq!((held.len(), held.logits.len(), held.distances.len()), (24, 48, 24));
    assert!(held.how.contains("3 networks"), "{}", held.how);
    let without = with(FinetuneOptions { calibrate: Some(false), ..short() });
    assert_eq!(without.held_out, None);
    assert_eq!(without.classifier, found.classifier);

    let probe = with(FinetuneOptions { keep: Keep::Probe, ..short() }).held_out.unwrap();
    assert_eq!((probe.len(), probe.distances.len()), (24, 0));
    let few = stripes(LEAST_HELD_OUT - 2, 2);
    assert_eq!(trained(&start, &few, &short(), &Surroundings::new(), 1).held_out, None);
    // From scratch it takes asking.
    let scratch = FinetuneOptions { steps: Some(2), converge: Some(false), ..Default::default() };
    let found = |options: &FinetuneOptions| {
        trained(&Start::Network(net()), &images, options, &Surroundings::new(), 1).held_out.is_some()
    };
    assert!(!found(&scratch) && found(&FinetuneOptions { calibrate: Some(true), ..scratch }));
}
