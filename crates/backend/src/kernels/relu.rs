//! Where a gradient passes a relu on its way back.

use std::ops::Range;

/// What a gradient has to pass.
#[derive(Clone, Copy)]
pub(crate) enum Relu<'a> {
    /// Nothing.
    No,
    /// A relu, open where this result of it is above 0.
    ByResult(&'a [f32]),
    /// A relu, open where `x * factor + offset` a channel, its input, is above 0.
    ByInput { factor: &'a [f32], offset: &'a [f32] },
}

impl<'a> Relu<'a> {
    /// By the result where that was kept, else by the norm's factor and offset a channel.
    pub(crate) fn of(relu: bool, result: Option<&'a [f32]>, [factor, offset]: [&'a [f32]; 2]) -> Self {
        match result {
            _ if !relu => Self::No,
            Some(result) => Self::ByResult(result),
            None => Self::ByInput { factor, offset },
        }
    }

    /// Of a part of all values.
    pub(super) fn part(self, part: Range<usize>) -> Self {
        match self {
            Self::ByResult(result) => Self::ByResult(&result[part]),
            other => other,
        }
    }
}
