//! What stands behind a norm, and where a gradient passes it on its way back.

use std::ops::Range;

/// What becomes of a norm's result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`: what networks that are quantized later have (Howard et al. 2017,
    /// <https://arxiv.org/abs/1704.04861>).
    Relu6,
}

impl Activation {
    /// The least and the largest result.
    pub(crate) fn bounds(self) -> (f32, f32) {
        match self {
            Self::None => (f32::NEG_INFINITY, f32::INFINITY),
            Self::Relu => (0.0, f32::INFINITY),
            Self::Relu6 => (0.0, 6.0),
        }
    }
}

/// What a gradient has to pass.
#[derive(Clone, Copy)]
pub(crate) enum Relu<'a> {
    /// Nothing.
    No,
    /// A relu, open where this result of it is above 0 and below its ceiling.
    ByResult(&'a [f32], f32),
    /// A relu, open where `x * factor + offset` a channel, its input, is above 0 and below its ceiling.
    ByInput { factor: &'a [f32], offset: &'a [f32], ceiling: f32 },
}

impl<'a> Relu<'a> {
    /// By the result where that was kept, else by the norm's factor and offset a channel.
    pub(crate) fn of(activation: Activation, result: Option<&'a [f32]>, [factor, offset]: [&'a [f32]; 2]) -> Self {
        let (_, ceiling) = activation.bounds();
        match result {
            _ if activation == Activation::None => Self::No,
            Some(result) => Self::ByResult(result, ceiling),
            None => Self::ByInput { factor, offset, ceiling },
        }
    }

    /// Of a part of all values.
    pub(super) fn part(self, part: Range<usize>) -> Self {
        match self {
            Self::ByResult(result, ceiling) => Self::ByResult(&result[part], ceiling),
            other => other,
        }
    }
}

/// Whether a relu with this ceiling lets a gradient through, by its input or its result.
#[inline(always)]
pub(super) fn open(value: f32, ceiling: f32) -> bool {
    value > 0.0 && value < ceiling
}
