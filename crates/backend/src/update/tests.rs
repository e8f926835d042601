//! The updates of every device against their formulas in double precision.

use burn::tensor::{Device, Tensor, TensorData};
use foretask_random::Key;

use super::*;

/// The plain devices of this build.
fn devices() -> Vec<Device> {
    let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch"] } else { &["flex"] };
    names.iter().map(|name| crate::device(name).unwrap().plain()).collect()
}

fn numbers(name: &str, count: usize) -> Vec<f32> {
    let mut rng = Key::new(3).named(name).rng();
    (0..count).map(|_| rng.normal()).collect()
}

fn tensor(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn values(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().unwrap()
}

#[track_caller]
fn near(found: Tensor<1>, wanted: &[f64], what: &str) {
    let found = values(found);
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((f64::from(*found) - wanted).abs() <= 2e-6 * wanted.abs().max(1.0), "{what}[{i}]: {found} {wanted}");
    }
}

/// Sizes that fill no register, and that several threads share.
const SIZES: [usize; 3] = [1, 77, 150_001];

#[test]
fn adamw_is_its_formula_with_and_without_clipping() {
    let step = |count| AdamStep { count, learning_rate: 0.05, betas: [0.9, 0.99], epsilon: 1e-8, weight_decay: 0.1 };
    for device in devices() {
        for (size, clip) in SIZES.into_iter().flat_map(|size| [(size, None), (size, Some(0.3_f64))]) {
            let start = numbers("value", size);
            let (mut value, mut moments) = (tensor(&start, &device), None);
            let mut exact: Vec<[f64; 3]> = start.iter().map(|x| [f64::from(*x), 0.0, 0.0]).collect();
            for count in 1..=3_u64 {
                let gradient = numbers(&format!("gradient {count}"), size);
                let scales = clip.map(|clip| tensor(&[clip as f32, 1.0], &device));
                let (new, both) = adamw(value, tensor(&gradient, &device), moments, scales, step(count));
                (value, moments) = (new, Some(both));
                for ([x, first, second], g) in exact.iter_mut().zip(&gradient) {
                    let g = f64::from(*g) * clip.map_or(1.0, |clip| f64::from(clip as f32));
                    *first = 0.9 * *first + 0.1 * g;
                    *second = 0.99 * *second + 0.01 * g * g;
                    let (c1, c2) = (1.0 - 0.9_f64.powi(count as i32), 1.0 - 0.99_f64.powi(count as i32));
                    *x = *x * (1.0 - 0.05 * 0.1) - 0.05 * (*first / c1) / ((*second / c2).sqrt() + 1e-8);
                }
            }
            let [first, second] = moments.unwrap();
            let column = |i: usize| exact.iter().map(|row| row[i]).collect::<Vec<_>>();
            near(value, &column(0), &format!("value {size} {clip:?}"));
            near(first, &column(1), "first");
            near(second, &column(2), "second");
        }
    }
}

#[test]
fn descent_is_its_formula_in_all_forms() {
    for device in devices() {
        for (size, nesterov, momentum, scales) in [
            (1, false, 0.9, None),
            (77, true, 0.9, None),
            (150_001, false, 0.9, Some([0.3_f32, 1.0])),
            (77, true, 0.5, Some([0.3, 0.0])),
            (77, false, 0.0, Some([0.3, 2.0])),
        ] {
            let step = DescentStep { learning_rate: 0.05, momentum, nesterov, weight_decay: 0.1 };
            let start = numbers("value", size);
            let (mut value, mut buffer) = (tensor(&start, &device), None);
            let mut exact: Vec<[f64; 2]> = start.iter().map(|x| [f64::from(*x), 0.0]).collect();
            for count in 1..=3 {
                let gradient = numbers(&format!("gradient {count}"), size);
                let given = scales.map(|scales| tensor(&scales, &device));
                (value, buffer) = descend(value, tensor(&gradient, &device), buffer, given, step);
                let [of_gradient, of_decay] = scales.unwrap_or([1.0, 1.0]).map(f64::from);
                for ([x, kept], g) in exact.iter_mut().zip(&gradient) {
                    let g = f64::from(*g) * of_gradient + *x * 0.1 * of_decay;
                    *kept = momentum * *kept + g;
                    *x -= 0.05 * if nesterov { g + momentum * *kept } else { *kept };
                }
            }
            assert_eq!(buffer.is_some(), momentum != 0.0);
            let what = format!("{size} {nesterov} {momentum} {scales:?}");
            near(value, &exact.iter().map(|row| row[0]).collect::<Vec<_>>(), &what);
            if let Some(buffer) = buffer {
                near(buffer, &exact.iter().map(|row| row[1]).collect::<Vec<_>>(), &what);
            }
        }
    }
}

