//! Copies of one image closer together than to any other image.

use burn::tensor::{Bool, Int, Tensor, TensorData};

use super::l2_normalize;
use crate::{ObjectiveError, Result};

/// Farther than any two points on the sphere, squared.
const FAR: f64 = 1e4;

/// Triplet loss with semi-hard negatives (Schroff, Kalenichenko and Philbin 2015,
/// <https://arxiv.org/abs/1503.03832>), as the exemplar task uses it (Dosovitskiy et al. 2014; Kolesnikov, Zhai and Beyer
/// 2019, "Revisiting self-supervised visual representation learning").
///
/// `z` is `[n * copies, d]`, the copies of an image after each other, of any length. Distances D are squared, between
/// *rows* at length 1 (the latter authors' code normalizes over the batch instead, which is not followed). For each pair
/// of copies (a, p) the negative is the nearest view of another image that is still farther than p; where none is, the
/// farthest of all. Returned is the mean of `max(0, D(a,p) - D(a,n) + margin)` over all pairs, shape `[1]`; they take 0.5
/// for the margin. The choice of negatives carries no gradient. With one image there are none, and the loss is 0.
///
/// # Errors
/// [`ObjectiveError::Views`] for fewer than two copies.
///
/// # Panics
/// Where the rows are no multiple of the copies.
pub fn triplet(z: Tensor<2>, copies: usize, margin: f64) -> Result<Tensor<1>> {
    let [rows, _] = z.dims();
    if copies < 2 {
        return Err(ObjectiveError::Views { method: "exemplar", views: copies, least: 2 });
    }
    assert!(rows.is_multiple_of(copies), "triplet needs {copies} copies of each image, got {rows} rows");
    let z = l2_normalize(z);
    if rows == copies {
        return Ok(z.sum().mul_scalar(0.0));
    }
    let device = z.device().without_autodiff();
    let distance = z.clone().matmul(z.transpose()).mul_scalar(-2.0).add_scalar(2.0).clamp_min(0.0);
    let known = distance.clone().inner();
    let image = |row: usize| row / copies;
    let same: Vec<bool> = (0..rows * rows).map(|i| image(i / rows) == image(i % rows)).collect();
    let same = Tensor::<2, Bool>::from_data(TensorData::new(same, [rows, rows]), &device);
    let farthest = known.clone().mask_fill(same.clone(), -1.0).argmax(1);
    let others = known.mask_fill(same, FAR);
    let mut loss = Tensor::zeros([1], &device);
    for offset in 1..copies {
        let partner: Vec<i64> = (0..rows).map(|row| (image(row) * copies + (row + offset) % copies) as i64).collect();
        let partner = Tensor::<2, Int>::from_data(TensorData::new(partner, [rows, 1]), &device);
        let positive = distance.clone().gather(1, partner);
        let nearer = others.clone().lower_equal(positive.clone().inner().expand([rows, rows]));
        let candidates = others.clone().mask_fill(nearer, FAR);
        let nearest = candidates.clone().argmin(1);
        let none = candidates.min_dim(1).greater_equal_scalar(FAR);
        let negative = distance.clone().gather(1, nearest.mask_where(none, farthest.clone()));
        loss = loss.add(positive.sub(negative).add_scalar(margin).clamp_min(0.0).mean());
    }
    Ok(loss.div_scalar((copies - 1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, number, plain, wave};

    #[test]
    fn values_and_gradients_are_those_of_tensorflows_formula() {
        // triplet_semihard_loss written out pair by pair in PyTorch, f64: three images, three copies.
        let cases = [
            (
                0.5,
                0.335_436_097_8,
                [0.803_328_537_5, -0.094_844_493_0, 0.055_497_357_7, -0.015_621_787_2, 0.401_951_708_6],
            ),
            (
                0.1,
                0.125_778_785_7,
                [0.553_644_442_1, -0.094_844_493_0, 0.055_497_357_7, -0.015_621_787_2, 0.152_751_576_6],
            ),
        ];
        for (margin, expected, slope) in cases {
            let loss = |x: &[Tensor<2>]| triplet(x[0].clone(), 3, margin).unwrap();
            assert_matches(&[wave([9, 4], 0.35, 1.0)], loss, expected, &[slope]);
        }
    }

    #[test]
    fn a_case_worked_by_hand() {
        // Copies of image 0 at 0 and 90 degrees, of image 1 at 180 and 180: squared distances 2, and 4 or 2 across.
        let z = Tensor::<2>::from_floats([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-3.0, 0.0]], &plain());
        // (0,1): farther than 2 are both at 4: 0.5 + 2 - 4 < 0. (1,0): none farther than 2, the farthest is 2: 0.5.
        // (2,3) and (3,2): D = 0, nearest farther is image 0's second copy at 2: 0.5 + 0 - 2 < 0.
        assert!((number(triplet(z, 2, 0.5).unwrap()) - 0.125).abs() < 1e-6);
    }

    #[test]
    fn one_image_costs_nothing_and_one_copy_is_refused() {
        assert_eq!(number(triplet(wave([3, 4], 0.1, 1.0), 3, 0.5).unwrap()), 0.0);
        let error = triplet(wave([3, 4], 0.1, 1.0), 1, 0.5).unwrap_err().to_string();
        assert!(error.contains("got 1 of each: make at least 2"), "{error}");
    }

    #[test]
    fn a_collapsed_batch_costs_the_margin() {
        assert!((number(triplet(Tensor::ones([8, 4], &plain()), 4, 0.5).unwrap()) - 0.5).abs() < 1e-6);
    }
}
