//! Views predicted from each other while embeddings are held to an isotropic Gaussian.

use burn::tensor::{Device, Tensor, TensorData};
use foretask_random::Key;

use super::in_f32;

/// Knots of the integral, and where it ends, as in the paper.
const KNOTS: usize = 17;
const LAST: f64 = 3.0;

/// `count` random directions in `dimensions` dimensions, as columns of `[dimensions, count]`: the slices of [`sigreg`]. Draw
/// new ones each step (`key.with(step)`); the authors take 1024, 256 are cheaper and nearly as good.
pub fn random_slices(dimensions: usize, count: usize, key: Key, device: &Device) -> Tensor<2> {
    let mut rng = key.rng();
    let mut values = vec![0.0_f32; dimensions * count];
    for slice in 0..count {
        let direction: Vec<f64> = (0..dimensions).map(|_| f64::from(rng.normal())).collect();
        let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        direction.iter().enumerate().for_each(|(i, x)| values[i * count + slice] = (x / length) as f32);
    }
    Tensor::from_data(TensorData::new(values, [dimensions, count]), &device.clone().without_autodiff())
}

/// Sketched isotropic Gaussian regularization, `SIGReg` (Balestriero and `LeCun` 2025,
/// <https://arxiv.org/abs/2511.08544>): how far embeddings are from
/// the standard normal distribution, along `slices` (`[d, m]`, see [`random_slices`]).
///
/// `z` is `[views, n, d]`, not normalized. For each view and slice the n projected numbers' empirical characteristic
/// function is held against that of N(0, 1) (Epps and Pulley 1983): n times the integral of the squared difference,
/// weighted by exp(-t²/2), over -3..3, by the trapezoid rule with 17 knots on 0..3. Shape `[1]`, the mean over views and
/// slices. About 1 for normal numbers; it grows with n for all others.
///
/// # Panics
/// Where the slices have another length than the embeddings.
pub fn sigreg(z: Tensor<3>, slices: Tensor<2>) -> Tensor<1> {
    let [views, n, d] = z.dims();
    let [length, m] = slices.dims();
    assert_eq!(d, length, "slices need the length of the embeddings");
    let x = in_f32(z).reshape([views * n, d]).matmul(slices.inner()).reshape([views, n, m]);
    let plain = x.clone().inner();
    // The derivative by `x` is known in closed form. Working it out here keeps 2 * 17 tensors of the size of `x` out of the
    // graph; `x · slope` then has this gradient, and the statistic's value is put in its place.
    let mut statistic = Tensor::<3>::zeros([views, 1, m], &plain.device());
    let mut slope = plain.zeros_like();
    let step = LAST / (KNOTS - 1) as f64;
    // Sine and cosine of each further knot's angle by turning the last ones on: a fraction of the cost, exact to about 1e-6.
    let angle = plain.clone().mul_scalar(step);
    let (sin1, cos1) = (angle.clone().sin(), angle.cos());
    let (mut sin, mut cos) = (plain.zeros_like(), plain.ones_like());
    // The first knot, t = 0, has no difference.
    for knot in 1..KNOTS {
        (sin, cos) = (
            sin.clone().mul(cos1.clone()).add(cos.clone().mul(sin1.clone())),
            cos.mul(cos1.clone()).sub(sin.mul(sin1.clone())),
        );
        let t = knot as f64 * step;
        let normal = (-t * t / 2.0).exp();
        // Both halves of the symmetric integral at once; the ends count half.
        let weight = normal * if knot == KNOTS - 1 { step } else { 2.0 * step };
        let real = cos.clone().mean_dim(1).sub_scalar(normal);
        let imaginary = sin.clone().mean_dim(1);
        let error = real.clone().mul(real.clone()).add(imaginary.clone().mul(imaginary.clone())).mul_scalar(weight);
        let change = cos.clone().mul(imaginary).sub(sin.clone().mul(real)).mul_scalar(2.0 * weight * t);
        statistic = statistic.add(error);
        slope = slope.add(change);
    }
    let slope = slope.div_scalar((views * m) as f64);
    let value = statistic.mean().mul_scalar(n as f64);
    x.mul(slope.clone()).sum().sub(plain.mul(slope).sum()).add(value)
}

