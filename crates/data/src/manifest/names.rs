//! How a cell names a class: one rule for every format.

use std::{borrow::Cow, collections::BTreeSet};

/// The class that a label's text names; none where it is no label.
///
/// Text is a name as it was written, so `007` is not `7`. Blanks around it do not count; a whole number written with a point,
/// as tables with gaps have it (`1.0`), is that number; `-1` and nothing mean unlabeled.
pub(crate) fn class_name(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    match whole(text).unwrap_or(Cow::Borrowed(text)) {
        name if name.is_empty() || name == "-1" => None,
        name => Some(name),
    }
}

/// `3` for `3.0` and `3.`, not for `03.0`.
fn whole(text: &str) -> Option<Cow<'_, str>> {
    let (number, fraction) = text.split_once('.')?;
    let digits = number.strip_prefix('-').unwrap_or(number);
    let canonical = digits == "0" || !digits.starts_with('0');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && canonical;
    (is_number && fraction.bytes().all(|byte| byte == b'0'))
        .then(|| Cow::Borrowed(if digits == "0" { digits } else { number }))
}

/// Names in class order: by value where all are whole numbers, else by text.
pub(crate) fn in_class_order(names: BTreeSet<String>) -> Vec<String> {
    let numbers: Option<Vec<i128>> = names.iter().map(|name| name.parse().ok()).collect();
    let Some(numbers) = numbers else { return names.into_iter().collect() };
    let mut pairs: Vec<(i128, String)> = numbers.into_iter().zip(names).collect();
    pairs.sort();
    pairs.into_iter().map(|(_, name)| name).collect()
}

/// The number of a name, which is added where it is new; empty text is no name.
pub(crate) fn intern(text: &str, names: &mut Vec<String>) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    // The last one found is the likeliest: rows of a split usually stand together. There are few splits.
    let known = names.iter().rposition(|name| name == text);
    Some(known.unwrap_or_else(|| {
        names.push(text.to_owned());
        names.len() - 1
    }) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_named_as_it_is_written() {
        for (text, name) in [
            ("007", Some("007")),
            ("7", Some("7")),
            ("True", Some("True")),
            ("12345678901234567890", Some("12345678901234567890")),
            (" cat\u{a0}", Some("cat")),
            ("1.0", Some("1")),
            ("-0.0", Some("0")),
            ("-2.00", Some("-2")),
            ("01.0", Some("01.0")),
            ("1.5", Some("1.5")),
            ("v1.0", Some("v1.0")),
            ("1.0.0", Some("1.0.0")),
            (".0", Some(".0")),
            ("1e5", Some("1e5")),
            ("-1", None),
            ("-1.0", None),
            ("  ", None),
            ("", None),
        ] {
            assert_eq!(class_name(text).as_deref(), name, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let order = |names: &[&str]| in_class_order(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(
            order(&["10", "9", "007", "7", "12345678901234567890"]),
            ["007", "7", "9", "10", "12345678901234567890"]
        );
        assert_eq!(order(&["10", "9", "x"]), ["10", "9", "x"]);
    }
}
