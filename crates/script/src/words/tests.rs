//! The table holds what it promises.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use foretask_experiment::{Experiment, ImageCache, Mode, Settings};

use super::*;
use crate::engine;
use crate::errors::Source;
use crate::explain::refusal;
use crate::host::Host;
use crate::values::PROPERTIES;

/// A dataset of twelve tiny images with two classes and two splits, and an encoder file, in a folder of its own.
fn example_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("datasets/fashion-mini");
    for (split, class, first, count) in
        [("train", "bag", 0, 24), ("train", "coat", 100, 24), ("test", "bag", 30, 6), ("test", "coat", 130, 6)]
    {
        let classes = data.join(split).join(class);
        std::fs::create_dir_all(&classes).unwrap();
        for index in 0..count {
            let level = u8::try_from(first + index).unwrap();
            let pixels = foretask_pretext::Picture { width: 16, height: 16, data: vec![level; 16 * 16 * 3] };
            std::fs::write(classes.join(format!("{index}.png")), pixels.to_png().unwrap()).unwrap();
        }
    }
    std::fs::write(folder.path().join("to_label.csv"), "path,label\ndatasets/fashion-mini/train/bag/0.png,bag\n")
        .unwrap();
    let config = foretask_models::BackboneConfig::resnet(foretask_models::Arch::ResNet10, 4);
    let input = foretask_models::InputSpec::centered(1, 16, 16);
    let (config, _) = config.resolve(16, 16).unwrap();
    foretask_models::Encoder::random(&config, &input, 1)
        .unwrap()
        .save(folder.path().join("encoder.safetensors"))
        .unwrap();
    folder
}

/// What examples take for granted; a `let` of their own hides these.
const PRELUDE: &[&str] = &[
    "let data = dataset(\"datasets/fashion-mini\", #{ channels: 1 });",
    "let few = data.split(\"train\").per_class(10, #{ draws: 2 });",
    "let test = data.split(\"test\");",
    "let net = resnet10(#{ width: 4 });",
    "let encoder = pretrain(net, simclr(), data.unlabeled(), #{ steps: 2 }).encoder;",
];

fn planned(script: &str, folder: &Path) -> Result<(), String> {
    plan(script, folder).map(drop)
}

fn plan(script: &str, folder: &Path) -> Result<foretask_experiment::Plan, String> {
    let text = format!("{}\n{script}", PRELUDE.join("\n"));
    let source = Source { name: folder.join("example.rhai").display().to_string(), text };
    let settings = Settings::new(folder.join("runs"));
    crate::check(source, &settings).map_err(|error| match error {
        crate::Error::Script(error) => format!("{}: {} ({:?})", error.label, error.message, error.help),
        other => other.to_string(),
    })
}

#[test]
fn every_word_is_complete() {
    for word in all() {
        let name = word.name;
        assert!(word.summary.len() > 10 && !word.summary.ends_with('.'), "{name}: summary");
        assert!(!word.use_when.is_empty(), "{name}: when to use it");
        assert!(!word.signatures.is_empty(), "{name}: signatures");
        assert!(!word.examples.is_empty(), "{name}: examples");
        for example in word.examples {
            assert!(!example.about.is_empty(), "{name}: what an example shows");
            assert!(example.script.contains(name), "{name}: an example without the word");
        }
        let takes_options =
            word.signatures.iter().flat_map(|s| s.params).any(|param| param.kinds.contains(&Kind::Options));
        let options = word.option_docs();
        assert_eq!(takes_options, !options.is_empty(), "{name}: options");
        for option in options {
            assert!(!option.kind.is_empty() && !option.default.is_empty(), "{name}: option {}", option.name);
            assert!(option.about.len() > 5, "{name}: option {}", option.name);
        }
    }
}