/// The loss of `LeJEPA` (the same paper): `lambda` times [`sigreg`] of all views, plus `1 - lambda` times the mean squared
/// difference between every view and the mean of the *global* views of its image. Shape `[1]`.
///
/// `global` is `[views, n, d]`; `local` likewise, where there are smaller crops. Global views are in both terms, and the
/// gradient flows through their mean. The paper has `lambda` = 0.05. One image, or one view, is no trouble.
///
/// # Panics
/// Where the shapes do not fit.
pub fn lejepa(global: Tensor<3>, local: Option<Tensor<3>>, slices: Tensor<2>, lambda: f64) -> Tensor<1> {
    let global = in_f32(global);
    let center = global.clone().mean_dim(0);
    let all = match local {
        Some(local) => Tensor::cat(vec![global, in_f32(local)], 0),
        None => global,
    };
    let difference = all.clone().sub(center);
    let prediction = difference.clone().mul(difference).mean();
    sigreg(all, slices).mul_scalar(lambda).add(prediction.mul_scalar(1.0 - lambda))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::l2_normalize;
    use crate::reference::{assert_matches, number, plain, wave};

    /// Columns of length 1.
    fn slices() -> Tensor<2> {
        l2_normalize(wave::<2>([6, 7], 0.4, 1.0).transpose()).transpose()
    }

    #[test]
    fn values_and_gradients_are_lightlys() {
        // SIGReg and LeJEPALoss with given slices, in f64.
        assert_matches(
            &[wave([2, 4, 6], 0.1, 2.0)],
            |x| sigreg(x[0].clone(), slices()),
            1.285_512_735_7,
            &[[0.729_048_908_4, 0.101_015_797_3, 0.164_630_916_5, 0.214_937_353_0, -0.014_790_513_1]],
        );
        assert_matches(
            &[wave([2, 4, 6], 0.1, 2.0), wave([3, 4, 6], 0.7, 1.5)],
            |x| lejepa(x[0].clone(), Some(x[1].clone()), slices(), 0.05),
            0.740_323_866_1,
            &[
                [0.132_756_573_0, -0.003_484_541_6, 0.017_652_745_0, 0.028_941_535_1, -0.003_108_452_3],
                [0.119_228_683_6, 0.009_408_659_1, -0.008_160_596_5, -0.022_236_517_7, 0.003_824_400_8],
            ],
        );
        assert_matches(
            &[wave([2, 4, 6], 0.1, 2.0)],
            |x| lejepa(x[0].clone(), None, slices(), 0.0),
            0.619_135_364_2,
            &[[0.227_144_477_6, 0.021_054_510_6, 0.032_294_464_0, 0.025_790_229_8, 0.006_720_614_3]],
        );
    }

    #[test]
    fn normal_numbers_pass_and_collapsed_ones_do_not() {
        let mut rng = Key::new(2).rng();
        let values: Vec<f32> = (0..512 * 8).map(|_| rng.normal()).collect();
        let normal = Tensor::<3>::from_data(TensorData::new(values, [1, 512, 8]), &plain());
        let slices = random_slices(8, 64, Key::new(3), &plain());
        let of = |z: Tensor<3>| number(sigreg(z, slices.clone()));
        let passed = of(normal.clone());
        assert!((0.3..2.5).contains(&passed), "{passed}");
        assert!(of(normal.clone() * 3.0) > 20.0 * passed && of(normal * 0.0) > 20.0 * passed);
    }

    #[test]
    fn slices_are_directions_that_depend_on_the_key_only() {
        let slices = random_slices(5, 9, Key::new(1), &plain());
        let lengths = slices.clone().mul(slices.clone()).sum_dim(0).try_into_vec_as::<f32>().unwrap();
        assert!(lengths.iter().all(|length| (length - 1.0).abs() < 1e-6));
        let values = |key| random_slices(5, 9, key, &plain()).try_into_vec_as::<f32>().unwrap();
        assert_eq!(slices.try_into_vec_as::<f32>().unwrap(), values(Key::new(1)));
        assert_ne!(values(Key::new(2)), values(Key::new(1)));
    }

    #[test]
    fn one_image_and_one_view_are_finite() {
        let one = wave([1, 1, 6], 0.2, 1.0);
        assert!(number(lejepa(one.clone(), None, slices(), 0.05)).is_finite());
        assert_eq!(number(lejepa(one, None, slices(), 0.0)), 0.0);
    }
}
