//! Points in the plane, a color per class.
//!
//! The dots of a class are one path of strokes without length, whose round ends are the dots: a tenth of the size of as many
//! circles, and one tooltip for all.

use std::fmt::Write as _;

use super::escape;

/// Classes that can be told apart: ten colors, each as round and as square dots.
pub(crate) const CLASSES: usize = 20;

const SIDE: f64 = 400.0;
const MARGIN: f64 = 12.0;

/// A scatter plot.
pub(crate) struct Scatter<'a> {
    /// What it shows, for those who do not see it.
    pub(crate) alt: &'a str,
    pub(crate) points: &'a [[f32; 2]],
    /// For each group of points its class in the style sheet and its name.
    pub(crate) groups: &'a [(String, String)],
    /// The group of each point.
    pub(crate) group_of: &'a [usize],
}

impl Scatter<'_> {
    /// Where each point lies in the square of [`SIDE`]; none for one that is not finite.
    pub(crate) fn places(points: &[[f32; 2]]) -> Vec<Option<(f64, f64)>> {
        let is_finite = |point: &&[f32; 2]| point.iter().all(|v| v.is_finite());
        let range = |axis: usize| {
            let values = || points.iter().filter(is_finite).map(|point| f64::from(point[axis]));
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
        };
        let (x, y) = (range(0), range(1));
        // One scale for both axes: distances are what the picture is about.
        let span = (x.1 - x.0).max(y.1 - y.0);
        let scale = if span > 0.0 { (SIDE - 2.0 * MARGIN) / span } else { 0.0 };
        let place =
            |value: f32, (low, high): (f64, f64)| SIDE / 2.0 + (f64::from(value) - f64::midpoint(low, high)) * scale;
        // Upwards is up.
        let both = |point: &[f32; 2]| (place(point[0], x), SIDE - place(point[1], y));
        points.iter().map(|point| Some(point).filter(is_finite).map(both)).collect()
    }

    /// The plot as SVG, or `None` when no point is finite.
    pub(crate) fn svg(&self) -> Option<String> {
        let places = Self::places(self.points);
        places.iter().flatten().next()?;
        let mut paths = vec![String::new(); self.groups.len()];
        for (place, group) in places.iter().zip(self.group_of) {
            if let (Some((x, y)), Some(path)) = (place, paths.get_mut(*group)) {
                let _ = write!(path, "M{x:.1} {y:.1}h0");
            }
        }
        let mut svg = format!(
            r#"<svg class="scatter" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{}">"#,
            escape(self.alt)
        );
        for ((class, name), path) in self.groups.iter().zip(paths).filter(|(_, path)| !path.is_empty()) {
            let _ = write!(svg, r#"<path class="{}" d="{path}"><title>{}</title></path>"#, escape(class), escape(name));
        }
        svg.push_str("</svg>");
        Some(svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: &[[f32; 2]], group_of: &[usize]) -> Option<String> {
        let groups = [("c0".to_owned(), "<b>bag".to_owned()), ("c1".to_owned(), "coat".to_owned())];
        Scatter { alt: "a \"map\"", points, groups: &groups, group_of }.svg()
    }

    #[test]
    fn points_lie_where_they_should() {
        // The wider axis fills the square, the other keeps its scale; the second point lies higher.
        let svg = plot(&[[0.0, 0.0], [10.0, 5.0], [f32::NAN, 1.0]], &[0, 1, 1]).unwrap();
        assert!(svg.contains(r#"class="c0" d="M12.0 294.0h0""#), "{svg}");
        assert!(svg.contains(r#"class="c1" d="M388.0 106.0h0"><title>coat"#), "{svg}");
        assert!(svg.contains("&lt;b&gt;bag") && svg.contains("a &quot;map&quot;"), "{svg}");
    }

    #[test]
    fn a_single_point_is_in_the_middle_and_none_is_no_plot() {
        assert!(plot(&[[3.0, 3.0]], &[0]).unwrap().contains("M200.0 200.0h0"));
        assert!(plot(&[[f32::NAN, 0.0]], &[0]).is_none() && plot(&[], &[]).is_none());
    }
}
