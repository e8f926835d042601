//! Whether views find their partners.

use burn::tensor::Tensor;

use crate::losses::l2_normalize;

/// Share of views whose nearest other view in the batch (by cosine) is a view of the same image, 0..1: the accuracy of
/// the classification that NT-Xent sets. Chance is `1 / (2n - 1)`.
///
/// `first` and `second` are `[n, d]` embeddings of two views of the same n images. Reads from the device.
///
/// # Panics
/// Where the shapes differ.
pub fn retrieval_accuracy(first: Tensor<2>, second: Tensor<2>) -> f64 {
    assert_eq!(first.dims(), second.dims(), "retrieval_accuracy needs two views of the same images");
    let [n, _] = first.dims();
    if n == 0 {
        return 0.0;
    }
    let z = l2_normalize(Tensor::cat(vec![first, second], 0).inner());
    let itself = Tensor::<2>::eye(2 * n, &z.device()).mul_scalar(4.0);
    let nearest = z.clone().matmul(z.transpose()).sub(itself).argmax(1).into_data();
    let right = nearest.iter::<i64>().enumerate().filter(|&(i, found)| found == ((i + n) % (2 * n)) as i64).count();
    right as f64 / (2 * n) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::plain;

    #[test]
    fn partners_found_and_missed() {
        let images = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], &plain());
        assert_eq!(retrieval_accuracy(images.clone(), images.clone() * 3.0), 1.0);
        // The partner of the first is turned towards the second: it finds that one, and all others find their own.
        let turned = Tensor::<2>::from_floats([[0.1, 1.0], [0.0, 1.0], [-1.0, 0.0]], &plain());
        assert!((retrieval_accuracy(images, turned) - 5.0 / 6.0).abs() < 1e-9);
    }
}
