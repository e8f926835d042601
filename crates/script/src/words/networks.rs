//! Words that plan transformers, and convolutional networks built like them.

use foretask_experiment::values::Network;
use foretask_models::{
    BackboneConfig, ConvNextConfig, ConvNextSize, DropPath, Pool, Positions, VitConfig, VitMlp, VitSize,
};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::models::NET;
use super::{Call, Example, Theme, Word};
use crate::errors::CallError;
use crate::options::OptionDoc;

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "vit",
        theme: Theme::Models,
        summary: "A vision transformer: the image as patches that look at each other",
        about: "Dosovitskiy et al. 2020, arXiv 2010.11929, as timm has it: normalized before each branch, exact GELU, a class token. \
                Sides of the images must be multiples of the patch. Published ones: `load_encoder`.",
        use_when: "there is a GPU and much data, or you compare with published transformers",
        not_when: "there are few images or a CPU: `resnet10` learns more from them in the same time",
        signatures: NET,
        options: vit_options,
        examples: &[Example {
            about: "small patches for small images",
            script: "let net = vit(#{ size: \"tiny\", patch: 4 });",
        }],
        run: vit,
    },
    Word {
        name: "convnext",
        theme: Theme::Models,
        summary: "A ConvNeXt: 7x7 depthwise convolutions and a perceptron for each place",
        about: "Liu et al. 2022, arXiv 2201.03545, with timm's names and sizes. Features are the mean of the last map, normalized. Above \
                96 pixels the first layer takes patches of 4x4 pixels, as published; smaller images are cut into 2x2.",
        use_when: "there is a GPU and much data, or you load published weights (torchvision, timm, DINOv3)",
        not_when: "there are few images or a CPU: `resnet10` learns more from them in the same time",
        signatures: NET,
        options: convnext_options,
        examples: &[Example {
            about: "the smallest, every branch of the last block left out for a tenth of the images",
            script: "let net = convnext(#{ size: \"atto\", drop_path: 0.1 });",
        }],
        run: convnext,
    },
];

fn vit_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new(
            "size",
            "\"tiny\", \"small\", \"base\", \"large\", \"huge\" or \"giant\"",
            "\"tiny\"",
            "192, 384, 768, 1024, 1280 or 1536 numbers a token; 12 blocks, then 24, 32 and 40",
        ),
        OptionDoc::new(
            "patch",
            "\"auto\" or whole number from 1 to 64",
            "\"auto\"",
            "pixels along a patch's side; auto: 4 up to images of 40 pixels, 8 up to 96, then 16 or 14",
        ),
        OptionDoc::new(
            "registers",
            "whole number from 0 to 64",
            "0",
            "further tokens that belong to no place (Darcet et al. 2023, arXiv 2309.16588); 4 is usual",
        ),
        OptionDoc::new(
            "layer_scale",
            "true or false",
            "false",
            "scale every branch by a learned factor, 0.00001 at first (Touvron et al. 2021, arXiv 2103.17239)",
        ),
        OptionDoc::new(
            "positions",
            "\"learned\", \"sincos\" or \"rope\"",
            "\"learned\"",
            "how patches know where they are: learned vectors, sines and cosines, or queries and keys turned by their place (DINOv3)",
        ),
        OptionDoc::new(
            "pool",
            "\"cls\", \"mean\" or \"both\"",
            "\"cls\"",
            "the features: the class token, the mean of the patches, or both one after the other",
        ),
        OptionDoc::new(
            "mlp",
            "\"gelu\" or \"swiglu\"",
            "\"gelu\"",
            "what is done with each token: GELU, or a gate (Shazeer 2020, arXiv 2002.05202; DINOv2's giant)",
        ),
        OptionDoc::new(
            "class_token",
            "true or false",
            "true",
            "a token that stands for the whole image; without it (I-JEPA) `pool` is \"mean\"",
        ),
        drop_path(),
    ]
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct VitOptions {
    size: VitSize,
    patch: Option<usize>,
    registers: usize,
    layer_scale: bool,
    positions: Positions,
    pool: Pool,
    mlp: VitMlp,
    class_token: bool,
    drop_path: DropPath,
}

impl Default for VitOptions {
    fn default() -> Self {
        let VitConfig { size, registers, layer_scale, positions, pool, mlp, class_token, drop_path, .. } =
            VitConfig::default();
        Self { size, patch: None, registers, layer_scale, positions, pool, mlp, class_token, drop_path }
    }
}

fn vit(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let VitOptions { size, patch, registers, layer_scale, positions, pool, mlp, class_token, drop_path } =
        call.options(0)?;
    let grid = None;
    let config = VitConfig { size, patch, grid, registers, layer_scale, positions, pool, mlp, class_token, drop_path };
    let config = BackboneConfig::from(config);
    config.check()?;
    Ok(Dynamic::from(Network(config)))
}

fn drop_path() -> OptionDoc {
    OptionDoc::new(
        "drop_path",
        "number from 0 to 0.9",
        "0",
        "while training, leave the last block's branches out for this share of the images, earlier blocks' for less (Huang et al. \
         2016, arXiv 1603.09382); 0.1 is usual",
    )
}

fn convnext_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new(
            "size",
            "\"atto\", \"femto\", \"pico\", \"nano\", \"tiny\", \"small\", \"base\" or \"large\"",
            "\"atto\"",
            "40, 48, 64, 80, 96, 96, 128 or 192 channels in the first of four stages, 8 times as many features; 12 to 36 blocks",
        ),
        OptionDoc::new(
            "patch",
            "\"auto\" or whole number from 1 to 16",
            "\"auto\"",
            "pixels along a side of what the first layer makes one place of; auto: 2 up to images of 96 pixels, then 4",
        ),
        drop_path(),
    ]
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConvNextOptions {
    size: ConvNextSize,
    patch: Option<usize>,
    drop_path: DropPath,
}

fn convnext(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let ConvNextOptions { size, patch, drop_path } = call.options(0)?;
    let config = BackboneConfig::from(ConvNextConfig { size, patch, drop_path });
    config.check()?;
    Ok(Dynamic::from(Network(config)))
}
