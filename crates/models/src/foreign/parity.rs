//! Files as timm, torchvision and transformers name them, and what those programs answer with them: `cargo xtask parity` writes the
//! fixtures, which hold names, sizes and features; values are by the formula of [`reference`](crate::reference).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use foretask_backend::{HostTensor, StateDict, host_tensor};
use serde::Deserialize;

use super::{ForeignOptions, load_torch_weights};
use crate::reference::{devices, fill, waves};
use crate::{Arch, BackboneConfig, Encoder, InputSpec, Stem};

#[derive(Deserialize)]
struct Fixture {
    image: [usize; 4],
    tensors: BTreeMap<String, Vec<usize>>,
    features: Vec<f64>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/parity")
}

/// By so much of the largest feature ours may differ.
const TOLERANCE: f64 = 1e-4;

fn answers_alike(family: &str, network: &str) {
    let text = std::fs::read_to_string(folder().join(format!("{family}.json"))).unwrap();
    let Fixture { image, tensors, features } = serde_json::from_str(&text).unwrap();
    let zeros = |shape: Vec<usize>| HostTensor { data: vec![0.0; shape.iter().product()], shape };
    let mut state: StateDict = tensors.into_iter().map(|(name, shape)| (name, zeros(shape))).collect();
    fill(&mut state);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("weights.safetensors");
    let config = BackboneConfig::resnet(Arch::ResNet10, 1).with_stem(Stem::Small);
    let file = Encoder::random(&config, &InputSpec::centered(3, 32, 32), 1).unwrap();
    Encoder { state: Arc::new(state), ..file }.save(&path).unwrap();
    let imported = load_torch_weights(&path, &ForeignOptions::default()).unwrap();
    assert_eq!(imported.encoder.config.name(), network, "{:?}", imported.notes);
    for device in devices() {
        let net = imported.encoder.build(&device.plain()).unwrap();
        let found = host_tensor(net.forward(waves(image, 0, &device.plain()))).data;
        assert_eq!(found.len(), features.len());
        let scale = features.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
        for (found, wanted) in found.iter().zip(&features) {
            let apart = (f64::from(*found) - wanted).abs();
            assert!(apart <= TOLERANCE * scale, "{family} on {device}: {found} instead of {wanted}");
        }
    }
}

/// A test for each fixture, and one that there are no others.
macro_rules! families {
    ($($test:ident: $family:literal, $network:literal;)*) => {
        $(
            #[test]
            fn $test() {
                answers_alike($family, $network);
            }
        )*

        #[test]
        fn every_fixture_is_held() {
            let entries = std::fs::read_dir(folder()).unwrap().flatten();
            let mut found: Vec<String> =
                entries.map(|entry| entry.path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
            found.sort();
            let mut held = vec![$($family),*];
            held.sort_unstable();
            assert_eq!(found, held);
        }
    };
}

families! {
    timm_vit: "timm-vit", "vit_tiny-p8-4x4";
    timm_dinov2_registers: "timm-dinov2-registers", "vit_tiny-p8-4x4-r4-ls";
    dino: "dino", "vit_tiny-p8-4x4";
    dinov2_giant_in_chunks: "dinov2-giant-in-chunks", "vit_tiny-p8-4x4-ls-swiglu";
    mae: "mae", "vit_tiny-p8-4x4-mean";
    moco_v3: "moco-v3", "vit_tiny-p8-4x4";
    i_jepa: "i-jepa", "vit_tiny-p8-4x4-nocls-mean";
    timm_dinov3: "timm-dinov3", "vit_tiny-p8-28x28-r4-ls-rope";
    timm_dinov3_biases: "timm-dinov3-biases", "vit_tiny-p8-28x28-r4-ls-rope";
    dinov3: "dinov3", "vit_tiny-p8-28x28-r4-ls-rope";
    torchvision_vit: "torchvision-vit", "vit_tiny-p8-4x4";
    torchvision_resnet: "torchvision-resnet", "resnet18-w64-imagenet";
    moco_resnet: "moco-resnet", "resnet18-w64-imagenet";
    lightly_resnet: "lightly-resnet", "resnet18-w64-imagenet";
    torchvision_convnext: "torchvision-convnext", "convnext_atto-p4";
    timm_convnext: "timm-convnext", "convnext_atto-p4";
    timm_convnext_convolutions: "timm-convnext-convolutions", "convnext_atto-p4";
    dinov3_convnext: "dinov3-convnext", "convnext_atto-p4";
    convnext: "convnext", "convnext_atto-p4";
    timm_resnet50d: "timm-resnet50d", "resnet50d-w8-imagenet";
    transformers_5_vit: "transformers-5-vit", "vit_tiny-p8-4x4";
    transformers_5_dinov2: "transformers-5-dinov2", "vit_tiny-p8-4x4-ls";
    transformers_5_dinov2_giant: "transformers-5-dinov2-giant", "vit_tiny-p8-4x4-ls-swiglu";
    transformers_5_dinov2_registers: "transformers-5-dinov2-registers", "vit_tiny-p8-4x4-r4-ls";
    transformers_5_ijepa: "transformers-5-ijepa", "vit_tiny-p8-4x4-nocls-mean";
    transformers_5_dinov3: "transformers-5-dinov3", "vit_tiny-p8-28x28-r4-ls-rope";
    transformers_5_dinov3_convnext: "transformers-5-dinov3-convnext", "convnext_atto-p4";
    transformers_5_convnext: "transformers-5-convnext", "convnext_atto-p4";
    transformers_5_resnet: "transformers-5-resnet", "resnet50-w8-imagenet";
    transformers_4_vit: "transformers-4-vit", "vit_tiny-p8-4x4";
    transformers_4_dinov2: "transformers-4-dinov2", "vit_tiny-p8-4x4-ls";
    transformers_4_dinov2_giant: "transformers-4-dinov2-giant", "vit_tiny-p8-4x4-ls-swiglu";
    transformers_4_dinov2_registers: "transformers-4-dinov2-registers", "vit_tiny-p8-4x4-r4-ls";
    transformers_4_ijepa: "transformers-4-ijepa", "vit_tiny-p8-4x4-nocls-mean";
    transformers_4_dinov3: "transformers-4-dinov3", "vit_tiny-p8-28x28-r4-ls-rope";
    transformers_4_dinov3_convnext: "transformers-4-dinov3-convnext", "convnext_atto-p4";
}
