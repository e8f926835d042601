//! The two words that train networks.

use foretask_experiment::stages::{Finetune, Pretrain};
use foretask_experiment::values::{Dataset, Task};
use foretask_train::{FinetuneOptions, PretrainOptions, check_precision};
use rhai::Dynamic;

use super::{Call, Example, Kind, Param, Signature, Theme, Word, online};
use crate::errors::Fault;
use crate::options::OptionDoc;

const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "pretrain",
        theme: Theme::Training,
        summary: "Learns features from images without labels, by a pretext task",
        about: "Give one length: `epochs`, `steps`, or a time `budget` (\"2m\"), which a short calibration turns into a fixed number of \
                steps. Run the script again and a finished pretraining is loaded at once, an interrupted one goes on where it stopped, to the \
                bit. Starting from an encoder goes on training it; the value you start from does not change.",
        use_when: "there are many images, and labels for only a few of them",
        not_when: "there are plenty of labels: `finetune(net, …)` alone may do",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "start", kinds: &[Kind::Net, Kind::Encoder], optional: false },
                Param { name: "task", kinds: &[Kind::Task], optional: false },
                Param { name: "images", kinds: &[Kind::Dataset], optional: false },
                OPTIONS,
            ],
            returns: Kind::Pretrained,
        }],
        options: pretrain_options,
        examples: &[
            Example {
                about: "two minutes of it",
                script: "let pre = pretrain(net, simclr(), data.unlabeled(), #{ budget: \"2m\" });\nlet encoder = pre.encoder;",
            },
            Example {
                about: "one task after the other",
                script: "let first = pretrain(net, rotation(), data.unlabeled(), #{ epochs: 5 });\n\
                         let second = pretrain(first.encoder, simclr(), data.unlabeled(), #{ epochs: 20, lr: 0.001 });",
            },
            Example {
                about: "watch how well the few labels can be told, while it learns without them",
                script: "let pre = pretrain(net, rotation(), data.unlabeled(), #{ steps: 2, online: #{ data: few, k: 5 } });",
            },
        ],
        run: pretrain,
    },
    Word {
        name: "finetune",
        theme: Theme::Training,
        summary: "Trains a classifier on few labels, once per label draw: from an encoder, or from scratch",
        about: "From an encoder: a linear probe first, then the whole network from there. From a net: random weights, trained until the \
                training loss has come to rest, since a network stopped early makes any pretraining look good.",
        use_when: "you want the best classifier for the labels you have",
        not_when: "you want to judge features as they are: `linear_probe`, `knn`",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "start", kinds: &[Kind::Encoder, Kind::Net], optional: false },
                Param { name: "few", kinds: &[Kind::Dataset], optional: false },
                OPTIONS,
            ],
            returns: Kind::Classifier,
        }],
        options: finetune_options,
        examples: &[
            Example { about: "from what pretraining made", script: "let ours = finetune(encoder, few);" },
            Example { about: "from nothing, for comparison", script: "let scratch = finetune(net, few);" },
        ],
        run: finetune,
    },
];

fn pretrain(call: &Call<'_>) -> Result<Dynamic, Fault> {
    let online = online::read(call, 3)?;
    let mut options: PretrainOptions = call.options_but(3, &[online::ONLINE])?;
    if !call.map(3).contains_key("seed") {
        options.seed = call.experiment().seed();
    }
    options.validate()?;
    check_precision(&call.experiment().device()?, options.precision)?;
    let (task, data): (Task, Dataset) = (call.value(1)?, call.value(2)?);
    let start = call.start()?;
    Ok(Dynamic::from(Pretrain { start, task, images: data, options, online }.run(call.experiment())?))
}

fn finetune(call: &Call<'_>) -> Result<Dynamic, Fault> {
    let mut options: FinetuneOptions = call.options(2)?;
    if !call.map(2).contains_key("seed") {
        options.seed = call.experiment().seed();
    }
    options.validate()?;
    check_precision(&call.experiment().device()?, options.precision)?;
    let few: Dataset = call.value(1)?;
    let start = call.start()?;
    Ok(Dynamic::from(Finetune { start, few, options }.run(call.experiment())?))
}

const PRECISION: &str =
    "what the network computes in: bf16 is faster on libtorch with AVX512-BF16 or a GPU (see `foretask doctor`)";

