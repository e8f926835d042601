//! What is written can be read again, and is a graph: whatever a node takes in was made before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::small::{networks, python_with};
use crate::{InputSpec, VitConfig};

/// Fields of a message: numbers, or bytes.
#[derive(Clone, Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// A message's fields by their numbers, in order.
type Fields = BTreeMap<u64, Vec<Field>>;

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

fn fields(mut bytes: &[u8]) -> Fields {
    let mut all = Fields::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (here, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(here.to_vec())
            }
            5 => {
                let (here, rest) = bytes.split_at(4);
                bytes = rest;
                Field::Bytes(here.to_vec())
            }
            kind => panic!("no such kind of field: {kind}"),
        };
        all.entry(tag >> 3).or_default().push(field);
    }
    all
}

fn messages(of: &Fields, number: u64) -> Vec<Fields> {
    let all = of.get(&number).into_iter().flatten();
    all.map(|field| match field {
        Field::Bytes(bytes) => fields(bytes),
        Field::Number(_) => panic!("a number where a message belongs"),
    })
    .collect()
}

fn texts(fields: &Fields, number: u64) -> Vec<String> {
    let all = fields.get(&number).into_iter().flatten();
    all.map(|field| match field {
        Field::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Field::Number(_) => panic!("a number where a text belongs"),
    })
    .collect()
}

fn number(fields: &Fields, number: u64) -> u64 {
    match fields[&number][0] {
        Field::Number(value) => value,
        Field::Bytes(_) => panic!("bytes where a number belongs"),
    }
}

