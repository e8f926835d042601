//! Accuracy against labels, on a logarithmic axis.
//!
//! Across, positions are percentages, so that the plot fills any width while text and marks keep their size.

use std::fmt::Write as _;

use super::{Axis, Guide, escape};

const HEIGHT: f64 = 400.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 44.0;
/// Room at both ends for marks beside the outermost points, in percent.
const MARGIN: f64 = 4.0;
/// Names of points nearer than this, in percent, would touch on a phone.
const APART: f64 = 6.5;
/// Curves stand beside each other at each number of labels, so that their intervals do not cover each other, in pixels.
const BESIDE: f64 = 5.0;

/// One curve.
pub(crate) struct Curve {
    /// Class names of its color and line.
    pub(crate) class: String,
    /// What stands at each place; `None` leaves a gap.
    pub(crate) points: Vec<Option<Mark>>,
}

/// One point of a curve.
pub(crate) struct Mark {
    pub(crate) value: f64,
    /// An error bar from low to high.
    pub(crate) interval: Option<(f64, f64)>,
    /// Shown when pointed at.
    pub(crate) title: String,
}

/// Curves over the same places.
pub(crate) struct CurvePlot<'a> {
    /// What it shows, for those who do not see it.
    pub(crate) alt: &'a str,
    /// Name of the horizontal axis.
    pub(crate) x_name: &'a str,
    /// Places with their names: numbers above 0, ascending.
    pub(crate) places: &'a [(f64, String)],
    pub(crate) curves: &'a [Curve],
    /// Levels to compare with.
    pub(crate) guides: &'a [Guide],
}

