//! Label curves as plain data: what was measured at every number of labels, compared and read off in labels.

use std::sync::Arc;

use foretask_eval::{CurvePoint as Level, Summary, paired, savings};
use foretask_report::{
    Bound, CurvePoint, CurveSeries, LabelCount, LabelCurve as Plain, ResultRow, Role, Savings, Worth,
};

use super::rows;
use crate::error::Error;
use crate::stages::{Curve, LabelsAsked};
use crate::values::{Evaluation, LabelCurve};

/// The value of the word: `curves` over the numbers `asked`; the verdict speaks of curves by `headline`.
///
/// # Errors
/// When the labeled images cannot be read.
pub fn label_curve(asked: &[LabelsAsked], curves: Vec<Curve>, headline: &str) -> Result<LabelCurve, Error> {
    let counts = counts(asked, &curves)?;
    let mut series: Vec<CurveSeries> = curves
        .iter()
        .map(|curve| CurveSeries {
            name: curve.name.clone(),
            encoder: curve.encoder.clone(),
            method: curve.method.to_owned(),
            role: curve.evaluations.first().map_or(Role::Other, |found| rows::role(&found.classifiers.method)),
            scratch: curve.scratch.clone(),
            ..CurveSeries::default()
        })
        .collect();
    for one in &mut series {
        one.headline = one.method == headline && one.role == Role::Pretrained;
    }
    let mut evaluations: Vec<(String, Evaluation)> = Vec::new();
    for (at, count) in counts.iter().enumerate() {
        let results: Vec<(String, Evaluation)> =
            curves.iter().map(|curve| (curve.name.clone(), curve.evaluations[at].clone())).collect();
        for ((row, one), curve) in rows::rows(&results)?.into_iter().zip(&mut series).zip(&curves) {
            let scratch = one.scratch.as_ref().and_then(|name| curves.iter().find(|other| other.name == *name));
            let point = point(row, at, &counts, curve, scratch)?;
            one.points.push(point);
        }
        evaluations
            .extend(results.into_iter().map(|(name, found)| (format!("{name}, {} labels a class", count.name), found)));
    }
    let evaluation = rows::evaluation(&evaluations)?;
    let plain = Plain { name: String::new(), evaluation, counts, series };
    Ok(LabelCurve { plain: Arc::new(plain), evaluations: evaluations.into() })
}

fn counts(asked: &[LabelsAsked], curves: &[Curve]) -> Result<Vec<LabelCount>, Error> {
    let Some(first) = curves.first() else { return Ok(Vec::new()) };
    let counted = asked.iter().zip(&first.evaluations).map(|(asked, found)| {
        let samples = found.classifiers.few.views[0].samples()?;
        let labels: Vec<u32> = samples.labels.iter().flatten().copied().collect();
        let classes = labels.iter().collect::<std::collections::BTreeSet<_>>().len();
        let name = match asked {
            LabelsAsked::PerClass(n) => n.to_string(),
            LabelsAsked::All => "all".to_owned(),
        };
        Ok(LabelCount { name, per_class: labels.len() as f64 / classes.max(1) as f64, labels: labels.len() })
    });
    counted.collect()
}

/// One curve at number `at` of the `counts`, with what it saves against the curve from scratch.
fn point(
    row: ResultRow,
    at: usize,
    counts: &[LabelCount],
    curve: &Curve,
    scratch: Option<&Curve>,
) -> Result<CurvePoint, Error> {
    let accuracies = curve.evaluations[at].accuracies();
    let summary = Summary::of(&accuracies)?;
    let interval = summary.interval.map(|(low, high)| rows::interval(low, high, accuracies.len()));
    let savings = match scratch {
        None => None,
        Some(scratch) => {
            let levels: Vec<Level> = counts
                .iter()
                .zip(&scratch.evaluations)
                .map(|(count, found)| Level { labels: count.per_class, accuracy: found.mean() })
                .collect();
            let difference = paired(&accuracies, &scratch.evaluations[at].accuracies())?;
            let found = savings(&levels, at, &difference)?;
            let ends = found.interval.map(|(low, high)| (worth(low), worth(high)));
            Some(Savings { worth: worth(found.worth), interval: ends })
        }
    };
    Ok(CurvePoint { result: row, interval, savings })
}

fn worth(worth: foretask_eval::Worth) -> Worth {
    let bound = match worth {
        foretask_eval::Worth::About(_) => Bound::About,
        foretask_eval::Worth::MoreThan(_) => Bound::MoreThan,
        foretask_eval::Worth::FewerThan(_) => Bound::FewerThan,
    };
    Worth { labels: worth.labels(), bound }
}
