//! Words that plan networks.

use foretask_experiment::values::{Encoder, Network};
use foretask_models::{Arch, BackboneConfig, ResNetConfig, Stem};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::CallError;
use crate::options::OptionDoc;

pub(super) const NET: &[Signature] = &[Signature {
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
        name: "resnet101",
        theme: Theme::Models,
        summary: "A residual network of bottleneck blocks, 3, 4, 23, 3",
        about: "He et al. 2015, arXiv 1512.03385.",
        use_when: "there is a GPU and much data, or you load published weights",
        not_when: "on a CPU: `resnet10` or `resnet18`",
        signatures: NET,
        options,
        examples: &[Example { about: "torchvision's", script: "let net = resnet101(#{ stem: \"imagenet\" });" }],
        run: |call| resnet(call, Arch::ResNet101),
    },
    Word {
        name: "resnet152",
        theme: Theme::Models,
        summary: "A residual network of bottleneck blocks, 3, 8, 36, 3",
        about: "He et al. 2015, arXiv 1512.03385.",
        use_when: "there is a GPU and much data, or you load published weights",
        not_when: "on a CPU: `resnet10` or `resnet18`",
        signatures: NET,
        options,
        examples: &[Example { about: "torchvision's", script: "let net = resnet152(#{ stem: \"imagenet\" });" }],
        run: |call| resnet(call, Arch::ResNet152),
    },
    Word {
        name: "wide_resnet50_2",
        theme: Theme::Models,
        summary: "`resnet50` with bottlenecks twice as wide",
        about: "Zagoruyko and Komodakis 2016, arXiv 1605.07146, as torchvision has it.",
        use_when: "there is a GPU and much data, or you load published weights",
        not_when: "on a CPU: `resnet10` or `resnet18`",
        signatures: NET,
        options,
        examples: &[Example { about: "torchvision's", script: "let net = wide_resnet50_2(#{ stem: \"imagenet\" });" }],
        run: |call| resnet(call, Arch::WideResNet50),
    },
    Word {
        name: "wide_resnet101_2",
        theme: Theme::Models,
        summary: "`resnet101` with bottlenecks twice as wide",
        about: "Zagoruyko and Komodakis 2016, arXiv 1605.07146, as torchvision has it.",
        use_when: "there is a GPU and much data, or you load published weights",
        not_when: "on a CPU: `resnet10` or `resnet18`",
        signatures: NET,
        options,
        examples: &[Example { about: "torchvision's", script: "let net = wide_resnet101_2(#{ stem: \"imagenet\" });" }],
        run: |call| resnet(call, Arch::WideResNet101),
    },
    Word {
        name: "resnet50d",
        theme: Theme::Models,
        summary: "`resnet50` with a stem of three convolutions and shortcuts that leave no pixel out",
        about: "He et al. 2018, arXiv 1812.01187, as timm has it.",
        use_when: "you load timm's weights of it, or have a GPU: a little better than `resnet50` at the same cost",
        not_when: "on a CPU: `resnet10` or `resnet18`",
        signatures: NET,
        options,
        examples: &[Example { about: "timm's", script: "let net = resnet50d(#{ stem: \"imagenet\" });" }],
        run: |call| resnet(call, Arch::ResNet50d),
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