#[test]
fn every_node_takes_in_what_is_there_and_weights_keep_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    for (config, [height, width]) in networks() {
        let encoder = Encoder::random(&config, &InputSpec::centered(3, height, width), 1).unwrap();
        let encoder = encoder.with_license(Some("Apache-2.0".into()));
        let classes: Arc<[String]> = ["coat".to_owned(), "\"bag\"".to_owned()].into();
        let d = config.feature_dim();
        let classifier = Classifier::new(encoder.clone(), vec![0.5; 2 * d], vec![0.1, 0.2], classes).unwrap();
        let classifier = classifier.with_temperature(1.5, "held out");
        for opset in [Opset::V17, Opset::V20] {
            for input in [OnnxInput::Pixels, OnnxInput::Planes] {
                classifier.export_onnx(&path, OnnxOptions { opset, input }).unwrap();
                let what = format!("{} {opset:?} {input:?}", config.name());
                let model = fields(&std::fs::read(&path).unwrap());
                assert_eq!(number(&messages(&model, 8)[0], 2), opset.number() as u64, "{what}");
                let about: BTreeMap<String, String> = messages(&model, 14)
                    .iter()
                    .map(|pair| (texts(pair, 1)[0].clone(), texts(pair, 2)[0].clone()))
                    .collect();
                assert_eq!(about["classes"], r#"["coat","\"bag\""]"#);
                assert_eq!((about["license"].as_str(), about["temperature"].as_str()), ("Apache-2.0", "1.5"));
                let graph = &messages(&model, 7)[0];
                let constants = messages(graph, 5);
                let mut known: BTreeSet<String> = constants.iter().map(|tensor| texts(tensor, 8)[0].clone()).collect();
                assert_eq!(known.len(), constants.len(), "{what}: two constants of one name");
                let dead = |name: &String| name.ends_with("num_batches_tracked");
                let lost: Vec<_> = encoder.state.keys().filter(|name| !known.contains(*name) && !dead(name)).collect();
                assert_eq!(lost, Vec::<&String>::new(), "{what}");
                let inputs: Vec<String> = messages(graph, 11).iter().map(|value| texts(value, 1)[0].clone()).collect();
                assert_eq!(inputs, [if input == OnnxInput::Pixels { "pixels" } else { "image" }]);
                known.extend(inputs);
                for node in messages(graph, 1) {
                    let operator = &texts(&node, 4)[0];
                    for name in texts(&node, 1).iter().filter(|name| !name.is_empty()) {
                        assert!(known.contains(name), "{what}: {operator} takes {name}, which is not there yet");
                    }
                    for name in texts(&node, 2) {
                        assert!(known.insert(name.clone()), "{what}: {name} is made twice");
                    }
                    assert!(opset == Opset::V20 || operator != "Gelu", "{what}");
                }
                for output in messages(graph, 12) {
                    assert!(known.contains(&texts(&output, 1)[0]), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_network_that_no_onnx_file_holds_is_refused() {
    let config =
        VitConfig { size: crate::VitSize::Giant, patch: Some(14), grid: Some([16, 16]), ..VitConfig::default() };
    let small = Encoder::random(
        &VitConfig { patch: Some(8), grid: Some([2, 2]), ..VitConfig::default() }.into(),
        &InputSpec::imagenet(16, 16),
        1,
    );
    let giant = Encoder { config: config.into(), ..small.unwrap() };
    let error = giant.export_onnx("giant.onnx", OnnxOptions::default()).unwrap_err().to_string();
    assert!(error.contains("vit_giant") && error.contains("safetensors"), "{error}");
}

/// Asks onnx and onnxruntime: files in a folder are checked, and answer for pictures of a formula, alone and together.
const ASK: &str = r#"
import json, sys
import numpy, onnx, onnxruntime

answers = {}
for path, sizes in json.loads(sys.argv[1]):
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    pixels = (numpy.arange(numpy.prod(sizes)) * 37 % 251).astype(numpy.uint8).reshape(sizes)
    images = pixels if given.name == "pixels" else pixels.transpose(0, 3, 1, 2).astype(numpy.float32) / 255
    [whole] = session.run(["features"], {given.name: images})
    single = numpy.concatenate([session.run(["features"], {given.name: image[None]})[0] for image in images])
    assert numpy.abs(whole - single).max() <= 1e-4 * numpy.abs(whole).max(), f"{path}: a batch and its images differ"
    answers[path] = whole.flatten().tolist()
print(json.dumps(answers))
"#;

#[test]
fn onnxruntime_answers_as_the_networks_do() {
    let Some(python) = python_with("onnx, onnxruntime") else {
        eprintln!(
            "skipped: no Python here has onnx and onnxruntime; `cargo xtask parity --install` makes one that has"
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let device = foretask_backend::device("flex").unwrap().plain();
    let (mut files, mut wanted) = (Vec::new(), BTreeMap::new());
    for (config, [height, width]) in networks() {
        let input = InputSpec::imagenet(height, width);
        let unfilled = config.build(3, &foretask_backend::Scope::unfilled(&device));
        let mut state = foretask_backend::state_dict(&unfilled);
        crate::reference::fill(&mut state);
        let encoder = Encoder { state: Arc::new(state), ..Encoder::random(&config, &input, 1).unwrap() };
        let count = 2 * height * width * 3;
        let pixels: Vec<u8> = (0..count).map(|i| (i * 37 % 251) as u8).collect();
        let mut planes = vec![0.0; count];
        for (i, pixel) in pixels.iter().enumerate() {
            let (place, channel) = (i / 3, i % 3);
            let (image, place) = (place / (height * width), place % (height * width));
            planes[(image * 3 + channel) * height * width + place] = f32::from(*pixel) / 255.0;
        }
        input.normalize(&mut planes);
        let planes = burn::tensor::TensorData::new(planes, [2, 3, height, width]);
        let images = burn::tensor::Tensor::<4>::from_data(planes, &device);
        let features = foretask_backend::host_tensor(encoder.build(&device).unwrap().forward(images)).data;
        for (opset, input) in [(Opset::V17, OnnxInput::Planes), (Opset::V20, OnnxInput::Pixels)] {
            let name = format!("{}-{height}x{width}-{}.onnx", config.name(), opset.number());
            let path = folder.path().join(&name);
            encoder.export_onnx(&path, OnnxOptions { opset, input }).unwrap();
            files.push((path.display().to_string(), [2, height, width, 3]));
            wanted.insert(path.display().to_string(), features.clone());
        }
    }
    let mut ask = std::process::Command::new(python);
    let done = ask.args(["-c", ASK, &serde_json::to_string(&files).unwrap()]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let answers: BTreeMap<String, Vec<f64>> = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(answers.len(), wanted.len());
    for (path, wanted) in wanted {
        let wanted: Vec<f64> = wanted.into_iter().map(f64::from).collect();
        assert_eq!(answers[&path].len(), wanted.len(), "{path}");
        crate::reference::near(&answers[&path], &wanted, 1e-4, &path);
    }
}
