//! Held against torchvision 0.24 and timm 1.0.31 on torch 2.9.
// Numbers stand as torch printed them.
#![allow(clippy::unreadable_literal)]

use foretask_backend::{StateDict, state_dict};

use crate::reference::{Reference, devices, equals, gradient_norms, waves};
use crate::{Arch, BackboneConfig, ResNetConfig, Stem};

// Long: a table of what other programs computed.
fn references() -> [Reference; 5] {
    [
        Reference {
            config: BackboneConfig::resnet(Arch::ResNet10, 64).with_stem(Stem::Strided),
            shape: [3, 3, 16, 20],
            inference: [0.447967, 0.0, 0.0, 0.0, 2.32197, 2.90107, 0.9944954],
            training: [0.0, 0.905388, 0.445393, 0.0, 0.711941, 0.0, 0.7644429],
            gradients: &[
                ("conv1.weight", 177.5742),
                ("layer4.0.bn2.weight", 11.34883),
                ("layer2.0.downsample.0.weight", 118.5524),
                ("layer4.0.conv1.weight", 495.4623),
            ],
            statistics: &[
                ("layer4.0.bn1.running_var", [0.9488231, 1.425832]),
                ("layer4.0.bn1.running_mean", [0.08763663, -0.03241724]),
            ],
        },
        Reference {
            config: BackboneConfig::resnet(Arch::ResNet18, 64).with_stem(Stem::Imagenet),
            shape: [2, 3, 64, 64],
            inference: [13.2088, 5.74408, 5.84247, 0.0, 16.9851, 13.72, 13.96635],
            training: [0.877877, 0.464526, 0.54386, 1.28556, 1.8635, 0.970011, 0.9451286],
            gradients: &[
                ("conv1.weight", 543.7221),
                ("layer4.0.bn2.weight", 8.667052),
                ("layer2.0.downsample.0.weight", 123.4964),
                ("layer4.0.conv1.weight", 375.8258),
            ],
            statistics: &[
                ("layer4.0.bn1.running_var", [1.05735, 1.896468]),
                ("layer4.0.bn1.running_mean", [0.06888038, -0.01577849]),
            ],
        },
        Reference {
            config: BackboneConfig::resnet(Arch::ResNet50, 64).with_stem(Stem::Small),
            shape: [2, 3, 16, 16],
            inference: [389.87, 459.569, 3329.67, 0.0, 3492.05, 2821.78, 2957.927],
            training: [1.8713, 1.29404, 0.872044, 0.876537, 0.941338, 1.2737, 1.266827],
            gradients: &[
                ("conv1.weight", 7360.729),
                ("layer4.0.bn2.weight", 33.96204),
                ("layer2.0.downsample.0.weight", 4312.58),
                ("layer4.0.conv1.weight", 1286.429),
            ],
            statistics: &[
                ("layer4.0.bn1.running_var", [2.915009, 2.250063]),
                ("layer4.0.bn1.running_mean", [-0.02224699, 0.5516924]),
            ],
        },
        Reference {
            config: BackboneConfig::resnet(Arch::ResNet50d, 8).with_stem(Stem::Imagenet),
            // Sides of 18, 9, 5, 3: means of what there is at odd ends.
            shape: [8, 3, 72, 64],
            inference: [0.0, 1606.963, 1033.734, 436.8954, 191.767, 785.1711, 932.6791],
            training: [0.4163183, 4.191337, 1.509406, 1.632574, 1.402994, 0.7420049, 1.284871],
            gradients: &[
                ("conv1.0.weight", 5875.455),
                ("conv1.4.bias", 492.0754),
                ("conv1.6.weight", 4012.084),
                ("layer4.0.bn2.weight", 18.6153),
                ("layer1.0.downsample.1.weight", 770.3645),
                ("layer2.0.downsample.1.weight", 514.6687),
                ("layer4.0.conv1.weight", 200.3621),
            ],
            statistics: &[
                ("layer4.0.bn1.running_var", [2.482015, 3.372268]),
                ("layer4.0.bn1.running_mean", [0.01360677, 0.2758757]),
            ],
        },
        Reference {
            config: BackboneConfig::resnet(Arch::WideResNet50, 64).with_stem(Stem::Imagenet),
            shape: [2, 3, 64, 64],
            inference: [2264.376, 8893.395, 11225.07, 5132.258, 14657.05, 6614.074, 6604.906],
            training: [1.657072, 1.446101, 0.4747701, 1.761899, 1.606552, 0.8342141, 1.255842],
            gradients: &[
                ("conv1.weight", 29545.32),
                ("layer4.0.bn2.weight", 42.53884),
                ("layer2.0.downsample.0.weight", 5275.24),
                ("layer4.0.conv1.weight", 1553.367),
            ],
            statistics: &[
                ("layer4.0.bn1.running_var", [2.776683, 2.461535]),
                ("layer4.0.bn1.running_mean", [-0.001973961, 0.5360305]),
            ],
        },
    ]
}

