//! How prototypes are used.

/// How many of the prototypes a batch uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrototypeUse {
    /// Share of the prototypes that are some sample's most probable one, 0..1. At most samples / prototypes.
    pub used: f64,
    /// The exponential of the entropy of the mean probabilities: how many prototypes are in use on average, between 1 (all
    /// samples in one: collapse) and the number of prototypes.
    pub perplexity: f64,
}

/// See [`PrototypeUse`]. `probabilities` holds rows of `k` shares that sum to 1: codes, a teacher's outputs. Zeros without
/// rows.
pub fn prototype_use(probabilities: &[f32], k: usize) -> PrototypeUse {
    let rows = probabilities.len() / k.max(1);
    if rows == 0 {
        return PrototypeUse { used: 0.0, perplexity: 0.0 };
    }
    let (mut mean, mut used) = (vec![0.0; k], vec![false; k]);
    for row in probabilities.chunks_exact(k) {
        let mut most = 0;
        for (i, &share) in row.iter().enumerate() {
            mean[i] += f64::from(share) / rows as f64;
            if share > row[most] {
                most = i;
            }
        }
        used[most] = true;
    }
    let used = used.iter().filter(|used| **used).count() as f64 / k as f64;
    PrototypeUse { used, perplexity: mean.iter().map(|&share| surprise(share)).sum::<f64>().exp() }
}

/// Mean entropy of rows of `k` probabilities, in nats, between 0 (all certain) and `ln k` (all undecided). 0 without rows.
pub fn mean_entropy(probabilities: &[f32], k: usize) -> f64 {
    let rows = probabilities.len() / k.max(1);
    probabilities.iter().map(|&share| surprise(f64::from(share))).sum::<f64>() / rows.max(1) as f64
}

fn surprise(share: f64) -> f64 {
    if share > 0.0 { -share * share.ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tensor;
    use burn::tensor::activation::softmax;

    use super::*;
    use crate::reference::wave;

    #[test]
    fn both_equal_pytorch() {
        let shares = softmax(wave::<2>([6, 5], 0.3, 4.0), 1).try_into_vec_as::<f32>().unwrap();
        assert!((mean_entropy(&shares, 5) - 0.949_817_792_6).abs() < 1e-6);
        // The largest are 1, 2, 3, 4, 0, 0: all are used.
        let found = prototype_use(&shares, 5);
        assert!((found.perplexity - 4.829_646_319_3).abs() < 1e-5 && found.used == 1.0, "{found:?}");
    }

    #[test]
    fn known_extremes() {
        let flat = Tensor::<2>::full([3, 8], 0.125, &crate::reference::plain()).try_into_vec_as::<f32>().unwrap();
        assert!((mean_entropy(&flat, 8) - 8.0_f64.ln()).abs() < 1e-9);
        let one = [0.0, 1.0, 0.0, 0.0].repeat(5);
        assert_eq!(prototype_use(&one, 4), PrototypeUse { used: 0.25, perplexity: 1.0 });
        assert_eq!((mean_entropy(&one, 4), mean_entropy(&[], 4)), (0.0, 0.0));
        assert_eq!(prototype_use(&[], 4), PrototypeUse { used: 0.0, perplexity: 0.0 });
    }
}
