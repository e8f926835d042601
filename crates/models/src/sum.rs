//! Sums over the layers of a network. What is asked may be absurd: sums stay at the largest number then.

/// Parameters, operations and memory of one image's pass.
#[derive(Default)]
pub(crate) struct Sum {
    pub(crate) parameters: u64,
    /// Running statistics of the norms.
    pub(crate) statistics: u64,
    pub(crate) macs: u64,
    /// Numbers kept for the backward pass.
    pub(crate) kept: u64,
    /// The most numbers that one layer and its surroundings hold at once.
    pub(crate) most: u64,
}

/// The product of some sizes.
pub(crate) fn product(factors: &[usize]) -> u64 {
    factors.iter().fold(1, |product, &factor| product.saturating_mul(factor as u64))
}

impl Sum {
    /// A convolution with batch norm; keeps its output for the norm and the normalized output for what follows.
    pub(crate) fn convolution(
        &mut self,
        [input, output]: [usize; 2],
        kernel: usize,
        stride: usize,
        map: [usize; 2],
    ) -> [usize; 2] {
        self.normed([input, output], product(&[input, output, kernel, kernel]), stride, map)
    }

    /// The same of every channel by itself.
    pub(crate) fn depthwise(&mut self, channels: usize, kernel: usize, stride: usize, map: [usize; 2]) -> [usize; 2] {
        self.normed([channels, channels], product(&[channels, kernel, kernel]), stride, map)
    }

    /// Patches to places with a bias; keeps its output, and its norm's. Sides that fill no patch count as one.
    pub(crate) fn patches(&mut self, [input, output]: [usize; 2], side: usize, map: [usize; 2]) -> [usize; 2] {
        let weights = product(&[input, output, side, side]);
        let before = product(&[input, map[0], map[1]]);
        let map = map.map(|length| (length / side.max(1)).max(1));
        self.parameters = self.parameters.saturating_add(weights).saturating_add(output as u64);
        self.macs = self.macs.saturating_add(weights.saturating_mul(product(&map)));
        let after = product(&[output, map[0], map[1]]);
        self.kept = self.kept.saturating_add(after.saturating_mul(2));
        self.most = self.most.max(before.saturating_add(after.saturating_mul(2)));
        map
    }

    fn normed(&mut self, [input, output]: [usize; 2], weights: u64, stride: usize, map: [usize; 2]) -> [usize; 2] {
        let before = product(&[input, map[0], map[1]]);
        let map = map.map(|side| side.div_ceil(stride));
        let norm = 2 * output as u64;
        self.parameters = self.parameters.saturating_add(weights).saturating_add(norm);
        self.statistics = self.statistics.saturating_add(norm);
        self.macs = self.macs.saturating_add(weights.saturating_mul(product(&map)));
        let after = product(&[output, map[0], map[1]]);
        self.kept = self.kept.saturating_add(after.saturating_mul(2));
        // The shortcut waits beside input and output, and the norm has an output of its own.
        self.most = self.most.max(before.saturating_mul(2).saturating_add(after.saturating_mul(2)));
        map
    }
}