#[test]
fn resnet10_equals() {
    equals(&references()[0]);
}

#[test]
fn resnet18_equals() {
    equals(&references()[1]);
}

#[test]
fn resnet50_equals() {
    equals(&references()[2]);
}

#[test]
fn resnet50d_equals() {
    equals(&references()[3]);
}

#[test]
fn wide_resnet50_2_equals() {
    equals(&references()[4]);
}

#[test]
fn a_seed_gives_the_same_network_on_every_device() {
    let config = BackboneConfig::resnet(Arch::ResNet10, 8);
    let states: Vec<StateDict> =
        devices().iter().map(|device| state_dict(&config.init(1, 4, &device.training()))).collect();
    assert!(states.iter().all(|state| *state == states[0]));
    // torchvision's spread: normal with variance 2 / (out * k * k).
    let weights = &states[0]["layer4.0.conv2.weight"].data;
    let variance = weights.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / weights.len() as f64;
    assert!((variance * 64.0 * 9.0 / 2.0 - 1.0).abs() < 0.02, "{variance}");
}

#[test]
fn zero_init_residual_makes_blocks_start_as_their_shortcut() {
    let device = foretask_backend::device("flex").unwrap().plain();
    let config = |arch| {
        let config = ResNetConfig { arch, width: 4, zero_init_residual: true, ..ResNetConfig::default() };
        BackboneConfig::from(config)
    };
    let state = state_dict(&config(Arch::ResNet18).init(1, 1, &device));
    assert!(state["layer1.0.bn2.weight"].data.iter().all(|value| *value == 0.0));
    assert!(state["layer1.0.bn1.weight"].data.iter().all(|value| *value == 1.0));
    assert!(
        state_dict(&config(Arch::ResNet50).init(1, 1, &device))["layer3.2.bn3.weight"]
            .data
            .iter()
            .all(|value| *value == 0.0)
    );
}

#[test]
fn two_training_steps_from_one_seed_are_equal_to_the_bit() {
    let run = || {
        let device = foretask_backend::device("flex").unwrap().training();
        let net = BackboneConfig::resnet(Arch::ResNet10, 8).init(1, 4, &device);
        let y = net.forward(waves([50, 1, 20, 20], 3, &device));
        let norms = gradient_norms(&net, &y.powi_scalar(2).mean().backward());
        (norms, state_dict(&net))
    };
    assert!(run() == run());
}

/// torchvision's `resnet18().state_dict()`, entry by entry.
fn names_of_torchvision() -> Vec<String> {
    let norm = |path: &str| {
        ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map(|part| format!("{path}.{part}"))
    };
    let mut names = vec!["conv1.weight".to_owned(), "fc.weight".to_owned(), "fc.bias".to_owned()];
    names.extend(norm("bn1"));
    for layer in 1..=4 {
        for block in 0..2 {
            let at = format!("layer{layer}.{block}");
            for part in 1..=2 {
                names.push(format!("{at}.conv{part}.weight"));
                names.extend(norm(&format!("{at}.bn{part}")));
            }
            if layer > 1 && block == 0 {
                names.push(format!("{at}.downsample.0.weight"));
                names.extend(norm(&format!("{at}.downsample.1")));
            }
        }
    }
    names.sort();
    names
}

#[test]
fn an_exported_resnet18_has_the_names_of_torchvision_and_no_other() {
    let expected = names_of_torchvision();
    assert_eq!(expected.len(), 122, "len(torchvision.models.resnet18().state_dict())");
    let config = BackboneConfig::resnet(Arch::ResNet18, 64).with_stem(Stem::Imagenet);
    let encoder = crate::Encoder::random(&config, &crate::InputSpec::imagenet(224, 224), 0).unwrap();
    let classes: Vec<String> = (0..7).map(|class| format!("class {class}")).collect();
    let classifier = crate::Classifier::new(encoder, vec![0.5; 7 * 512], vec![0.0; 7], classes.into()).unwrap();
    let known =
        crate::Familiar { features: vec![0.1; 512], dim: 512, names: vec!["a.png".to_owned()], threshold: None };
    let classifier = classifier.with_familiar(known).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    classifier.export(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names: Vec<String> = file.names().into_iter().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, expected);
    assert_eq!(file.tensor("fc.weight").unwrap().shape(), [7, 512]);
    assert_eq!(file.tensor("layer4.0.downsample.0.weight").unwrap().shape(), [512, 256, 1, 1]);
    // Weights of another program are read by the same names.
    let again = crate::load_torch_weights(&path, &crate::ForeignOptions::default()).unwrap();
    assert_eq!(again.encoder.state, classifier.encoder.state);
}
