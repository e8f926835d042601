//! Words that train little or nothing: probes on frozen features, and raw pixels.

use foretask_eval::{KnnOptions, SelfTrainOptions, SpreadOptions};
use foretask_experiment::Role;
use foretask_experiment::stages::{Knn, LinearProbe, PixelRegression, SelfTrain, SpreadLabels, pool_of};
use foretask_experiment::values::{Dataset, Encoder};
use foretask_train::{ClassWeights, ProbeOptions};
use rhai::Dynamic;

use super::neighbors::nearly_all;
use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::CallError;
use crate::options::OptionDoc;

const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };
const ENCODER: Param = Param { name: "encoder", kinds: &[Kind::Encoder], optional: false };
const FEW: Param = Param { name: "few", kinds: &[Kind::Dataset], optional: false };

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "linear_probe",
        theme: Theme::Probes,
        summary: "Logistic regression on the frozen features of an encoder, once per label draw",
        about: "The features are standardized and the regression is solved to convergence, so nothing but the features decides. The \
                encoder does not change.",
        use_when: "you ask how good the features are, or need a classifier within a second",
        not_when: "every point of accuracy counts: `finetune` adapts the features, too",
        signatures: &[Signature { on: None, params: &[ENCODER, FEW, OPTIONS], returns: Kind::Classifier }],
        options: probe_options,
        examples: &[Example {
            about: "how good are the features?",
            script: "let probe = linear_probe(encoder, few);\nprint(probe.evaluate(test).mean);",
        }],
        run: linear_probe,
    },
    Word {
        name: "knn",
        theme: Theme::Probes,
        summary: "Lets the nearest labeled images vote, by cosine similarity of frozen features",
        about: "A neighbor of similarity s votes with weight exp(s / temperature). Nothing is trained.",
        use_when: "you want to see the features themselves, without any fitting",
        not_when: "you want the best classifier: `finetune`",
        signatures: &[Signature { on: None, params: &[ENCODER, FEW, OPTIONS], returns: Kind::Classifier }],
        options: knn_options,
        examples: &[Example { about: "five neighbors", script: "let votes = knn(encoder, few, #{ k: 5 });" }],
        run: knn,
    },
    Word {
        name: "spread_labels",
        theme: Theme::Probes,
        summary: "Spreads the few labels over unlabeled images along nearest neighbors, and fits a probe to the confident part",
        about: "Frozen features of all images form a graph of nearest neighbors; the labels flow along it (Zhou et al. 2004). Where \
                hidden labels are better told so, what arrives is multiplied by what a probe of the labeled images says. Logistic \
                regression then learns from the images whose label came out most clearly, each with its shares of the classes. The \
                unlabeled images so help twice: they taught the encoder, and now they say where classes begin and end.",
        use_when: "there are few labels a class and thousands of unlabeled images of the same kind",
        not_when: "the unlabeled images hold other things than the classes",
        signatures: &[Signature {
            on: None,
            params: &[ENCODER, FEW, Param { name: "unlabeled", kinds: &[Kind::Dataset], optional: false }, OPTIONS],
            returns: Kind::Classifier,
        }],
        options: spread_options,
        examples: &[Example {
            about: "use the unlabeled images a second time",
            script: "let spread = spread_labels(encoder, few, data.unlabeled());\nprint(spread.evaluate(test).mean);",
        }],
        run: spread_labels,
    },
    Word {
        name: "self_train",
        theme: Theme::Probes,
        summary: "Spreads the few labels, lets the encoder learn from them and from its own answers, and spreads them again",
        about: "First as `spread_labels`. Then in each round the whole network learns from the unlabeled images: what a slowly moving copy \
                of it says of a hardly changed image, if it is sure, is what it is to say of a strongly changed one. On the better \
                features the labels are spread anew. Errors that the network is sure of feed themselves: with few and unlucky labels \
                a draw can lose, so look at every draw, and put `spread_labels` beside it.",
        use_when: "you want the best classifier for a few labels, and `spread_labels` already works",
        not_when: "the unlabeled images hold other things than the classes, or left and right matter (turn `flip` of `augment` \
                   and `mirror` of `spread` off)",
        signatures: &[Signature {
            on: None,
            params: &[
                Param { name: "start", kinds: &[Kind::Encoder, Kind::Classifier], optional: false },
                FEW,
                Param { name: "unlabeled", kinds: &[Kind::Dataset], optional: false },
                OPTIONS,
            ],
            returns: Kind::Classifier,
        }],
        options: self_train_options,
        examples: &[
            Example {
                about: "two rounds",
                script: "let own = self_train(encoder, few, data.unlabeled(), #{ rounds: 2 });\nprint(own.evaluate(test).mean);",
            },
            Example {
                about: "from a fine-tuned network, where classes are not alike often",
                script: "let tuned = finetune(encoder, few);\n\
                         let own = self_train(tuned, few, data.unlabeled(), #{ spread: #{ balanced: false } });",
            },
        ],
        run: self_train,
    },
    Word {
        name: "pixel_probe",
        theme: Theme::Probes,
        summary: "Logistic regression on raw pixels: the baseline that knows no network",
        about: "The penalty is chosen by cross-validation on the labeled images. `report` adds this baseline by itself.",
        use_when: "you want this baseline with other options than `report` takes",
        not_when: "images are large or hardly aligned: pixels say little then, and any network beats them",
        signatures: &[Signature { on: None, params: &[FEW, OPTIONS], returns: Kind::Classifier }],
        options: probe_options,
        examples: &[Example { about: "what pixels alone give", script: "let pixels = pixel_probe(few);" }],
        run: pixel_probe,
    },
];

