//! Small SVG plots that take their colors and fonts from the page.
//!
//! Numbers are written by this crate; every word passes [`escape`]. Colors are classes in the page's style sheet, so
//! one plot serves light, dark and print.

mod curve;
mod dots;
mod lines;
mod overlay;
mod scatter;
mod ticks;

pub(crate) use curve::{Curve, CurvePlot, Mark};
pub(crate) use dots::{DotPlot, DotRow};
pub(crate) use lines::{Guide, LinePlot};
pub(crate) use overlay::{COLORS, Overlay};
pub(crate) use scatter::{CLASSES, Scatter};
pub(crate) use ticks::Axis;

/// Text made harmless inside HTML and SVG, in elements and attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_escapes_escaping() {
        assert_eq!(super::escape(r#"</text><script>"'&"#), "&lt;/text&gt;&lt;script&gt;&quot;&#39;&amp;");
    }
}
