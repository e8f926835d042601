//! Convolutional networks as graphs.

use super::graph::{Graph, Name, Steps};
use super::wire::Value;
use crate::convnext::ConvNextConfig;
use crate::efficientnet;
use crate::resnet::{ResNetConfig, Stem};

/// Added to variances, as `PyTorch` does it.
const EPSILON: f32 = 1e-5;

/// `[b, c, h, w]`, normalized, to features.
pub(super) fn resnet(graph: &mut Graph<'_>, config: &ResNetConfig, x: &str) -> Name {
    let (_, stride, padding) = config.stem.convolution();
    let mut x = if config.arch.is_deep() {
        let x = normed(graph, x, ["conv1.0", "conv1.1"], Steps::new(stride, 1), true);
        let x = normed(graph, &x, ["conv1.3", "conv1.4"], Steps::new(1, 1), true);
        normed(graph, &x, ["conv1.6", "bn1"], Steps::new(1, 1), true)
    } else {
        normed(graph, x, ["conv1", "bn1"], Steps::new(stride, padding), true)
    };
    if config.stem == Stem::Imagenet {
        let window = [
            ("kernel_shape", Value::Ints(vec![3, 3])),
            ("strides", Value::Ints(vec![2, 2])),
            ("pads", Value::Ints(vec![1; 4])),
        ];
        x = graph.add("MaxPool", &[&x], &window);
    }
    for (stage, blocks) in config.arch.blocks().into_iter().enumerate() {
        for block in 0..blocks {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            x = residual(graph, config, &x, &format!("layer{}.{block}", stage + 1), stride);
        }
    }
    graph.pool(&x)
}

fn residual(graph: &mut Graph<'_>, config: &ResNetConfig, x: &str, at: &str, stride: usize) -> Name {
    let named = |part: &str, number: usize| format!("{at}.{part}{number}");
    let mut y = x.to_owned();
    let steps = if config.arch.is_bottleneck() {
        vec![Steps::new(1, 0), Steps::new(stride, 1), Steps::new(1, 0)]
    } else {
        vec![Steps::new(stride, 1), Steps::new(1, 1)]
    };
    let last = steps.len();
    for (number, steps) in (1..).zip(steps) {
        y = normed(graph, &y, [&named("conv", number), &named("bn", number)], steps, number < last);
    }
    let deep = config.arch.is_deep();
    let numbers = if deep { [1, 2] } else { [0, 1] };
    let [conv, norm] = numbers.map(|number| format!("{at}.downsample.{number}"));
    let aside = if !graph.has(&format!("{conv}.weight")) {
        x.to_owned()
    } else if deep && stride > 1 {
        let window = [
            ("kernel_shape", Value::Ints(vec![2, 2])),
            ("strides", Value::Ints(vec![2, 2])),
            ("ceil_mode", Value::Int(1)),
            ("count_include_pad", Value::Int(0)),
        ];
        let x = graph.add("AveragePool", &[x], &window);
        normed(graph, &x, [&conv, &norm], Steps::new(1, 0), false)
    } else {
        normed(graph, x, [&conv, &norm], Steps::new(stride, 0), false)
    };
    let y = graph.add("Add", &[&y, &aside], &[]);
    graph.add("Relu", &[&y], &[])
}

/// A convolution, its batch norm and perhaps a relu.
fn normed(graph: &mut Graph<'_>, x: &str, [conv, norm]: [&str; 2], steps: Steps, relu: bool) -> Name {
    let y = graph.convolution(x, conv, steps);
    let y = graph.batch_norm(&y, norm, EPSILON);
    if relu { graph.add("Relu", &[&y], &[]) } else { y }
}

/// `[b, c, h, w]`, normalized, to features.
pub(super) fn efficientnet(graph: &mut Graph<'_>, size: [usize; 2], x: &str) -> Name {
    let mut net = Lite { graph, size };
    let mut x = net.layer(x, ["conv_stem", "bn1"], [3, 2, 1], true);
    let mut input = efficientnet::STEM;
    for (number, stage) in efficientnet::STAGES.iter().enumerate() {
        for block in 0..stage.blocks {
            let at = format!("blocks.{number}.{block}");
            let stride = if block == 0 { stage.stride } else { 1 };
            let inner = input * stage.expansion;
            let around = [stage.kernel, stride, inner];
            let part = |conv: &str, norm: &str| [format!("{at}.{conv}"), format!("{at}.{norm}")];
            let called = |names: &[String; 2]| [names[0].clone(), names[1].clone()];
            let names = if stage.expansion == 1 {
                [None, Some(part("conv_dw", "bn1")), Some(part("conv_pw", "bn2"))]
            } else {
                [Some(part("conv_pw", "bn1")), Some(part("conv_dw", "bn2")), Some(part("conv_pwl", "bn3"))]
            };
            let mut y = x.clone();
            for (place, names) in names.iter().enumerate() {
                let Some([conv, norm]) = names.as_ref().map(called) else { continue };
                let how = if place == 1 { around } else { [1, 1, 1] };
                y = net.layer(&y, [&conv, &norm], how, place < 2);
            }
            x = if stride == 1 && input == stage.output { net.graph.add("Add", &[&y, &x], &[]) } else { y };
            input = stage.output;
        }
    }
    let x = net.layer(&x, ["conv_head", "bn2"], [1, 1, 1], true);
    net.graph.pool(&x)
}

