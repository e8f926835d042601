//! The same measure of several runs in one plot.

use std::fmt::Write as _;

use super::lines::{BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, path, thin};
use super::{Axis, escape};

/// Colors there are for lines; further lines begin again.
pub(crate) const COLORS: usize = 6;

/// The number of a line's color, its name and its points; a value that is not finite leaves a gap.
pub(crate) type Line = (usize, String, Vec<(f64, f64)>);

/// Lines on common axes.
pub(crate) struct Overlay<'a> {
    /// What it shows, for those who do not see it.
    pub(crate) alt: &'a str,
    /// Name of the horizontal axis.
    pub(crate) x_name: &'a str,
    /// The lines.
    pub(crate) lines: Vec<Line>,
}

impl Overlay<'_> {
    /// The plot as SVG, or `None` when no point is finite.
    pub(crate) fn svg(&self) -> Option<String> {
        let finite = || self.lines.iter().flat_map(|line| &line.2).filter(|(x, y)| x.is_finite() && y.is_finite());
        finite().next()?;
        let range = |value: fn(&(f64, f64)) -> f64| {
            (finite().map(value).fold(f64::INFINITY, f64::min), finite().map(value).fold(f64::NEG_INFINITY, f64::max))
        };
        let ((left, right), (low, high)) = (range(|p| p.0), range(|p| p.1));
        let (x, y) = (Axis::new(left.min(0.0), right, 5, true), Axis::new(low, high, 4, false));
        let px = |v: f64| LEFT + x.place(v) * (WIDTH - LEFT - RIGHT);
        let py = |v: f64| HEIGHT - BOTTOM - y.place(v) * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            r#"<svg class="lines" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#,
            escape(self.alt)
        );
        // Writing into a string cannot fail.
        for tick in &y.ticks {
            let at = py(*tick);
            let _ = write!(svg, r#"<path class="grid" d="M{LEFT} {at:.1}H{:.1}"/>"#, WIDTH - RIGHT);
            let _ =
                write!(svg, r#"<text class="y" x="{:.1}" y="{:.1}">{}</text>"#, LEFT - 7.0, at + 3.5, y.label(*tick));
        }
        let base = HEIGHT - BOTTOM + 14.0;
        for tick in &x.ticks {
            let _ = write!(svg, r#"<text class="x" x="{:.1}" y="{base:.1}">{}</text>"#, px(*tick), x.label(*tick));
        }
        let middle = LEFT + (WIDTH - LEFT - RIGHT) / 2.0;
        let name = escape(self.x_name);
        let _ = write!(svg, r#"<text class="x name" x="{middle:.1}" y="{:.1}">{name}</text>"#, HEIGHT - 5.0);
        for (color, name, points) in &self.lines {
            let class = color % COLORS;
            let drawn = path(&thin(points), px, py);
            let name = escape(name);
            let _ = write!(svg, r#"<path class="line s{class}" d="{drawn}"><title>{name}</title></path>"#);
            if let Some((x, y)) = points.iter().rev().find(|(x, y)| x.is_finite() && y.is_finite()) {
                let (cx, cy) = (px(*x), py(*y));
                let _ = write!(svg, r#"<circle class="end s{class}" cx="{cx:.1}" cy="{cy:.1}" r="3"/>"#);
            }
        }
        svg.push_str("</svg>");
        Some(svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_in_its_color_on_one_axis() {
        let line = |color, name: &str, end| (color, name.to_owned(), vec![(1.0, 1.0), (2.0, f64::NAN), (3.0, end)]);
        let plot = Overlay { alt: "loss", x_name: "step", lines: vec![line(0, "A", 2.0), line(7, "<B>", 4.0)] };
        let svg = plot.svg().unwrap();
        assert_eq!((svg.matches(r#"class="line s0""#).count(), svg.matches(r#"class="line s1""#).count()), (1, 1));
        assert!(svg.contains("&lt;B&gt;") && !svg.contains("<B>"), "{svg}");
        assert!(Overlay { lines: vec![(0, String::new(), vec![(1.0, f64::NAN)])], ..plot }.svg().is_none());
    }
}
