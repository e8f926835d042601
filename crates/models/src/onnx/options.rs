//! How a graph is written.

/// The version of ONNX's operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opset {
    /// Read by onnxruntime 1.12 (2022) and later.
    V17,
    /// Has GELU as one operator; onnxruntime 1.17 (2024) and later.
    #[default]
    V20,
}

impl Opset {
    /// 17 or 20.
    pub fn number(self) -> i64 {
        match self {
            Self::V17 => 17,
            Self::V20 => 20,
        }
    }

    /// The version of the file format that came with it.
    pub(super) fn format(self) -> i64 {
        match self {
            Self::V17 => 8,
            Self::V20 => 9,
        }
    }
}

/// What a graph takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnnxInput {
    /// `pixels`: bytes `[images, height, width, channels]`, as pictures are decoded.
    #[default]
    Pixels,
    /// `image`: numbers from 0 to 1, `[images, channels, height, width]`.
    Planes,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnnxOptions {
    /// The version of the operators.
    pub opset: Opset,
    /// What it takes in; the normalization is part of the graph in either case.
    pub input: OnnxInput,
}
