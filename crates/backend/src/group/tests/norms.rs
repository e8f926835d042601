//! Batch norms over the rows of two processes against those of one.

use std::sync::Arc;
use std::time::Duration;

use burn::tensor::{Tensor, TensorData};

use super::super::*;
use super::processes::{Play, launch, say};
use crate::layers::BatchNorm;
use crate::{Scope, device, host_tensor};

const ROWS: usize = 6;
const CHANNELS: usize = 3;
const EACH: usize = CHANNELS * 4;

fn numbers(count: usize, step: usize) -> Vec<f32> {
    (0..count).map(|i| (i * step % 23) as f32 / 7.0 - 1.5 + (i / EACH) as f32 * 0.3).collect()
}

/// Result, gradients of input, scale and shift, and running statistics, of the rows `from..from + count`.
fn norm(from: usize, count: usize, name: &str) -> Vec<Vec<f32>> {
    let device = device(name).unwrap().training();
    let layer = BatchNorm::new(&Scope::new(1, &device), CHANNELS);
    let rows = |step| {
        let values = numbers(ROWS * EACH, step)[from * EACH..(from + count) * EACH].to_vec();
        Tensor::<4>::from_data(TensorData::new(values, [count, CHANNELS, 2, 2]), &device)
    };
    let x = rows(5).require_grad();
    let y = layer.forward_add_relu(layer.forward_relu(x.clone()), rows(3));
    let gradients = (y.clone() * rows(7)).sum().backward();
    let of = |found: Option<Tensor<1>>| host_tensor(found.unwrap()).data;
    vec![
        host_tensor(y.inner()).data,
        host_tensor(x.grad(&gradients).unwrap()).data,
        of(layer.weight.val().grad(&gradients)),
        of(layer.bias.val().grad(&gradients)),
        host_tensor(layer.running_mean.value().inner()).data,
        host_tensor(layer.running_var.value().inner()).data,
    ]
}

/// A rank's part: how far it is off what one process computes.
pub(super) fn play() {
    let options = GroupOptions { joining: Duration::from_mins(1), ..GroupOptions::default() };
    let group = Arc::new(Group::join(&launch(), &[], &options).unwrap());
    for name in ["flex", "libtorch"] {
        let whole = norm(0, ROWS, name);
        let each = ROWS / group.ranks();
        let mut own = group.together(|| norm(group.rank() * each, each, name));
        for place in [2, 3] {
            group.all_reduce(&mut own[place]).unwrap();
        }
        let block = group.rank() * each * EACH;
        for (place, (whole, own)) in whole.iter().zip(&own).enumerate() {
            let whole = if place < 2 { &whole[block..block + each * EACH] } else { whole };
            let apart = whole.iter().zip(own).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 2e-5, "{name} {place}: {apart}\n{whole:?}\n{own:?}");
        }
    }
    say("equal");
}

#[test]
fn batch_norms_of_two_ranks_are_those_of_one_process() {
    for played in Play::new("norms", 2).run() {
        assert_eq!(played.said, ["equal"], "{}", played.output);
    }
}
