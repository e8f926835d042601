//! Renders a report from made-up numbers and drawn images, to look at the page without training anything:
//! `cargo run --release -p foretask-report --example demo -- /tmp/report.html [images on the map]`

mod atlas;
mod curve;
mod drawing;
mod sheets;

use drawing::CLASSES;
use foretask_random::{Key, Rng};
use foretask_report::{
    BadImage, BadImages, ClassShare, Confidence, DataUse, Difference, Draw, Entry, EntryGroup, Evaluation,
    HistoryPoint, Interval, Leak, Leakage, Metric, Note, NoteKind, Origin, Report, ResultRow, Role, Script, Stage,
    render_html, table_text,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "report.html".into());
    let count = std::env::args().nth(2).map_or(Ok(600), |count| count.parse())?;
    let report = Report { embeddings: vec![atlas::embedding(count)], ..report() };
    std::fs::write(&path, render_html(&report)?)?;
    print!("{}", table_text(&report, None));
    println!("\n  {path}");
    Ok(())
}

fn report() -> Report {
    let mut report = without_curve();
    report.label_curves = vec![curve::label_curve(report.evaluation.clone())];
    report
}

fn without_curve() -> Report {
    Report {
        title: "quickstart".into(),
        created: "2026-11-23 04:10 UTC".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        evaluation: Some(Evaluation {
            name: "fashion-mini, split test".into(),
            images: 2000,
            classes: CLASSES.map(str::to_owned).to_vec(),
            chance: Some(0.1),
            majority: Some(ClassShare { class: "Ankle boot".into(), share: 0.1 }),
        }),
        headline: Some("simclr".into()),
        results: results(),
        stages: stages(),
        confusions: ["simclr", "scratch"].map(sheets::confusion).to_vec(),
        galleries: vec![atlas::gallery("simclr")],
        pretext: vec![sheets::simclr_sheet(), sheets::super_resolution_sheet(), sheets::rotation_sheet()],
        predictions: vec![sheets::predictions()],
        neighbors: vec![sheets::neighbors()],
        bad_images: Some(BadImages {
            checked: 12_000,
            count: 2,
            action: "skipped".into(),
            images: vec![
                BadImage {
                    dataset: "datasets/fashion-mini".into(),
                    row: 4711,
                    path: None,
                    reason: "the PNG data end after 212 of 784 pixels".into(),
                },
                BadImage {
                    dataset: "datasets/fashion-mini".into(),
                    row: 9020,
                    path: Some("extra/café <1>.jpg".into()),
                    reason: "no such file".into(),
                },
            ],
        }),
        leakage: Some(Leakage {
            pool: 10_000,
            evaluation: 2000,
            count: 1,
            examples: vec![Leak { pool: "row 8112".into(), evaluation: "row 11407".into() }],
            ..Leakage::default()
        }),
        notes: notes(),
        script: Some(Script { path: "scripts/quickstart.rhai".into(), text: SCRIPT.into() }),
        options: options(),
        data: data(),
        environment: environment(),
        ..Report::default()
    }
}

