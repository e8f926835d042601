//! A round as a whole.

use std::sync::Arc;

use foretask_data::Images;
use foretask_models::{Arch, BackboneConfig, Encoder, InputSpec, Stem};
use foretask_pretext::Augment;

use super::*;
use crate::probe::{ProbeOptions, linear_probe};
use crate::test_support::{Surroundings, stripes};
use crate::{LinearProbe, extract_features};

const CLASSES: usize = 2;

struct Case {
    start: Classifier,
    few: Images,
    pool: Images,
    guide: Vec<f32>,
}

/// A probe of a random encoder on a few stripes, and a guide that is right where it speaks.
fn case() -> Case {
    let all = stripes(60, CLASSES);
    let (few, pool) = (all.select(&[0, 1, 2, 3, 4, 5]), all.select(&(6..60).collect::<Vec<_>>()));
    let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
    let encoder = Encoder::random(&config, &InputSpec::centered(1, 12, 12), 3).unwrap();
    let around = Surroundings::new();
    let features = extract_features(&encoder, &few, &around.context(1)).unwrap();
    let labels = labels_of(&few).unwrap();
    let probe = linear_probe(&features, &labels, CLASSES, None, &ProbeOptions::default()).unwrap();
    let classes: Arc<[String]> = all.classes().clone();
    let start = Classifier::new(encoder, probe.weight, probe.bias, classes).unwrap();
    let guide = (0..pool.len()).flat_map(|i| match (pool.label(i), i % 3) {
        (_, 0) => [0.0, 0.0],
        (Some(0), _) => [1.0, 0.0],
        _ => [0.0, 1.0],
    });
    Case { start, few, guide: guide.collect(), pool }
}

fn options() -> ConsistencyOptions {
    let augment = Augment::none().flip(0.5);
    ConsistencyOptions { steps: 12, batch_size: 16, labeled: 4, guided: 0.5, augment, ..Default::default() }
}

fn round(case: &Case, options: &ConsistencyOptions, cx: &Context<'_>) -> Result<Consistency, TrainError> {
    let Case { start, few, pool, guide } = case;
    consistency_round(&ConsistencyRound { start, few, pool, guide, balanced: true, number: 0 }, options, cx)
}

#[test]
fn the_student_learns_the_stripes_and_the_encoder_moves() {
    let case = case();
    let around = Surroundings::new();
    let cx = around.context(1);
    let options = ConsistencyOptions { steps: 60, ..options() };
    let found = round(&case, &options, &cx).unwrap();
    assert!(found.moved > 1e-3 && found.moved < 1.0, "{}", found.moved);
    assert_eq!((found.steps, found.history.last().unwrap().step), (60, 60));
    let names: Vec<&str> = found.history[0].diagnostics.metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["accuracy on the few", "sure of", "as spread"]);
    let features = extract_features(&found.classifier.encoder, &case.pool, &cx).unwrap();
    let head = LinearProbe::of(&found.classifier.weight, &found.classifier.bias);
    let right = head.right(&features.data, &labels_of(&case.pool).unwrap());
    let right = right.iter().filter(|&&right| right).count();
    assert!(right > 50, "{right} of 54");
}

#[test]
fn threads_and_interruptions_do_not_change_a_bit() {
    let case = case();
    let adaptive = [Adaptive::FlexMatch, Adaptive::FreeMatch, Adaptive::SoftMatch].map(Threshold::Adaptive);
    let mut found = Vec::new();
    for threshold in [Threshold::Share(0.8)].into_iter().chain(adaptive) {
        let options = ConsistencyOptions { threshold, ..options() };
        let whole = round(&case, &options, &Surroundings::new().context(1)).unwrap();
        let again = round(&case, &options, &Surroundings::new().context(4)).unwrap();
        assert_eq!(again.classifier, whole.classifier);
        let mut around = Surroundings::new();
        let resumed = loop {
            around = around.until_saved();
            match round(&case, &options, &around.context(2)) {
                Ok(found) => break found,
                Err(TrainError::Interrupted { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!(resumed.classifier, whole.classifier, "{threshold}");
        assert_eq!(resumed.history.len(), whole.history.len());
        found.push(whole.classifier);
    }
    assert!(found.windows(2).all(|pair| pair[0] != pair[1]), "each rule is another one");
}

#[test]
fn the_average_follows_the_weights_as_worked_by_hand() {
    let case = case();
    let device = foretask_backend::device("flex").unwrap();
    let student = Student::new(case.start.build(&device.training()).unwrap(), CLASSES, &device.plain());
    let mut teacher = case.start.build(&device.plain()).unwrap();
    let moved = Classifier { bias: vec![5.0, -3.0], ..case.start.clone() };
    let student = Student { network: moved.build(&device.training()).unwrap(), ..student };
    student.average(0.75);
    student.fill(&mut teacher);
    let found =
        Classifier::of(&teacher, &case.start.encoder, case.start.classes.clone(), case.start.encoder.origin.clone());
    for ((found, old), new) in found.bias.iter().zip(&case.start.bias).zip([5.0, -3.0]) {
        assert!((found - (0.75 * old + 0.25 * new)).abs() < 1e-6);
    }
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-6 * a.abs().max(1e-3));
    assert!(close(&found.weight, &case.start.weight));
    for (name, tensor) in &*case.start.encoder.state {
        assert!(close(&found.encoder.state[name].data, &tensor.data), "{name}");
    }
}

#[test]
fn a_frozen_encoder_is_an_error() {
    let case = case();
    // Too small for any weight to change in f32.
    let options = ConsistencyOptions { steps: 1, lr: 1e-30, weight_decay: 0.0, ..options() };
    let error = round(&case, &options, &Surroundings::new().context(1)).unwrap_err();
    assert!(matches!(error, TrainError::NotMoved { .. }) && error.to_string().contains("`lr`"), "{error}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut case = case();
    case.guide.pop();
    let error = round(&case, &options(), &Surroundings::new().context(1)).unwrap_err().to_string();
    assert!(error.contains("107 shares"), "{error}");
}
