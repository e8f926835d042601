//! Every pretext task teaches every network: one step each.

use foretask_models::Encoder;

use super::*;

/// Each kind of network, as small as it gets.
fn networks() -> [BackboneConfig; 2] {
    [BackboneConfig::resnet(Arch::ResNet50, 4), BackboneConfig::EfficientNetLite0]
}

/// Colored noise of two classes, large enough for nine tiles.
fn colored(count: usize) -> Images {
    let picture = |i: u64| {
        let mut rng = Key::new(12).with(i).rng();
        let mut bytes = format!("P6 {SIDE} {SIDE} 255\n").into_bytes();
        bytes.extend((0..3 * SIDE * SIDE).map(|at| {
            let bright = if i.is_multiple_of(2) { at / 3 % SIDE } else { at / 3 / SIDE };
            (8 * bright) as u8 + rng.below(60) as u8
        }));
        Source::Bytes { bytes: Blob::from(bytes.as_slice()), name: None }
    };
    let samples = Samples {
        rows: (0..count as u64).collect(),
        labels: (0..count).map(|i| Some((i % 2) as u32)).collect(),
        classes: ["a".to_owned(), "b".to_owned()].into(),
        sources: (0..count as u64).map(picture).collect(),
    };
    Images::load(&samples, &LoadOptions::default()).unwrap()
}

#[test]
fn every_task_teaches_every_network() {
    let images = colored(8);
    let device = foretask_backend::device("flex").unwrap();
    for config in networks() {
        for info in foretask_pretext::TASKS {
            let what = format!("{} of {}", info.name, config.name());
            let folder = tempfile::tempdir().unwrap();
            let interrupt = Interrupt::new();
            let cx = Context {
                device: &device,
                folder: folder.path(),
                events: &|_| (),
                interrupt: &interrupt,
                threads: 2,
                checkpoint_every: Duration::from_hours(1),
            };
            let start = Start::Network(config.clone());
            let options = options(r#"{"steps": 1, "batch_size": 4}"#);
            let taught = pretrain(&start, &mix(info.name), &images, &options, None, &cx)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(taught.history.iter().all(|line| line.loss.is_finite()), "{what}");
            // A file holds all of it.
            let file = folder.path().join("encoder.safetensors");
            taught.encoder.save(&file).unwrap();
            let again = Encoder::load(&file).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(again, taught.encoder, "{what}");
            // And it learned something: the first step moves its first layer.
            let config = &taught.encoder.config;
            let fresh = config.init(3, options.seed, &device.plain());
            let fresh = foretask_backend::state_dict(&fresh);
            assert_ne!(bits(&fresh), bits(&taught.encoder.state), "{what}");
        }
    }
}