impl CurvePlot<'_> {
    /// The plot as SVG, or `None` when no point is finite.
    pub(crate) fn svg(&self) -> Option<String> {
        let points = || self.curves.iter().flat_map(|curve| curve.points.iter().flatten());
        // Accuracies, in percent: an interval may reach beyond what can be.
        let ends = |mark: &Mark| {
            let (low, high) = mark.interval.unwrap_or((mark.value, mark.value));
            [mark.value, low.max(0.0), high.min(100.0)]
        };
        let values =
            || points().flat_map(ends).chain(self.guides.iter().map(|guide| guide.value)).filter(|v| v.is_finite());
        points().find(|mark| mark.value.is_finite())?;
        let y = Axis::new(values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max), 6, false);
        let py = |value: f64| TOP + (1.0 - y.place(value.clamp(y.low, y.high))) * (HEIGHT - TOP - BOTTOM);
        let across = self.across();

        let mut svg = format!(
            r#"<svg class="curve" width="100%" height="{HEIGHT}" role="img" aria-label="{}">"#,
            escape(self.alt)
        );
        for tick in &y.ticks {
            let at = py(*tick);
            let _ = write!(svg, r#"<line class="grid" x1="0%" x2="100%" y1="{at:.1}" y2="{at:.1}"/>"#);
            let _ = write!(svg, r#"<text class="y" x="-7" y="{:.1}">{}</text>"#, at + 3.5, y.label(*tick));
        }
        let base = HEIGHT - BOTTOM;
        let mut named = f64::NEG_INFINITY;
        for (number, (at, (_, name))) in across.iter().zip(self.places).enumerate() {
            let _ = write!(svg, r#"<line class="tick" x1="{at:.2}%" x2="{at:.2}%" y1="{base}" y2="{}"/>"#, base + 5.0);
            // The last one has its name in any case; it is wide ("all").
            let last = across.len() - 1;
            if number == last || (at - named >= APART && (across[last] - at >= 1.5 * APART)) {
                let _ = write!(svg, r#"<text class="x" x="{at:.2}%" y="{}">{}</text>"#, base + 18.0, escape(name));
                named = *at;
            }
        }
        let _ = write!(svg, r#"<text class="x" x="50%" y="{}">{}</text>"#, HEIGHT - 6.0, escape(self.x_name));
        for guide in self.guides {
            let at = py(guide.value);
            let _ = write!(svg, r#"<line class="guide" x1="0%" x2="100%" y1="{at:.1}" y2="{at:.1}"/>"#);
            let _ = write!(svg, r#"<text class="guide" x="100%" y="{:.1}">{}</text>"#, at - 5.0, escape(&guide.name));
        }
        let middle = (self.curves.len() as f64 - 1.0) / 2.0;
        let beside = BESIDE.min(20.0 / self.curves.len().max(1) as f64);
        for (number, curve) in self.curves.iter().enumerate() {
            let shift = (number as f64 - middle) * beside;
            let _ = write!(svg, r#"<g class="{}" transform="translate({shift:.1},0)">"#, escape(&curve.class));
            one(&mut svg, curve, &across, py);
            svg.push_str("</g>");
        }
        svg.push_str("</svg>");
        Some(svg)
    }

    /// Where each place lies, in percent.
    fn across(&self) -> Vec<f64> {
        let logs = || self.places.iter().map(|(place, _)| place.max(f64::MIN_POSITIVE).ln());
        let (low, high) = (logs().fold(f64::INFINITY, f64::min), logs().fold(f64::NEG_INFINITY, f64::max));
        let share = |log: f64| if high > low { (log - low) / (high - low) } else { 0.5 };
        logs().map(|log| MARGIN + (100.0 - 2.0 * MARGIN) * share(log)).collect()
    }
}

fn one(svg: &mut String, curve: &Curve, across: &[f64], py: impl Fn(f64) -> f64) {
    let there = |at: usize| curve.points.get(at)?.as_ref().filter(|mark| mark.value.is_finite());
    for at in 1..across.len() {
        // A path knows no percentages.
        if let (Some(from), Some(to)) = (there(at - 1), there(at)) {
            let (x1, x2, y1, y2) = (across[at - 1], across[at], py(from.value), py(to.value));
            let _ = write!(svg, r#"<line class="line" x1="{x1:.2}%" x2="{x2:.2}%" y1="{y1:.1}" y2="{y2:.1}"/>"#);
        }
    }
    for (at, x) in across.iter().enumerate() {
        let Some(Mark { value, interval, title }) = there(at) else { continue };
        if let Some((low, high)) = interval.filter(|(low, high)| low.is_finite() && high.is_finite()) {
            let (y1, y2) = (py(low), py(high));
            let _ = write!(svg, r#"<line class="error" x1="{x:.2}%" x2="{x:.2}%" y1="{y1:.1}" y2="{y2:.1}"/>"#);
        }
        let (y, title) = (py(*value), escape(title));
        let _ = write!(svg, r#"<circle cx="{x:.2}%" cy="{y:.1}" r="4"><title>{title}</title></circle>"#);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(values: &[f64]) -> Curve {
        let point = |value: &f64| {
            Some(Mark { value: *value, interval: Some((value - 5.0, value + 5.0)), title: "<b>".to_owned() })
        };
        Curve { class: "c0".into(), points: values.iter().map(point).collect() }
    }

    fn svg(places: &[f64], curves: &[Curve]) -> Option<String> {
        let places: Vec<(f64, String)> = places.iter().map(|place| (*place, place.to_string())).collect();
        let guides = [Guide { value: 10.0, name: "chance".into() }];
        CurvePlot { alt: "\"><script>", x_name: "labels", places: &places, curves, guides: &guides }.svg()
    }

    #[test]
    fn places_lie_on_a_logarithm() {
        let svg = svg(&[1.0, 10.0, 100.0], &[curve(&[40.0, 50.0, 60.0])]).unwrap();
        for at in [r#"cx="4.00%""#, r#"cx="50.00%""#, r#"cx="96.00%""#] {
            assert!(svg.contains(at), "{at} is missing in {svg}");
        }
        assert_eq!(svg.matches(r#"class="line""#).count(), 2);
        assert_eq!(svg.matches(r#"class="error""#).count(), 3);
        assert!(!svg.contains("<b>") && !svg.contains("<script>"), "{svg}");
    }

    #[test]
    fn gaps_names_too_near_and_a_single_place_are_no_trouble() {
        let mut broken = curve(&[40.0, f64::NAN, 60.0]);
        broken.points[2] = None;
        let drawn = svg(&[1.0, 100.0, 101.0], &[broken]).unwrap();
        assert_eq!(drawn.matches("<circle").count(), 1);
        assert_eq!(drawn.matches(r#"class="line""#).count(), 0);
        assert!(!drawn.contains(">100</text>") || drawn.matches(">101</text>").count() == 1, "{drawn}");
        assert_eq!(drawn.matches(r#"class="x""#).count(), 3, "two names and that of the axis: {drawn}");
        assert!(svg(&[5.0], &[curve(&[50.0])]).unwrap().contains(r#"cx="50.00%""#));
        assert!(svg(&[], &[]).is_none() && svg(&[1.0], &[curve(&[f64::NAN])]).is_none());
    }
}
