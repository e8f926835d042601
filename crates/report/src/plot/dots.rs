//! Every draw as a dot, a row per method, a lane per draw: the same draw lies at the same height in every row.
//!
//! Positions are percentages, so that the plot fills any width while text and dots keep their size.

use std::fmt::Write as _;

use super::{Axis, escape};

const ROW: f64 = 34.0;

/// One row of a dot plot.
pub(crate) struct DotRow {
    /// Class names of the row's marks ("pretrained").
    pub(crate) class: &'static str,
    /// Value and tooltip of each dot, by lane; `None` leaves the lane empty.
    pub(crate) dots: Vec<Option<(f64, String)>>,
    /// A tick mark for the mean.
    pub(crate) mean: f64,
    /// A bar from low to high behind the dots.
    pub(crate) bar: Option<(f64, f64)>,
}

/// Rows on one axis.
pub(crate) struct DotPlot {
    pub(crate) axis: Axis,
    /// Levels drawn through all rows.
    pub(crate) levels: Vec<f64>,
}

impl DotPlot {
    /// One row as SVG.
    pub(crate) fn row(&self, row: &DotRow) -> String {
        let mut svg = format!(r#"<svg class="track {}" width="100%" height="{ROW}" aria-hidden="true">"#, row.class);
        for tick in &self.axis.ticks {
            let at = self.at(*tick);
            let _ = write!(svg, r#"<line class="grid" x1="{at}" x2="{at}" y1="0" y2="100%"/>"#);
        }
        for level in self.levels.iter().filter(|level| self.holds(**level)) {
            let at = self.at(*level);
            let _ = write!(svg, r#"<line class="level" x1="{at}" x2="{at}" y1="0" y2="100%"/>"#);
        }
        let middle = ROW / 2.0;
        if let Some((low, high)) = row.bar.filter(|(low, high)| low.is_finite() && high.is_finite()) {
            let (low, high) = (self.at(low.max(self.axis.low)), self.at(high.min(self.axis.high)));
            let _ = write!(svg, r#"<line class="bar" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>"#);
        }
        let lanes = row.dots.len();
        for (lane, dot) in row.dots.iter().enumerate() {
            let Some((value, title)) = dot.as_ref().filter(|(value, _)| value.is_finite()) else { continue };
            let offset = if lanes < 2 { 0.0 } else { (lane as f64 / (lanes - 1) as f64 - 0.5) * (ROW - 16.0) };
            let (at, y) = (self.at(*value), middle + offset);
            let _ = write!(svg, r#"<circle cx="{at}" cy="{y:.1}" r="4.5"><title>{}</title></circle>"#, escape(title));
        }
        if row.mean.is_finite() {
            let at = self.at(row.mean);
            let _ = write!(svg, r#"<line class="mean" x1="{at}" x2="{at}" y1="3" y2="{}"/>"#, ROW - 3.0);
        }
        svg.push_str("</svg>");
        svg
    }

    /// The axis with its numbers.
    pub(crate) fn scale(&self) -> String {
        let mut svg = String::from(r#"<svg class="track scale" width="100%" height="20" aria-hidden="true">"#);
        for tick in &self.axis.ticks {
            let at = self.at(*tick);
            let _ = write!(svg, r#"<text x="{at}" y="14">{}</text>"#, self.axis.label(*tick));
        }
        svg.push_str("</svg>");
        svg
    }

    fn holds(&self, value: f64) -> bool {
        value >= self.axis.low && value <= self.axis.high
    }

    fn at(&self, value: f64) -> String {
        format!("{:.2}%", 100.0 * self.axis.place(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_lie_where_their_values_are() {
        let plot = DotPlot { axis: Axis::new(0.0, 10.0, 5, false), levels: vec![5.0, 50.0] };
        let row = DotRow {
            class: "pretrained",
            dots: vec![Some((2.5, "<b>".into())), None, Some((f64::NAN, String::new()))],
            mean: 2.5,
            bar: Some((1.0, 99.0)),
        };
        let svg = plot.row(&row);
        assert_eq!(svg.matches("<circle").count(), 1);
        assert!(svg.contains(r#"cx="25.00%" cy="8.0""#), "{svg}");
        assert!(svg.contains("&lt;b&gt;"), "{svg}");
        assert_eq!(svg.matches(r#"class="level""#).count(), 1, "a level outside the axis is not drawn");
        assert!(svg.contains(r#"x2="100.00%""#), "the bar is cut at the axis: {svg}");
    }
}
