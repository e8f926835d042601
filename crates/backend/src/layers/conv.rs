//! Convolution.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::fused::{self, Padding, Step};
use crate::precision::as_type_of;
use crate::{Init, Scope};

/// A two-dimensional convolution with PyTorch's parameter names and layout, square kernel, zero padding.
#[derive(Module, Debug)]
pub struct Conv2d {
    /// `[out, in, k, k]`; `[c, 1, k, k]` where every channel is convolved by itself.
    pub weight: Param<Tensor<4>>,
    /// `[out]`, where there is one.
    pub bias: Option<Param<Tensor<1>>>,
    /// Step between outputs, in input pixels.
    stride: usize,
    /// Zeros around the input, in pixels.
    padding: usize,
    /// Zeros as many as make `ceil(size / stride)` outputs, instead.
    same: bool,
    /// Whether every channel is convolved by itself.
    depthwise: bool,
}

impl Conv2d {
    /// A convolution without bias, as before a batch norm. Weights are normal with variance `2 / (out * k * k)`, as
    /// torchvision's `ResNet` has it (He et al. 2015, <https://arxiv.org/abs/1502.01852>, in fan-out mode).
    pub fn new(scope: &Scope, channels: [usize; 2], kernel: usize, stride: usize, padding: usize) -> Self {
        let [input, output] = channels;
        let std = (2.0 / (output * kernel * kernel) as f32).sqrt();
        let weight = scope.param("weight", [output, input, kernel, kernel], Init::Normal { std });
        Self { weight, bias: None, stride, padding, same: false, depthwise: false }
    }

    /// A convolution of every channel by itself, without bias. Weights are normal with variance `2 / (k * k)`, as `MobileNet`s
    /// have it.
    pub fn depthwise(scope: &Scope, channels: usize, kernel: usize, stride: usize, padding: usize) -> Self {
        let std = (2.0 / (kernel * kernel) as f32).sqrt();
        let weight = scope.param("weight", [channels, 1, kernel, kernel], Init::Normal { std });
        Self { weight, bias: None, stride, padding, same: false, depthwise: true }
    }

    /// The same convolution with TensorFlow's padding: as many zeros as make `ceil(size / stride)` outputs, the odd one behind.
    #[must_use]
    pub fn with_same_padding(mut self) -> Self {
        self.same = true;
        self
    }

    /// The same convolution with a bias of zeros.
    #[must_use]
    pub fn with_bias(mut self, scope: &Scope) -> Self {
        let [output, ..] = self.weight.dims();
        self.bias = Some(scope.param("bias", [output], Init::Zeros));
        self
    }

    pub(crate) fn step(&self) -> Step {
        let padding = if self.same { Padding::Same } else { Padding::Zeros(self.padding) };
        Step { stride: self.stride, padding, depthwise: self.depthwise }
    }

    /// `[b, in, h, w]` to `[b, out, (h + 2 padding - k) / stride + 1, …]`; with the padding of
    /// [`with_same_padding`](Self::with_same_padding) to `[b, out, ceil(h / stride), …]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = fused::conv2d(x, self.weight.val(), self.step());
        match &self.bias {
            Some(bias) => {
                let bias = as_type_of(bias.val(), &y);
                let [output] = bias.dims();
                // Channels last, as results lie in memory.
                (y.permute([0, 2, 3, 1]) + bias.reshape([1, 1, 1, output])).permute([0, 3, 1, 2])
            }
            None => y,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;

    /// A layer whose weight counts 0.1, 0.2, … up, and an input that counts -1, -0.9, … up.
    fn counting(channels: [usize; 2], kernel: usize, stride: usize, padding: usize) -> Conv2d {
        let device = crate::device("flex").unwrap().training();
        let mut conv = Conv2d::new(&Scope::unfilled(&device), channels, kernel, stride, padding);
        let shape = conv.weight.dims();
        conv.weight = Param::from_tensor(count(shape, 0.1));
        conv
    }

    fn count<const D: usize>(shape: [usize; D], first: f32) -> Tensor<D> {
        let device = crate::device("flex").unwrap().training();
        let values: Vec<f32> = (0..shape.iter().product()).map(|i: usize| first + 0.1 * i as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &device)
    }

    /// The definition, written out.
    #[allow(clippy::needless_range_loop)]
    fn by_hand(x: &[f32], [b, ci, h, w]: [usize; 4], conv: &Conv2d) -> Vec<f32> {
        let [co, _, k, _] = conv.weight.dims();
        let weight = conv.weight.val().into_data().try_to_vec::<f32>().unwrap();
        let (oh, ow) = ((h + 2 * conv.padding - k) / conv.stride + 1, (w + 2 * conv.padding - k) / conv.stride + 1);
        let mut out = Vec::new();
        for n in 0..b {
            for o in 0..co {
                for oy in 0..oh {
                    for ox in 0..ow {
                        let mut sum = 0.0_f64;
                        for c in 0..ci {
                            for ky in 0..k {
                                for kx in 0..k {
                                    let y = (oy * conv.stride + ky).wrapping_sub(conv.padding);
                                    let z = (ox * conv.stride + kx).wrapping_sub(conv.padding);
                                    if y < h && z < w {
                                        sum += f64::from(x[((n * ci + c) * h + y) * w + z])
                                            * f64::from(weight[((o * ci + c) * k + ky) * k + kx]);
                                    }
                                }
                            }
                        }
                        out.push(sum as f32);
                    }
                }
            }
        }
        out
    }

    #[test]
    fn a_one_pixel_case_worked_by_hand() {
        // 1x1 kernel: y = 0.1 a + 0.2 b over the two input channels.
        let conv = counting([2, 1], 1, 1, 0);
        let y = conv.forward(count([1, 2, 1, 2], -1.0)).into_data().try_to_vec::<f32>().unwrap();
        assert!((y[0] - (-0.1 - 0.16)).abs() < 1e-6 && (y[1] - (-0.09 - 0.14)).abs() < 1e-6);
    }

    #[test]
    fn every_geometry_of_a_resnet_equals_the_definition() {
        for (channels, kernel, stride, padding, size) in [
            ([1, 16], 3, 2, 1, [3, 1, 9, 7]),
            ([3, 4], 3, 1, 1, [2, 3, 5, 6]),
            ([16, 18], 3, 1, 1, [9, 16, 4, 4]),
            ([8, 20], 3, 2, 1, [7, 8, 5, 4]),
            ([4, 16], 1, 2, 0, [2, 4, 5, 4]),
            ([3, 8], 7, 2, 3, [2, 3, 12, 11]),
        ] {
            let conv = counting(channels, kernel, stride, padding);
            let x = count(size, -1.0);
            let expected = by_hand(&x.to_data().try_to_vec::<f32>().unwrap(), size, &conv);
            let found = conv.forward(x).into_data().try_to_vec::<f32>().unwrap();
            assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{channels:?} {kernel} {stride}: {a} {b}");
            }
        }
    }
}
