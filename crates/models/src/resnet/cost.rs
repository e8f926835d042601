//! What a residual network costs.

use super::{ResNetConfig, Stem};
use crate::sum::{Sum, product};

impl ResNetConfig {
    /// Layers' costs, and the size of the last feature map. `stem: auto` counts as strided.
    pub(crate) fn sum(&self, channels: usize, height: usize, width: usize) -> (Sum, [usize; 2]) {
        let mut sum = Sum::default();
        let (kernel, stride, _) = self.stem.convolution();
        let mut map = if self.arch.is_deep() {
            let inner = self.stem_width();
            let map = sum.convolution([channels, inner], 3, stride, [height, width]);
            sum.convolution([inner, inner], 3, 1, map);
            sum.convolution([inner, self.width], 3, 1, map)
        } else {
            sum.convolution([channels, self.width], kernel, stride, [height, width])
        };
        if self.stem == Stem::Imagenet {
            map = map.map(|side| side.div_ceil(2));
            sum.kept = sum.kept.saturating_add(product(&[self.width, map[0], map[1]]));
        }
        let mut input = self.width;
        for (stage, blocks) in self.arch.blocks().into_iter().enumerate() {
            let plain = self.width << stage;
            let (inner, output) = (plain * self.arch.widening(), plain * self.arch.expansion());
            for block in 0..blocks {
                let stride = if block == 0 && stage > 0 { 2 } else { 1 };
                if stride != 1 || input != output {
                    sum.convolution([input, output], 1, stride, map);
                }
                if self.arch.is_bottleneck() {
                    sum.convolution([input, inner], 1, 1, map);
                    map = sum.convolution([inner, inner], 3, stride, map);
                    sum.convolution([inner, output], 1, 1, map);
                } else {
                    map = sum.convolution([input, inner], 3, stride, map);
                    sum.convolution([inner, inner], 3, 1, map);
                }
                input = output;
            }
        }
        (sum, map)
    }
}
