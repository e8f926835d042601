//! Numbers as people read them. Spaces inside a number or before its unit do not break; [`plain`] makes them ordinary.

use crate::shown;

/// No-break space.
const NB: char = '\u{a0}';
/// Narrow no-break space, between groups of three digits.
const GROUP: char = '\u{202f}';

/// "73.1" from 0.731; "?" when it is not a number.
pub(crate) fn percent_number(fraction: f64) -> String {
    if fraction.is_finite() { format!("{:.1}", 100.0 * fraction) } else { "?".into() }
}

/// "73.1 %" from 0.731.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{}{NB}%", percent_number(fraction))
}

/// "73.1 ± 1.9" from mean and deviation.
pub(crate) fn mean_sd(mean: f64, sd: Option<f64>) -> String {
    match sd.filter(|sd| sd.is_finite()) {
        Some(sd) => format!("{}{NB}±{NB}{:.1}", percent_number(mean), 100.0 * sd),
        None => percent_number(mean),
    }
}

/// "+3.1" or "−0.4" (a true minus) from 0.031 or -0.004: percentage points.
pub(crate) fn points(fraction: f64) -> String {
    if !fraction.is_finite() {
        return "?".into();
    }
    let text = format!("{:.1}", (100.0 * fraction).abs());
    match text.as_str() {
        "0.0" => text,
        _ if fraction < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

/// "+1.2 … +5.0", in points, on one line.
pub(crate) fn interval(low: f64, high: f64) -> String {
    format!("{}{NB}…{NB}{}", points(low), points(high))
}

/// "10 000" from 10000.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && digits.len() > 4 {
            text.push(GROUP);
        }
        text.push(digit);
    }
    text
}

/// "1 image", "2 000 images".
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{}{NB}{}", count(n as u64), if n == 1 { one } else { many })
}

/// "0.4 s", "43 s", "2 min 05 s", "3 h 20 min".
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".into();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1}{NB}s");
    }
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s}{NB}s"),
        60..3600 => format!("{}{NB}min{NB}{:02}{NB}s", s / 60, s % 60),
        _ => format!("{}{NB}h{NB}{:02}{NB}min", s / 3600, s % 3600 / 60),
    }
}

/// A measured value with three to four digits that matter.
pub(crate) fn value(x: f64) -> String {
    let size = x.abs();
    match size {
        _ if !x.is_finite() => "not finite".into(),
        0.0 => "0".into(),
        _ if size >= 10_000.0 => count(x.round().abs() as u64),
        _ if size >= 100.0 => format!("{x:.0}"),
        _ if size >= 10.0 => format!("{x:.1}"),
        _ if size >= 1.0 => format!("{x:.2}"),
        _ if size >= 0.001 => format!("{x:.3}"),
        _ => format!("{x:.1e}"),
    }
}

/// "95 %" from 0.95; a level such as 0.995 keeps its half.
pub(crate) fn level(level: f64) -> String {
    let text = format!("{:.1}", 100.0 * level);
    format!("{}{NB}%", text.strip_suffix(".0").unwrap_or(&text))
}

/// Ordinary spaces, for terminals.
pub(crate) fn plain(text: &str) -> String {
    text.replace([NB, GROUP], " ")
}

/// One line, so that a class name can neither drive the terminal nor turn the order of what stands beside it around.
pub(crate) fn clean(text: &str) -> String {
    shown(&plain(text)).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        let check = |text: String, expected: &str| assert_eq!(plain(&text), expected);
        check(percent(0.7314), "73.1 %");
        check(percent(f64::NAN), "? %");
        check(mean_sd(0.731, Some(0.0191)), "73.1 ± 1.9");
        check(mean_sd(0.731, None), "73.1");
        check(points(0.0312), "+3.1");
        check(points(-0.004), "−0.4");
        check(points(-0.0004), "0.0");
        check(count(999), "999");
        check(count(2000), "2000");
        check(count(60_000), "60 000");
        check(count(1_234_567), "1 234 567");
        check(counted(1, "image", "images"), "1 image");
        check(duration(0.44), "0.4 s");
        check(duration(43.4), "43 s");
        check(duration(59.7), "1 min 00 s");
        check(duration(125.0), "2 min 05 s");
        check(duration(12_000.0), "3 h 20 min");
        check(level(0.95), "95 %");
        check(level(0.995), "99.5 %");
        check(value(0.08839), "0.088");
        check(value(5.5452), "5.55");
        check(value(f64::NAN), "not finite");
        check(value(3.2e-5), "3.2e-5");
    }
}