fn probe_options() -> Vec<OptionDoc> {
    let defaults = ProbeOptions::default();
    vec![
        OptionDoc::new(
            "strength",
            "number from 0, or \"auto\"",
            "\"auto\"",
            "penalty on large weights; auto is 0.01 on features and found by cross-validation on pixels",
        ),
        OptionDoc::new(
            "tolerance",
            "number above 0",
            &defaults.tolerance.to_string(),
            "the search ends when no component of the gradient exceeds this; a strength far below 0.01 needs less: at 0.00017 and 1e-5 \
             probabilities are off by up to 0.04",
        ),
        OptionDoc::new(
            "max_iterations",
            "whole number from 1",
            &defaults.max_iterations.to_string(),
            "most iterations",
        ),
        OptionDoc::new("class_weights", "\"even\" or \"balanced\"", "\"even\"", ClassWeights::ABOUT),
        OptionDoc::new("folds", "whole number from 2", &defaults.folds.to_string(), "parts of the cross-validation"),
        OptionDoc::new("seed", "whole number", "the script's seed", "which images fall into which part"),
    ]
}

fn knn_options() -> Vec<OptionDoc> {
    let defaults = KnnOptions::default();
    vec![
        OptionDoc::new(
            "k",
            "whole number from 1",
            &defaults.k.to_string(),
            &format!("neighbors that vote; {}", nearly_all()),
        ),
        OptionDoc::new(
            "temperature",
            "number above 0",
            &defaults.temperature.to_string(),
            "lower gives the nearest ones more weight",
        ),
    ]
}

fn spread_options() -> Vec<OptionDoc> {
    let defaults = SpreadOptions::default();
    vec![
        OptionDoc::new(
            "neighbors",
            "whole number from 1",
            &defaults.neighbors.to_string(),
            "neighbors of each image in the graph",
        ),
        OptionDoc::new(
            "alpha",
            "number above 0, below 1",
            &defaults.alpha.to_string(),
            "share of an image's label that comes from its neighbors at each turn",
        ),
        OptionDoc::new(
            "iterations",
            "whole number from 1",
            &defaults.iterations.to_string(),
            "turns in which labels flow on",
        ),
        OptionDoc::new(
            "balanced",
            "true, false or \"auto\"",
            "\"auto\"",
            "whether classes are taken to be alike often, and spread labels evened out to that; auto looks whether they nearly are",
        ),
        OptionDoc::new(
            "probe",
            "true, false or \"auto\"",
            "\"auto\"",
            "hear a probe of the labeled images besides: its probabilities times what arrives along the neighbors; auto: if what \
             learns from it tells more of the labels that were hidden",
        ),
        OptionDoc::new(
            "mirror",
            "true or false",
            &defaults.mirror.to_string(),
            "compare images together with their mirror images; false where left and right matter",
        ),
        OptionDoc::new(
            "confident",
            "number above 0, at most 1",
            &defaults.confident.to_string(),
            "share of the images, the most confident ones, that the probe learns from",
        ),
        OptionDoc::new(
            "strength",
            "number from 0",
            &defaults.strength.to_string(),
            "the probe's penalty on large weights",
        ),
        OptionDoc::new(
            "most",
            "whole number from 2",
            &defaults.most.to_string(),
            &format!("most unlabeled images taken, evenly chosen; {}", nearly_all()),
        ),
    ]
}

