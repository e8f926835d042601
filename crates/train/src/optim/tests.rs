//! The rules against numbers that numpy worked out with PyTorch's formulas.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use foretask_backend::{StateDict, state_dict};

use super::*;
use crate::step::{Update, accumulate, gradients, step};

#[derive(Module, Debug)]
struct Toy {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

fn training() -> Device {
    Device::flex().autodiff()
}

fn toy() -> Toy {
    let device = training();
    Toy {
        weight: Param::from_tensor(Tensor::from_floats([[0.5, -1.2], [2.0, 0.1]], &device)),
        bias: Param::from_tensor(Tensor::from_floats([3.0, -3.0], &device)),
    }
}

/// sin(0.7 i + seed) cos(0.3 i + 2 seed), as in the Python.
fn numbers(count: usize, seed: f64) -> Vec<f32> {
    (0..count).map(|i| i as f64).map(|i| ((i * 0.7 + seed).sin() * (i * 0.3 + 2.0 * seed).cos()) as f32).collect()
}

/// A loss whose gradient is the numbers of this update, on the weight and on the bias.
fn loss(toy: &Toy, update: usize) -> Tensor<1> {
    let slope = Tensor::<2>::from_data(TensorData::new(numbers(4, 0.1 * update as f64), [2, 2]), &Device::flex());
    let on_bias = slope.clone().slice([0..1, 0..2]).reshape([2]);
    toy.weight.val().mul(slope).sum().add(toy.bias.val().mul(on_bias).sum())
}

fn run(mut toy: Toy, optimizer: &mut Optimizer, updates: std::ops::RangeInclusive<usize>, clip: Option<f64>) -> Toy {
    for k in updates {
        let gradients = gradients(&loss(&toy, k), &toy);
        toy = step(toy, gradients, optimizer, &Update { learning_rate: 0.05, clip_norm: clip }).0;
    }
    toy
}

fn weight(toy: &Toy) -> Vec<f32> {
    state_dict(toy)["weight"].data.clone()
}

fn assert_close(ours: &[f32], expected: &[f64]) {
    let close = ours.iter().zip(expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-6);
    assert!(close && ours.len() == expected.len(), "{ours:?} instead of {expected:?}");
}

#[test]
fn adamw_is_pytorchs() {
    let mut optimizer = Optimizer::new(Rule::AdamW(AdamW::default()), 0.1);
    let toy = run(toy(), &mut optimizer, 1..=5, None);
    let expected = [0.243_881_935_4, -1.411_739_666_3, 1.727_360_761_1, -0.075_479_986_3];
    assert_close(&weight(&toy), &expected);
}

#[test]
fn sgd_is_pytorchs_with_and_without_nesterov() {
    for (nesterov, expected) in [
        (false, [0.345_380_979_8, -1.471_093_137_4, 1.576_472_856_6, -0.004_659_579_0]),
        (true, [0.297_699_699_0, -1.529_560_663_5, 1.489_792_805_0, -0.012_777_997_3]),
    ] {
        let mut optimizer = Optimizer::new(Rule::Sgd(Sgd { momentum: 0.9, nesterov }), 0.1);
        assert_close(&weight(&run(toy(), &mut optimizer, 1..=5, None)), &expected);
    }
}

#[test]
fn lars_is_solo_learns() {
    // solo-learn's LARS with exclude_bias_n_norm and no decay on the bias, in f64; the bias is SGD's.
    let cases = [
        (
            Lars::default(),
            0.5,
            [0.495_973_501_2, -1.206_302_450_5, 1.990_336_617_1, 0.098_030_405_0],
            [1.767_264_100_8, -6.536_653_243_5],
        ),
        (
            Lars { trust: 0.02, clip: true, ..Lars::default() },
            0.005,
            [0.484_401_813_9, -1.227_442_900_3, 1.957_097_693_5, 0.089_343_498_7],
            [2.987_672_641_0, -3.035_366_532_4],
        ),
        (
            Lars { trust: 0.02, nesterov: true, ..Lars::default() },
            0.5,
            [0.392_851_038_8, -1.354_400_543_5, 1.765_572_274_0, 0.060_020_604_1],
            [1.362_998_489_7, -7.385_635_404_0],
        ),
    ];
    for (rule, learning_rate, expected, bias) in cases {
        let mut optimizer = Optimizer::new(Rule::Lars(rule), 0.1);
        let mut toy = toy();
        for k in 1..=5 {
            let gradients = gradients(&loss(&toy, k), &toy);
            toy = step(toy, gradients, &mut optimizer, &Update { learning_rate, clip_norm: None }).0;
        }
        assert_close(&weight(&toy), &expected);
        assert_close(&state_dict(&toy)["bias"].data, &bias);
    }
}

#[test]
fn lars_leaves_weights_without_length_or_gradient_finite() {
    let rule = Lars::default();
    let (zeros, ones) = (Tensor::<2>::zeros([2, 2], &Device::flex()), Tensor::<2>::ones([2, 2], &Device::flex()));
    let scales = |value: &Tensor<2>, gradient: &Tensor<2>| {
        rule.scales(value, gradient, None, 1.0, 0.1).unwrap().try_into_vec_as::<f32>().unwrap()
    };
    assert_eq!(scales(&zeros, &ones), [1.0, 0.0], "the bare gradient");
    assert_eq!(scales(&ones, &zeros), [1.0, 0.0], "no decay either");
    assert_eq!(scales(&zeros, &zeros), [1.0, 0.0]);
}

#[test]
fn plain_descent_keeps_no_state() {
    let rule = Rule::Sgd(Sgd { momentum: 0.0, nesterov: false });
    let mut optimizer = Optimizer::new(rule, 0.0);
    let moved = run(toy(), &mut optimizer, 1..=1, None);
    let slope = numbers(4, 0.1);
    let expected: Vec<f64> = [0.5, -1.2, 2.0, 0.1].iter().zip(slope).map(|(w, g)| w - 0.05 * f64::from(g)).collect();
    assert_close(&weight(&moved), &expected);
    assert_eq!(rule.moments(), 0);
    assert!(optimizer.state(&moved).keys().all(|name| name.starts_with("updates.")));
}

#[test]
fn rank_one_parameters_are_not_decayed() {
    for rule in [Rule::AdamW(AdamW::default()), Rule::Sgd(Sgd::default()), Rule::Lars(Lars::default())] {
        let bias = |decay| state_dict(&run(toy(), &mut Optimizer::new(rule, decay), 1..=3, None))["bias"].data.clone();
        assert_eq!(bias(0.0), bias(0.5));
        let weights = |decay| weight(&run(toy(), &mut Optimizer::new(rule, decay), 1..=3, None));
        assert_ne!(weights(0.0), weights(0.5));
    }
}

#[test]
fn clipping_is_by_the_norm_of_all_gradients() {
    let slope = numbers(4, 0.1);
    let square = |x: &f32| f64::from(*x).powi(2);
    let norm = (slope.iter().map(square).sum::<f64>() + slope[..2].iter().map(square).sum::<f64>()).sqrt();
    let rule = Rule::Sgd(Sgd { momentum: 0.0, nesterov: false });
    for clip in [0.25 * norm, 4.0 * norm] {
        let toy = toy();
        let gradients = gradients(&loss(&toy, 1), &toy);
        let update = Update { learning_rate: 1.0, clip_norm: Some(clip) };
        let (moved, found) = step(toy, gradients, &mut Optimizer::new(rule, 0.0), &update);
        assert!((f64::from(found.into_scalar::<f32>()) - norm).abs() < 1e-6, "the norm before clipping");
        let factor = (clip / (norm + 1e-6)).min(1.0);
        let expected: Vec<f64> =
            [0.5, -1.2, 2.0, 0.1].iter().zip(&slope).map(|(w, g)| w - factor * f64::from(*g)).collect();
        assert_close(&weight(&moved), &expected);
    }
}

#[test]
fn accumulated_gradients_are_their_sum() {
    let toy = toy();
    let rule = Rule::Sgd(Sgd { momentum: 0.0, nesterov: false });
    let both = accumulate(Some(gradients(&loss(&toy, 1), &toy)), gradients(&loss(&toy, 2), &toy), &toy);
    let update = Update { learning_rate: 1.0, clip_norm: None };
    let (moved, _) = step(toy, both, &mut Optimizer::new(rule, 0.0), &update);
    let sum = numbers(4, 0.1).into_iter().zip(numbers(4, 0.2)).map(|(a, b)| f64::from(a) + f64::from(b));
    let expected: Vec<f64> = [0.5, -1.2, 2.0, 0.1].iter().zip(sum).map(|(w, g)| w - g).collect();
    assert_close(&weight(&moved), &expected);
}

#[test]
fn a_part_has_its_own_learning_rate_and_zero_freezes_it() {
    let rule = Rule::Sgd(Sgd { momentum: 0.0, nesterov: false });
    let moved = run(toy(), &mut Optimizer::new(rule, 0.0).with_factor("weight", 0.0), 1..=2, None);
    assert_eq!(weight(&moved), weight(&toy()));
    assert_ne!(state_dict(&moved)["bias"], state_dict(&toy())["bias"]);
    let tenfold =
        run(toy(), &mut Optimizer::new(rule, 0.0).with_factor("weigh", 9.0).with_factor("weight", 10.0), 1..=1, None);
    let expected: Vec<f64> =
        [0.5, -1.2, 2.0, 0.1].iter().zip(numbers(4, 0.1)).map(|(w, g)| w - 0.5 * f64::from(g)).collect();
    assert_close(&weight(&tenfold), &expected);
}

#[test]
fn state_saved_and_loaded_goes_on_to_the_bit() {
    let sgd = Rule::Sgd(Sgd { momentum: 0.9, nesterov: true });
    for rule in [Rule::AdamW(AdamW::default()), sgd, Rule::Lars(Lars::default())] {
        let whole = run(toy(), &mut Optimizer::new(rule, 0.1), 1..=6, Some(0.5));
        let mut first = Optimizer::new(rule, 0.1);
        let half = run(toy(), &mut first, 1..=3, Some(0.5));
        let state: StateDict = first.state(&half);
        let mut second = Optimizer::new(rule, 0.1);
        second.load_state(&half, &state, &Device::flex()).unwrap();
        assert_eq!(second.state(&half), state);
        assert_eq!(state_dict(&run(half, &mut second, 4..=6, Some(0.5))), state_dict(&whole));
    }
}

#[test]
fn state_of_another_model_is_refused_by_name() {
    let mut optimizer = Optimizer::new(Rule::AdamW(AdamW::default()), 0.1);
    let toy = run(toy(), &mut optimizer, 1..=1, None);
    let mut state = optimizer.state(&toy);
    state.insert("first.weight".into(), HostTensor { shape: vec![4], data: vec![0.0; 4] });
    let error = optimizer.load_state(&toy, &state, &Device::flex()).unwrap_err().to_string();
    assert!(error.contains("`weight`"), "{error}");
}