#[test]
fn no_word_stands_twice() {
    let names: Vec<&str> = names().collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn every_example_plans() {
    let folder = example_folder();
    for word in all() {
        for example in word.examples {
            if let Err(error) = planned(example.script, folder.path()) {
                // Published weights are not on every machine: everything before them was right.
                if word.name == "pretrained" && error.contains("cargo xtask weights") {
                    continue;
                }
                panic!("{}: {}\n{}\n{error}", word.name, example.about, example.script);
            }
        }
    }
}

#[test]
fn options_are_those_of_the_structs() {
    fn keys(value: &impl serde::Serialize) -> BTreeSet<String> {
        serde_json::to_value(value).unwrap().as_object().unwrap().keys().cloned().collect()
    }
    let documented = |word: &str| -> BTreeSet<String> {
        find(word).unwrap().option_docs().into_iter().map(|option| option.name).collect()
    };
    // Options that are left out when not given do not show in a serialized default.
    let with = |mut keys: BTreeSet<String>, more: &[&str]| {
        keys.extend(more.iter().map(|key| (*key).to_owned()));
        keys
    };
    let pretrain = keys(&foretask_train::PretrainOptions::default());
    assert_eq!(
        documented("pretrain"),
        with(
            pretrain,
            &[
                "epochs",
                "steps",
                "budget",
                "momentum",
                "nesterov",
                "trust",
                "betas",
                "precision",
                "augment_on",
                "layer_decay",
                "warm_heads",
                "guard",
                "online"
            ]
        )
    );
    let finetune = keys(&foretask_train::FinetuneOptions::default());
    assert_eq!(
        documented("finetune"),
        with(finetune, &["class_weights", "epochs", "image_size", "layer_decay", "precision"])
    );
    assert_eq!(documented("linear_probe"), with(keys(&foretask_train::ProbeOptions::default()), &["class_weights"]));
    assert_eq!(documented("knn"), keys(&foretask_eval::KnnOptions::default()));
    assert_eq!(documented("spread_labels"), keys(&foretask_eval::SpreadOptions::default()));
    assert_eq!(documented("self_train"), keys(&foretask_eval::SelfTrainOptions::default()));
    let written = ["table", "sheet", "overwrite"];
    assert_eq!(documented("find_issues"), with(keys(&foretask_eval::IssueOptions::default()), &written));
    assert_eq!(documented("pick_task"), keys(&foretask_experiment::stages::PickOptions::default()));
    for word in ["pick_encoder", "cross_validate"] {
        assert_eq!(documented(word), keys(&foretask_experiment::stages::CrossValidationOptions::default()), "{word}");
    }
    assert_eq!(documented("label_curve"), keys(&foretask_experiment::stages::CurveOptions::default()));
    assert_eq!(
        documented("dataset"),
        with(keys(&foretask_experiment::values::LoadSettings::default()), &["memory", "labels", "folders", "range"])
    );
    assert_eq!(documented("report"), keys(&foretask_experiment::report::ReportOptions::default()));
    let net = with(keys(&foretask_models::BackboneConfig::default()), &[]);
    assert_eq!(with(documented("resnet18"), &["arch"]), net);
    for task in foretask_pretext::TASKS {
        let default = serde_json::to_value(foretask_pretext::Task::by_name(task.name).unwrap()).unwrap();
        assert_eq!(with(documented(task.name), &["task"]), keys(&default), "{}", task.name);
    }
}

#[test]
fn half_precision_is_refused_before_anything_is_trained_where_the_device_has_none() {
    let folder = example_folder();
    for script in [
        "pretrain(net, rotation(), data.unlabeled(), #{ steps: 2, precision: \"bf16\" });",
        "finetune(net, few, #{ precision: \"bf16\" });",
    ] {
        let error = planned(script, folder.path()).unwrap_err();
        assert!(error.contains("precision") && error.contains("\"f32\""), "{error}");
    }
    planned("pretrain(net, rotation(), data.unlabeled(), #{ steps: 2, precision: \"f32\" });", folder.path()).unwrap();
}

#[test]
fn a_file_that_is_written_twice_is_warned_of() {
    let folder = example_folder();
    let warnings = |second: &str| {
        let script = format!("encoder.save(\"a.safetensors\");\n{second}");
        plan(&script, folder.path()).unwrap().warnings
    };
    let found = warnings("encoder.save(\"a.safetensors\");");
    assert!(found.iter().any(|text| text.contains("`a.safetensors` more than once")), "{found:?}");
    let found = warnings("encoder.save(\"b.safetensors\");");
    assert!(!found.iter().any(|text| text.contains("more than once")), "{found:?}");
}

#[test]
fn labels_of_one_class_are_refused_before_anything_is_trained() {
    let folder = example_folder();
    for script in [
        "finetune(net, one);",
        "linear_probe(pretrain(net, rotation(), data.unlabeled(), #{ steps: 2 }).encoder, one);",
        "spread_labels(random_encoder(net), one, data.unlabeled());",
        "self_train(random_encoder(net), one, data.unlabeled());",
    ] {
        let script = format!("let one = few.filter(\"label = 'bag'\");\n{script}");
        let error = planned(&script, folder.path()).unwrap_err();
        assert!(error.contains("of one class"), "{error}");
    }
}

#[test]
fn every_property_of_the_reference_is_there() {
    let folder = example_folder();
    let values = [
        ("Dataset", "data"),
        ("Net", "net"),
        ("Task", "rotation()"),
        ("Pretrained", "pretrain(net, rotation(), data.unlabeled(), #{ steps: 2 })"),
        ("Encoder", "encoder"),
        ("Classifier", "linear_probe(encoder, few)"),
        ("Evaluation", "linear_probe(encoder, few).evaluate(test)"),
        ("Chosen", "label_next(encoder, data.unlabeled(), #{ n: 3 })"),
        ("Issues", "find_issues(data, encoder)"),
        ("Picked", "pick_task(net, data.unlabeled(), data.split(\"train\").per_class(3), [rotation(), simclr()])"),
        ("Estimate", "cross_validate(encoder, data.split(\"train\").per_class(3))"),
        ("PickedEncoder", "pick_encoder(#{ a: encoder, b: random_encoder(net) }, data.split(\"train\").per_class(3))"),
        ("LabelCurve", "label_curve(encoder, data)"),
        (
            "Comparison",
            "compare(#{ a: linear_probe(encoder, few).evaluate(test), b: pixel_probe(few).evaluate(test) })",
        ),
    ];
    for (owner, property, _) in PROPERTIES {
        let (_, value) = values.iter().find(|(kind, _)| kind == owner).unwrap();
        planned(&format!("let value = {value};\nlet found = value.{property};"), folder.path()).unwrap();
    }
}

#[test]
fn every_word_is_registered() {
    let source = Arc::new(Source { name: "t".into(), text: String::new() });
    let experiment = Arc::new(Experiment::new(Mode::Plan, &Settings::new("runs"), &ImageCache::default(), None));
    let host = Host::new(experiment, source, refusal);
    let engine = engine::engine(&host);
    let known: BTreeSet<String> =
        engine.collect_fn_metadata(None, |info| Some(info.metadata.name.to_string()), true).into_iter().collect();
    for name in names() {
        assert!(known.contains(name), "{name}");
    }
}
