//! Held against torch 2.9 with timm 1.0.31's transformer and blocks, in double precision: weights, images and targets by the formula
//! below, names as Foretask has them; MAE's decoder and both losses written as in the papers' code (xtask/src/parity/masked.py).
// Numbers stand as torch printed them.
#![allow(clippy::unreadable_literal)]

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, TensorData};
use foretask_backend::{Path, Scope, StateDict, host_tensor, load_state_dict, state_dict};
use foretask_models::{BackboneConfig, InputSpec, PixelsConfig, RestorerConfig, VitConfig};
use foretask_pretext::{PixelLoss, Shape, Targets};

use super::*;
use crate::pretrain::heads::HeadConfig;
use crate::pretrain::learner::Learner;
use crate::pretrain::methods::TaskObjective;
use crate::pretrain::methods::restoration::Restoration;
use crate::pretrain::normalizer::Normalizer;
use crate::pretrain::ready::{Block, Ready};
use crate::training::StepInfo;

const SHAPE: Shape = Shape::new(3, 24, 40);
const GRID: PatchGrid = PatchGrid { patch: 8, grid: [3, 5], channels: 3 };
/// Which patches of two images are hidden.
const HIDDEN: [[u8; 15]; 2] =
    [[0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1]];

fn noise(count: usize, start: usize) -> impl Iterator<Item = f64> {
    (1..=count).map(move |i| {
        let value = (12.9898 * i as f64 + start as f64).sin() * 43758.5453;
        2.0 * (value - value.floor()) - 1.0
    })
}

/// Weights scaled to their fan-in; norms near 1, biases near 0.
fn fill<M: Module>(module: M) -> M {
    let mut state: StateDict = state_dict(&module);
    for (name, tensor) in &mut state {
        let fan = tensor.data.len() / tensor.shape[0];
        let place = |wave: f64| match (name.ends_with("weight"), tensor.shape.len()) {
            (true, 1) => 1.0 + 0.1 * wave,
            (false, 1) => 0.1 * wave,
            _ => wave * (6.0 / fan as f64).sqrt(),
        };
        tensor.data = noise(tensor.data.len(), name.len()).map(|wave| place(wave) as f32).collect();
    }
    load_state_dict(module, &state).unwrap()
}

/// A weight for each pixel of two images.
fn weights() -> Vec<f32> {
    let of_image = |hidden: &[u8; 15]| -> Vec<f32> {
        (0..24 * 40).map(|pixel| f32::from(hidden[pixel / 40 / 8 * 5 + pixel % 40 / 8])).collect()
    };
    HIDDEN.iter().flat_map(of_image).collect()
}

struct Collect<'a> {
    path: Path,
    gradients: &'a Gradients,
    norms: BTreeMap<String, f64>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let square = host_tensor(gradient).data.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>();
            self.norms.insert(self.path.name(), square.sqrt());
        }
    }
}

/// The loss, and the norms of these parameters' gradients.
fn check(head: &HeadConfig, loss: PixelLoss, wanted: f64, gradients: &[(&str, f64)]) {
    let device = foretask_backend::device("flex").unwrap();
    let config: BackboneConfig = VitConfig { patch: Some(8), grid: Some([3, 5]), ..VitConfig::default() }.into();
    let learner =
        Learner::new(config.init(3, 1, &device.training()), [head].into_iter(), &Scope::new(1, &device.training()));
    let Learner { encoder, heads } = learner;
    let learner = Learner { encoder: fill(encoder), heads: heads.into_iter().map(fill).collect() };
    let plain = device.plain();
    let input = InputSpec { mean: vec![0.0; 3], std: vec![1.0; 3], ..InputSpec::centered(3, 24, 40) };
    let normalizer = Normalizer::new(&input, foretask_backend::Precision::F32, &plain);
    let numbers = |start: usize| -> Vec<f32> { noise(2 * SHAPE.len(), start).map(|value| value as f32).collect() };
    let x = Tensor::from_data(TensorData::new(numbers(0), [2, 3, 24, 40]), &plain);
    let batch = Ready {
        inputs: vec![Block { x, per_image: 1 }],
        targets: Targets::Images { pixels: numbers(1), shape: SHAPE, weights: Some(weights()) },
        images: vec![0, 1],
        epoch: 0,
    };
    let info = StepInfo { step: 0, steps: 1, steps_per_epoch: 1, rate: 1.0, measure: true };
    let mut objective = Restoration { word: "mae", loss, is_picture: false };
    let (loss, diagnostics) = objective.loss(&TaskView::of(&learner, 0, &normalizer), batch, info).unwrap();
    let found = f64::from(host_tensor(loss.clone().inner()).data[0]);
    assert!((found / wanted - 1.0).abs() < 2e-5, "{found} instead of {wanted}");
    let metric = &diagnostics.unwrap().metrics[0];
    assert_eq!(metric.name, "restored_variance");
    let all = loss.backward();
    let mut collect = Collect { path: Path::default(), gradients: &all, norms: BTreeMap::new() };
    learner.visit(&mut collect);
    for (name, wanted) in gradients {
        let found = collect.norms[*name];
        assert!((found / wanted - 1.0).abs() < 1e-3, "{name}: {found} instead of {wanted}");
    }
}

#[test]
fn the_loss_of_mae_and_its_gradients_are_pytorchs() {
    let head = HeadConfig::Restorer(RestorerConfig { input: 192, width: 64, depth: 2, image: GRID });
    let gradients = [
        ("encoder.patch_embed.proj.weight", 1.9065434680056443),
        ("encoder.pos_embed", 0.7238205066057517),
        ("encoder.cls_token", 0.680316927673678),
        ("encoder.blocks.5.attn.qkv.weight", 0.2283338404148131),
        ("encoder.norm.bias", 0.16873970861150558),
        ("heads.0.embed.weight", 1.6429529469893014),
        ("heads.0.mask_token", 0.35436079223910655),
        ("heads.0.blocks.1.mlp.fc1.weight", 0.5207155622499349),
        ("heads.0.pred.bias", 0.18853456359791473),
    ];
    check(&head, PixelLoss::L2, 2.228052733439657, &gradients);
}

#[test]
fn the_losses_of_simmim_and_their_gradients_are_pytorchs() {
    let head = HeadConfig::Pixels(PixelsConfig { input: 192, image: GRID });
    let l1 = [
        ("encoder.patch_embed.proj.weight", 0.40840455089814987),
        ("encoder.pos_embed", 0.3166709355241147),
        ("encoder.cls_token", 0.2536418202652079),
        ("encoder.blocks.5.attn.qkv.weight", 0.0924443015101924),
        ("heads.0.mask_token", 0.543701012039711),
        ("heads.0.pred.weight", 0.824831669117601),
        ("heads.0.pred.bias", 0.0598934939356293),
    ];
    check(&head, PixelLoss::L1, 1.3238467905445064, &l1);
    let l2 = [
        ("encoder.patch_embed.proj.weight", 1.417950730666844),
        ("encoder.pos_embed", 1.088587699878909),
        ("encoder.norm.bias", 0.4390567927481652),
        ("heads.0.mask_token", 1.8373053972992055),
        ("heads.0.pred.weight", 3.032300929021227),
    ];
    check(&head, PixelLoss::L2, 2.7016739322037666, &l2);
}

#[test]
fn patches_are_hidden_where_their_pixels_are() {
    let found = hidden_patches(&weights(), GRID);
    assert_eq!(found, HIDDEN.iter().flatten().map(|hidden| *hidden == 1).collect::<Vec<bool>>());
}
