//! Labels as members hold them.

use serde_json::Value;

/// Labels and captions are not longer than that, in bytes.
pub(super) const LONGEST: u64 = 1 << 20;

/// Keys of a JSON member that hold the label, the likeliest first.
const KEYS: [&str; 8] = ["label", "cls", "class", "class_name", "class_id", "category", "target", "labels"];

/// The label that a text is: whole numbers as integers; -1 means that there is none.
pub(super) fn in_text(text: &str) -> Option<String> {
    let number =
        text.parse::<f64>().ok().filter(|number| text.contains('.') && number.fract() == 0.0 && number.abs() < 1e15);
    let label = number.map_or_else(|| text.to_owned(), |number| (number as i64).to_string());
    (label != "-1").then_some(label)
}

/// The label in a JSON object (none where it is empty); `None` where nothing in it can be one.
#[allow(clippy::option_option)] // A label that is empty is not the same as none.
pub(super) fn in_json(json: &str) -> Option<Option<String>> {
    let json: Value = serde_json::from_str(json).ok()?;
    let of = |value: &Value| match value {
        Value::String(text) if text.trim().is_empty() => Some(None),
        Value::String(text) => Some(in_text(text.trim())),
        Value::Number(number) => Some(in_text(&number.to_string())),
        Value::Bool(flag) => Some(Some(flag.to_string())),
        Value::Null => Some(None),
        Value::Array(_) | Value::Object(_) => None,
    };
    match &json {
        Value::Object(fields) => KEYS.iter().find_map(|key| fields.get(*key)).and_then(of),
        plain => of(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_integers_and_minus_one_is_none() {
        assert_eq!(
            ["1.0", "1", "007", "cat", "0.5", "1e3", "v1.0"].map(|text| in_text(text).unwrap()),
            ["1", "1", "007", "cat", "0.5", "1e3", "v1.0"]
        );
        assert_eq!((in_text("-1"), in_text("-1.0")), (None, None));
    }

    #[test]
    fn labels_are_found_under_their_usual_names() {
        let label = |json: &str| in_json(json);
        assert_eq!(label(r#"{"label": 2.0, "url": "x"}"#), Some(Some("2".to_owned())));
        assert_eq!(label(r#"{"class": "cat"}"#), Some(Some("cat".to_owned())));
        assert_eq!(label(r#"{"label": null}"#), Some(None));
        assert_eq!(label("3"), Some(Some("3".to_owned())));
        assert_eq!((label(r#"{"url": "x"}"#), label(r#"{"label": [1, 2]}"#), label("{")), (None, None, None));
    }
}
