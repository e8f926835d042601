//! Words that plan networks and load weights.

use foretask_experiment::values::{Encoder, Net};
use foretask_models::{Arch, BackboneConfig, Fit, ForeignOptions, ModelError, Stem, load_weights};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{Fault, Locus};
use crate::options::OptionDoc;

const NET: &[Signature] = &[Signature {
    on: None,
    params: &[Param { name: "options", kinds: &[Kind::Options], optional: true }],
    returns: Kind::Net,
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
        name: "load_encoder",
        theme: Theme::Models,
        summary: "An encoder from a file: one saved by `.save`, or torchvision weights (.safetensors, .pth)",
        about: "A file of ours carries its architecture, input size and normalisation. Weights from elsewhere are recognised by their \
                names and shapes; what they do not say (input size, normalisation) is ImageNet's unless given.",
        use_when: "an encoder was trained earlier or elsewhere",
        not_when: "the same script trains it: `pretrain` remembers what it did and loads it at once",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "path", kinds: &[Kind::Text], optional: false },
                Param { name: "options", kinds: &[Kind::Options], optional: true },
            ],
            returns: Kind::Encoder,
        }],
        options: load_options,
        examples: &[Example {
            about: "probe an encoder of an earlier run",
            script: "let encoder = load_encoder(\"encoder.safetensors\");\nlet probe = linear_probe(encoder, few);",
        }],
        run: load_encoder,
    },
    Word {
        name: "random_encoder",
        theme: Theme::Models,
        summary: "A frozen encoder that was never trained: the yardstick for frozen features",
        about: "Random features are no bad features: on simple images they beat guessing by far. What pretraining is worth is what \
                comes on top of them. `report` adds this baseline by itself.",
        use_when: "you want this yardstick with other options than `report` takes",
        not_when: "you want a network that learns: `finetune(net, few)`",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "net", kinds: &[Kind::Net], optional: false },
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
    let defaults = BackboneConfig::default();
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
        let config = BackboneConfig::default();
        Self { width: config.width, stem: config.stem, zero_init_residual: config.zero_init_residual }
    }
}

fn resnet(call: &Call<'_>, arch: Arch) -> Result<Dynamic, Fault> {
    let NetOptions { width, stem, zero_init_residual } = call.options(0)?;
    let config = BackboneConfig { arch, width, stem, zero_init_residual };
    config.check()?;
    Ok(Dynamic::from(Net(config)))
}

fn load_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new(
            "image_size",
            "whole number",
            "the file's, else 224 or 32 by its stem",
            "side of the network's input in pixels",
        ),
        OptionDoc::new(
            "mean",
            "array of numbers, one a channel",
            "the file's, else ImageNet's",
            "normalization on 0 to 1",
        ),
        OptionDoc::new(
            "std",
            "array of numbers, one a channel",
            "the file's, else ImageNet's",
            "normalization on 0 to 1",
        ),
        OptionDoc::new(
            "stem",
            "\"small\" or \"strided\"",
            "\"small\"",
            "only weights from elsewhere whose first layer is 3x3",
        ),
        OptionDoc::new(
            "prefix",
            "text",
            "found by itself",
            "only weights from elsewhere: the part of the file to take",
        ),
        OptionDoc::new(
            "fit",
            "\"crop\", \"pad\" or \"stretch\"",
            "the file's, else \"crop\"",
            "images of another shape: cut out their middle, fill up with mean color, or change their proportions",
        ),
    ]
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LoadEncoderOptions {
    image_size: Option<usize>,
    mean: Option<Vec<f32>>,
    std: Option<Vec<f32>>,
    stem: Option<Stem>,
    prefix: Option<String>,
    fit: Option<Fit>,
}

fn load_encoder(call: &Call<'_>) -> Result<Dynamic, Fault> {
    let options: LoadEncoderOptions = call.options(1)?;
    let text = call.text(0)?;
    if let Some(planned) = call.host.will_have_saved(std::path::Path::new(&text)) {
        return Ok(Dynamic::from(planned));
    }
    let path = call.host.find(&text);
    let foreign = ForeignOptions { prefix: options.prefix.clone(), stem: options.stem, input: None };
    let loaded = load_weights(&path, &foreign).map_err(|error| {
        let missing =
            matches!(&error, ModelError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound);
        let fault = call.refused(error, 1);
        let fault = if fault.at == Locus::Word { fault.argument(0) } else { fault };
        if missing { fault.label("no such file").help(WHERE_WEIGHTS_ARE) } else { fault }
    })?;
    for note in loaded.notes {
        call.experiment().note(format!("{}: {note}", path.display()));
    }
    let mut encoder = loaded.encoder;
    let hash = content_hash(&path).map_err(|error| call.refused(error, 1).argument(0))?;
    if !encoder.seen.is_complete() {
        call.experiment().note(format!(
            "{}: the file does not say which images taught it; if images you measure on are among them, nobody can tell",
            path.display()
        ));
    }
    if let Some(side) = options.image_size {
        encoder.config.resolve(side, side)?;
        (encoder.input.height, encoder.input.width) = (side, side);
    }
    for (name, given, own) in
        [("mean", &options.mean, &mut encoder.input.mean), ("std", &options.std, &mut encoder.input.std)]
    {
        if let Some(values) = given {
            if values.len() != own.len() {
                return Err(Fault::input(format!(
                    "`{name}` needs {} numbers, one a channel, not {}",
                    own.len(),
                    values.len()
                ))
                .at(Locus::Value(1, vec![name.into()])));
            }
            own.clone_from(values);
        }
    }
    if let Some(fit) = options.fit {
        encoder.input.fit = fit;
    }
    encoder.input.check().map_err(|error| call.refused(error, 1))?;
    let identity = serde_json::json!({ "file": hash, "input": encoder.input, "config": encoder.config });
    Ok(Dynamic::from(Encoder::from_file(&path, identity, encoder)))
}

const WHERE_WEIGHTS_ARE: &str =
    "`.save(\"name.safetensors\")` of an encoder writes one; every run keeps its encoders in its weights/ folder";

/// Tells files with other bytes apart.
fn content_hash(path: &std::path::Path) -> Result<String, ModelError> {
    let mut hash = blake3::Hasher::new();
    let read = foretask_files::open(path).and_then(|file| hash.update_reader(file).map(|_| ()));
    read.map_err(|source| ModelError::File { action: "read", path: path.into(), source })?;
    Ok(hash.finalize().to_hex()[..32].to_owned())
}

fn random_encoder(call: &Call<'_>) -> Result<Dynamic, Fault> {
    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Options {
        seed: Option<u64>,
    }
    let options: Options = call.options(1)?;
    let net: Net = call.value(0)?;
    Ok(Dynamic::from(Encoder::random(net, options.seed.unwrap_or_else(|| call.experiment().seed()))))
}
