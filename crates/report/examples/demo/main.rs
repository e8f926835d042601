//! Renders a report from made-up numbers and drawn images, to look at the page without training anything:
//! `cargo run --release -p foretask-report --example demo -- /tmp/report.html`

mod drawing;

use drawing::{CLASSES, garment};
use foretask_random::Key;
use foretask_report::{
    BadImage, BadImages, ClassShare, Confusion, DataUse, Difference, Draw, Entry, EntryGroup, Evaluation, HistoryPoint,
    Interval, Leak, Leakage, Metric, Neighbour, NeighbourRow, NeighbourSheet, Note, NoteKind, Origin, Prediction,
    PredictionSheet, PretextItem, PretextSheet, Report, ResultRow, Role, Script, Shown, Stage, render_html, table_text,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "report.html".into());
    let report = report();
    std::fs::write(&path, render_html(&report)?)?;
    print!("{}", table_text(&report));
    println!("\n  {path}");
    Ok(())
}

fn report() -> Report {
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
        confusions: ["simclr", "scratch"].map(confusion).to_vec(),
        pretext: vec![simclr_sheet(), super_resolution_sheet(), rotation_sheet()],
        predictions: vec![predictions()],
        neighbours: vec![neighbours()],
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
        }),
        notes: notes(),
        script: Some(Script { path: "scripts/quickstart.rhai".into(), text: SCRIPT.into() }),
        options: options(),
        data: data(),
        environment: environment(),
        ..Report::default()
    }
}

const SCRIPT: &str = r#"// Does pretraining pay when only 10 images a class are labelled?
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
        differences: if method.role == Role::Scratch { vec![] } else { vec![difference] },
        seconds: Some(method.seconds),
        pretraining_seconds: method.pretraining,
        converged: (method.role == Role::Scratch).then_some(true),
        stage: method.pretraining.map(|_| method.name.into()),
    }
}

fn mean_sd(values: [f64; 3]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / 3.0;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 2.0).sqrt())
}

fn stages() -> Vec<Stage> {
    let mut rng = Key::new(3).named("curves").rng();
    let mut history = |epochs: u64, per_epoch: u64, value: &dyn Fn(f64) -> [f64; 5]| -> Vec<HistoryPoint> {
        (1..=epochs)
            .map(|epoch| {
                let [loss, gradient_norm, embedding_std, effective_rank, metric] = value(epoch as f64 / epochs as f64);
                let mut near = |v: f64, by: f64| v * (1.0 + by * f64::from(rng.normal()));
                HistoryPoint {
                    step: epoch * per_epoch,
                    epoch: epoch as f64,
                    loss: near(loss, 0.008),
                    gradient_norm: near(gradient_norm, 0.06),
                    embedding_std: near(embedding_std, 0.01),
                    effective_rank: near(effective_rank, 0.015),
                    metric: near(metric, 0.012),
                }
            })
            .collect()
    };
    let late = |t: f64, speed: f64| 1.0 - (-speed * t).exp();
    let simclr = history(27, 39, &|t| {
        let grown = late(t, 3.5);
        [
            5.6 - 1.55 * grown,
            0.9 + 1.4 * (-5.0 * t).exp(),
            0.035 + 0.05 * grown,
            9.0 + 44.0 * grown,
            0.08 + 0.62 * grown,
        ]
    });
    let restore = history(18, 39, &|t| {
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
            metric: Some(Metric {
                name: "twin found first".into(),
                unit: "%".into(),
                chance: Some(1.0 / 511.0),
                chance_name: "chance".into(),
            }),
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
            metric: Some(Metric {
                name: "PSNR".into(),
                unit: "dB".into(),
                chance: Some(19.8),
                chance_name: "bicubic".into(),
            }),
            history: restore,
        },
    ]
}

fn confusion(result: &str) -> Confusion {
    let mut rng = Key::new(5).named(result).rng();
    let alike = |t: usize, p: usize| match (t.min(p), t.max(p)) {
        (0, 6) => 78,
        (2, 4) => 84,
        (2 | 4, 6) => 66,
        (5, 7) | (7, 9) => 44,
        (3, 4) | (0, 3) | (5, 9) => 30,
        _ => 4,
    };
    let counts = (0..10)
        .map(|t| {
            let mut row: Vec<u64> = (0..10).map(|p| if t == p { 0 } else { rng.below(alike(t, p)) }).collect();
            row[t] = 200 - row.iter().sum::<u64>();
            row
        })
        .collect();
    Confusion {
        result: result.into(),
        basis: "label draw 1".into(),
        classes: CLASSES.map(str::to_owned).to_vec(),
        counts,
    }
}

