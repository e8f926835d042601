//! Colors as classes: the ab plane of Lab in squares of 10, as far as a screen can show it (Zhang, Isola, Efros 2016,
//! Colorful image colorization, arXiv 1603.08511, section 2).
//!
//! A square counts if any 8-bit sRGB color rounds to its middle. That is computed here, not copied, and gives 261
//! squares. The table published with the paper has 313; the paper does not say by which rule, and no color falls into
//! the others.

use std::sync::OnceLock;

use crate::ops::lab_of_rgb;
use crate::pixels::Shape;

/// Side of a square.
const SIDE: f32 = 10.0;
/// Targets hold a and b divided by this, so that they lie in -1..1.
pub(crate) const SCALE: f32 = 110.0;
/// A color is spread over so many squares.
const NEAREST: usize = 5;
/// By a Gaussian of this width.
const SIGMA: f32 = 5.0;

/// The squares of the ab plane that hold a color.
#[derive(Clone, Debug, PartialEq)]
pub struct AbBins {
    middles: Vec<[f32; 2]>,
}

impl AbBins {
    /// The squares; computed once (about 20 ms).
    pub fn get() -> &'static Self {
        static BINS: OnceLock<AbBins> = OnceLock::new();
        BINS.get_or_init(|| Self { middles: in_gamut() })
    }

    /// Number of squares: classes of a pixel.
    pub fn len(&self) -> usize {
        self.middles.len()
    }

    /// Never true.
    pub fn is_empty(&self) -> bool {
        self.middles.is_empty()
    }

    /// Middle of each square: a and b, multiples of 10, in order of a, then b.
    pub fn middles(&self) -> &[[f32; 2]] {
        &self.middles
    }

    /// The five nearest squares with weights that sum to 1, nearest first: a Gaussian of sigma 5 around the color.
    pub fn encode(&self, ab: [f32; 2]) -> [(u32, f32); 5] {
        let mut nearest = [(0_u32, f32::INFINITY); NEAREST];
        for (i, middle) in self.middles.iter().enumerate() {
            let distance = (middle[0] - ab[0]).powi(2) + (middle[1] - ab[1]).powi(2);
            if distance < nearest[NEAREST - 1].1 {
                let at = nearest.iter().position(|(_, other)| distance < *other).unwrap_or(NEAREST - 1);
                nearest[at..].rotate_right(1);
                nearest[at] = (i as u32, distance);
            }
        }
        // Relative to the nearest, so that colors far from any square do not vanish.
        let least = nearest[0].1;
        let mut weights = nearest.map(|(i, distance)| (i, (-(distance - least) / (2.0 * SIGMA * SIGMA)).exp()));
        let sum: f32 = weights.iter().map(|(_, weight)| weight).sum();
        for (_, weight) in &mut weights {
            *weight /= sum;
        }
        weights
    }

    /// Adds the colors of target pictures (`[n, 2, height, width]`, a and b over 110) to a distribution over the
    /// squares. Divide by the sum in the end; the spreading smooths it as the paper does.
    pub fn count(&self, pixels: &[f32], shape: Shape, distribution: &mut [f64]) {
        for ab in colors(pixels, shape) {
            for (i, weight) in self.encode(ab) {
                if let Some(place) = distribution.get_mut(i as usize) {
                    *place += f64::from(weight);
                }
            }
        }
    }

    /// How much a pixel counts whose nearest square is this one: rare colors more, `1 / ((1 - lambda) p + lambda / Q)`,
    /// scaled so that pixels count 1 on average. `distribution` is relative frequency p over the Q squares; lambda 1
    /// makes all equal, 0.5 is usual.
    pub fn rebalancing(distribution: &[f64], lambda: f64) -> Vec<f32> {
        let total = distribution.iter().sum::<f64>();
        let n = distribution.len() as f64;
        let share = |count: &f64| if total > 0.0 { count / total } else { 1.0 / n };
        let raw: Vec<f64> =
            distribution.iter().map(|count| 1.0 / ((1.0 - lambda) * share(count) + lambda / n).max(1e-12)).collect();
        let mean: f64 = raw.iter().zip(distribution).map(|(weight, count)| weight * share(count)).sum();
        raw.into_iter().map(|weight| (weight / mean) as f32).collect()
    }

    /// Soft classes of target pictures: `[n, Q, height, width]` that sum to 1 over the squares, and how much each place
    /// counts, `[n, 1, height, width]`, by `rebalancing` (empty for all alike).
    pub fn soft_targets(&self, pixels: &[f32], shape: Shape, rebalancing: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let plane = shape.plane().max(1);
        let places = pixels.len() / 2;
        let mut soft = vec![0.0; places * self.len()];
        let mut counts = Vec::with_capacity(places);
        for (place, ab) in colors(pixels, shape).enumerate() {
            let spread = self.encode(ab);
            let image = &mut soft[place / plane * plane * self.len()..][..plane * self.len()];
            for (i, weight) in spread {
                image[i as usize * plane + place % plane] = weight;
            }
            counts.push(rebalancing.get(spread[0].0 as usize).copied().unwrap_or(1.0));
        }
        (soft, counts)
    }

    /// The color that scores (logits, one a square) stand for: their annealed mean, the mean after a softmax of this
    /// temperature. 0.38 is usual; 1 gives the plain mean, which is pale, and near 0 the most likely color, which is
    /// spotty.
    pub fn decode(&self, scores: impl Iterator<Item = f32> + Clone, temperature: f32) -> [f32; 2] {
        let highest = scores.clone().fold(f32::NEG_INFINITY, f32::max);
        let temperature = temperature.max(1e-3);
        let (mut sum, mut ab) = (0.0, [0.0; 2]);
        for (score, middle) in scores.zip(&self.middles) {
            let weight = ((score - highest) / temperature).exp();
            sum += weight;
            ab[0] += weight * middle[0];
            ab[1] += weight * middle[1];
        }
        if sum > 0.0 { ab.map(|x| x / sum) } else { [0.0; 2] }
    }
}

