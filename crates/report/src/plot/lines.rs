//! One measure over the course of training: a small plot, many of which stand side by side.

use std::fmt::Write as _;

use super::{Axis, escape};
use crate::words;

pub(super) const WIDTH: f64 = 340.0;
pub(super) const HEIGHT: f64 = 190.0;
pub(super) const LEFT: f64 = 40.0;
pub(super) const RIGHT: f64 = 12.0;
pub(super) const TOP: f64 = 14.0;
pub(super) const BOTTOM: f64 = 34.0;
/// More points than this many pairs cannot be told apart at the plot's size.
const BUCKETS: usize = 240;

/// As many points tell their value; more would lie on one another.
const DOTS: usize = 60;

/// A level to compare the line with.
pub(crate) struct Guide {
    pub(crate) value: f64,
    pub(crate) name: String,
}

/// A line plot.
pub(crate) struct LinePlot<'a> {
    /// What it shows, for those who do not see it.
    pub(crate) alt: &'a str,
    /// Name of the horizontal axis.
    pub(crate) x_name: &'a str,
    /// Points from left to right; a value that is not finite leaves a gap.
    pub(crate) points: &'a [(f64, f64)],
    /// Levels to compare with.
    pub(crate) guides: &'a [Guide],
    /// Whether 0 belongs on the vertical axis.
    pub(crate) from_zero: bool,
}

