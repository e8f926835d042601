//! `label_curve` and `compare`: how many labels, and which result is better.

use foretask_experiment::stages::{CurveMethod, CurveOptions, LabelCurves, short_name};
use foretask_experiment::values::{Dataset, Encoder, Evaluation, Network, Pretrained, Start};
use foretask_experiment::{Role, report};
use rhai::{Array, Dynamic, Map};
use serde::{Deserialize, Serialize};

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::{CallError, Span};
use crate::options::OptionDoc;

const OPTIONS: Param = Param { name: "options", kinds: &[Kind::Options], optional: true };
const ENCODERS: Param = Param {
    name: "encoders",
    kinds: &[Kind::Encoder, Kind::Pretrained, Kind::Network, Kind::Map, Kind::Array],
    optional: false,
};

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "label_curve",
        theme: Theme::Evaluation,
        summary: "Accuracy against labels a class, for encoders and for scratch: how many labels are needed, what pretraining saves",
        about: "Give one encoder (or net, or what `pretrain` gave), several by name `#{ simclr: a.encoder, rotation: b.encoder }`, or an \
                array. Labels are drawn from the split \"train\" of `data` and everything is measured on its split \"test\"; with other \
                names, or two datasets, give both: `label_curve(encoder, labeled, test)`. For each number of labels the same draws \
                go to every encoder by every method, to the same network from scratch (trained to convergence, as `finetune(net, few)`) and \
                to raw pixels. \"all\" is every label there is, and one draw. Every point is a stage of its own: it is shared with \
                `linear_probe`, `knn`, `finetune(net, …)` and `finetune(encoder, few, #{ calibrate: false, guard: false })` on the same images, an \
                interrupted curve goes on, and a further number of labels costs only itself. The verdict says where pretraining helped (95 % interval of the difference over draws above 0) and \
                how many labels of scratch that is worth, read off scratch's curve on the logarithm of labels. Print it for a \
                table, or put it into `report` for a plot.",
        use_when: "you ask how many images to label, or what pretraining saves",
        not_when: "one number of labels is all there is: `finetune(…).evaluate(test)` and `report`",
        signatures: &[
            Signature {
                on: None,
                params: &[ENCODERS, Param { name: "data", kinds: &[Kind::Dataset], optional: false }, OPTIONS],
                returns: Kind::LabelCurve,
            },
            Signature {
                on: None,
                params: &[
                    ENCODERS,
                    Param { name: "labeled", kinds: &[Kind::Dataset], optional: false },
                    Param { name: "test", kinds: &[Kind::Dataset], optional: false },
                    OPTIONS,
                ],
                returns: Kind::LabelCurve,
            },
        ],
        options: curve_options,
        examples: &[
            Example {
                about: "one encoder, by fine-tuning alone",
                script: "let curve = label_curve(encoder, data, #{ labels: [1, 5, 10, \"all\"], methods: [\"finetune\"] });\n\
                         print(curve);\nreport(\"labels\", #{ curve: curve });",
            },
            Example {
                about: "two encoders on parts of your own, and a number out of it",
                script: "let known = data.split(\"train\").labeled();\n\
                         let curve = label_curve(#{ ours: encoder, untrained: random_encoder(net) }, known, test, #{ labels: [2, 8] });\n\
                         for point in curve.points { print(`${point.name} ${point.labels} ${point.mean}`); }",
            },
        ],
        run: label_curve,
    },
    Word {
        name: "compare",
        theme: Theme::Evaluation,
        summary: "Compares results draw by draw: the difference with its interval, never just two bare numbers",
        about: "Takes an object map of evaluations by name. Each is compared with the baseline: the network from scratch if there is one, or \
                else the first by name, or the one that `baseline` names. The same label draws stand on both sides, so the luck of the \
                draw cancels, and the 95 % interval (Student's t) is that of the mean difference. Chance level and majority class \
                stand below. Results on other images, or from other label draws, are refused.",
        use_when: "you want to know whether one result is really better than another",
        not_when: "you want the whole page, with baselines added: `report`",
        signatures: &[Signature {
            on: None,
            params: &[Param { name: "results", kinds: &[Kind::Map], optional: false }, OPTIONS],
            returns: Kind::Comparison,
        }],
        options: || {
            vec![OptionDoc::new(
                "baseline",
                "text: a name among the results",
                "scratch, else the first",
                "the result that the others are compared with",
            )]
        },
        examples: &[Example {
            about: "are the features better than pixels?",
            script: "let probe = linear_probe(encoder, few).evaluate(test);\n\
                     print(compare(#{ probe: probe, pixels: pixel_probe(few).evaluate(test) }, #{ baseline: \"pixels\" }));",
        }],
        run: compare,
    },
];

