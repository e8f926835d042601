//! What tests of exported networks have in common: small ones of every kind, and a Python to ask about them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Arch, BackboneConfig, ConvNextConfig, Pool, Positions, Stem, VitConfig, VitMlp};

/// Every network and each choice of its own, at a size where it is small; and a size of images.
pub(crate) fn networks() -> Vec<(BackboneConfig, [usize; 2])> {
    let vit = VitConfig { patch: Some(8), grid: Some([2, 3]), ..VitConfig::default() };
    let turned = VitConfig { positions: Positions::Rope, registers: 4, layer_scale: true, ..vit.clone() };
    let turned_mean =
        VitConfig { positions: Positions::Rope, pool: Pool::Mean, class_token: false, registers: 0, ..vit.clone() };
    let gated = VitConfig { mlp: VitMlp::Swiglu, positions: Positions::Sincos, ..vit.clone() };
    // Positions of another grid, and a size that patches do not fill.
    let mean = VitConfig { class_token: false, pool: Pool::Mean, grid: Some([2, 2]), ..vit.clone() };
    let registers = VitConfig { registers: 2, pool: Pool::Mean, ..vit.clone() };
    let both = VitConfig { registers: 2, pool: Pool::Both, ..vit.clone() };
    let resnet = |arch, stem| BackboneConfig::resnet(arch, 4).with_stem(stem);
    vec![
        (resnet(Arch::ResNet10, Stem::Strided), [16, 24]),
        (resnet(Arch::ResNet18, Stem::Small), [17, 16]),
        (resnet(Arch::ResNet50, Stem::Imagenet), [40, 32]),
        (resnet(Arch::WideResNet50, Stem::Strided), [24, 24]),
        (resnet(Arch::ResNet50d, Stem::Imagenet), [40, 36]),
        (BackboneConfig::EfficientNetLite0, [33, 40]),
        (ConvNextConfig { patch: Some(2), ..ConvNextConfig::default() }.into(), [24, 20]),
        (ConvNextConfig { patch: Some(4), ..ConvNextConfig::default() }.into(), [16, 45]),
        (vit.clone().into(), [16, 24]),
        (vit.into(), [20, 24]),
        (turned.into(), [16, 24]),
        (turned_mean.into(), [16, 24]),
        (gated.into(), [16, 24]),
        (mean.into(), [16, 24]),
        (registers.into(), [16, 24]),
        (both.into(), [16, 24]),
    ]
}

/// A Python that has these modules: `FORETASK_PYTHON`, the environment of `cargo xtask parity`, or the system's.
pub(crate) fn python_with(modules: &str) -> Option<PathBuf> {
    let given = std::env::var_os("FORETASK_PYTHON").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.peer/parity/bin/python");
    let works = |python: &PathBuf| {
        let ask = Command::new(python).args(["-c", &format!("import {modules}")]).output();
        ask.is_ok_and(|done| done.status.success())
    };
    given.into_iter().chain([own, "python3".into()]).find(works)
}