/// An EfficientNet-Lite on its way; its zeros depend on the size.
struct Lite<'g, 's> {
    graph: &'g mut Graph<'s>,
    size: [usize; 2],
}

impl Lite<'_, '_> {
    /// A convolution of this kernel, stride and number of groups, with TensorFlow's zeros, its norm, and perhaps a relu up to 6.
    fn layer(&mut self, x: &str, [conv, norm]: [&str; 2], [kernel, stride, groups]: [usize; 3], relu: bool) -> Name {
        let after = self.size.map(|side| side.div_ceil(stride));
        let [rows, columns] = [0, 1].map(|axis| {
            let needed = ((after[axis] - 1) * stride + kernel).saturating_sub(self.size[axis]);
            [needed / 2, needed - needed / 2]
        });
        self.size = after;
        let steps = Steps { stride, padding: [rows[0], columns[0], rows[1], columns[1]], groups };
        let y = self.graph.convolution(x, conv, steps);
        let y = self.graph.batch_norm(&y, norm, efficientnet::EPSILON as f32);
        if !relu {
            return y;
        }
        let [least, most] = [0.0, 6.0].map(|value| self.graph.floats(&[value], &[]));
        self.graph.add("Clip", &[&y, &least, &most], &[])
    }
}

/// Added to variances.
const CONVNEXT_EPSILON: f32 = 1e-6;
/// From channels first to channels last.
const LAST: [i64; 4] = [0, 2, 3, 1];
/// And back.
const FIRST: [i64; 4] = [0, 3, 1, 2];

/// `[b, c, h, w]`, normalized, to features.
pub(super) fn convnext(graph: &mut Graph<'_>, config: &ConvNextConfig, size: [usize; 2], x: &str) -> Name {
    let mut size = size;
    let mut divided = |graph: &mut Graph<'_>, x: &str, at: &str, side: usize| {
        let [below, beside] = size.map(|length| side.saturating_sub(length));
        size = size.map(|length| (length / side).max(1));
        graph.convolution(x, at, Steps { stride: side, padding: [0, 0, below, beside], groups: 1 })
    };
    let norm = |graph: &mut Graph<'_>, x: &str, at: &str| {
        let x = graph.transpose(x, &LAST);
        let x = graph.layer_norm(&x, at, CONVNEXT_EPSILON);
        graph.transpose(&x, &FIRST)
    };
    let x = divided(graph, x, "stem.0", config.patch_side());
    let mut x = norm(graph, &x, "stem.1");
    for (stage, (width, depth)) in config.size.widths().into_iter().zip(config.size.depths()).enumerate() {
        if stage > 0 {
            let at = format!("stages.{stage}.downsample");
            let y = norm(graph, &x, &format!("{at}.0"));
            x = divided(graph, &y, &format!("{at}.1"), 2);
        }
        for block in 0..depth {
            let at = format!("stages.{stage}.blocks.{block}");
            let around = Steps { groups: width, ..Steps::new(1, 3) };
            let y = graph.convolution(&x, &format!("{at}.conv_dw"), around);
            let y = graph.transpose(&y, &LAST);
            let y = graph.layer_norm(&y, &format!("{at}.norm"), CONVNEXT_EPSILON);
            let y = graph.linear(&y, &format!("{at}.mlp.fc1"));
            let y = graph.gelu(&y);
            let y = graph.linear(&y, &format!("{at}.mlp.fc2"));
            let gamma = graph.weight(&format!("{at}.gamma"));
            let y = graph.add("Mul", &[&y, &gamma], &[]);
            let y = graph.transpose(&y, &FIRST);
            x = graph.add("Add", &[&x, &y], &[]);
        }
    }
    let x = graph.pool(&x);
    graph.layer_norm(&x, "head.norm", CONVNEXT_EPSILON)
}
