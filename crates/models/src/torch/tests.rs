//! Texts have what their networks need and nothing else, and `PyTorch` answers with them as the networks do.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use foretask_backend::{Scope, host_tensor, state_dict};

use crate::small::{networks, python_with};
use crate::{Arch, BackboneConfig, ClassHead, Classifier, Encoder, InputSpec, VitConfig};

#[test]
fn a_text_has_no_instruction_left_and_nothing_that_its_network_lacks() {
    for (config, _) in networks() {
        for classes in [0, 7] {
            let text = config.torch_network(2, classes);
            let what = format!("{}:\n{text}", config.name());
            assert!(!text.contains("#:") && !text.contains("\n\n\n\n"), "{what}");
            assert_eq!(text.contains("OUTPUTS"), classes > 0, "{what}");
            // What has a name at the left end of a line is used.
            for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase())) {
                let name = line.split(' ').next().unwrap_or_default();
                assert!(text.matches(name).count() > 1, "{name} is used by nothing: {what}");
            }
        }
    }
    let plain = BackboneConfig::resnet(Arch::ResNet10, 4).torch_network(1, 0);
    assert!(!plain.contains("conv3") && !plain.contains("AvgPool"), "{plain}");
    let plain = BackboneConfig::from(VitConfig::default()).torch_network(1, 0);
    assert!(!plain.contains("sines") && !plain.contains("LayerScale") && !plain.contains("turned("), "{plain}");
}

/// Loads files strictly into networks of the texts beside them, and answers for pictures of a formula.
const ASK: &str = r#"
import json, sys
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

answers = {}
for path, sizes in json.loads(sys.argv[1]):
    names = {"torch": torch, "nn": nn, "F": F}
    exec(compile(open(path + ".py").read(), path + ".py", "exec"), names)
    network = names["Network"]()
    network.load_state_dict(load_file(path))
    network.eval()
    pixels = (torch.arange(torch.Size(sizes).numel()) * 37 % 251).reshape(sizes).permute(0, 3, 1, 2)
    x = (pixels / 255 - 0.5) / 0.25
    with torch.inference_mode():
        answer, features = network(x), network.features(x)
    answers[path] = [answer.flatten().tolist(), features.flatten().tolist()]
print(json.dumps(answers))
"#;

/// An encoder with weights by the formula of [`crate::reference`].
fn filled(config: &BackboneConfig, input: &InputSpec) -> Encoder {
    let device = foretask_backend::device("flex").unwrap().plain();
    let mut state = state_dict(&config.build(input.channels, &Scope::unfilled(&device)));
    crate::reference::fill(&mut state);
    Encoder { state: Arc::new(state), ..Encoder::random(config, input, 1).unwrap() }
}

/// The pictures of [`ASK`], normalized.
fn pictures([height, width]: [usize; 2], input: &InputSpec) -> Tensor<4> {
    let channels = input.channels;
    let mut planes = vec![0.0; 2 * height * width * channels];
    for i in 0..planes.len() {
        let (place, channel) = (i / channels, i % channels);
        let (image, place) = (place / (height * width), place % (height * width));
        planes[(image * channels + channel) * height * width + place] = (i * 37 % 251) as f32 / 255.0;
    }
    input.normalize(&mut planes);
    let device = foretask_backend::device("flex").unwrap().plain();
    Tensor::from_data(TensorData::new(planes, [2, channels, height, width]), &device)
}

#[test]
fn pytorch_answers_as_the_networks_do() {
    let Some(python) = python_with("torch, safetensors, numpy") else {
        eprintln!("skipped: no Python here has torch; `cargo xtask parity --install` makes one that has");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let device = foretask_backend::device("flex").unwrap().plain();
    let (mut files, mut wanted) = (Vec::new(), BTreeMap::new());
    for (number, (config, size)) in networks().into_iter().enumerate() {
        // Gray for some, as many channels as it likes for others.
        let channels = [3, 1, 5][number % 3];
        let (mean, std) = (vec![0.5; channels], vec![0.25; channels]);
        let input = InputSpec { mean, std, ..InputSpec::centered(channels, size[0], size[1]) };
        let encoder = filled(&config, &input);
        let features = host_tensor(encoder.build(&device).unwrap().forward(pictures(size, &input))).data;
        let (d, classes): (usize, Arc<[String]>) = (config.feature_dim(), ["a".to_owned(), "b".to_owned()].into());
        let weight = (0..2 * d).map(|i| (i as f32).sin() / (d as f32).sqrt()).collect();
        let classifier = Classifier::new(encoder.clone(), weight, vec![0.1, -0.2], classes).unwrap();
        let head = ClassHead::from_values(&classifier.weight, &classifier.bias, &device);
        let scores = Tensor::from_data(TensorData::new(features.clone(), [2, d]), &device);
        let scores = host_tensor(head.forward(scores)).data;
        for (name, classes, answer) in [("encoder", 0, features.clone()), ("classifier", 2, scores)] {
            let path = folder.path().join(format!("{number}-{}-{name}", config.name())).display().to_string();
            if classes > 0 { classifier.export(&path) } else { encoder.save(&path) }.unwrap();
            std::fs::write(format!("{path}.py"), config.torch_network(channels, classes)).unwrap();
            files.push((path.clone(), [2, size[0], size[1], channels]));
            wanted.insert(path, [answer, features.clone()]);
        }
    }
    let mut ask = Command::new(python);
    let done = ask.args(["-c", ASK, &serde_json::to_string(&files).unwrap()]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let answers: BTreeMap<String, [Vec<f64>; 2]> = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(answers.len(), wanted.len());
    for (path, wanted) in wanted {
        for (found, wanted) in answers[&path].iter().zip(wanted) {
            let wanted: Vec<f64> = wanted.into_iter().map(f64::from).collect();
            assert_eq!(found.len(), wanted.len(), "{path}");
            crate::reference::near(found, &wanted, 1e-4, &path);
        }
    }
}
