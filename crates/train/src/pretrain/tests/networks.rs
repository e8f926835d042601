//! Every pretext task teaches every network: one step each.

use foretask_models::{ConvNextConfig, Encoder, Positions, VitConfig, VitMlp};

use super::*;

/// Colored noise of two classes, large enough for nine tiles.
pub(super) fn colored(count: usize) -> Images {
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

/// Parts of the table, so that no test of it takes long.
const PARTS: usize = 3;

macro_rules! table {
    ($($name:ident: $config:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn first_part() {
                tasks_teach(&$config, 0);
            }

            #[test]
            fn second_part() {
                tasks_teach(&$config, 1);
            }

            #[test]
            fn third_part() {
                tasks_teach(&$config, 2);
            }
        }
    )*};
}

table! {
    residual: BackboneConfig::resnet(Arch::ResNet50, 4);
    efficientnet: BackboneConfig::EfficientNetLite0;
    transformer:
        VitConfig { patch: Some(8), registers: 2, layer_scale: true, ..VitConfig::default() }.into();
    turned: VitConfig {
        patch: Some(8),
        positions: Positions::Rope,
        mlp: VitMlp::Swiglu,
        drop_path: 0.2.try_into().unwrap(),
        ..VitConfig::default()
    }
    .into();
    convnext: ConvNextConfig { drop_path: 0.2.try_into().unwrap(), ..ConvNextConfig::default() }.into();
    deep: BackboneConfig::resnet(Arch::ResNet50d, 4);
}

fn tasks_teach(config: &BackboneConfig, part: usize) {
    let images = colored(8);
    let device = foretask_backend::device("flex").unwrap();
    for info in foretask_pretext::TASKS.iter().skip(part).step_by(PARTS) {
        let what = format!("{} of {}", info.name, config.name());
        let folder = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::new();
        let cx = Context {
            device: &device,
            folder: folder.path(),
            events: &|_| (),
            interrupt: &interrupt,
            threads: 2,
            features: None,
            checkpoint_every: Duration::from_hours(1),
        };
        let start = Start::Network(config.clone());
        let options = options(r#"{"steps": 1, "batch_size": 4}"#);
        let mix = taught(foretask_pretext::Task::by_name(info.name).unwrap(), &[teacher(3, 16)]);
        let taught = pretrain(&Pretraining { start: &start, mix: &mix, images: &images, options: &options }, None, &cx);
        // What hides patches needs a network that sees some.
        if ["mae", "simmim"].contains(&info.name) && !matches!(config, BackboneConfig::Vit(_)) {
            let error = taught.unwrap_err().to_string();
            assert!(error.starts_with(info.name) && error.contains("`vit(…)`, or `masked_pixels`"), "{error}");
            continue;
        }
        let taught = taught.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(taught.history.iter().all(|line| line.loss.is_finite()), "{what}");
        // A file holds all of it.
        let file = folder.path().join("encoder.safetensors");
        taught.encoder.save(&file).unwrap();
        let again = Encoder::load(&file).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(again, taught.encoder, "{what}");
        // And the step moved it.
        let fresh = taught.encoder.config.init(3, options.seed, &device.plain());
        assert_ne!(bits(&state_dict(&fresh)), bits(&taught.encoder.state), "{what}");
    }
}
