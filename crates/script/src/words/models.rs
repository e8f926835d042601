//! Words that plan networks.

use foretask_experiment::values::{Encoder, Network};
use foretask_models::{Arch, BackboneConfig, Pool, Positions, ResNetConfig, Stem, VitConfig, VitSize};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::CallError;
use crate::options::OptionDoc;

const NET: &[Signature] = &[Signature {
    on: None,
    params: &[Param { name: "options", kinds: &[Kind::Options], optional: true }],
    returns: Kind::Network,
}];

const USE: &str =
    "images up to a few hundred pixels; `width: 16` on a CPU, 64 (torchvision's) on a GPU or with much data";

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "resnet10",
        theme: Theme::Models,
        summary: "A residual network with one block a stage: the quickest",
        about: "He et al. 2015, arXiv 1512.03385. A network is a plan without weights: `finetune(net, …)` starts from random ones and \
                does not change it.",
        use_when: USE,
        not_when: "there is time for more: `resnet18` gains a little",
        signatures: NET,
        options,
        examples: &[Example { about: "small and quick, for CPUs", script: "let net = resnet10(#{ width: 16 });" }],
        run: |call| resnet(call, Arch::ResNet10),
    },
    Word {
        name: "resnet18",
        theme: Theme::Models,
        summary: "A residual network with two blocks a stage: the usual choice",
        about: "He et al. 2015, arXiv 1512.03385; with width 64 and the imagenet stem it is torchvision's, weights included.",
        use_when: USE,
        not_when: "time is short: `resnet10`",
        signatures: NET,
        options,
        examples: &[Example {
            about: "full resolution in the first stage",
            script: "let net = resnet18(#{ width: 16, stem: \"small\" });",
        }],
        run: |call| resnet(call, Arch::ResNet18),
    },
    Word {
        name: "resnet34",
        theme: Theme::Models,
        summary: "A residual network with 3, 4, 6, 3 blocks",
        about: "He et al. 2015, arXiv 1512.03385.",
        use_when: "there is much data and a GPU",
        not_when: "on a CPU: `resnet10` or `resnet18`",
        signatures: NET,
        options,
        examples: &[Example { about: "torchvision's", script: "let net = resnet34(#{ stem: \"imagenet\" });" }],
        run: |call| resnet(call, Arch::ResNet34),
    },
    Word {
        name: "resnet50",
        theme: Theme::Models,
        summary: "A residual network of bottleneck blocks with four times as many features",
        about: "He et al. 2015, arXiv 1512.03385.",
        use_when: "you compare with published results, or load published weights",
        not_when: "on a CPU: `resnet10` or `resnet18`",
        signatures: NET,
        options,
        examples: &[Example { about: "torchvision's", script: "let net = resnet50(#{ stem: \"imagenet\" });" }],
        run: |call| resnet(call, Arch::ResNet50),
    },
    Word {
        name: "efficientnet_lite0",
        theme: Theme::Models,
        summary: "A small network of depthwise convolutions, made for small devices; 1280 features",
        about: "Tan and Le 2019, arXiv 1905.11946, in the version without squeeze and excitation and with ReLU6: timm's \
                tf_efficientnet_lite0, 3.4 million parameters without a classifier. This word is the plan without weights; \
                `pretrained(\"efficientnet_lite0\")` has the published ones.",
        use_when: "you compare published weights with the same network from scratch, or the encoder will run on a small device",
        not_when: "images are small and there are no published weights: `resnet10` learns more in the same time",
        signatures: &[Signature { on: None, params: &[], returns: Kind::Network }],
        options: Vec::new,
        examples: &[Example {
            about: "the same network from random weights, as a baseline",
            script: "let scratch = finetune(efficientnet_lite0(), few);",
        }],
        run: |_| Ok(Dynamic::from(Network(BackboneConfig::EfficientNetLite0))),
    },
    Word {
        name: "vit",
        theme: Theme::Models,
        summary: "A vision transformer: the image as patches that look at each other",
        about: "Dosovitskiy et al. 2020, arXiv 2010.11929, as timm has it: normalized before each branch, exact GELU, a class token. \
                Sides of the images must be multiples of the patch.",
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
        name: "random_encoder",
        theme: Theme::Models,
        summary: "A frozen encoder that was never trained: the baseline for frozen features",
        about: "Random features are no bad features: on simple images they beat guessing by far. What pretraining is worth is what \
                comes on top of them. `report` adds this baseline by itself.",
        use_when: "you want this baseline with other options than `report` takes",
        not_when: "you want a network that learns: `finetune(net, few)`",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "net", kinds: &[Kind::Network], optional: false },
                Param { name: "options", kinds: &[Kind::Options], optional: true },
            ],
            returns: Kind::Encoder,
        }],
        options: || vec![OptionDoc::new("seed", "whole number", "the script's seed", "decides the weights")],
        examples: &[Example {
            about: "what frozen random features give",
            script: "let baseline = linear_probe(random_encoder(net), few);",
        }],
        run: random_encoder,
    },
];

