//! Every spelling of one network gives the same bits.

use std::path::Path;
use std::sync::Arc;

use foretask_backend::{HostTensor, StateDict};

use super::*;
use crate::foreign::{Imported, load_torch_weights};
use crate::{BackboneConfig, Encoder, Result};

fn config(registers: usize, layer_scale: bool) -> VitConfig {
    VitConfig { patch: Some(8), grid: Some([4, 4]), registers, layer_scale, ..VitConfig::default() }
}

fn random(config: VitConfig) -> Encoder {
    Encoder::random(&config.into(), &InputSpec::imagenet(32, 32), 1).unwrap()
}

fn load(folder: &Path, state: StateDict, side: Option<usize>) -> Result<Imported> {
    let path = folder.join("weights.safetensors");
    Encoder { state: Arc::new(state), ..random(config(0, false)) }.save(&path).unwrap();
    load_torch_weights(&path, &ForeignOptions { side, ..ForeignOptions::default() })
}

fn renamed(state: &StateDict, name: impl Fn(&str) -> String) -> StateDict {
    state.iter().map(|(old, tensor)| (name(old), tensor.clone())).collect()
}

fn replaced(name: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to))
}

const TORCHVISION: [(&str, &str); 11] = [
    ("cls_token", "class_token"),
    ("pos_embed", "encoder.pos_embedding"),
    ("patch_embed.proj.", "conv_proj."),
    ("blocks.", "encoder.layers.encoder_layer_"),
    (".norm1.", ".ln_1."),
    (".norm2.", ".ln_2."),
    ("attn.qkv.", "self_attention.in_proj_"),
    ("attn.proj.", "self_attention.out_proj."),
    ("mlp.fc1.", "mlp.0."),
    ("mlp.fc2.", "mlp.3."),
    ("norm.", "encoder.ln."),
];

const HUGGING_FACE: [(&str, &str); 12] = [
    ("cls_token", "embeddings.cls_token"),
    ("reg_token", "embeddings.register_tokens"),
    ("pos_embed", "embeddings.position_embeddings"),
    ("patch_embed.proj.", "embeddings.patch_embeddings.projection."),
    ("attn.proj.", "attention.output.dense."),
    ("norm1.", "one."),
    ("norm2.", "two."),
    ("norm.", "layernorm."),
    ("one.", "norm1."),
    ("two.", "norm2."),
    ("ls1.gamma", "layer_scale1.lambda1"),
    ("ls2.gamma", "layer_scale2.lambda1"),
];

/// Queries, keys and values apart, as Hugging Face has them.
fn apart(state: &StateDict, parts: [&str; 3]) -> StateDict {
    let mut all = StateDict::new();
    for (name, tensor) in state {
        let Some((front, last)) = name.split_once("attn.qkv.") else {
            all.insert(name.clone(), tensor.clone());
            continue;
        };
        let third = tensor.data.len() / 3;
        for (i, part) in parts.iter().enumerate() {
            let mut shape = tensor.shape.clone();
            shape[0] /= 3;
            let data = tensor.data[i * third..(i + 1) * third].to_vec();
            all.insert(format!("{front}{part}{last}"), HostTensor { shape, data });
        }
    }
    all
}

#[test]
fn every_spelling_is_read_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, full) = (random(config(0, false)), random(config(4, true)));
    let four = ["attention.attention.query.", "attention.attention.key.", "attention.attention.value."];
    let five = ["attention.q_proj.", "attention.k_proj.", "attention.v_proj."];
    let face = |name: &str| replaced(name, &HUGGING_FACE);
    let cases = [
        (&plain, renamed(&plain.state, |name| format!("module.backbone.{name}")), "DINO"),
        (&full, renamed(&full.state, |name| name.replace("reg_token", "register_tokens")), "DINOv2 with registers"),
        (
            &full,
            renamed(&full.state, |name| name.replace("blocks.", "teacher.backbone.blocks.0.")),
            "DINOv2 with registers",
        ),
        (&plain, renamed(&plain.state, |name| replaced(name, &TORCHVISION)), "torchvision"),
        (&full, renamed(&apart(&full.state, four), |name| face(&name.replace("blocks.", "encoder.layer."))), "DINOv2"),
        (&full, renamed(&apart(&full.state, five), |name| face(&name.replace("blocks.", "encoder.layer."))), "DINOv2"),
    ];
    for (encoder, state, family) in cases {
        // A chunked file has the prefix everywhere.
        let state =
            if state.keys().any(|name| name.starts_with("teacher.")) {
                renamed(&state, |name| {
                    if name.starts_with("teacher.") { name.into() } else { format!("teacher.backbone.{name}") }
                })
            } else {
                state
            };
        let mut state = state;
        state.insert("mask_token".into(), HostTensor { shape: vec![1, 192], data: vec![0.5; 192] });
        let imported = load(folder.path(), state, None).unwrap_or_else(|error| panic!("{family}: {error}"));
        assert_eq!(imported.encoder.state, encoder.state, "{family}");
        assert_eq!(imported.encoder.config, encoder.config, "{family}");
        assert_eq!(imported.ignored, ["mask_token"], "{family}");
        assert!(imported.notes[0].contains(family), "{:?}", imported.notes);
    }
}

#[test]
fn what_a_family_was_made_with_is_assumed_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let plain = random(config(0, false));
    let with = |name: &str| {
        let mut state = (*plain.state).clone();
        state.insert(name.into(), HostTensor { shape: vec![2, 192], data: vec![0.5; 384] });
        load(folder.path(), state, None).unwrap()
    };
    let supervised = with("head.weight");
    assert_eq!(supervised.encoder.input, InputSpec::centered(3, 32, 32));
    let masked = with("decoder_embed.weight");
    let BackboneConfig::Vit(config) = &masked.encoder.config else { panic!("another network") };
    assert_eq!((config.pool, &masked.encoder.input), (Pool::Mean, &InputSpec::imagenet(32, 32)));
    assert!(masked.notes.iter().any(|note| note == "features = the mean of the patches (assumed)"));
}

#[test]
fn positions_follow_the_input_and_no_position_of_the_class_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let full = random(config(4, true));
    let imported = load(folder.path(), (*full.state).clone(), Some(48)).unwrap();
    assert_eq!(imported.encoder.state["pos_embed"].shape, [1, 37, 192]);
    assert_eq!(imported.encoder.state["pos_embed"].data[..192], full.state["pos_embed"].data[..192]);
    assert_eq!(imported.encoder.input.height, 48);
    assert!(imported.notes[1].contains("4x4 patches (32 pixels) brought to 6x6 (48 pixels)"), "{:?}", imported.notes);
    let error = load(folder.path(), (*full.state).clone(), Some(50)).unwrap_err().to_string();
    assert!(error.contains("image_size: 48 or 56"), "{error}");

    let mut timms = (*full.state).clone();
    let positions = timms.get_mut("pos_embed").unwrap();
    *positions = HostTensor { shape: vec![1, 16, 192], data: positions.data[192..].to_vec() };
    let imported = load(folder.path(), timms, None).unwrap();
    let read = &imported.encoder.state["pos_embed"].data;
    assert_eq!(read[..192], [0.0; 192]);
    assert_eq!(read[192..], full.state["pos_embed"].data[192..]);
}

#[test]
fn one_that_is_not_here_is_called_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = (*random(config(0, false)).state).clone();
    state.remove("blocks.3.attn.qkv.bias").unwrap();
    let error = load(folder.path(), state, None).unwrap_err().to_string();
    assert!(error.contains("ViT-Ti/8") && error.contains("numbers where a plain vit_tiny"), "{error}");
}
