//! Numbers of labels, and what they are worth, in words.

use crate::report::{Bound, CurvePoint, LabelCount, Worth};
use crate::words::{self, clean};

/// "10" or "all 10 000".
pub(crate) fn heading(count: &LabelCount) -> String {
    if count.name == "all" { format!("all {}", words::count(count.labels as u64)) } else { clean(&count.name) }
}

/// "1, 5 and 10 labels a class and all 10 000 labels".
pub(crate) fn with(counts: &[&LabelCount]) -> String {
    let (all, some): (Vec<&LabelCount>, Vec<&LabelCount>) = counts.iter().partition(|count| count.name == "all");
    let mut parts = Vec::new();
    let names: Vec<String> = some.iter().map(|count| clean(&count.name)).collect();
    if !names.is_empty() {
        let one = names == ["1"];
        parts.push(format!("{} {} a class", listed(&names), if one { "label" } else { "labels" }));
    }
    parts.extend(all.iter().map(|count| format!("all {}", words::counted(count.labels, "label", "labels"))));
    parts.join(" and ")
}

/// "1, 5 and 10".
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// "about 31", "more than 100", "fewer than 1".
pub(crate) fn worth(worth: Worth) -> String {
    let number = labels(worth.labels);
    match worth.bound {
        Bound::About => format!("about {number}"),
        Bound::MoreThan => format!("more than {number}"),
        Bound::FewerThan => format!("fewer than {number}"),
    }
}

/// Two digits that matter.
pub(crate) fn labels(number: f64) -> String {
    if number >= 99.5 {
        let power = 10f64.powf(number.log10().floor() - 1.0);
        let rounded = if number.fract() == 0.0 { number } else { (number / power).round() * power };
        return words::count(rounded as u64);
    }
    if number >= 9.95 {
        return format!("{number:.0}");
    }
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// "fewer than 1 … about 31".
pub(crate) fn worth_interval((low, high): (Worth, Worth)) -> String {
    let end = |end: Worth| match end.bound {
        Bound::About => labels(end.labels),
        _ => worth(end),
    };
    format!("{} … {}", end(low), end(high))
}

/// "; worth about 31 labels of scratch (12 … 70)".
pub(crate) fn worth_clause(point: &CurvePoint, scratch: &str) -> String {
    let Some(savings) = &point.savings else { return String::new() };
    let interval = savings.interval.map_or_else(String::new, |ends| format!(" ({})", worth_interval(ends)));
    let labels = if savings.worth.labels == 1.0 { "label" } else { "labels" };
    format!("; worth {} {labels} a class of {scratch}{interval}", worth(savings.worth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::plain;

    #[test]
    fn numbers_of_labels_keep_two_digits() {
        assert_eq!(
            [1.0, 3.16, 9.96, 31.6, 99.4, 316.2, 640.0, 1000.0].map(|n| plain(&labels(n))),
            ["1", "3.2", "10", "32", "99", "320", "640", "1000"]
        );
    }
}