fn options() -> Vec<OptionDoc> {
    let defaults = ResNetConfig::default();
    vec![
        OptionDoc::new(
            "width",
            "whole number from 1 to 1024",
            &defaults.width.to_string(),
            "channels of the first stage; the stages have width, 2, 4 and 8 times it",
        ),
        OptionDoc::new(
            "stem",
            "\"auto\", \"small\", \"strided\" or \"imagenet\"",
            "\"auto\"",
            "first layer: 3x3 at full resolution, 3x3 with stride 2, or 7x7 with stride 2 and max-pool; auto goes by image size",
        ),
        OptionDoc::new(
            "zero_init_residual",
            "true or false",
            "false",
            "start every residual branch at 0 (Goyal et al. 2017, arXiv 1706.02677)",
        ),
    ]
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NetOptions {
    width: usize,
    stem: Stem,
    zero_init_residual: bool,
}

impl Default for NetOptions {
    fn default() -> Self {
        let config = ResNetConfig::default();
        Self { width: config.width, stem: config.stem, zero_init_residual: config.zero_init_residual }
    }
}

fn resnet(call: &Call<'_>, arch: Arch) -> Result<Dynamic, CallError> {
    let NetOptions { width, stem, zero_init_residual } = call.options(0)?;
    let config = BackboneConfig::from(ResNetConfig { arch, width, stem, zero_init_residual });
    config.check()?;
    Ok(Dynamic::from(Network(config)))
}

fn vit_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new(
            "size",
            "\"tiny\", \"small\", \"base\" or \"large\"",
            "\"tiny\"",
            "192, 384, 768 or 1024 numbers a token; 12 blocks, 24 of the large one",
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
            "\"learned\" or \"sincos\"",
            "\"learned\"",
            "how patches know where they are: learned vectors, or sines and cosines",
        ),
        OptionDoc::new(
            "pool",
            "\"cls\" or \"mean\"",
            "\"cls\"",
            "the features: the class token, or the mean of the patches",
        ),
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
}

impl Default for VitOptions {
    fn default() -> Self {
        let VitConfig { size, registers, layer_scale, positions, pool, .. } = VitConfig::default();
        Self { size, patch: None, registers, layer_scale, positions, pool }
    }
}

fn vit(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let VitOptions { size, patch, registers, layer_scale, positions, pool } = call.options(0)?;
    let config = BackboneConfig::from(VitConfig { size, patch, grid: None, registers, layer_scale, positions, pool });
    config.check()?;
    Ok(Dynamic::from(Network(config)))
}

fn random_encoder(call: &Call<'_>) -> Result<Dynamic, CallError> {
    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Options {
        seed: Option<u64>,
    }
    let options: Options = call.options(1)?;
    let net: Network = call.value(0)?;
    Ok(Dynamic::from(Encoder::random(net, options.seed.unwrap_or_else(|| call.experiment().seed()))))
}
