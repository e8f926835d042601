//! What tiles hold adds up to what the whole holds.

use burn::tensor::Tensor;

use super::in_f32;

/// The loss of counting (Noroozi, Pirsiavash and Favaro 2017, "Representation learning by learning to count",
/// <https://arxiv.org/abs/1708.06734>, equation 5), mean over images, shape `[1]`:
/// `|whole - sum of tiles|² + max(0, margin - |other - sum of tiles|²)`.
///
/// `tiles` is `[n, tiles, c]`, the counts of each image's tiles; `whole` (`[n, c]`) those of the image brought down to a
/// tile's size; `other` (`[n, c]`) those of a *different* image brought down, which keeps all counts from becoming 0. The
/// paper has `margin` = 10. Gradient flows through all three.
///
/// # Panics
/// Where the shapes do not fit.
pub fn counting(tiles: Tensor<3>, whole: Tensor<2>, other: Tensor<2>, margin: f64) -> Tensor<1> {
    let [n, _, c] = tiles.dims();
    assert_eq!((whole.dims(), other.dims()), ([n, c], [n, c]), "counting needs a whole and another for each image");
    let sum = in_f32(tiles).sum_dim(1).reshape([n, c]);
    let same = squared_distance(in_f32(whole), sum.clone());
    let different = squared_distance(in_f32(other), sum).neg().add_scalar(margin).clamp_min(0.0);
    same.add(different).mean()
}

/// Of each row, `[n, 1]`.
fn squared_distance(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let difference = a.sub(b);
    difference.clone().mul(difference).sum_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{number, plain, wave};

    #[test]
    fn values_and_gradients_are_pytorchs() {
        // The formula in PyTorch, f64; the other image is the one before. A margin of 1 switches the second term off for
        // some images.
        use crate::reference::{assert_near, leaf};
        let cases = [
            (
                1.0,
                0.800_781_729_3,
                [2.066_600_079_7, -0.104_328_468_4, 0.191_229_959_3, 0.413_820_082_9, 0.367_078_771_1],
                [1.033_300_039_9, 0.104_328_468_4, -0.191_229_959_3, -0.413_820_082_9, -0.367_078_771_1],
            ),
            (
                3.0,
                2.401_218_800_5,
                [3.790_182_926_0, -0.060_695_139_1, 0.314_271_628_9, 0.386_819_129_2, 0.349_976_956_8],
                [0.695_629_475_3, 0.190_749_164_7, 0.178_634_545_5, 0.065_349_396_3, 0.304_137_234_9],
            ),
        ];
        for (margin, expected, of_tiles, of_whole) in cases {
            let (tiles, whole) = (leaf(wave::<3>([3, 4, 5], 0.2, 0.3)), leaf(wave::<2>([3, 5], 0.8, 1.0)));
            let other = Tensor::cat(vec![whole.clone().slice([2..3, 0..5]), whole.clone().slice([0..2, 0..5])], 0);
            let loss = counting(tiles.clone(), whole.clone(), other, margin);
            assert_near(number(loss.clone()), expected, "loss");
            let gradients = loss.backward();
            let of = |values: Vec<f32>, slope: [f64; 5]| {
                let norm = values.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
                let found =
                    [norm, values[0].into(), values[1].into(), values[2].into(), values[values.len() - 1].into()];
                found.into_iter().zip(slope).for_each(|(ours, expected)| assert_near(ours, expected, "slope"));
            };
            of(tiles.grad(&gradients).unwrap().try_into_vec_as::<f32>().unwrap(), of_tiles);
            of(whole.grad(&gradients).unwrap().try_into_vec_as::<f32>().unwrap(), of_whole);
        }
    }

    #[test]
    fn counts_that_add_up_cost_only_what_another_image_is_too_near() {
        let tiles = Tensor::<3>::from_floats([[[1.0, 0.0], [0.0, 2.0]]], &plain());
        let whole = Tensor::<2>::from_floats([[1.0, 2.0]], &plain());
        let other = Tensor::<2>::from_floats([[1.0, 5.0]], &plain());
        assert!((number(counting(tiles.clone(), whole.clone(), other.clone(), 10.0)) - 1.0).abs() < 1e-6);
        assert_eq!(number(counting(tiles.clone(), whole, other, 9.0)), 0.0);
        // All counts 0: the trivial answer costs the whole margin.
        let nothing = Tensor::<2>::zeros([1, 2], &plain());
        assert_eq!(number(counting(tiles * 0.0, nothing.clone(), nothing, 10.0)), 10.0);
    }
}