impl LinePlot<'_> {
    /// The plot as SVG, or `None` when no point is finite.
    pub(crate) fn svg(&self) -> Option<String> {
        let finite = || self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        let (_, last) = finite().next_back()?;
        let values =
            || finite().map(|p| p.1).chain(self.guides.iter().map(|g| g.value)).chain(self.from_zero.then_some(0.0));
        let y = Axis::new(values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max), 4, false);
        // All of them: a curve that breaks off must be seen to break off.
        let xs = || self.points.iter().map(|p| p.0).filter(|x| x.is_finite());
        let x = Axis::new(xs().fold(f64::INFINITY, f64::min).min(0.0), xs().fold(f64::NEG_INFINITY, f64::max), 5, true);
        let px = |v: f64| LEFT + x.place(v) * (WIDTH - LEFT - RIGHT);
        let py = |v: f64| HEIGHT - BOTTOM - y.place(v) * (HEIGHT - TOP - BOTTOM);

        let mut svg = format!(
            r#"<svg class="lines" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#,
            escape(self.alt)
        );
        for tick in &y.ticks {
            let at = py(*tick);
            put(&mut svg, format_args!(r#"<path class="grid" d="M{LEFT} {at:.1}H{:.1}"/>"#, WIDTH - RIGHT));
            put(
                &mut svg,
                format_args!(r#"<text class="y" x="{:.1}" y="{:.1}">{}</text>"#, LEFT - 7.0, at + 3.5, y.label(*tick)),
            );
        }
        for tick in &x.ticks {
            let at = px(*tick);
            let base = HEIGHT - BOTTOM + 14.0;
            put(&mut svg, format_args!(r#"<text class="x" x="{at:.1}" y="{base:.1}">{}</text>"#, x.label(*tick)));
        }
        put(
            &mut svg,
            format_args!(
                r#"<text class="x name" x="{:.1}" y="{:.1}">{}</text>"#,
                LEFT + (WIDTH - LEFT - RIGHT) / 2.0,
                HEIGHT - 5.0,
                escape(self.x_name)
            ),
        );
        for guide in self.guides {
            let at = py(guide.value);
            put(&mut svg, format_args!(r#"<path class="guide" d="M{LEFT} {at:.1}H{:.1}"/>"#, WIDTH - RIGHT));
            let above = if at < TOP + 12.0 { at + 12.0 } else { at - 5.0 };
            let name = escape(&guide.name);
            put(&mut svg, format_args!(r#"<text class="guide" x="{:.1}" y="{above:.1}">{name}</text>"#, WIDTH - RIGHT));
        }
        let path = path(&thin(self.points), px, py);
        put(&mut svg, format_args!(r#"<path class="line" d="{path}"/>"#));
        self.values(&mut svg, px, py);
        if let Some((end, value)) = finite().next_back() {
            let label = words::value(*last);
            put(
                &mut svg,
                format_args!(
                    r#"<circle class="end" cx="{:.1}" cy="{:.1}" r="3"><title>{label}</title></circle>"#,
                    px(*end),
                    py(*value)
                ),
            );
        }
        svg.push_str("</svg>");
        Some(svg)
    }
}

impl LinePlot<'_> {
    /// Unseen dots that tell the value of a point when it is pointed at.
    fn values(&self, svg: &mut String, px: impl Fn(f64) -> f64, py: impl Fn(f64) -> f64) {
        let points: Vec<&(f64, f64)> = self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let step = points.len().div_ceil(DOTS).max(1);
        for (x, y) in points.into_iter().step_by(step) {
            let told = format!("{} {}: {}", escape(self.x_name), words::value(*x), words::value(*y));
            let (cx, cy) = (px(*x), py(*y));
            put(
                svg,
                format_args!(r#"<circle class="value" cx="{cx:.1}" cy="{cy:.1}" r="5"><title>{told}</title></circle>"#),
            );
        }
    }
}

/// Writing into a string cannot fail.
fn put(svg: &mut String, part: std::fmt::Arguments<'_>) {
    let _ = svg.write_fmt(part);
}

/// A path with a gap wherever a point is not finite.
pub(super) fn path(points: &[(f64, f64)], px: impl Fn(f64) -> f64, py: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut pen_down = false;
    for &(x, y) in points {
        if x.is_finite() && y.is_finite() {
            put(&mut path, format_args!("{}{:.1} {:.1}", if pen_down { 'L' } else { 'M' }, px(x), py(y)));
            pen_down = true;
        } else {
            pen_down = false;
        }
    }
    path
}

/// Keeps the smallest and the largest value of each bucket, so that no spike is lost, and every gap.
pub(super) fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= 2 * BUCKETS {
        return points.to_vec();
    }
    let size = points.len().div_ceil(BUCKETS);
    let mut kept = Vec::with_capacity(3 * BUCKETS);
    for bucket in points.chunks(size) {
        let finite = || bucket.iter().enumerate().filter(|(_, p)| p.1.is_finite());
        let low = finite().min_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(i, _)| i);
        let high = finite().max_by(|a, b| a.1.1.total_cmp(&b.1.1)).map(|(i, _)| i);
        let gap = bucket.iter().position(|p| !p.1.is_finite());
        let mut indices: Vec<usize> = [low, high, gap].into_iter().flatten().collect();
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().map(|i| bucket[i]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot<'a>(points: &'a [(f64, f64)], guides: &'a [Guide]) -> LinePlot<'a> {
        LinePlot { alt: "loss", x_name: "epoch", points, guides, from_zero: false }
    }

    #[test]
    fn a_gap_breaks_the_line() {
        let points = [(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0), (3.0, 2.0)];
        let drawn = path(&points, |x| x, |y| y);
        assert_eq!(drawn, "M0.0 1.0M2.0 3.0L3.0 2.0");
        assert!(plot(&points, &[]).svg().unwrap().contains(r#"role="img" aria-label="loss""#));
    }

    #[test]
    fn nothing_finite_is_no_plot() {
        assert!(plot(&[], &[]).svg().is_none());
        assert!(plot(&[(1.0, f64::NAN), (2.0, f64::INFINITY)], &[]).svg().is_none());
        assert!(plot(&[(1.0, 2.0)], &[]).svg().is_some());
    }

    #[test]
    fn words_are_escaped() {
        let guides = [Guide { value: 1.0, name: "<script>".into() }];
        let svg = LinePlot { alt: "\"><script>", ..plot(&[(1.0, 2.0)], &guides) }.svg().unwrap();
        assert!(!svg.contains("<script>"), "{svg}");
    }

    #[test]
    fn thinning_keeps_spikes_and_gaps() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i), 1.0)).collect();
        points[7_777].1 = 50.0;
        points[1_234].1 = f64::NAN;
        let kept = thin(&points);
        assert!(kept.len() <= 3 * BUCKETS);
        assert!(kept.contains(&(7_777.0, 50.0)));
        assert_eq!(kept.iter().filter(|p| p.1.is_nan()).count(), 1);
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
    }
}
