//! Held against torchvision 0.24 on torch 2.9, whose numbers were made with the same formula for weights and inputs.
// Numbers stand as torch printed them.
#![allow(clippy::unreadable_literal)]

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use foretask_backend::{Device, HostTensor, Path, StateDict, host_tensor, load_state_dict, state_dict};

use crate::{Arch, Backbone, BackboneConfig, Stem};

/// Numbers in -1..1 that any language makes alike.
fn noise(count: usize, start: usize) -> impl Iterator<Item = f64> {
    (1..=count).map(move |i| {
        let value = (12.9898 * i as f64 + start as f64).sin() * 43758.5453;
        2.0 * (value - value.floor()) - 1.0
    })
}

/// Weights by the formula: scaled to their fan-in; norms near 1 and 0.
fn fill(state: &mut StateDict) {
    for (name, tensor) in state {
        let fan = tensor.data.len() / tensor.shape[0];
        let place = |wave: f64| match name.rsplit('.').next() {
            Some("running_var") => 1.0 + 0.5 * wave,
            Some("weight") if tensor.shape.len() == 1 => 1.0 + 0.1 * wave,
            _ if tensor.shape.len() == 1 => 0.1 * wave,
            _ => wave * (6.0 / fan as f64).sqrt(),
        };
        tensor.data = noise(tensor.data.len(), name.len()).map(|wave| place(wave) as f32).collect();
    }
}

/// What torchvision says about one network.
struct Reference {
    arch: Arch,
    stem: Stem,
    shape: [usize; 4],
    /// First three features of the first image, last three of the second, root mean square of all; inference.
    inference: [f64; 7],
    /// The same while training.
    training: [f64; 7],
    /// Norms of the gradients of [`WATCHED`].
    gradients: [f64; 4],
    /// `layer4.0.bn1`: two running variances, two running means after one step.
    statistics: [f64; 4],
}

const WATCHED: [&str; 4] =
    ["conv1.weight", "layer4.0.bn2.weight", "layer2.0.downsample.0.weight", "layer4.0.conv1.weight"];

fn references() -> [Reference; 3] {
    [
        Reference {
            arch: Arch::ResNet10,
            stem: Stem::Strided,
            shape: [3, 3, 16, 20],
            inference: [0.447967, 0.0, 0.0, 0.0, 2.32197, 2.90107, 0.9944954],
            training: [0.0, 0.905388, 0.445393, 0.0, 0.711941, 0.0, 0.7644429],
            gradients: [177.5742, 11.34883, 118.5524, 495.4623],
            statistics: [0.9488231, 1.425832, 0.08763663, -0.03241724],
        },
        Reference {
            arch: Arch::ResNet18,
            stem: Stem::Imagenet,
            shape: [2, 3, 64, 64],
            inference: [13.2088, 5.74408, 5.84247, 0.0, 16.9851, 13.72, 13.96635],
            training: [0.877877, 0.464526, 0.54386, 1.28556, 1.8635, 0.970011, 0.9451286],
            gradients: [543.7221, 8.667052, 123.4964, 375.8258],
            statistics: [1.05735, 1.896468, 0.06888038, -0.01577849],
        },
        Reference {
            arch: Arch::ResNet50,
            stem: Stem::Small,
            shape: [2, 3, 16, 16],
            inference: [389.87, 459.569, 3329.67, 0.0, 3492.05, 2821.78, 2957.927],
            training: [1.8713, 1.29404, 0.872044, 0.876537, 0.941338, 1.2737, 1.266827],
            gradients: [7360.729, 33.96204, 4312.58, 1286.429],
            statistics: [2.915009, 2.250063, -0.02224699, 0.5516924],
        },
    ]
}

