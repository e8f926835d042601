//! A made-up label curve.

use foretask_report::{
    Bound, CurvePoint, CurveSeries, Difference, Draw, Evaluation, Interval, LabelCount, LabelCurve, ResultRow, Role,
    Savings, Worth,
};

/// Student's t, 2 degrees of freedom, 95 %, by the square root of 3 draws.
const MARGIN: f64 = 4.303 / 1.732;
const COUNTS: [(&str, f64); 6] = [("1", 1.0), ("5", 5.0), ("10", 10.0), ("50", 50.0), ("100", 100.0), ("all", 1000.0)];
const SCRATCH: [f64; 6] = [0.421, 0.634, 0.698, 0.781, 0.806, 0.884];

pub(crate) fn label_curve(evaluation: Option<Evaluation>) -> LabelCurve {
    let series = |name: &str, encoder: &str, method: &str, role, means: [f64; 6]| CurveSeries {
        name: name.into(),
        encoder: encoder.into(),
        method: method.into(),
        role,
        scratch: (role == Role::Pretrained).then(|| "scratch".to_owned()),
        headline: role == Role::Pretrained && method == "finetune",
        points: means.iter().enumerate().map(|(at, mean)| point(name, role, at, *mean)).collect(),
    };
    LabelCurve {
        name: "curve".into(),
        evaluation,
        counts: COUNTS
            .iter()
            .map(|&(name, per_class)| LabelCount { name: name.into(), per_class, labels: (10.0 * per_class) as usize })
            .collect(),
        series: vec![
            series(
                "simclr, fine-tuned",
                "simclr",
                "finetune",
                Role::Pretrained,
                [0.497, 0.679, 0.716, 0.788, 0.817, 0.886],
            ),
            series(
                "simclr, linear probe",
                "simclr",
                "linear",
                Role::Pretrained,
                [0.497, 0.672, 0.709, 0.761, 0.776, 0.812],
            ),
            series(
                "rotation, fine-tuned",
                "rotation",
                "finetune",
                Role::Pretrained,
                [0.402, 0.611, 0.692, 0.785, 0.812, 0.884],
            ),
            series("rotation, kNN", "rotation", "knn", Role::Pretrained, [0.371, 0.552, 0.601, 0.692, 0.713, 0.768]),
            series("scratch", "scratch", "finetune", Role::Scratch, SCRATCH),
            series("raw pixels", "raw pixels", "pixels", Role::Baseline, [0.455, 0.641, 0.682, 0.752, 0.771, 0.818]),
        ],
    }
}

fn point(name: &str, role: Role, at: usize, mean: f64) -> CurvePoint {
    let all = COUNTS[at].0 == "all";
    let spread = [0.030, 0.021, 0.014, 0.008, 0.006, 0.0][at];
    let draws = |mean: f64, spread: f64| -> Vec<Draw> {
        let steps: &[f64] = if all { &[0.0] } else { &[-1.0, 0.2, 0.8] };
        steps.iter().zip(1..).map(|(step, seed)| Draw { seed, accuracy: mean + step * spread }).collect()
    };
    let interval = |mean: f64, sd: f64| {
        (!all).then(|| Interval {
            low: mean - MARGIN * sd,
            high: mean + MARGIN * sd,
            level: 0.95,
            method: "Student’s t, 2 degrees of freedom".into(),
        })
    };
    let gain = mean - SCRATCH[at];
    let difference = Difference {
        reference: "scratch".into(),
        draws: draws(gain, 0.01),
        mean: gain,
        interval: interval(gain, 0.009),
    };
    let worth = Worth { labels: COUNTS[at].1 * (1.0 + 20.0 * gain).max(0.2), bound: Bound::About };
    let beyond = Worth { labels: COUNTS[at].1, bound: if gain > 0.0 { Bound::MoreThan } else { Bound::FewerThan } };
    let pretrained = role == Role::Pretrained;
    CurvePoint {
        result: ResultRow {
            name: name.into(),
            role,
            protocol: "made up".into(),
            labels: (10.0 * COUNTS[at].1) as usize,
            draws: draws(mean, spread),
            mean,
            sd: (!all).then_some(spread),
            differences: if pretrained { vec![difference] } else { Vec::new() },
            ..ResultRow::default()
        },
        interval: interval(mean, spread),
        savings: pretrained.then(|| Savings { worth, interval: (!all).then_some((beyond, worth)) }),
    }
}
