//! Attention.

use burn::tensor::Tensor;

use crate::tokens;

/// Scaled dot-product attention (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>, equation 1) without a mask:
/// `softmax(q k^T / sqrt(d)) v`. Queries `[b, heads, n, d]`, keys and values `[b, heads, m, d]`, all of one type; gives
/// `[b, heads, n, d]`.
pub fn attention(queries: Tensor<4>, keys: Tensor<4>, values: Tensor<4>) -> Tensor<4> {
    let [.., d] = queries.dims();
    tokens::attention(queries, keys, values, 1.0 / (d.max(1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_worked_by_hand() {
        // Scores 1 and 0 by sqrt(1): shares e / (e + 1) and 1 / (e + 1) of the values 10 and 20.
        let device = crate::device("flex").unwrap().plain();
        let tensor = |values: &[f32]| Tensor::<1>::from_floats(values, &device).reshape([1, 1, values.len(), 1]);
        let y = attention(tensor(&[1.0]), tensor(&[1.0, 0.0]), tensor(&[10.0, 20.0]));
        let e = 1.0_f32.exp();
        let found = y.into_data().try_to_vec::<f32>().unwrap()[0];
        assert!((found - (10.0 * e + 20.0) / (e + 1.0)).abs() < 1e-5, "{found}");
    }
}