fn waves<const D: usize>(shape: [usize; D], start: usize, device: &burn::tensor::Device) -> Tensor<D> {
    let values: Vec<f32> = noise(shape.iter().product(), start).map(|value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn summary(features: &HostTensor) -> [f64; 7] {
    let (d, data) = (features.shape[1], &features.data);
    let at = [0, 1, 2, 2 * d - 3, 2 * d - 2, 2 * d - 1].map(|i| f64::from(data[i]));
    let mean = data.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / data.len() as f64;
    [at[0], at[1], at[2], at[3], at[4], at[5], mean.sqrt()]
}

/// Norms of all gradients by name.
fn gradient_norms(net: &Backbone, gradients: &Gradients) -> BTreeMap<String, f64> {
    struct Collect<'a> {
        path: Path,
        gradients: &'a Gradients,
        norms: BTreeMap<String, f64>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.gradients) {
                let values = host_tensor(gradient).data;
                let norm = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
                self.norms.insert(self.path.name(), norm);
            }
        }
    }
    let mut collect = Collect { path: Path::default(), gradients, norms: BTreeMap::new() };
    net.visit(&mut collect);
    collect.norms
}

#[track_caller]
fn near(found: &[f64], wanted: &[f64], tolerance: f64, what: &str) {
    let scale = wanted.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= tolerance * scale, "{what}: {found} instead of {wanted}");
    }
}

fn devices() -> Vec<Device> {
    let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch"] } else { &["flex"] };
    names.iter().map(|name| foretask_backend::device(name).unwrap()).collect()
}

fn equals_torchvision(reference: &Reference) {
    let config = BackboneConfig::new(reference.arch, 64).with_stem(reference.stem);
    for device in devices() {
        let what = format!("{} on {device}", config.name());
        let net = config.build(3, &foretask_backend::Scope::unfilled(&device.training()));
        let mut state = state_dict(&net);
        fill(&mut state);
        let net = load_state_dict(net, &state).unwrap();
        let x = waves(reference.shape, 0, &device.plain());
        let features = summary(&host_tensor(net.valid().forward(x.clone())));
        near(&features, &reference.inference, 2e-5, &format!("{what}, inference"));

        let y = net.forward(x);
        near(&summary(&host_tensor(y.clone())), &reference.training, 1e-4, &format!("{what}, training"));
        let pull = waves(y.dims(), 1, &device.training());
        let norms = gradient_norms(&net, &(y * pull).sum().backward());
        for (name, wanted) in WATCHED.iter().zip(reference.gradients) {
            near(&[norms[*name]], &[wanted], 1e-3, &format!("{what}, gradient of {name}"));
        }
        let after = state_dict(&net);
        let part = |name: &str| after[name].data[..2].iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
        let found = [part("layer4.0.bn1.running_var"), part("layer4.0.bn1.running_mean")].concat();
        near(&found, &reference.statistics, 1e-4, &format!("{what}, statistics"));
    }
}

#[test]
fn resnet10_equals_torchvision() {
    equals_torchvision(&references()[0]);
}

#[test]
fn resnet18_equals_torchvision() {
    equals_torchvision(&references()[1]);
}

#[test]
fn resnet50_equals_torchvision() {
    equals_torchvision(&references()[2]);
}

#[test]
fn a_seed_gives_the_same_network_on_every_device() {
    let config = BackboneConfig::new(Arch::ResNet10, 8);
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
    let config = BackboneConfig { zero_init_residual: true, ..BackboneConfig::new(Arch::ResNet18, 4) };
    let state = state_dict(&config.init(1, 1, &device));
    assert!(state["layer1.0.bn2.weight"].data.iter().all(|value| *value == 0.0));
    assert!(state["layer1.0.bn1.weight"].data.iter().all(|value| *value == 1.0));
    let config = BackboneConfig { arch: Arch::ResNet50, ..config };
    assert!(state_dict(&config.init(1, 1, &device))["layer3.2.bn3.weight"].data.iter().all(|value| *value == 0.0));
}

#[test]
fn two_training_steps_from_one_seed_are_equal_to_the_bit() {
    let run = || {
        let device = foretask_backend::device("flex").unwrap().training();
        let net = BackboneConfig::new(Arch::ResNet10, 8).init(1, 4, &device);
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
    let config = BackboneConfig::new(Arch::ResNet18, 64).with_stem(Stem::Imagenet);
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