fn simclr_sheet() -> PretextSheet {
    let items = (0..4).map(|i| {
        let image = garment([0, 9, 8, 3][i], i as u64);
        let mut rng = Key::new(11).with(i as u64).rng();
        let found = i != 2;
        PretextItem {
            original: Some(image.picture()),
            name: format!("row {}", 100 + 37 * i),
            inputs: vec![image.view(&mut rng).picture(), image.view(&mut rng).picture()],
            label: Shown::Text(vec!["the same image".into()]),
            answer: Shown::Text(vec![if found { "its twin, at 0.91".into() } else { "row 2041, at 0.88".into() }]),
            correct: Some(found),
            notes: vec!["crop 0.41 and 0.87 of the area".into(), "second view mirrored".into()],
        }
    });
    PretextSheet {
        stage: "simclr".into(),
        task: "simclr".into(),
        question: "Which of 512 views shows the same image as this one?".into(),
        items: items.collect(),
    }
}

fn super_resolution_sheet() -> PretextSheet {
    let items = (0..4).map(|i| {
        let image = garment([2, 7, 1, 5][i], 40 + i as u64);
        PretextItem {
            original: None,
            name: format!("row {}", 900 + 11 * i),
            inputs: vec![image.coarse(4).picture()],
            label: Shown::Pictures(vec![image.picture()]),
            answer: Shown::Pictures(vec![image.blurred().picture()]),
            correct: None,
            notes: vec![format!("PSNR {:.1} dB, bicubic {:.1} dB", 23.4 - i as f64 * 0.6, 19.9 - i as f64 * 0.3)],
        }
    });
    PretextSheet {
        stage: "super_resolution".into(),
        task: "super_resolution".into(),
        question: "What did the image look like before it was shrunk to 7 × 7?".into(),
        items: items.collect(),
    }
}

fn rotation_sheet() -> PretextSheet {
    let turns = ["0°", "90°", "180°", "270°"];
    let items = (0..2).map(|i| {
        let image = garment([9, 8][i], 60 + i as u64);
        let answers = if i == 0 { turns } else { ["0°", "270°", "180°", "270°"] };
        PretextItem {
            original: None,
            name: format!("row {}", 70 + i),
            inputs: (0..4).map(|quarters| image.turned(quarters).picture()).collect(),
            label: Shown::Text(turns.map(str::to_owned).to_vec()),
            answer: Shown::Text(answers.map(str::to_owned).to_vec()),
            correct: None,
            notes: vec![],
        }
    });
    PretextSheet {
        stage: "rotation".into(),
        task: "rotation".into(),
        question: "By how much was the image turned?".into(),
        items: items.collect(),
    }
}

fn predictions() -> PredictionSheet {
    let wrong = [(6, 0), (4, 2), (2, 4), (0, 6), (7, 9), (5, 7), (6, 4), (3, 0), (9, 7), (4, 6), (2, 6), (8, 0)];
    let prediction = |(i, (truth, predicted)): (usize, (usize, usize)), top: f64| Prediction {
        picture: garment(truth, 200 + i as u64).picture(),
        name: format!("row {}", 10_000 + 61 * i),
        truth: Some(CLASSES[truth].into()),
        predicted: CLASSES[predicted].into(),
        confidence: top - 0.021 * i as f64,
    };
    let right = (0..16).map(|i| if i % 5 == 3 { wrong[i % 12] } else { (i * 7 % 10, i * 7 % 10) });
    PredictionSheet {
        result: "simclr".into(),
        basis: "label draw 1".into(),
        mistakes: wrong.into_iter().enumerate().map(|item| prediction(item, 0.994)).collect(),
        samples: right.enumerate().map(|(i, pair)| prediction((i + 30, pair), 1.55)).collect(),
    }
}

fn neighbours() -> NeighbourSheet {
    let one = |class: usize, number: u64, similarity: f64| Neighbour {
        picture: garment(class, number).picture(),
        name: format!("row {number}"),
        label: Some(CLASSES[class].into()),
        similarity,
    };
    let row = |class: usize, odd: usize, number: u64| NeighbourRow {
        query: one(class, number, 1.0),
        nearest: (1..=8)
            .map(|n| one(if n % 4 == 3 { odd } else { class }, number + n, 0.99 - 0.017 * n as f64))
            .collect(),
    };
    NeighbourSheet {
        encoder: "simclr".into(),
        basis: "2000 test images searched in 10 000 training images by cosine similarity".into(),
        rows: vec![row(9, 9, 300), row(6, 0, 400), row(8, 8, 500), row(4, 2, 600)],
    }
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
            text: "grey images: colour jitter reduced to brightness and contrast".into(),
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
    let used = |purpose: &str, steps: &[&str], images, labelled, fingerprint: &str| DataUse {
        purpose: purpose.into(),
        steps: steps.iter().map(ToString::to_string).collect(),
        images,
        labelled,
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
