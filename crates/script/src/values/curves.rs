//! Label curves and comparisons as arrays of object maps.

use foretask_report::{Comparison, CurvePoint, CurveSeries, LabelCount, LabelCurve, Worth};
use rhai::{Array, Dynamic, Map};

fn number(value: Option<f64>) -> Dynamic {
    value.map_or(Dynamic::UNIT, Dynamic::from)
}

fn map(entries: impl IntoIterator<Item = (&'static str, Dynamic)>) -> Dynamic {
    Dynamic::from_map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>())
}

/// Every point of a label curve as an object map; what is not known is `()`.
pub(super) fn points(curve: &LabelCurve) -> Array {
    let of = |series: &CurveSeries| -> Vec<Dynamic> {
        curve.counts.iter().zip(&series.points).map(|(count, point)| one(series, count, point)).collect()
    };
    curve.series.iter().flat_map(of).collect()
}

/// The numbers of labels a class: whole numbers, and "all".
pub(super) fn labels(curve: &LabelCurve) -> Array {
    curve.counts.iter().map(asked).collect()
}

/// 10 or "all".
fn asked(count: &LabelCount) -> Dynamic {
    count.name.parse::<i64>().map_or_else(|_| Dynamic::from(count.name.clone()), Dynamic::from)
}

fn one(series: &CurveSeries, count: &LabelCount, point: &CurvePoint) -> Dynamic {
    let result = &point.result;
    let difference = series.scratch.as_ref().and_then(|scratch| result.difference_to(scratch));
    let interval = difference.and_then(|difference| difference.interval.as_ref());
    let worth = point.savings.map(|savings| savings.worth);
    let end = |pick: fn((Worth, Worth)) -> Worth| {
        number(point.savings.and_then(|savings| savings.interval).map(|ends| pick(ends).labels))
    };
    map([
        ("name", Dynamic::from(series.name.clone())),
        ("encoder", Dynamic::from(series.encoder.clone())),
        ("method", Dynamic::from(series.method.clone())),
        ("labels", asked(count)),
        ("per_class", Dynamic::from(count.per_class)),
        ("count", Dynamic::from(count.labels as i64)),
        ("mean", Dynamic::from(result.mean)),
        ("sd", number(result.sd)),
        ("low", number(point.interval.as_ref().map(|interval| interval.low))),
        ("high", number(point.interval.as_ref().map(|interval| interval.high))),
        ("accuracy", Dynamic::from_array(result.draws.iter().map(|draw| Dynamic::from(draw.accuracy)).collect())),
        ("difference", number(difference.map(|difference| difference.mean))),
        ("difference_low", number(interval.map(|interval| interval.low))),
        ("difference_high", number(interval.map(|interval| interval.high))),
        ("worth", number(worth.map(|worth| worth.labels))),
        ("worth_is", worth.map_or(Dynamic::UNIT, |worth| Dynamic::from(bound(worth).to_owned()))),
        ("worth_low", end(|ends| ends.0)),
        ("worth_high", end(|ends| ends.1)),
    ])
}

fn bound(worth: Worth) -> &'static str {
    match worth.bound {
        foretask_report::Bound::About => "about",
        foretask_report::Bound::MoreThan => "more than",
        foretask_report::Bound::FewerThan => "fewer than",
    }
}

/// Every result of a comparison as an object map; what is not known is `()`.
pub(super) fn rows(comparison: &Comparison) -> Array {
    let one = |row: &foretask_report::ResultRow| {
        let difference = row.difference_to(&comparison.baseline);
        let interval = difference.and_then(|difference| difference.interval.as_ref());
        let verdict = difference.map(|difference| match (difference.outcome(), &difference.interval) {
            (foretask_report::Outcome::Helped, _) => "higher",
            (foretask_report::Outcome::Hurt, _) => "lower",
            _ => "unclear",
        });
        map([
            ("name", Dynamic::from(row.name.clone())),
            ("mean", Dynamic::from(row.mean)),
            ("sd", number(row.sd)),
            ("accuracy", Dynamic::from_array(row.draws.iter().map(|draw| Dynamic::from(draw.accuracy)).collect())),
            ("difference", number(difference.map(|difference| difference.mean))),
            ("low", number(interval.map(|interval| interval.low))),
            ("high", number(interval.map(|interval| interval.high))),
            ("better", difference.map_or(Dynamic::UNIT, |difference| Dynamic::from(difference.better() as i64))),
            ("verdict", verdict.map_or(Dynamic::UNIT, |verdict| Dynamic::from(verdict.to_owned()))),
        ])
    };
    comparison.rows.iter().map(one).collect()
}
