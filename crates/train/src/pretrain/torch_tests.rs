//! The same training on flex and on libtorch, in single and in half precision.

use std::time::Duration;

use foretask_backend::{Precision, device};

use super::tests::{Run, assert_same};
use super::*;

fn run(task: &str, options: &str, device: &str) -> Pretrained {
    let folder = tempfile::tempdir().unwrap();
    Run { device, ..Run::new(task, options, folder.path()) }.run().unwrap()
}

/// Losses of the health lines.
fn curve(result: &Pretrained) -> Vec<f64> {
    result.history.iter().map(|line| line.loss).collect()
}

#[track_caller]
fn near(found: &[f64], wanted: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let apart = (found - wanted).abs() / wanted.abs().max(1e-3);
        assert!(apart <= tolerance, "{what}, line {i}: {found} instead of {wanted}");
    }
}

#[test]
fn one_seed_gives_one_learning_curve_on_both_backends() {
    // Rounding grows with every step, about tenfold in five of these (a large learning rate, a tiny network).
    let options = r#"{"steps": 10, "batch_size": 8, "seed": 3}"#;
    for task in ["rotation", "simclr", "byol", "super_resolution", "jigsaw"] {
        let (flex, torch) = (run(task, options, "flex"), run(task, options, "libtorch"));
        near(&curve(&torch)[..5], &curve(&flex)[..5], 1e-4, task);
        near(&curve(&torch), &curve(&flex), 1e-2, task);
    }
}

#[test]
fn the_other_optimizers_agree_as_well() {
    for optimizer in [r#""optimizer": "sgd", "nesterov": true"#, r#""optimizer": "lars""#] {
        let options = format!(r#"{{"steps": 10, "batch_size": 8, "seed": 3, "clip_norm": 0.5, {optimizer}}}"#);
        let (flex, torch) = (run("rotation", &options, "flex"), run("rotation", &options, "libtorch"));
        near(&curve(&torch), &curve(&flex), 1e-3, optimizer);
    }
}

/// Whether this machine computes in bfloat16; elsewhere there is nothing to test.
fn has_bf16() -> bool {
    device("libtorch").unwrap().require(Precision::Bf16).is_ok()
}

#[test]
fn half_precision_learns_like_single() {
    if !has_bf16() {
        return;
    }
    for task in ["rotation", "simclr", "byol", "super_resolution"] {
        let options = |precision: &str| {
            format!(r#"{{"steps": 40, "batch_size": 8, "seed": 3, "lr": 0.001, "precision": "{precision}"}}"#)
        };
        let (half, single) = (run(task, &options("bf16"), "libtorch"), run(task, &options("f32"), "libtorch"));
        let (half, single) = (curve(&half), curve(&single));
        assert!(half.iter().all(|loss| loss.is_finite()), "{task}: {half:?}");
        near(&half[..2], &single[..2], 0.05, task);
        // Means of the last half: single lines are as noisy as batches of eight.
        let mean = |curve: &[f64]| curve[curve.len() / 2..].iter().sum::<f64>() / (curve.len() - curve.len() / 2) as f64;
        near(&[mean(&half)], &[mean(&single)], 0.1, task);
        assert_ne!(half, single, "{task}: nothing was computed in half precision");
    }
}

#[test]
fn half_precision_resumes_to_the_bit() {
    if !has_bf16() {
        return;
    }
    let options = r#"{"steps": 6, "batch_size": 8, "seed": 3, "precision": "bf16"}"#;
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = Run { device: "libtorch", ..Run::new("byol", options, whole.path()) }.run().unwrap();
    let first = Run {
        device: "libtorch",
        stop_at: Some(3),
        checkpoint_every: Duration::ZERO,
        ..Run::new("byol", options, parts.path())
    };
    assert!(matches!(first.run(), Err(TrainError::Interrupted { step: 4, .. })));
    let resumed = Run { device: "libtorch", ..Run::new("byol", options, parts.path()) }.run().unwrap();
    assert_same(&expected, &resumed);
}
