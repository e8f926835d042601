//! A graph of operators while it grows.

use std::collections::BTreeSet;

use foretask_backend::{HostTensor, StateDict};

use super::options::Opset;
use super::wire::{FLOAT, INT64, Message, Value, node, tensor};

/// A result within the graph, by its name.
pub(super) type Name = String;

/// Operators and constants so far.
pub(super) struct Graph<'a> {
    state: &'a StateDict,
    opset: Opset,
    pub(super) nodes: Vec<Message>,
    pub(super) constants: Vec<Message>,
    known: BTreeSet<String>,
}

/// How a convolution steps.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    pub(super) stride: usize,
    /// Zeros above, left, below, right.
    pub(super) padding: [usize; 4],
    pub(super) groups: usize,
}

impl Steps {
    /// The same zeros on every side.
    pub(super) fn new(stride: usize, padding: usize) -> Self {
        Self { stride, padding: [padding; 4], groups: 1 }
    }
}

impl<'a> Graph<'a> {
    pub(super) fn new(state: &'a StateDict, opset: Opset) -> Self {
        Self { state, opset, nodes: Vec::new(), constants: Vec::new(), known: BTreeSet::new() }
    }

    /// Whether the network has a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.state.contains_key(name)
    }

    /// A tensor of the network, under its own name. One that is not there has no sizes: the readers refuse such a graph.
    pub(super) fn weight(&mut self, name: &str) -> Name {
        if self.known.insert(name.to_owned()) {
            let nothing = HostTensor { shape: vec![0], data: Vec::new() };
            let HostTensor { shape, data } = self.state.get(name).unwrap_or(&nothing);
            self.constant(name, data, shape);
        }
        name.to_owned()
    }

    /// Numbers that are no weights.
    pub(super) fn floats(&mut self, values: &[f32], shape: &[usize]) -> Name {
        let name = format!("constant{}", self.constants.len());
        self.constant(&name, values, shape)
    }

    /// Numbers under a name.
    pub(super) fn constant(&mut self, name: &str, values: &[f32], shape: &[usize]) -> Name {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constants.push(tensor(name, shape, FLOAT, &raw));
        name.to_owned()
    }

    /// Whole numbers, `[n]`.
    pub(super) fn ints(&mut self, values: &[i64]) -> Name {
        let name = format!("constant{}", self.constants.len());
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constants.push(tensor(&name, &[values.len()], INT64, &raw));
        name
    }

    /// An operator with one result.
    pub(super) fn add(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Value)]) -> Name {
        let name = format!("{}{}", operator.to_lowercase(), self.nodes.len());
        self.nodes.push(node(operator, inputs, &[&name], attributes));
        name
    }

    /// An operator whose result has this name.
    pub(super) fn named(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, Value)]) {
        self.nodes.push(node(operator, inputs, &[output], attributes));
    }

    /// `count` equal parts along an axis, each of `size`.
    pub(super) fn parts(&mut self, x: &str, axis: i64, count: usize, size: usize) -> Vec<Name> {
        let sizes = self.ints(&vec![size as i64; count]);
        let names: Vec<Name> = (0..count).map(|part| format!("split{}_{part}", self.nodes.len())).collect();
        let outputs: Vec<&str> = names.iter().map(String::as_str).collect();
        self.nodes.push(node("Split", &[x, &sizes], &outputs, &[("axis", Value::Int(axis))]));
        names
    }

    /// What lies between two places along an axis.
    pub(super) fn slice(&mut self, x: &str, axis: i64, from: usize, to: usize) -> Name {
        let [from, to, axis] = [from as i64, to as i64, axis].map(|value| self.ints(&[value]));
        self.add("Slice", &[x, &from, &to, &axis], &[])
    }

    pub(super) fn transpose(&mut self, x: &str, axes: &[i64]) -> Name {
        self.add("Transpose", &[x], &[("perm", Value::Ints(axes.to_vec()))])
    }

    /// 0 keeps a size, -1 takes what is left.
    pub(super) fn reshape(&mut self, x: &str, sizes: &[i64]) -> Name {
        let sizes = self.ints(sizes);
        self.add("Reshape", &[x, &sizes], &[])
    }

    /// A convolution with the weight, and the bias where there is one, under `at`.
    pub(super) fn convolution(&mut self, x: &str, at: &str, steps: Steps) -> Name {
        let weight = self.weight(&format!("{at}.weight"));
        let bias = format!("{at}.bias");
        let mut inputs = vec![x.to_owned(), weight];
        if self.has(&bias) {
            inputs.push(self.weight(&bias));
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let Steps { stride, padding, groups } = steps;
        let attributes = [
            ("strides", Value::Ints(vec![stride as i64; 2])),
            ("pads", Value::Ints(padding.iter().map(|side| *side as i64).collect())),
            ("group", Value::Int(groups as i64)),
        ];
        self.add("Conv", &inputs, &attributes)
    }

    /// A batch norm by its running statistics.
    pub(super) fn batch_norm(&mut self, x: &str, at: &str, epsilon: f32) -> Name {
        let parts = ["weight", "bias", "running_mean", "running_var"].map(|part| self.weight(&format!("{at}.{part}")));
        let [weight, bias, mean, variance] = &parts;
        self.add("BatchNormalization", &[x, weight, bias, mean, variance], &[("epsilon", Value::Float(epsilon))])
    }

    /// A layer norm over the last axis.
    pub(super) fn layer_norm(&mut self, x: &str, at: &str, epsilon: f32) -> Name {
        let [weight, bias] = ["weight", "bias"].map(|part| self.weight(&format!("{at}.{part}")));
        let attributes = [("axis", Value::Int(-1)), ("epsilon", Value::Float(epsilon))];
        self.add("LayerNormalization", &[x, &weight, &bias], &attributes)
    }

    /// `x W^T + b` over the last axis, of any rank.
    pub(super) fn linear(&mut self, x: &str, at: &str) -> Name {
        let [weight, bias] = ["weight", "bias"].map(|part| self.weight(&format!("{at}.{part}")));
        self.product(x, &weight, &bias)
    }

    /// The same with a weight `[out, in]` and a bias of these names.
    pub(super) fn product(&mut self, x: &str, weight: &str, bias: &str) -> Name {
        let weight = self.transpose(weight, &[1, 0]);
        let y = self.add("MatMul", &[x, &weight], &[]);
        self.add("Add", &[&y, bias], &[])
    }

    /// `x` times the share of a normal distribution below it.
    pub(super) fn gelu(&mut self, x: &str) -> Name {
        if self.opset == Opset::V20 {
            return self.add("Gelu", &[x], &[]);
        }
        let root = self.floats(&[std::f32::consts::SQRT_2], &[]);
        let [one, half] = [1.0, 0.5].map(|value| self.floats(&[value], &[]));
        let y = self.add("Div", &[x, &root], &[]);
        let y = self.add("Erf", &[&y], &[]);
        let y = self.add("Add", &[&y, &one], &[]);
        let y = self.add("Mul", &[x, &y], &[]);
        self.add("Mul", &[&y, &half], &[])
    }

    /// The mean along an axis, which goes away.
    pub(super) fn mean(&mut self, x: &str, axis: i64) -> Name {
        let kept = ("keepdims", Value::Int(0));
        if self.opset == Opset::V20 {
            let axes = self.ints(&[axis]);
            return self.add("ReduceMean", &[x, &axes], &[kept]);
        }
        self.add("ReduceMean", &[x], &[("axes", Value::Ints(vec![axis])), kept])
    }

    /// The mean over pixels of `[b, c, h, w]`, `[b, c]`.
    pub(super) fn pool(&mut self, x: &str) -> Name {
        let y = self.add("GlobalAveragePool", &[x], &[]);
        self.add("Flatten", &[&y], &[("axis", Value::Int(1))])
    }
}