fn pretrain_options() -> Vec<OptionDoc> {
    let defaults = serde_json::to_value(PretrainOptions::default()).unwrap_or_default();
    let option = |name: &str, kind: &str, about: &str| {
        let default = defaults.get(name).map_or_else(|| "\"auto\"".to_owned(), ToString::to_string);
        OptionDoc::new(name, kind, &default, about)
    };
    vec![
        OptionDoc::new("epochs", "number above 0", "-", "length: passes over the images"),
        OptionDoc::new("steps", "whole number from 1", "-", "length: updates of the weights"),
        OptionDoc::new(
            "budget",
            "time: \"90s\", \"2m\", \"1h30m\"",
            "\"2m\" if no length is given",
            "length: turned into a fixed number of steps by calibration",
        ),
        option("batch_size", "whole number from 1, or \"auto\"", "images in a step"),
        option("optimizer", "\"adamw\", \"sgd\" or \"lars\"", "how weights follow the gradient"),
        option("lr", "number above 0, or \"auto\"", "peak learning rate"),
        option(
            "lr_scaling",
            "\"none\", \"linear\" or \"sqrt\"",
            "how a given `lr` is meant: as it is, or for a batch of 256 and scaled to this one",
        ),
        option("weight_decay", "number from 0 to 1, or \"auto\"", "pull towards 0; never on biases and norms"),
        option("momentum", "number from 0 to below 1", "sgd and lars only"),
        option("nesterov", "true or false", "sgd and lars only: Nesterov's form of momentum"),
        option("trust", "number above 0", "lars only: step length as a share of each weight's own"),
        option("betas", "[number, number]", "adamw only: decay rates of its two means"),
        option("warmup", "share of the steps, 0 to 0.9", "the learning rate rises during these first steps"),
        option("schedule", "\"cosine\" or \"constant\"", "what the learning rate does after that"),
        option("clip_norm", "number from 0", "bound of the global gradient norm; 0 for none"),
        option("accumulate", "whole number from 1", "batches whose gradients are averaged for one step"),
        OptionDoc::new("precision", "\"f32\" or \"bf16\"", "\"f32\"", PRECISION),
        OptionDoc::new(
            "augment_on",
            "\"auto\", \"host\" or \"device\"",
            "\"auto\"",
            "where views are made: on a GPU, or by the loader's threads; the same views up to rounding",
        ),
        OptionDoc::new(
            "seed",
            "whole number",
            "the script's seed",
            "decides first weights, order and every random choice",
        ),
        option("on_collapse", "\"stop\" or \"warn\"", "when the features become the same for every image"),
        option("image_size", "pixels, or \"auto\"", "side of the square that images are brought to"),
        OptionDoc::new(
            "online",
            "labelled images, or an object map with them as `data`",
            "-",
            "shows in every health line how well their classes can be told by the features so far: each by the others, by \
             nearest neighbors (`knn`, `k`: 20) and by a cross-validated linear probe (`probe`), on at most `most`: \
             1000 of them. Their labels never reach the encoder, whose weights come out the same to the bit. Takes time \
             beside a `budget`",
        ),
    ]
}

fn finetune_options() -> Vec<OptionDoc> {
    let defaults = serde_json::to_value(FinetuneOptions::default()).unwrap_or_default();
    let option = |name: &str, kind: &str, about: &str| {
        let default = defaults.get(name).map_or_else(|| "\"auto\"".to_owned(), ToString::to_string);
        OptionDoc::new(name, kind, &default, about)
    };
    vec![
        option("steps", "whole number from 1, or \"auto\"", "updates of the weights; auto grows with the labels"),
        OptionDoc::new("epochs", "number above 0", "-", "passes over the labelled images, instead of `steps`"),
        option("batch_size", "whole number from 2, or \"auto\"", "images in a step"),
        option("lr", "number above 0, or \"auto\"", "peak learning rate of AdamW"),
        option("weight_decay", "number from 0 to 10, or \"auto\"", "pull towards 0; never on biases and norms"),
        option(
            "label_smoothing",
            "number from 0 to below 1, or \"auto\"",
            "share of the target spread over all classes",
        ),
        option("augment", "name of a preset, object map, or \"auto\"", "how labelled images are varied"),
        option("head", "\"probe\", \"fresh\" or \"auto\"", "what the classifier on top starts from"),
        option("keep", "\"auto\", \"probe\" or \"finetuned\"", "with very few labels the probe alone is often better"),
        option("strength", "number from 0, or \"auto\"", "penalty of the probe"),
        option("freeze", "array of parts: \"layer1\", \"backbone\"", "parts of the encoder that stay as they are"),
        option(
            "converge",
            "true, false or \"auto\"",
            "go on until the labelled images are fitted; auto: from scratch yes",
        ),
        option(
            "calibrate",
            "true, false or \"auto\"",
            "fit the temperature of the probabilities to labels left out in turn; auto: from an encoder yes",
        ),
        option("warmup", "share of the steps, 0 to 0.9", "the learning rate rises during these first steps"),
        option("clip_norm", "number from 0", "bound of the global gradient norm; 0 for none"),
        OptionDoc::new("precision", "\"f32\" or \"bf16\"", "\"f32\"", PRECISION),
        OptionDoc::new(
            "seed",
            "whole number",
            "the script's seed",
            "decides first weights, order and every random choice",
        ),
        option("image_size", "pixels, or \"auto\"", "side of the square that images are brought to; from scratch only"),
    ]
}
