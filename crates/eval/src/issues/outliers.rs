//! Images that are unlike all others.

use foretask_train::Features;

use super::{Issue, IssueKind, IssueOptions};
use crate::similarity::Neighbor;
use crate::{EvalError, nearest};

/// Below so many images nothing is usual.
const FEW: usize = 30;

/// The nearest other images of each, the nearest first, by their places.
pub(super) fn neighbors(features: &Features, options: &IssueOptions) -> Result<Vec<Vec<Neighbor>>, EvalError> {
    let count = features.len();
    let step = count.div_ceil(options.most.max(1)).max(1);
    let places: Vec<u32> = (0..count as u32).step_by(step).collect();
    let bank = if step == 1 { None } else { Some(features.select(&places)) };
    let found = nearest(bank.as_ref().unwrap_or(features), features, options.neighbors + 1)?;
    let others = |(own, list): (usize, Vec<Neighbor>)| {
        let named = list.into_iter().map(|near| Neighbor { index: places[near.index as usize], ..near });
        let mut others: Vec<Neighbor> = named.filter(|near| near.index as usize != own).collect();
        others.truncate(options.neighbors);
        others
    };
    Ok(found.into_iter().enumerate().map(others).collect())
}

/// Share of the images that may be more alike to the last of their neighbors than near-duplicates have to be.
const CROWDED: f64 = 0.001;

/// The similarity that hardly any image has to the last of its neighbors: an image hardly ever has so many copies. Where
/// things are alike by nature (clothes, digits), altered copies are no more alike than others of the kind.
pub(super) fn crowded(around: &[Vec<Neighbor>]) -> f64 {
    let mut last: Vec<f32> = around.iter().filter_map(|near| Some(near.last()?.similarity)).collect();
    last.sort_unstable_by(f32::total_cmp);
    let place = ((1.0 - CROWDED) * last.len().saturating_sub(1) as f64).floor() as usize;
    if last.len() < FEW { -1.0 } else { f64::from(last[place]) }
}

/// Images whose mean distance to their neighbors is far out: `times` interquartile ranges above the upper quartile of its logarithm,
/// which makes the usual distances about normal (Tukey 1977). The farthest first.
pub(super) fn outliers(around: &[Vec<Neighbor>], times: f64) -> Vec<Issue> {
    if around.len() < FEW {
        return Vec::new();
    }
    let distance = |near: &Vec<Neighbor>| {
        let sum: f64 = near.iter().map(|near| f64::from(1.0 - near.similarity).max(0.0)).sum();
        // Copies of one image are at no distance.
        (sum / near.len().max(1) as f64).max(1e-6)
    };
    let distances: Vec<f64> = around.iter().map(distance).collect();
    let mut sorted: Vec<f64> = distances.iter().map(|distance| distance.ln()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| sorted[(share * (sorted.len() - 1) as f64).round() as usize];
    let (low, middle, high) = (at(0.25), at(0.5), at(0.75));
    let fence = high + times * (high - low).max(1e-3);
    let far = distances.iter().enumerate().filter(|(_, distance)| distance.ln() > fence);
    let mut found: Vec<Issue> =
        far.map(|(at, distance)| Issue::new(IssueKind::Outlier, at, distance / middle.exp())).collect();
    found.sort_by(|a, b| b.value.total_cmp(&a.value).then(a.image.cmp(&b.image)));
    found
}