fn curve_options() -> Vec<OptionDoc> {
    vec![
        OptionDoc::new(
            "labels",
            "array of whole numbers from 1, ascending, and \"all\"",
            "[1, 5, 10, 50, 100, \"all\"], as far as there are so many",
            "labels a class",
        ),
        OptionDoc::new(
            "seeds",
            "whole number from 1 to 100",
            "3",
            "label draws of each number, with seeds seed, seed + 1, …",
        ),
        OptionDoc::new("seed", "whole number", "the script's seed", "seed of the first draw"),
        OptionDoc::new(
            "methods",
            "array of \"finetune\", \"linear\", \"knn\"",
            "[\"finetune\", \"linear\", \"knn\"]",
            "how each encoder is judged; the verdict is about the first",
        ),
        OptionDoc::new(
            "yardsticks",
            "array of \"scratch\", \"pixels\", \"random\"",
            "[\"scratch\", \"pixels\"]",
            "what stands beside the encoders; random is a linear probe of the network before any training",
        ),
        OptionDoc::new(
            "finetune",
            "object map",
            "#{ calibrate: false }",
            "options of `finetune` for encoders; nothing is calibrated or guarded unless asked for",
        ),
        OptionDoc::new("scratch", "object map", "#{}", "options of `finetune` for the network from scratch"),
        OptionDoc::new("linear", "object map", "#{}", "options of `linear_probe` and `pixel_probe`"),
        OptionDoc::new("knn", "object map", "#{}", "options of `knn`; with fewer labels than k all of them vote"),
    ]
}

fn label_curve(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let data: Dataset = call.value(1)?;
    let given = call.maybe::<Dataset>(2);
    let argument = if given.is_some() { 3 } else { 2 };
    let options = settings(call, argument)?;
    let (labeled, test) = match given {
        Some(test) => (data, test),
        None => splits(&data)?,
    };
    let starts = starts(call)?;
    let headline = match options.methods.first() {
        Some(CurveMethod::Linear) => "linear",
        Some(CurveMethod::Knn) => "knn",
        Some(CurveMethod::Finetune) | None => "finetune",
    };
    let (asked, curves) = LabelCurves { starts, labeled, test, options }.run(call.experiment())?;
    Ok(Dynamic::from(report::label_curve(&asked, curves, headline)?))
}

/// The options; parts of the word that draw at random take the script's seed unless they bring one.
fn settings(call: &Call<'_>, argument: usize) -> Result<CurveOptions, CallError> {
    let mut options: CurveOptions = call.options(argument)?;
    let written = call.map(argument);
    let seeded = |part: &str| {
        written.get(part).and_then(|part| part.as_map_ref().ok().map(|map| map.contains_key("seed"))).unwrap_or(false)
    };
    let seed = call.experiment().seed();
    for (part, own) in [
        ("finetune", &mut options.finetune.seed),
        ("scratch", &mut options.scratch.seed),
        ("linear", &mut options.linear.seed),
    ] {
        if !seeded(part) {
            *own = seed;
        }
    }
    // A curve is about answers, not about how sure they are; calibration would train further networks at every point.
    options.finetune.calibrate.get_or_insert(false);
    // And it compares: what an encoder costs where it harms must be seen.
    let nested = written.get("finetune").and_then(|part| part.as_map_ref().ok().map(|map| map.contains_key("guard")));
    options.finetune.guard &= nested == Some(true);
    let within = |part: &str, fault: CallError| {
        let path = [Some(part.to_owned()), fault.option.clone()].into_iter().flatten().collect();
        fault.at(Span::Value(argument, path))
    };
    options.finetune.validate().map_err(|error| within("finetune", error.into()))?;
    options.scratch.validate().map_err(|error| within("scratch", error.into()))?;
    options.linear.validate().map_err(|error| within("linear", error.into()))?;
    options.knn.check().map_err(|error| within("knn", error.into()))?;
    Ok(options)
}