#[test]
fn sums_of_squares_and_moving_means_are_their_formulas() {
    for device in devices() {
        for size in SIZES {
            let (old, new) = (numbers("old", size), numbers("new", size));
            let exact: f64 = old.iter().map(|x| f64::from(*x).powi(2)).sum();
            let found = f64::from(values(square_sum(tensor(&old, &device)))[0]);
            assert!((found - exact).abs() <= 2e-6 * exact, "{found} {exact}");
            for keep in [0.0, 0.3, 0.996, 1.0] {
                let exact: Vec<f64> =
                    old.iter().zip(&new).map(|(o, n)| f64::from(*o) * keep + f64::from(*n) * (1.0 - keep)).collect();
                near(follow(tensor(&old, &device), tensor(&new, &device), keep), &exact, "follow");
            }
        }
    }
}

#[test]
fn what_somebody_else_holds_is_not_changed() {
    for device in devices() {
        let (old, gradient) = (numbers("value", 100), numbers("gradient", 100));
        let (value, slope) = (tensor(&old, &device), tensor(&gradient, &device));
        let moments = [value.zeros_like(), value.zeros_like()];
        let step = AdamStep { count: 1, learning_rate: 0.1, betas: [0.9, 0.99], epsilon: 1e-8, weight_decay: 0.1 };
        let scales = Some(tensor(&[0.5, 1.0], &device));
        let (moved, _) = adamw(value.clone(), slope.clone(), Some(moments.clone()), scales.clone(), step);
        assert_ne!(values(moved), old);
        let step = DescentStep { learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.1 };
        let buffer = Some(moments[0].clone());
        assert_ne!(values(descend(value.clone(), slope.clone(), buffer, scales, step).0), old);
        assert_ne!(values(follow(value.clone(), slope.clone(), 0.5)), old);
        // A part of a tensor is no tensor of its own.
        let part = value.clone().narrow(0, 10, 20);
        follow(part.clone(), slope.clone().narrow(0, 0, 20), 0.5);
        descend(part.clone(), slope.clone().narrow(0, 0, 20), None, None, step);
        assert_eq!(values(part), old[10..30]);
        assert_eq!((values(value), values(slope)), (old, gradient));
        assert!(moments.into_iter().all(|moment| values(moment) == [0.0; 100]));
    }
}

#[test]
fn other_types_go_through_burns_operations() {
    let device = crate::device("flex").unwrap().plain();
    let double = |name: &str| tensor(&numbers(name, 9), &device).cast(burn::tensor::FloatDType::F64);
    let single = |tensor: Tensor<1>| values(tensor.cast(burn::tensor::FloatDType::F32));
    let step = AdamStep { count: 1, learning_rate: 0.1, betas: [0.9, 0.99], epsilon: 1e-8, weight_decay: 0.1 };
    let (ours, _) = adamw(tensor(&numbers("v", 9), &device), tensor(&numbers("g", 9), &device), None, None, step);
    let (exact, _) = adamw(double("v"), double("g"), None, None, step);
    for (ours, exact) in values(ours).into_iter().zip(single(exact)) {
        assert!((ours - exact).abs() < 1e-6);
    }
}