const SCRIPT: &str = r#"// Does pretraining pay when only 10 images a class are labeled?
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(10, #{ seeds: 3 });
let test = data.split("test");
let net  = resnet10(#{ width: 16 });

let pre     = pretrain(net, simclr(), data.unlabeled(), #{ budget: "2m" });  // labels made from the images
let ours    = finetune(pre.encoder, few);
let scratch = finetune(net, few);            // the same network, never pretrained, trained to convergence

report("quickstart", #{ pretrained: ours.evaluate(test), scratch: scratch.evaluate(test) });
"#;

struct Method {
    name: &'static str,
    role: Role,
    protocol: &'static str,
    draws: [f64; 3],
    seconds: f64,
    pretraining: Option<f64>,
}

fn results() -> Vec<ResultRow> {
    let method = |name, role, protocol, draws, seconds, pretraining| Method {
        name,
        role,
        protocol,
        draws,
        seconds,
        pretraining,
    };
    let methods = [
        method("simclr", Role::Pretrained, "fine-tuned, 100 steps", [0.7335, 0.7510, 0.7105], 14.2, Some(118.0)),
        method(
            "simclr probe",
            Role::Pretrained,
            "logistic regression on frozen features",
            [0.7225, 0.7480, 0.6960],
            2.1,
            Some(118.0),
        ),
        method(
            "super_resolution",
            Role::Pretrained,
            "fine-tuned, 100 steps",
            [0.7010, 0.7265, 0.6720],
            14.0,
            Some(61.0),
        ),
        method("scratch", Role::Scratch, "fine-tuned, 400 steps, converged", [0.7040, 0.7265, 0.6815], 51.3, None),
        method("raw pixels", Role::Baseline, "logistic regression on pixels", [0.6955, 0.7220, 0.6760], 1.4, None),
        method(
            "random encoder",
            Role::Baseline,
            "logistic regression on an untrained network's features",
            [0.6310, 0.6565, 0.6120],
            1.9,
            None,
        ),
    ];
    let scratch = methods[3].draws;
    methods.into_iter().map(|method| result(method, scratch)).collect()
}

fn result(method: Method, scratch: [f64; 3]) -> ResultRow {
    let draws = |values: [f64; 3]| values.iter().zip(1..).map(|(&accuracy, seed)| Draw { seed, accuracy }).collect();
    let gains: [f64; 3] = std::array::from_fn(|i| method.draws[i] - scratch[i]);
    let (mean, sd) = mean_sd(method.draws);
    let (gain, gain_sd) = mean_sd(gains);
    // Student's t, 2 degrees of freedom, 95 %.
    let margin = 4.303 * gain_sd / 3f64.sqrt();
    let difference = Difference {
        reference: "scratch".into(),
        draws: draws(gains),
        mean: gain,
        interval: Some(Interval {
            low: gain - margin,
            high: gain + margin,
            level: 0.95,
            method: "Student’s t, 2 degrees of freedom".into(),
        }),
    };
    ResultRow {
        name: method.name.into(),
        role: method.role,
        protocol: method.protocol.into(),
        labels: 100,
        labels_per_class: Some(10),
        draws: draws(method.draws),
        mean,
        sd: Some(sd),
        over_draws: Some(Interval {
            low: mean - 4.303 * sd / 3f64.sqrt(),
            high: mean + 4.303 * sd / 3f64.sqrt(),
            level: 0.95,
            method: "Student’s t, 2 degrees of freedom".into(),
        }),
        over_images: Some(wilson(mean)),
        differences: if method.role == Role::Scratch { vec![] } else { vec![difference] },
        seconds: Some(method.seconds),
        pretraining_seconds: method.pretraining,
        converged: (method.role == Role::Scratch).then_some(true),
        stage: method.pretraining.map(|_| method.name.into()),
        confidence: Some(Confidence {
            temperature: method.pretraining.map(|_| 1.42),
            reason: method.pretraining.map_or_else(String::new, |_| "least loss of 100 held-out answers".into()),
            log_loss: 1.3 - mean,
            calibration_error: if method.pretraining.is_some() { 0.031 } else { 0.174 },
        }),
        weights: Vec::new(),
    }
}

/// Of 2,000 images.
fn wilson(share: f64) -> Interval {
    let (z, n) = (1.96_f64, 2000.0);
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Interval { low: middle - half, high: middle + half, level: 0.95, method: "Wilson, 2,000 images".into() }
}

fn mean_sd(values: [f64; 3]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / 3.0;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 2.0).sqrt())
}

/// A point an epoch of 39 steps near what `value` says of the share of the training that is done; the last number is the metric.
fn history(rng: &mut Rng, epochs: u64, value: impl Fn(f64) -> [f64; 5]) -> (Vec<HistoryPoint>, Vec<f64>) {
    (1..=epochs)
        .map(|epoch| {
            let [loss, gradient_norm, embedding_std, effective_rank, metric] = value(epoch as f64 / epochs as f64);
            let mut near = |v: f64, by: f64| v * (1.0 + by * f64::from(rng.normal()));
            let point = HistoryPoint {
                step: epoch * 39,
                epoch: epoch as f64,
                loss: near(loss, 0.008),
                gradient_norm: near(gradient_norm, 0.06),
                embedding_std: near(embedding_std, 0.01),
                effective_rank: near(effective_rank, 0.015),
            };
            (point, near(metric, 0.012))
        })
        .unzip()
}

fn stages() -> Vec<Stage> {
    let mut rng = Key::new(3).named("curves").rng();
    let late = |t: f64, speed: f64| 1.0 - (-speed * t).exp();
    let (simclr, found) = history(&mut rng, 27, |t| {
        let grown = late(t, 3.5);
        [
            5.6 - 1.55 * grown,
            0.9 + 1.4 * (-5.0 * t).exp(),
            0.035 + 0.05 * grown,
            9.0 + 44.0 * grown,
            0.08 + 0.62 * grown,
        ]
    });
    let (restore, quality) = history(&mut rng, 18, |t| {
        let grown = late(t, 4.0);
        [
            0.16 - 0.115 * grown,
            0.25 + 0.5 * (-6.0 * t).exp(),
            0.02 + 0.03 * grown,
            5.0 + 17.0 * grown,
            15.0 + 8.4 * grown,
        ]
    });
    vec![
        Stage {
            name: "simclr".into(),
            description: "Two random views of an image must find each other among all views of the batch.".into(),
            steps: 1054,
            images: 269_824,
            seconds: Some(118.0),
            images_per_second: Some(2287.0),
            data_wait: Some(0.021),
            reused: false,
            embedding_dim: Some(128),
            metrics: vec![Metric {
                name: "twin found first".into(),
                unit: "%".into(),
                chance: Some(1.0 / 511.0),
                chance_name: "chance".into(),
                values: found,
            }],
            history: simclr,
        },
        Stage {
            name: "super_resolution".into(),
            description: "The image is shrunk by 4 and enlarged again; the network restores what was lost.".into(),
            steps: 703,
            images: 179_968,
            seconds: Some(61.0),
            images_per_second: Some(2950.0),
            data_wait: Some(0.034),
            reused: true,
            embedding_dim: Some(128),
            metrics: vec![Metric {
                name: "PSNR".into(),
                unit: "dB".into(),
                chance: Some(19.8),
                chance_name: "bicubic".into(),
                values: quality,
            }],
            history: restore,
        },
    ]
}

fn notes() -> Vec<Note> {
    let auto = |subject: &str, value: &str, text: &str| Note {
        kind: NoteKind::Auto,
        subject: subject.into(),
        value: Some(value.into()),
        text: text.into(),
    };
    vec![
        auto(
            "resnet10.stem",
            "strided",
            "images are 28 × 28: a 3 × 3 stem with stride 2 is 3 times as fast and as accurate here",
        ),
        auto("simclr.temperature", "0.2", "the usual value for batches of 256"),
        auto("pretrain.steps", "1054", "budget of 2 min at 2290 images/s, measured over the first 20 steps"),
        Note {
            kind: NoteKind::Remark,
            subject: "simclr".into(),
            value: None,
            text: "grey images: color jitter reduced to brightness and contrast".into(),
        },
    ]
}

fn entries(name: &str, entries: &[(&str, &str, Origin)]) -> EntryGroup {
    let entry =
        |&(name, value, origin): &(&str, &str, Origin)| Entry { name: name.into(), value: value.into(), origin };
    EntryGroup { name: name.into(), entries: entries.iter().map(entry).collect() }
}

fn options() -> Vec<EntryGroup> {
    use Origin::{Auto, CommandLine, Default, Script};
    vec![
        entries(
            "resnet10, line 5",
            &[("width", "16", Script), ("stem", "strided", Auto), ("parameters", "307 248", Default)],
        ),
        entries(
            "pretrain, line 7",
            &[
                ("task", "simclr", Script),
                ("budget", "2m", Script),
                ("steps", "1054", Auto),
                ("batch_size", "256", Default),
                ("optimizer", "adamw", Default),
                ("lr", "0.002", CommandLine),
                ("weight_decay", "0.0001", Default),
                ("warmup", "0.05", Default),
                ("clip_norm", "5", Default),
            ],
        ),
        entries(
            "finetune, line 8",
            &[("steps", "100", Auto), ("lr", "0.001", Default), ("augment", "pad 2, crop, flip", Default)],
        ),
    ]
}

fn data() -> Vec<DataUse> {
    let used = |purpose: &str, steps: &[&str], images, labeled, fingerprint: &str| DataUse {
        purpose: purpose.into(),
        steps: steps.iter().map(ToString::to_string).collect(),
        images,
        labeled,
        fingerprint: fingerprint.into(),
    };
    let dataset = "datasets/fashion-mini";
    vec![
        used("pretraining", &[dataset, "unlabeled"], 10_000, 0, "9f3a77c01be2d4586e21"),
        used("labels, draw 1", &[dataset, "split train", "per_class 10 seed 1"], 100, 100, "0c55e8a91f7b3d602b14"),
        used("evaluation", &[dataset, "split test"], 2000, 2000, "b81d02fe6690aa37c4d9"),
    ]
}

fn environment() -> Vec<EntryGroup> {
    let plain = |name: &str, list: &[(&str, &str)]| {
        entries(name, &list.iter().map(|&(name, value)| (name, value, Origin::Unknown)).collect::<Vec<_>>())
    };
    vec![
        plain("Device", &[("device", "flex"), ("threads", "2"), ("peak memory", "1.1 GB")]),
        plain("Versions", &[("foretask", "0.1.0"), ("burn", "0.22.1"), ("rustc", "1.95.0")]),
        plain("Seeds", &[("run", "0"), ("label draws", "1, 2, 3")]),
        plain("Times", &[("started", "2026-11-23 04:04 UTC"), ("took", "4 min 41 s")]),
    ]
}
