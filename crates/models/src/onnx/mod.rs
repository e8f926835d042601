//! Networks as ONNX graphs, for programs that have none of this one: images in, features or calibrated probabilities out.
//!
//! Weights keep their names, so that the file is a file of weights, too. Sides of images are those of the network's input; there may
//! be any number of images. Held against onnxruntime by `tests.rs`, where Python has it.

mod convolutional;
mod graph;
mod options;
#[cfg(test)]
mod tests;
mod transformer;
mod wire;

use std::path::Path;

use serde_json::json;

use self::graph::{Graph, Name};
pub use self::options::{OnnxInput, OnnxOptions, Opset};
use self::wire::{FLOAT, Message, Size, UINT8, Value, value};
use crate::{BackboneConfig, Classifier, Encoder, ModelError, Result};

/// Protocol Buffers count a file's bytes by 31 bits.
const MOST: u64 = (1 << 31) - 1;

impl Encoder {
    /// Writes an ONNX file, whole or not at all, from images to `features`, `[images, d]`. Input, origin and license stand in its
    /// metadata.
    ///
    /// # Errors
    /// [`ModelError::Option`] where the network is larger than ONNX files may be; [`ModelError::File`] where it cannot be written.
    pub fn export_onnx(&self, path: impl AsRef<Path>, options: OnnxOptions) -> Result<()> {
        let (mut graph, features) = walked(self, options)?;
        graph.named("Identity", &[&features], "features", &[]);
        let output = value("features", FLOAT, &[Size::Any("images"), Size::Fixed(self.config.feature_dim())]);
        write(path.as_ref(), self, options, Parts { graph, outputs: vec![output], about: about(self) })
    }
}

impl Classifier {
    /// Writes an ONNX file, whole or not at all, from images to `probabilities` of the classes, calibrated as those of this program,
    /// and to `logits`, both `[images, classes]`. Names of classes stand in its metadata as JSON, with input, calibration, origin
    /// and license.
    ///
    /// # Errors
    /// As [`Encoder::export_onnx`].
    pub fn export_onnx(&self, path: impl AsRef<Path>, options: OnnxOptions) -> Result<()> {
        let encoder = &self.encoder;
        let (mut graph, features) = walked(encoder, options)?;
        let head = encoder.config.classifier();
        let sizes = [self.classes.len(), encoder.config.feature_dim()];
        let weight = graph.constant(&format!("{head}.weight"), &self.weight, &sizes);
        let bias = graph.constant(&format!("{head}.bias"), &self.bias, &sizes[..1]);
        graph.named("Gemm", &[&features, &weight, &bias], "logits", &[("transB", Value::Int(1))]);
        let temperature = graph.floats(&[self.temperature], &[]);
        let calibrated = graph.add("Div", &["logits", &temperature], &[]);
        graph.named("Softmax", &[&calibrated], "probabilities", &[("axis", Value::Int(-1))]);
        let outputs = ["probabilities", "logits"]
            .map(|name| value(name, FLOAT, &[Size::Any("images"), Size::Fixed(self.classes.len())]))
            .to_vec();
        let mut about = about(encoder);
        about.push(("classes", json!(&*self.classes).to_string()));
        about.push(("temperature", self.temperature.to_string()));
        about.extend(self.calibration.clone().map(|reason| ("calibration", reason)));
        write(path.as_ref(), encoder, options, Parts { graph, outputs, about })
    }
}

/// What stands beside a graph.
fn about(encoder: &Encoder) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("network", encoder.config.name()),
        ("input", json!(encoder.input).to_string()),
        ("fit", encoder.input.fit.name().to_owned()),
        ("origin", encoder.origin.clone()),
    ];
    all.extend(encoder.license.clone().map(|license| ("license", license)));
    all
}

/// A graph from images to features.
fn walked(encoder: &Encoder, options: OnnxOptions) -> Result<(Graph<'_>, Name)> {
    let bytes = encoder.config.stored_numbers(encoder.input.channels).saturating_mul(4);
    if bytes > MOST {
        let reason = format!(
            "{} has {} MiB of weights, and ONNX files hold 2047; export it as safetensors",
            encoder.config.network(),
            bytes >> 20
        );
        return Err(ModelError::Option { option: "format", value: "onnx".into(), reason });
    }
    let mut graph = Graph::new(&encoder.state, options.opset);
    let x = normalized(&mut graph, encoder, options.input);
    let size = [encoder.input.height, encoder.input.width];
    let features = match &encoder.config {
        BackboneConfig::ResNet(config) => convolutional::resnet(&mut graph, config, &x),
        BackboneConfig::EfficientNetLite0 => convolutional::efficientnet(&mut graph, size, &x),
        BackboneConfig::Vit(config) => transformer::vit(&mut graph, config, size, &x),
        BackboneConfig::ConvNext(config) => convolutional::convnext(&mut graph, config, size, &x),
    };
    Ok((graph, features))
}

/// Images as the network takes them in.
fn normalized(graph: &mut Graph<'_>, encoder: &Encoder, input: OnnxInput) -> Name {
    let spec = &encoder.input;
    let x = match input {
        OnnxInput::Planes => "image".to_owned(),
        OnnxInput::Pixels => {
            let x = graph.transpose("pixels", &[0, 3, 1, 2]);
            let x = graph.add("Cast", &[&x], &[("to", Value::Int(FLOAT))]);
            let most = graph.floats(&[255.0], &[]);
            graph.add("Div", &[&x, &most], &[])
        }
    };
    let sizes = [1, spec.channels, 1, 1];
    let mean = graph.floats(&spec.mean, &sizes);
    let factors: Vec<f32> = spec.std.iter().map(|std| 1.0 / std.max(1e-6)).collect();
    let factors = graph.floats(&factors, &sizes);
    let x = graph.add("Sub", &[&x, &mean], &[]);
    graph.add("Mul", &[&x, &factors], &[])
}

/// What becomes a file.
struct Parts<'a> {
    graph: Graph<'a>,
    outputs: Vec<Message>,
    /// Names and texts of the metadata.
    about: Vec<(&'static str, String)>,
}

fn write(path: &Path, encoder: &Encoder, options: OnnxOptions, parts: Parts<'_>) -> Result<()> {
    let Parts { graph, outputs, about } = parts;
    let spec = &encoder.input;
    let (name, kind, sizes) = match options.input {
        OnnxInput::Pixels => ("pixels", UINT8, [spec.height, spec.width, spec.channels]),
        OnnxInput::Planes => ("image", FLOAT, [spec.channels, spec.height, spec.width]),
    };
    let [a, b, c] = sizes;
    let input = value(name, kind, &[Size::Any("images"), Size::Fixed(a), Size::Fixed(b), Size::Fixed(c)]);
    let Graph { nodes, constants, .. } = graph;
    let body = Message::default()
        .messages(1, &nodes)
        .text(2, encoder.config.network())
        .messages(5, &constants)
        .message(11, &input)
        .messages(12, &outputs);
    drop(constants);
    let mut model = Message::default()
        .int(1, options.opset.format())
        .text(2, "foretask")
        .text(3, env!("CARGO_PKG_VERSION"))
        .message(7, &body)
        .message(8, &Message::default().text(1, "").int(2, options.opset.number()));
    for (key, text) in about {
        model = model.message(14, &Message::default().text(1, key).text(2, &text));
    }
    foretask_files::write(path, model.into_bytes()).map_err(|source| ModelError::File {
        action: "write",
        path: path.into(),
        source,
    })
}
