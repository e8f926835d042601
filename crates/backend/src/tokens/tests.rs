//! The operations of every device against their definitions in double precision, which flex computes by burn's
//! operations.

use burn::tensor::{Device, FloatDType, Tensor, TensorData, activation};
use foretask_random::Key;

use super::*;

fn devices() -> Vec<Device> {
    let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch"] } else { &["flex"] };
    names.iter().map(|name| crate::device(name).unwrap().training()).collect()
}

/// Normal numbers, named.
fn random<const D: usize>(name: &str, shape: [usize; D], device: &Device) -> Tensor<D> {
    let mut rng = Key::new(5).named(name).rng();
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.normal()).collect();
    Tensor::from_data(TensorData::new(values, shape), device).require_grad()
}

/// The same in double precision, on flex.
fn exact<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    let device = crate::device("flex").unwrap().training();
    let plain = Tensor::<D>::from_data(tensor.clone().inner().into_data(), &device);
    plain.cast(FloatDType::F64).detach().require_grad()
}

#[track_caller]
fn near<const D: usize>(found: Tensor<D>, wanted: Tensor<D>, tolerance: f32, what: &str) {
    let found = found.cast(FloatDType::F32).into_data().try_to_vec::<f32>().unwrap();
    let wanted = wanted.cast(FloatDType::F32).into_data().try_to_vec::<f32>().unwrap();
    assert_eq!(found.len(), wanted.len(), "{what}");
    let largest = wanted.iter().fold(1e-3_f32, |largest, value| largest.max(value.abs()));
    for (i, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        assert!((found - wanted).abs() <= tolerance * largest, "{what}[{i}]: {found} instead of {wanted}");
    }
}

fn layer_norm_by_definition(x: Tensor<3>, scale: Tensor<1>, shift: Tensor<1>, epsilon: f64) -> Tensor<3> {
    let distance = x.clone() - x.mean_dim(2);
    let variance = distance.clone().powi_scalar(2).mean_dim(2);
    distance / (variance + epsilon).sqrt() * scale.unsqueeze() + shift.unsqueeze()
}

#[test]
fn layer_norms_and_their_gradients_are_the_definitions() {
    for device in devices() {
        for [b, n, c] in [[2, 5, 192], [3, 1, 7], [4, 90, 33], [1, 1, 3]] {
            // A mean far from 0 beside a small spread.
            let x = (random("x", [b, n, c], &device).inner() * 0.5 + 3.0).autodiff().require_grad();
            let (scale, shift) = (random("s", [c], &device), random("b", [c], &device));
            let pull = random("g", [b, n, c], &device).inner();
            let wide = [exact(&x)];
            let (exact_scale, exact_shift) = (exact(&scale), exact(&shift));
            let ours = layer_norm(x.clone(), scale.clone(), shift.clone(), 1e-6);
            let wanted = layer_norm_by_definition(wide[0].clone(), exact_scale.clone(), exact_shift.clone(), 1e-6);
            let what = format!("{b}x{n}x{c}");
            near(ours.clone(), wanted.clone(), 1e-5, &what);
            let exact_pull = exact(&Tensor::from_inner(pull.clone())).detach();
            let ours = (ours * Tensor::from_inner(pull)).sum().backward();
            let wanted = (wanted * exact_pull).sum().backward();
            near(x.grad(&ours).unwrap(), wide[0].grad(&wanted).unwrap(), 1e-5, &format!("dx {what}"));
            near(scale.grad(&ours).unwrap(), exact_scale.grad(&wanted).unwrap(), 1e-5, &format!("ds {what}"));
            near(shift.grad(&ours).unwrap(), exact_shift.grad(&wanted).unwrap(), 1e-5, &format!("db {what}"));
        }
    }
}

#[test]
fn gelu_and_its_gradient_are_the_definition() {
    for device in devices() {
        let x = (random("x", [20_000], &device).inner() * 3.0).autodiff().require_grad();
        let wide = exact(&x);
        let wanted = wide.clone() * 0.5 * ((wide.clone() / 2.0_f64.sqrt()).erf() + 1.0);
        let ours = gelu(x.clone());
        near(ours.clone(), wanted, 1e-6, "gelu");
        // Its slope by the definition: the share below, and x times the density.
        let below = ((wide.clone() / 2.0_f64.sqrt()).erf() + 1.0) * 0.5;
        let density = (wide.clone().powi_scalar(2) * -0.5).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let ours = ours.sum().backward();
        near(x.grad(&ours).unwrap(), (below + wide * density).inner(), 2e-6, "slope");
    }
}

#[test]
fn attention_and_its_gradients_are_the_definition() {
    for device in devices() {
        for [b, heads, n, m, d] in [[2, 3, 17, 17, 16], [1, 1, 1, 5, 8], [2, 2, 50, 33, 64]] {
            let inputs = [("q", n), ("k", m), ("v", m)].map(|(name, n)| random(name, [b, heads, n, d], &device));
            let wide = inputs.each_ref().map(exact);
            let scale = 1.0 / (d as f64).sqrt();
            let [q, k, v] = inputs.clone();
            let ours = attention(q, k, v, scale);
            let [q, k, v] = wide.clone();
            let wanted = activation::softmax(q.matmul(k.transpose()) * scale, 3).matmul(v);
            let what = format!("{b} {heads} {n} {m} {d}");
            near(ours.clone(), wanted.clone(), 1e-5, &what);
            let pull = random("g", [b, heads, n, d], &device);
            let exact_pull = exact(&pull).detach();
            let (ours, wanted) = ((ours * pull.detach()).sum().backward(), (wanted * exact_pull).sum().backward());
            for (i, (ours_of, exact_of)) in inputs.iter().zip(&wide).enumerate() {
                let (found, wanted) = (ours_of.grad(&ours).unwrap(), exact_of.grad(&wanted).unwrap());
                near(found, wanted, 1e-5, &format!("gradient {i} {what}"));
            }
        }
    }
}

#[test]
fn without_a_graph_the_results_are_the_same() {
    for device in devices() {
        let x = random("x", [2, 5, 24], &device);
        let (scale, shift) = (random("s", [24], &device), random("b", [24], &device));
        let plain = layer_norm(x.clone().inner(), scale.clone().inner(), shift.clone().inner(), 1e-6);
        near(plain, layer_norm(x.clone(), scale, shift, 1e-6).inner(), 0.0, "layer norm");
        near(gelu(x.clone().inner()), gelu(x).inner(), 0.0, "gelu");
        let q = random("q", [1, 2, 7, 8], &device);
        let plain = q.clone().inner();
        let plain = attention(plain.clone(), plain.clone(), plain, 0.3);
        near(plain, attention(q.clone(), q.clone(), q, 0.3).inner(), 1e-6, "attention");
    }
}
