//! Sizes of a convolution.

use crate::kernels::geometry::Padding;

/// Sizes of a convolution with a square stride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Pixels between outputs.
    pub(crate) stride: usize,
    /// Zeros around the input.
    pub(crate) padding: Padding,
    /// Whether every channel is convolved by itself; the weight is `[c, 1, k, k]` then.
    pub(crate) depthwise: bool,
}

impl Step {
    /// Of a convolution over all channels with so many zeros on each side.
    #[cfg(test)]
    pub(crate) fn plain(stride: usize, padding: usize) -> Self {
        Self { stride, padding: Padding::Zeros(padding), depthwise: false }
    }

    /// Zeros in front of and behind height and width of this input, under this kernel.
    pub(crate) fn around(self, x: [usize; 4], weight: [usize; 4]) -> [[usize; 2]; 2] {
        [2, 3].map(|axis| self.padding.around(x[axis], weight[axis], self.stride))
    }
}