/// The usual splits of a whole dataset.
fn splits(data: &Dataset) -> Result<(Dataset, Dataset), CallError> {
    data.single("label_curve", Role::Few)?;
    let split = |name: &str| {
        data.map(|manifest| manifest.split(name)).map_err(|error| {
            let fault = CallError::from(error).argument(1);
            CallError {
                message: format!("`label_curve` looks for the splits \"train\" and \"test\": {}", fault.message),
                ..fault
            }
            .help("give both parts: `label_curve(encoder, labeled, test)`")
        })
    };
    let (labeled, test) = (split("train")?, split("test")?);
    for part in [&labeled, &test] {
        // A view of one split holds no rows of the other.
        part.views[0].samples().map_err(|error| {
            error.at(Role::Few).help("give the whole dataset, or both parts: `label_curve(encoder, labeled, test)`")
        })?;
    }
    Ok((labeled, test))
}

/// Encoders and nets by name.
fn starts(call: &Call<'_>) -> Result<Vec<(String, Start)>, CallError> {
    let mut starts: Vec<(String, Start)> = Vec::new();
    let given = call.raw(0).cloned().unwrap_or_default();
    if let Some(map) = given.clone().try_cast::<Map>() {
        for (name, value) in map {
            starts.push((name.to_string(), start(&value, &[name.to_string()])?));
        }
    } else {
        let values = given.clone().try_cast::<Array>();
        let single = values.is_none();
        for (index, value) in values.unwrap_or_else(|| vec![given]).iter().enumerate() {
            let path = if single { Vec::new() } else { vec![index.to_string()] };
            let start = start(value, &path)?;
            let name = match &start {
                Start::Encoder(encoder) => short_name(encoder),
                Start::Network(_) => "scratch".to_owned(),
            };
            let taken = |name: &String| starts.iter().any(|(other, _)| other == name);
            let numbered = (2..).map(|number| format!("{name} {number}"));
            let name = std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name);
            starts.push((name, start));
        }
    }
    if starts.is_empty() {
        return Err(CallError::input("there is no encoder to draw a curve of")
            .label("empty")
            .help("give one, or several by name: `#{ simclr: pre.encoder }`")
            .argument(0));
    }
    Ok(starts)
}

fn start(value: &Dynamic, path: &[String]) -> Result<Start, CallError> {
    if let Some(encoder) = value.clone().try_cast::<Encoder>() {
        return Ok(Start::Encoder(encoder));
    }
    if let Some(stage) = value.clone().try_cast::<Pretrained>() {
        return Ok(Start::Encoder(Encoder::pretrained(stage)));
    }
    if let Some(net) = value.clone().try_cast::<Network>() {
        return Ok(Start::Network(net));
    }
    let what = path.last().map_or_else(String::new, |name| format!(", and `{name}` is {}", Kind::of(value)));
    Err(CallError::input(format!("`label_curve` takes encoders and nets{what}"))
        .label("no encoder")
        .help("an encoder is `pre.encoder`, or `load_encoder(…)`")
        .at(if path.is_empty() { Span::Argument(0) } else { Span::Value(0, path.to_vec()) }))
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CompareOptions {
    baseline: Option<String>,
}

fn compare(call: &Call<'_>) -> Result<Dynamic, CallError> {
    let options: CompareOptions = call.options(1)?;
    let mut results: Vec<(String, Evaluation)> = Vec::new();
    for (name, value) in call.map(0) {
        let found = Kind::of(&value);
        let evaluation = value.try_cast::<Evaluation>().ok_or_else(|| {
            CallError::input(format!("`compare` takes evaluations, and `{name}` is {found}"))
                .label("not an evaluation")
                .help("write `.evaluate(test)` after a classifier")
                .at(Span::Value(0, vec![name.to_string()]))
        })?;
        results.push((name.to_string(), evaluation));
    }
    if results.len() < 2 {
        return Err(CallError::input(format!("`compare` needs two results, not {}", results.len()))
            .help("give them by name: `#{ ours: ours.evaluate(test), scratch: scratch.evaluate(test) }`")
            .argument(0));
    }
    if let Some(baseline) = &options.baseline
        && !results.iter().any(|(name, _)| name == baseline)
    {
        let names: Vec<&str> = results.iter().map(|(name, _)| name.as_str()).collect();
        return Err(CallError::input(format!("there is no result `{baseline}`"))
            .maybe_help(crate::errors::did_you_mean(baseline, &names, "results"))
            .at(Span::Value(1, vec!["baseline".into()])));
    }
    Ok(Dynamic::from(report::compare(&results, options.baseline.as_deref())?))
}
