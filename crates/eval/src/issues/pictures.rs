//! Faults of single pictures: too dark, too bright, blurred, empty, of an odd size or shape.

use super::{Issue, IssueKind, IssueOptions, Look};

/// Faults that the looks show, kind by kind, the gravest first. Thresholds of brightness, shape and size are those of `CleanVision`
/// (0.3.7) by default.
pub fn picture_issues(looks: &[Look], options: &IssueOptions) -> Vec<Issue> {
    let mut found = Vec::new();
    let mut add = |kind: IssueKind, rising: bool, value: &dyn Fn(&Look) -> Option<f64>| {
        let of_it = looks.iter().enumerate().filter_map(|(at, look)| Some(Issue::new(kind, at, value(look)?)));
        let mut of_it: Vec<Issue> = of_it.collect();
        let order =
            |a: &Issue, b: &Issue| if rising { a.value.total_cmp(&b.value) } else { b.value.total_cmp(&a.value) };
        of_it.sort_by(|a, b| order(a, b).then(a.image.cmp(&b.image)));
        found.extend(of_it);
    };
    let below = |value: f32, threshold: f64| Some(f64::from(value)).filter(|value| *value < threshold);
    // What shows nothing is uniform, and neither blurred nor out of focus.
    let something = |look: &Look| f64::from(look.contrast) >= options.uniform;
    add(IssueKind::Blurred, true, &|look| below(look.sharpness, options.blurred).filter(|_| something(look)));
    add(IssueKind::Dark, true, &|look| below(look.brightest, options.dark));
    add(IssueKind::Overexposed, false, &|look| {
        Some(f64::from(look.darkest)).filter(|value| *value > options.overexposed)
    });
    add(IssueKind::Uniform, true, &|look| below(look.contrast, options.uniform));
    let usual = usual_sizes(looks, options.size);
    add(IssueKind::Size, true, &|look| {
        let (low, middle, high) = usual?;
        let side = side(look);
        (side < low || side > high).then(|| side / middle)
    });
    add(IssueKind::Shape, true, &|look| {
        let (short, long) = (look.width.min(look.height), look.width.max(look.height));
        Some(f64::from(short) / f64::from(long.max(1))).filter(|shape| *shape < options.shape)
    });
    // How far a size is off counts in both directions.
    let far = |issue: &Issue| issue.value.ln().abs();
    if let Some(begin) = found.iter().position(|issue| issue.kind == IssueKind::Size) {
        let count = found[begin..].iter().take_while(|issue| issue.kind == IssueKind::Size).count();
        found[begin..begin + count].sort_by(|a, b| far(b).total_cmp(&far(a)).then(a.image.cmp(&b.image)));
    }
    found
}

/// The side of a square of the same area.
fn side(look: &Look) -> f64 {
    f64::from(look.width).sqrt() * f64::from(look.height).sqrt()
}

/// The least, the middle and the largest usual side: `times` interquartile ranges around the quartiles. Where nearly all images are of
/// one size, one that is half or twice as large is still usual.
fn usual_sizes(looks: &[Look], times: f64) -> Option<(f64, f64, f64)> {
    let mut sides: Vec<f64> = looks.iter().map(side).collect();
    sides.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (sides.len().checked_sub(1)?) as f64;
        let below = place.floor() as usize;
        let next = sides[(below + 1).min(sides.len() - 1)];
        Some(sides[below] + place.fract() * (next - sides[below]))
    };
    let (low, middle, high) = (at(0.25)?, at(0.5)?, at(0.75)?);
    let range = high - low;
    if range > 0.0 {
        return Some((low - times * range, middle, high + times * range));
    }
    Some((middle / 2.0, middle, middle * 2.0))
}
