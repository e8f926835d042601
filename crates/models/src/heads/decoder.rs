//! An image out of the last feature map.

use burn::module::Module;
use burn::tensor::Tensor;
use foretask_backend::layers::{BatchNorm, Conv2d, upsample_nearest};
use foretask_backend::{Scope, in_f32};
use serde::{Deserialize, Serialize};

/// Sizes of a [`DecoderHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderConfig {
    /// Channels of the feature map that comes in.
    pub input: usize,
    /// Height and width of the feature map that comes in.
    pub map: [usize; 2],
    /// Channels, height and width of the image that goes out.
    pub output: [usize; 3],
    /// Channels after the first layer; halved on the way up, but not below a quarter of it.
    pub hidden: usize,
}

impl DecoderConfig {
    /// A decoder that costs about half of a small encoder: the encoder, not the decoder, is to do the work. Outputs of many
    /// channels (shares of color bins) get more of it, up to 128 in the first layer.
    pub fn light(input: usize, map: [usize; 2], output: [usize; 3]) -> Self {
        Self { input, map, output, hidden: (input / 2).clamp(8, 64).max(output[0].min(128)) }
    }

    /// Sizes of the maps on the way up, first to last: halvings of the image that are larger than the map that comes
    /// in and smaller than the image.
    fn sizes(&self) -> Vec<[usize; 2]> {
        let [_, height, width] = self.output;
        let halvings = (1..usize::BITS).map(|k| [height.div_ceil(1 << k), width.div_ceil(1 << k)]);
        let mut sizes: Vec<_> = halvings.take_while(|[h, w]| *h > self.map[0] || *w > self.map[1]).collect();
        sizes.reverse();
        sizes
    }

    /// Channels at each of [`sizes`](Self::sizes).
    fn channels(&self) -> Vec<usize> {
        (0..self.sizes().len()).map(|i| (self.hidden >> (i + 1)).max(self.hidden / 4).max(4)).collect()
    }

    /// Multiply-adds of one image's forward pass.
    pub(crate) fn macs(&self) -> u64 {
        let [colors, height, width] = self.output;
        let mut macs = self.input * self.hidden * self.map[0] * self.map[1];
        let mut channels = self.hidden;
        for ([h, w], output) in self.sizes().into_iter().zip(self.channels()) {
            macs += 9 * channels * output * h * w;
            channels = output;
        }
        (macs + 9 * channels * 4 * colors * height.div_ceil(2) * width.div_ceil(2)) as u64
    }
}

/// A light decoder: 1x1 convolution, then by steps of two (nearest neighbor, 3x3 convolution, batch norm, `ReLU`), and
/// the last factor of two by pixel shuffle (Shi et al. 2016, <https://arxiv.org/abs/1609.05158>).
///
/// No transposed convolutions and no skips: what it shows has passed through the last feature map.
#[derive(Module, Debug)]
pub struct DecoderHead {
    /// 1x1, to the hidden width.
    pub conv1: Conv2d,
    /// After `conv1`.
    pub bn1: BatchNorm,
    /// One a doubling: 3x3 convolution and norm.
    pub steps: Vec<(Conv2d, BatchNorm)>,
    /// 3x3, to four sub-pixels a pixel.
    pub last: Conv2d,
    /// Sizes of the steps.
    #[module(skip)]
    sizes: Vec<[usize; 2]>,
    /// Channels, height and width of the image.
    #[module(skip)]
    output: [usize; 3],
}

impl DecoderHead {
    /// A new decoder.
    pub fn new(scope: &Scope, config: &DecoderConfig) -> Self {
        let mut channels = config.hidden;
        let steps = config.channels().into_iter().enumerate().map(|(i, output)| {
            let scope = scope.at("steps").at(i);
            let conv = Conv2d::new(&scope.at(0), [channels, output], 3, 1, 1);
            channels = output;
            (conv, BatchNorm::new(&scope.at(1), output))
        });
        let steps = steps.collect();
        let last = scope.at("last");
        Self {
            conv1: Conv2d::new(&scope.at("conv1"), [config.input, config.hidden], 1, 1, 0),
            bn1: BatchNorm::new(&scope.at("bn1"), config.hidden),
            steps,
            last: Conv2d::new(&last, [channels, 4 * config.output[0]], 3, 1, 1).with_bias(&last),
            sizes: config.sizes(),
            output: config.output,
        }
    }

    /// The last feature map `[b, d, h', w']` to images `[b, c, h, w]`, meant to lie in 0..1 but not bound to.
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let [channels, height, width] = self.output;
        let mut x = self.bn1.forward_relu(self.conv1.forward(map));
        for ((conv, norm), size) in self.steps.iter().zip(&self.sizes) {
            x = norm.forward_relu(conv.forward(upsample_nearest(x, *size)));
        }
        x = upsample_nearest(x, [height.div_ceil(2), width.div_ceil(2)]);
        let image = pixel_shuffle(in_f32(self.last.forward(x)));
        let [batch, ..] = image.dims();
        if image.dims() == [batch, channels, height, width] {
            image
        } else {
            image.slice([0..batch, 0..channels, 0..height, 0..width])
        }
    }
}

/// `[b, 4 c, h, w]` to `[b, c, 2 h, 2 w]`: channel `4 k + 2 i + j` becomes row `i`, column `j` of each 2x2 cell.
fn pixel_shuffle(x: Tensor<4>) -> Tensor<4> {
    let [b, c, h, w] = x.dims();
    x.reshape([b, c / 4, 2, 2, h, w]).permute([0, 1, 4, 2, 5, 3]).reshape([b, c / 4, 2 * h, 2 * w])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_up_by_halvings_of_the_image() {
        assert_eq!(DecoderConfig::light(128, [2, 2], [1, 28, 28]).sizes(), [[4, 4], [7, 7], [14, 14]]);
        assert_eq!(DecoderConfig::light(128, [4, 4], [3, 32, 32]).sizes(), [[8, 8], [16, 16]]);
        assert_eq!(DecoderConfig::light(64, [14, 14], [3, 27, 28]).sizes(), [[0; 2]; 0]);
    }

    #[test]
    fn images_of_any_size_come_out() {
        let device = foretask_backend::device("flex").unwrap().plain();
        for (map, output) in [
            ([2, 2], [1, 28, 28]),
            ([2, 3], [3, 27, 33]),
            ([1, 1], [2, 9, 9]),
            ([14, 14], [1, 28, 28]),
            // Color bins at a quarter of the resolution, from maps below, at and above it.
            ([2, 2], [313, 7, 7]),
            ([4, 4], [40, 8, 8]),
            ([7, 7], [40, 7, 7]),
            ([1, 1], [5, 1, 1]),
        ] {
            let config = DecoderConfig::light(16, map, output);
            let head = DecoderHead::new(&Scope::new(3, &device), &config);
            let y = head.forward(Tensor::ones([2, 16, map[0], map[1]], &device));
            assert_eq!(y.dims(), [2, output[0], output[1], output[2]]);
        }
    }

    #[test]
    fn pixel_shuffle_places_sub_pixels_as_published() {
        let device = foretask_backend::device("flex").unwrap().plain();
        let x = Tensor::<1>::from_floats([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &device).reshape([1, 4, 1, 2]);
        // Channels (0,1), (2,3), (4,5), (6,7) over two pixels: rows interleave channels 0|1 and 2|3.
        let y = pixel_shuffle(x).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(y, [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
    }
}
