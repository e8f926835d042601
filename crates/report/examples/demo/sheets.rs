//! Pictures of the demonstration and what a model might have said about them.

use foretask_random::Key;
use foretask_report::{
    Confusion, Neighbor, NeighborRow, NeighborSheet, Prediction, PredictionSheet, PretextItem, PretextSheet, Shown,
};

use crate::drawing::{CLASSES, garment};

pub(crate) fn confusion(result: &str) -> Confusion {
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
        ..Confusion::default()
    }
}

pub(crate) fn simclr_sheet() -> PretextSheet {
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

pub(crate) fn super_resolution_sheet() -> PretextSheet {
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

pub(crate) fn rotation_sheet() -> PretextSheet {
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

pub(crate) fn predictions() -> PredictionSheet {
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

pub(crate) fn neighbors() -> NeighborSheet {
    let one = |class: usize, number: u64, similarity: f64| Neighbor {
        picture: garment(class, number).picture(),
        name: format!("row {number}"),
        label: Some(CLASSES[class].into()),
        similarity,
    };
    let row = |class: usize, odd: usize, number: u64| NeighborRow {
        query: one(class, number, 1.0),
        nearest: (1..=8)
            .map(|n| one(if n % 4 == 3 { odd } else { class }, number + n, 0.99 - 0.017 * n as f64))
            .collect(),
    };
    NeighborSheet {
        encoder: "simclr".into(),
        basis: "2000 test images searched in 10 000 training images by cosine similarity".into(),
        rows: vec![row(9, 9, 300), row(6, 0, 400), row(8, 8, 500), row(4, 2, 600)],
    }
}
