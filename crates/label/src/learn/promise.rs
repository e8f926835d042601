//! What further labels promise.

use serde::Serialize;

use crate::store::CurvePoint;

/// Labels that the promise is about.
const STEP: f64 = 50.0;
/// A gain below this (half a point in a hundred) does not pay any more.
const PAYS: f64 = 0.005;
/// Points that a trend needs, and what the labels have to have grown by between its ends.
const TREND: (usize, f64) = (4, 1.5);

/// What the next labels promise, if errors go on falling as they have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Promise {
    /// What another 50 labels add to the accuracy, 0 to 1.
    pub(crate) gain: f64,
    /// The number of labels from which another 50 add less than half a point.
    pub(crate) stops: u64,
}

/// The error falls as a power of the labels (Hestness et al. 2017), fitted to the points by least squares of logarithms, each point
/// weighing as much as it rests on labels. `None` where there is no trend yet.
pub(crate) fn promise(points: &[CurvePoint]) -> Option<Promise> {
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < TREND.0 || f64::from(last.labels) < TREND.1 * f64::from(first.labels) {
        return None;
    }
    // Nothing is ever surely right: half an error is assumed where none was seen.
    let error = |point: &CurvePoint| (1.0 - point.right).max(0.5 / f64::from(point.labels.max(1)));
    let (mut sw, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for point in points {
        let (weight, x, y) = (f64::from(point.labels), f64::from(point.labels).ln(), error(point).ln());
        sw += weight;
        sx += weight * x;
        sy += weight * y;
        sxx += weight * x * x;
        sxy += weight * x * y;
    }
    let spread = sw * sxx - sx * sx;
    if spread <= 0.0 {
        return None;
    }
    // Labels do no harm, and an error does not fall faster than with their number.
    let power = (-(sw * sxy - sx * sy) / spread).clamp(0.0, 1.0);
    let level = ((sy + power * sx) / sw).exp();
    let gain = |labels: f64| level * (labels.powf(-power) - (labels + STEP).powf(-power));
    let now = f64::from(last.labels);
    let mut stops = now;
    while gain(stops) >= PAYS && stops < 1e6 {
        stops += STEP;
    }
    Some(Promise { gain: gain(now), stops: stops as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(right: impl Fn(f64) -> f64) -> Vec<CurvePoint> {
        let point = |labels: u32| CurvePoint {
            labels,
            right: right(f64::from(labels)),
            low: 0.0,
            high: 1.0,
            encoder: String::new(),
        };
        (2..9).map(|n| point(10 * n)).collect()
    }

    #[test]
    fn a_power_law_is_continued() {
        // Error 2 / sqrt(n): from 80 to 130 labels it falls from .2236 to .1754.
        let found = promise(&points(|n| 1.0 - 2.0 / n.sqrt())).unwrap();
        assert!((found.gain - 0.0482).abs() < 1e-3, "{found:?}");
        // 2 (n^-.5 - (n + 50)^-.5) is .005 at about 440.
        assert!((430..=480).contains(&found.stops), "{found:?}");
    }

    #[test]
    fn what_does_not_rise_promises_nothing() {
        let flat = promise(&points(|_| 0.8)).unwrap();
        assert!(flat.gain.abs() < 1e-9 && flat.stops == 80);
        assert!(promise(&points(|n| 0.9 - n / 1000.0)).unwrap().gain.abs() < 1e-9);
        assert_eq!(promise(&points(|_| 0.8)[..3]), None);
        assert_eq!(promise(&[]), None);
    }
}