/// a and b of every place of pictures `[n, 2, height, width]`.
fn colors(pixels: &[f32], shape: Shape) -> impl Iterator<Item = [f32; 2]> + '_ {
    let plane = shape.plane().max(1);
    pixels.chunks_exact(2 * plane).flat_map(move |picture| {
        let (a, b) = picture.split_at(plane);
        a.iter().zip(b).map(|(a, b)| [a * SCALE, b * SCALE])
    })
}

/// The surface of the color cube has the same shadow on the ab plane as the whole cube.
fn in_gamut() -> Vec<[f32; 2]> {
    const MOST: i32 = 12;
    let span = (2 * MOST + 1) as usize;
    let mut seen = vec![false; span * span];
    let level = |byte: u32| byte as f32 / 255.0;
    for face in 0..6 {
        let fixed = level(255 * (face % 2));
        for i in 0..256 {
            for j in 0..256 {
                let mut rgb = [fixed, level(i), level(j)];
                rgb.rotate_right((face / 2) as usize);
                let [_, a, b] = lab_of_rgb(rgb);
                let at = |x: f32| ((x / SIDE).round() as i32 + MOST).clamp(0, 2 * MOST) as usize;
                seen[at(a) * span + at(b)] = true;
            }
        }
    }
    let middle = |i: usize| (i as i32 - MOST) as f32 * SIDE;
    (0..span * span).filter(|i| seen[*i]).map(|i| [middle(i / span), middle(i % span)]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_are_as_many_squares_as_a_computation_in_double_precision_finds() {
        // All colors on the surface of the cube, in Python, with the matrix to seven digits.
        let bins = AbBins::get();
        assert_eq!(bins.len(), 261);
        let along = |k: usize| bins.middles().iter().map(move |middle| middle[k]);
        let range = |k: usize| (along(k).fold(f32::MAX, f32::min), along(k).fold(f32::MIN, f32::max));
        assert_eq!((range(0), range(1)), ((-90.0, 100.0), (-110.0, 90.0)));
    }

    #[test]
    fn the_whole_cube_has_the_shadow_of_its_surface() {
        let bins = AbBins::get();
        for i in 0..64_u32 {
            for j in 0..64 {
                for k in 0..64 {
                    let [_, a, b] = lab_of_rgb([i, j, k].map(|x| (x * 4) as f32 / 255.0));
                    let middle = [(a / 10.0).round() * 10.0 + 0.0, (b / 10.0).round() * 10.0 + 0.0];
                    assert!(bins.middles().contains(&middle), "{middle:?}");
                }
            }
        }
    }

    #[test]
    fn a_color_is_spread_by_a_gaussian() {
        let bins = AbBins::get();
        // At the middle of a square: itself at distance 0 and four neighbors at 10: exp(-100 / 50) = 0.135335 each.
        let spread = bins.encode([20.0, 10.0]);
        assert_eq!(bins.middles()[spread[0].0 as usize], [20.0, 10.0]);
        assert!((spread[0].1 - 1.0 / (1.0 + 4.0 * 0.135_335)).abs() < 1e-5);
        for (i, weight) in &spread[1..] {
            let [a, b] = bins.middles()[*i as usize];
            assert_eq!((a - 20.0).abs() + (b - 10.0).abs(), 10.0);
            assert!((weight - 0.135_335 / 1.541_34).abs() < 1e-5);
        }
    }

    #[test]
    fn rare_colors_count_more() {
        // Two classes, p = (0.9, 0.1), lambda 0.5: raw 1 / (0.45 + 0.25) and 1 / (0.05 + 0.25); mean 0.9 / 0.7 + 0.1 /
        // 0.3.
        let weights = AbBins::rebalancing(&[9.0, 1.0], 0.5);
        let mean = 0.9 / 0.7 + 0.1 / 0.3;
        assert!(
            (weights[0] - (1.0 / 0.7 / mean) as f32).abs() < 1e-6
                && (weights[1] - (1.0 / 0.3 / mean) as f32).abs() < 1e-6
        );
        assert_eq!(AbBins::rebalancing(&[9.0, 1.0], 1.0), [1.0, 1.0]);
        assert_eq!(AbBins::rebalancing(&[0.0, 0.0], 0.5), [1.0, 1.0]);
    }

    #[test]
    fn the_annealed_mean_lies_between_mean_and_mode() {
        let bins = AbBins::get();
        let at = |ab: [f32; 2]| bins.middles().iter().position(|middle| *middle == ab).unwrap();
        let mut scores = vec![f32::NEG_INFINITY; bins.len()];
        // Probabilities 2/3 and 1/3: the plain mean is at a = 20 / 3; at T = 0.38 the odds are 2^(1 / 0.38) = 6.196.
        scores[at([0.0, 0.0])] = 2.0_f32.ln();
        scores[at([20.0, 0.0])] = 0.0;
        let decode = |temperature| bins.decode(scores.iter().copied(), temperature)[0];
        assert!((decode(1.0) - 20.0 / 3.0).abs() < 1e-4);
        assert!((decode(0.38) - 20.0 / 7.196).abs() < 1e-2);
        assert!(decode(0.01).abs() < 1e-4);
    }

    proptest! {
        #[test]
        fn spreads_sum_to_one_and_their_mean_is_the_color(r: u8, g: u8, b: u8) {
            let bins = AbBins::get();
            let [_, a, b] = lab_of_rgb([r, g, b].map(|byte| f32::from(byte) / 255.0));
            let spread = bins.encode([a, b]);
            prop_assert!((spread.iter().map(|(_, weight)| weight).sum::<f32>() - 1.0).abs() < 1e-5);
            prop_assert!(spread.windows(2).all(|pair| pair[0].1 >= pair[1].1 && pair[0].0 != pair[1].0));
            let middle = bins.middles()[spread[0].0 as usize];
            prop_assert!((middle[0] - a).abs() < 5.01 && (middle[1] - b).abs() < 5.01, "{middle:?} {a} {b}");
            let (soft, counts) = bins.soft_targets(&[a / 110.0, b / 110.0], Shape::new(2, 1, 1), &[]);
            prop_assert!((soft.iter().sum::<f32>() - 1.0).abs() < 1e-5 && counts == [1.0]);
            let mut distribution = vec![0.0; bins.len()];
            bins.count(&[a / 110.0, b / 110.0], Shape::new(2, 1, 1), &mut distribution);
            prop_assert!((distribution.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        }
    }
}
