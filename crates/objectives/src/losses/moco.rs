//! Finding the own key against a queue of earlier keys, and within the batch with a predictor.

use burn::tensor::Tensor;

use super::{l2_normalize, log_sum_exp};

/// The loss of `MoCo` (He et al. 2020, "Momentum contrast for unsupervised visual representation learning",
/// <https://arxiv.org/abs/1911.05722>, equation 1): each query must find its key among the queue.
///
/// `query` and `key` are `[n, d]` embeddings of two views of the same n images, of any length, the key by the momentum
/// teacher; `queue` is `[size, d]` keys of earlier batches at length 1 (see [`FeatureQueue`](crate::FeatureQueue); enqueue
/// `key` *after* this). Returned is the mean cross-entropy of picking the own key, logits being cosines over
/// `temperature` (0.2 in version 2), shape `[1]`. Only `query` gets a gradient.
///
/// # Panics
/// Where the shapes do not fit.
pub fn moco(query: Tensor<2>, key: Tensor<2>, queue: Tensor<2>, temperature: f64) -> Tensor<1> {
    assert_eq!(query.dims(), key.dims(), "moco needs a key for each query");
    let query = l2_normalize(query);
    let key = l2_normalize(key.inner());
    let positive = query.clone().mul(key).sum_dim(1);
    let negatives = query.matmul(queue.inner().transpose());
    let logits = Tensor::cat(vec![positive.clone(), negatives], 1).mul_scalar(1.0 / temperature);
    log_sum_exp(logits).mean().sub(positive.mean().mul_scalar(1.0 / temperature))
}

/// The mean of [`moco`] in both directions: first queries against second keys and the other way round, each against the
/// queue of its keys (the symmetric option of the authors' code; one queue may serve both).
///
/// # Panics
/// Where the shapes do not fit.
pub fn moco_symmetric(
    queries: [Tensor<2>; 2],
    keys: [Tensor<2>; 2],
    queues: [Tensor<2>; 2],
    temperature: f64,
) -> Tensor<1> {
    let ([q1, q2], [k1, k2], [queue1, queue2]) = (queries, keys, queues);
    moco(q1, k2, queue2, temperature).add(moco(q2, k1, queue1, temperature)).mul_scalar(0.5)
}

/// The loss of `MoCo` v3 in one direction (Chen, Xie and He 2021, "An empirical study of training self-supervised vision
/// transformers", <https://arxiv.org/abs/2104.02057>, algorithm 1): each query must find its key among the keys of the
/// batch; the cross-entropy is multiplied by 2 `temperature`. The authors train on the *sum* of both directions.
///
/// `query` (predictor's output) and `key` (momentum teacher's projection) are `[n, d]`, of any length. Shape `[1]`. Only
/// `query` gets a gradient. With one image the loss is 0.
///
/// # Panics
/// Where the shapes differ.
pub fn moco_v3(query: Tensor<2>, key: Tensor<2>, temperature: f64) -> Tensor<1> {
    assert_eq!(query.dims(), key.dims(), "moco_v3 needs a key for each query");
    let query = l2_normalize(query);
    let key = l2_normalize(key.inner());
    let positive = query.clone().mul(key.clone()).sum_dim(1).mean();
    let log_sum = log_sum_exp(query.matmul(key.transpose()).mul_scalar(1.0 / temperature)).mean();
    log_sum.mul_scalar(2.0 * temperature).sub(positive.mul_scalar(2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, leaf, number, receives_gradient, wave};

    fn queue() -> Tensor<2> {
        l2_normalize(wave([10, 6], 0.9, 1.0))
    }

    fn key() -> Tensor<2> {
        wave([4, 6], 0.5, 1.0)
    }

    #[test]
    fn values_and_gradients_are_solo_learns() {
        // mocov2plus_loss_func and mocov3_loss_func, in f64.
        let query = [wave([4, 6], 0.1, 1.0)];
        let v2 = [
            (
                0.2,
                2.034_188_381_0,
                [1.302_752_769_1, -0.321_309_974_9, -0.146_582_889_7, 0.183_331_161_2, -0.025_412_541_9],
            ),
            (
                0.07,
                3.708_380_258_8,
                [3.653_044_966_0, -1.642_118_591_4, -0.581_078_451_6, 0.667_852_033_5, 0.147_561_873_7],
            ),
        ];
        for (temperature, expected, slope) in v2 {
            assert_matches(&query, |x| moco(x[0].clone(), key(), queue(), temperature), expected, &[slope]);
        }
        let v3 = [
            (
                0.2,
                0.425_103_472_9,
                [0.444_228_702_4, -0.003_926_167_8, -0.048_070_626_4, 0.045_136_299_6, -0.005_067_085_4],
            ),
            (
                1.0,
                2.116_971_132_4,
                [0.574_197_084_3, 0.010_094_184_5, -0.009_200_693_0, 0.037_619_303_4, -0.017_478_398_1],
            ),
        ];
        for (temperature, expected, slope) in v3 {
            assert_matches(&query, |x| moco_v3(x[0].clone(), key(), temperature), expected, &[slope]);
        }
    }

    #[test]
    fn the_symmetric_loss_is_the_mean_of_both_directions() {
        let (a, b) = (wave([4, 6], 0.1, 1.0), key());
        let other = l2_normalize(wave([10, 6], 0.2, 1.0));
        let both =
            moco_symmetric([a.clone(), b.clone()], [b.clone() * 2.0, a.clone() + 0.1], [queue(), other.clone()], 0.2);
        let one = number(moco(a.clone(), a.clone() + 0.1, other, 0.2));
        let two = number(moco(b.clone(), b * 2.0, queue(), 0.2));
        assert!((number(both) - 0.5 * (one + two)).abs() < 1e-6);
    }

    #[test]
    fn keys_and_queue_get_no_gradient() {
        let (query, key, queue) = (leaf(wave([4, 6], 0.1, 1.0)), leaf(key()), leaf(queue()));
        let loss = || moco(query.clone(), key.clone(), queue.clone(), 0.2);
        assert!(receives_gradient(&query, &loss()));
        assert!(!receives_gradient(&key, &loss()) && !receives_gradient(&queue, &loss()));
        assert!(!receives_gradient(&key, &moco_v3(query, key.clone(), 0.2)));
    }

    #[test]
    fn one_image_is_finite() {
        let one = wave([1, 6], 0.1, 1.0);
        assert!(number(moco(one.clone(), one.clone(), queue(), 0.2)).is_finite());
        assert!(number(moco_v3(one.clone(), one, 0.2)).abs() < 1e-6);
    }
}