fn self_train_options() -> Vec<OptionDoc> {
    let defaults = SelfTrainOptions::default();
    let option = |name: &str, kind: &str, default: &dyn std::fmt::Display, about: &str| {
        OptionDoc::new(name, kind, &default.to_string(), about)
    };
    vec![
        option("rounds", "whole number from 1", &defaults.rounds, "rounds of training and spreading"),
        option("steps", "whole number from 1", &defaults.steps, "updates of the weights a round"),
        option(
            "batch_size",
            "whole number from 2",
            &defaults.batch_size,
            "unlabeled images a step, beside 32 labeled ones",
        ),
        option("lr", "number above 0", &defaults.lr, "peak learning rate"),
        option("weight_decay", "number from 0", &defaults.weight_decay, "pull towards 0; never on biases and norms"),
        option("momentum", "number from 0 to below 1", &defaults.momentum, "how slowly the teacher follows"),
        option("temperature", "number above 0", &defaults.temperature, "below 1 the teacher's answers are sharpened"),
        option(
            "threshold",
            "number from 0 to 1, \"flexmatch\", \"freematch\" or \"softmatch\"",
            &defaults.threshold,
            "an image is learned from where the teacher gives its likeliest class this share. flexmatch: less for classes that it is seldom \
             sure of; freematch: what it gives on average, less for classes that it seldom answers; softmatch: no threshold, an image counts \
             less, the less sure the teacher is",
        ),
        option(
            "augment",
            "\"none\", \"weak\", \"strong\" or an object map",
            &"\"strong\"",
            "what the student sees; the teacher sees \"weak\"",
        ),
        option("erase", "number from 0 to 1", &defaults.erase, "probability that a square of it is blanked"),
        option("spread", "object map", &"#{}", "options of `spread_labels`, for before and after each round"),
        option(
            "calibrate",
            "true or false",
            &defaults.calibrate,
            "train once more without a third of the labels, so that probabilities mean what they say; false halves the time",
        ),
        option("seed", "whole number", &"the script's seed", "order and every random choice"),
    ]
}

fn self_train(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let mut options: SelfTrainOptions = call.options(3)?;
    if !call.map(3).contains_key("seed") {
        options.seed = call.experiment().seed();
    }
    options.check()?;
    let (few, unlabeled): (Dataset, Dataset) = (call.value(1)?, call.value(2)?);
    let given =
        call.map(3).get("spread").and_then(|spread| spread.as_map_ref().ok().map(|map| map.contains_key("neighbors")));
    if given != Some(true) {
        fit_neighbors(call, &mut options.spread, &unlabeled)?;
    }
    let start = call.self_start()?;
    Ok(Dynamic::from(SelfTrain { start, few, unlabeled, options }.run(call.experiment())?))
}

fn spread_labels(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let mut options: SpreadOptions = call.options(3)?;
    options.check()?;
    let (encoder, few, unlabeled): (Encoder, Dataset, Dataset) = (call.value(0)?, call.value(1)?, call.value(2)?);
    if !call.map(3).contains_key("neighbors") {
        fit_neighbors(call, &mut options, &unlabeled)?;
    }
    Ok(Dynamic::from(SpreadLabels { encoder, few, unlabeled, options }.run(call.experiment())?))
}

/// A default that is more than there is comes down to what there is, and it is said; a number that the user wrote does not.
fn fitted(call: &Call<'_>, (name, default): (&str, usize), most: usize, of: &str) -> usize {
    if default <= most || most == 0 {
        return default;
    }
    call.experiment()
        .note(format!("`{name}` of `{}` is {most} instead of {default}: there are no more {of}", call.word.name));
    most
}

/// Every image has one neighbor less than there are images.
fn fit_neighbors(call: &Call<'_>, options: &mut SpreadOptions, unlabeled: &Dataset) -> Result<(), CallError> {
    let images = unlabeled.single(call.word.name, Role::Unlabeled)?.samples()?.len().min(options.most);
    options.neighbors = fitted(call, ("neighbors", options.neighbors), images.saturating_sub(1), "others to be near");
    Ok(())
}

fn probe_settings(call: &Call<'_>, index: usize) -> Result<ProbeOptions, CallError> {
    let mut options: ProbeOptions = call.options(index)?;
    if !call.map(index).contains_key("seed") {
        options.seed = call.experiment().seed();
    }
    options.validate()?;
    Ok(options)
}

fn linear_probe(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options = probe_settings(call, 2)?;
    let (encoder, few): (Encoder, Dataset) = (call.value(0)?, call.value(1)?);
    let pool = pool_of(&encoder);
    Ok(Dynamic::from(LinearProbe { encoder, few, pool, options }.run(call.experiment())?))
}

fn knn(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let mut options: KnnOptions = call.options(2)?;
    options.check()?;
    let (encoder, few): (Encoder, Dataset) = (call.value(0)?, call.value(1)?);
    if !call.map(2).contains_key("k") {
        let mut fewest = options.k;
        for view in few.views.iter() {
            fewest = fewest.min(view.samples()?.len());
        }
        options.k = fitted(call, ("k", options.k), fewest, "labeled images");
    }
    Ok(Dynamic::from(Knn { encoder, few, options }.run(call.experiment())?))
}

fn pixel_probe(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options = probe_settings(call, 1)?;
    let few: Dataset = call.value(0)?;
    Ok(Dynamic::from(PixelRegression { few, options }.run(call.experiment())?))
}
