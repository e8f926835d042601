//! The two words that train networks.

use foretask_experiment::stages::{Finetune, Pretrain};
use foretask_experiment::values::{Dataset, Task};
use foretask_train::{FinetuneOptions, PretrainOptions, check_precision};
use rhai::Dynamic;

use super::{Call, Example, Kind, Param, Signature, Theme, Word, online};
use crate::errors::CallError;
use crate::options::OptionDoc;

const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "pretrain",
        theme: Theme::Training,
        summary: "Learns features from images without labels, by a pretext task",
        about: "Give one length: `epochs`, `steps`, or a time `budget` (\"2m\"), which a short calibration turns into a fixed number of \
                steps. Run the script again and a finished pretraining is loaded at once, an interrupted one goes on where it stopped, to the \
                bit. Starting from an encoder goes on training it; the value you start from does not change. Trained weights \
                go on slowly (a tenth of the usual `lr`, transformers with `layer_decay`), after new heads have warmed up on them while they \
                are frozen; with `online: few` they are held against what they were at first: an encoder that gets worse is stopped, and \
                the better of the two kept (`guard`).",
        use_when: "there are many images, and labels for only a few of them",
        not_when: "there are plenty of labels: `finetune(net, …)` alone may do",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "start", kinds: &[Kind::Network, Kind::Encoder], optional: false },
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
                about: "go on from weights that know something, and keep what is better",
                script: "let on = pretrain(encoder, simclr(), data.unlabeled(), #{ steps: 20, online: few });\nprint(on.kept_reason);",
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
        about: "From an encoder: a linear probe first, then the whole network from there; of a transformer the blocks near the pixels learn \
                slowest. What comes of it is held against the probe on labeled images left out in turn, and the probe is kept where \
                training did not help. Where neither does better than raw pixels the same network is tried from scratch on the same \
                images, and taken if it is better: a bad encoder does no harm. `check` says how many trainings that takes; \
                `guard: false` spares them, and shows what an encoder is worth, harm included. From a net: random weights, trained until \
                the training loss has come to rest, since a network stopped early makes any pretraining look good.",
        use_when: "you want the best classifier for the labels you have",
        not_when: "you want to judge features as they are: `linear_probe`, `knn`",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "start", kinds: &[Kind::Encoder, Kind::Network], optional: false },
                Param { name: "few", kinds: &[Kind::Dataset], optional: false },
                OPTIONS,
            ],
            returns: Kind::Classifier,
        }],
        options: finetune_options,
        examples: &[
            Example { about: "from what pretraining made", script: "let ours = finetune(encoder, few);" },
            Example { about: "from nothing, for comparison", script: "let scratch = finetune(net, few);" },
            Example {
                about: "to compare encoders, harm included",
                script: "let ours = finetune(encoder, few, #{ guard: false });",
            },
        ],
        run: finetune,
    },
];

fn pretrain(call: &Call<'_>) -> Result<Dynamic, CallError> {
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

fn finetune(call: &Call<'_>) -> Result<Dynamic, CallError> {
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

fn pretrain_options() -> Vec<OptionDoc> {
    let mut options = OptionDoc::all(PretrainOptions::INFO);
    options.push(online::doc());
    options
}

fn finetune_options() -> Vec<OptionDoc> {
    OptionDoc::all(FinetuneOptions::INFO)
}
