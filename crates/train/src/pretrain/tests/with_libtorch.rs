//! The loop of training on libtorch.

use super::*;

/// The largest relative distance of losses and of gradient norms, over the first so many steps.
fn apart(a: &[HealthLine], b: &[HealthLine], steps: usize) -> f64 {
    assert_eq!(a.len(), b.len());
    let relative = |a: f64, b: f64| (a - b).abs() / b.abs().max(1e-3);
    let of_line =
        |(a, b): (&HealthLine, &HealthLine)| relative(a.loss, b.loss).max(relative(a.gradient_norm, b.gradient_norm));
    a.iter().zip(b).take(steps).map(of_line).fold(0.0, f64::max)
}

fn history(task: &str, options: &str, device: &str) -> Vec<HealthLine> {
    let folder = tempfile::tempdir().unwrap();
    let history = Run { device, ..Run::new(task, options, folder.path()) }.run().unwrap().history;
    assert_eq!(history.len(), 6);
    history
}

#[test]
fn one_seed_gives_one_learning_curve_on_both_backends() {
    for task in ["simclr", "byol", "swav", "rotation", "super_resolution"] {
        let [flex, torch] = ["flex", "libtorch"].map(|device| history(task, SHORT, device));
        assert!(apart(&torch, &flex, 2) < 1e-3, "{task}: {torch:?} {flex:?}");
        // Rounding grows with every step.
        assert!(apart(&torch, &flex, 6) < 5e-2, "{task}: {torch:?} {flex:?}");
    }
}

#[test]
fn and_so_it_does_where_the_device_makes_the_views() {
    let options = r#"{"steps": 6, "batch_size": 8, "seed": 3, "augment_on": "device"}"#;
    let [flex, torch] = ["flex", "libtorch"].map(|device| history("simclr", options, device));
    assert!(apart(&torch, &flex, 2) < 1e-3, "{torch:?} {flex:?}");
    assert!(apart(&torch, &flex, 6) < 5e-2, "{torch:?} {flex:?}");
}

#[test]
fn a_run_that_was_interrupted_goes_on() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let run = |folder| Run { device: "libtorch", ..Run::new("simclr", SHORT, folder) };
    let expected = run(whole.path()).run().unwrap();
    let first = Run { stop_at: Some(3), checkpoint_every: Duration::ZERO, ..run(parts.path()) };
    assert!(matches!(first.run(), Err(TrainError::Interrupted { step: 4, .. })));
    let resumed = run(parts.path()).run().unwrap();
    assert!(apart(&resumed.history, &expected.history, 6) < 1e-3);
}
