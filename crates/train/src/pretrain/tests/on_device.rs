//! Runs whose views the device makes.

use super::*;

const ON_DEVICE: &str = r#"{"steps": 6, "batch_size": 8, "seed": 3, "augment_on": "device"}"#;

#[test]
fn views_of_the_device_teach_what_those_of_the_host_teach() {
    for task in ["simclr", "byol", "dino"] {
        let [device, host] = [ON_DEVICE, SHORT].map(|options| {
            let folder = tempfile::tempdir().unwrap();
            Run::new(task, options, folder.path()).run().unwrap().history
        });
        assert_eq!((device.len(), host.len()), (6, 6));
        for (a, b) in device.iter().zip(&host) {
            assert!((a.loss / b.loss - 1.0).abs() < 1e-2, "{task}, step {}: {} {}", a.step, a.loss, b.loss);
        }
    }
}

#[test]
fn they_resume_to_the_bit_on_any_number_of_threads() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let expected = Run { threads: 1, ..Run::new("simclr", ON_DEVICE, whole.path()) }.run().unwrap();
    let first =
        Run { stop_at: Some(3), checkpoint_every: Duration::ZERO, ..Run::new("simclr", ON_DEVICE, parts.path()) };
    assert!(matches!(first.run(), Err(TrainError::Interrupted { step: 4, .. })));
    assert_same(&expected, &Run { threads: 5, ..Run::new("simclr", ON_DEVICE, parts.path()) }.run().unwrap());
}

#[test]
fn a_checkpoint_of_the_host_is_none_of_the_device() {
    let (folder, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Run::new("simclr", SHORT, folder.path()).run().unwrap();
    let (found, warnings) = Run::new("simclr", ON_DEVICE, folder.path()).warned();
    assert_same(&Run::new("simclr", ON_DEVICE, fresh.path()).run().unwrap(), &found.unwrap());
    assert_eq!(kept_aside(folder.path()), 1);
    assert!(warnings.iter().any(|warning| warning.contains("checkpoint")), "{warnings:?}");
}

#[test]
fn one_task_of_several_may_be_made_there() {
    let mix = TaskMix {
        tasks: ["rotation", "simclr"].map(|task| (foretask_pretext::Task::by_name(task).unwrap(), 1.0)).to_vec(),
        balance: Balance::Weights,
        teachers: Vec::new(),
    };
    let [device, host] = [ON_DEVICE, SHORT].map(|options| {
        let folder = tempfile::tempdir().unwrap();
        Run::new("both", options, folder.path()).run_mix(&mix).unwrap().history
    });
    for (a, b) in device.iter().zip(&host) {
        assert!((a.loss / b.loss - 1.0).abs() < 1e-2, "step {}: {} {}", a.step, a.loss, b.loss);
    }
}
