//! Names for stages that would have the same: by what the script says differently, else by number.

use serde_json::Value;

/// Longer marks than this would hide the name they stand behind.
const LONGEST: usize = 40;
/// More differences than this are no mark but a list.
const MOST: usize = 2;

/// The stages named so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marks(Vec<Marked>);

#[derive(Debug, Clone)]
struct Marked {
    name: String,
    key: String,
    said: Vec<(String, Value)>,
    mark: String,
}

impl Marks {
    /// What stands behind `name` for the stage `key`, of which the script says `said`: nothing for the first stage of that
    /// name; for a later one what it has otherwise than the first (" (temperature 0.5)"), or its number (" (3)"). A mark
    /// does not change any more, so that a session can go on adding stages.
    pub(crate) fn mark(&mut self, name: &str, key: &str, said: &Value) -> String {
        let alike = || self.0.iter().filter(|other| other.name == name);
        if let Some(known) = alike().find(|other| other.key == key) {
            return known.mark.clone();
        }
        let said = leaves(said);
        let mark = alike().next().map_or_else(String::new, |first| {
            let told = difference(&first.said, &said).map(|told| format!(" ({told})"));
            let free = told.filter(|told| !alike().any(|other| other.mark == *told));
            free.unwrap_or_else(|| format!(" ({})", alike().count() + 1))
        });
        self.0.push(Marked { name: name.to_owned(), key: key.to_owned(), said, mark: mark.clone() });
        mark
    }
}

/// What `other` says that `first` does not, as "temperature 0.5, steps 200"; `None` where that is nothing or much.
fn difference(first: &[(String, Value)], other: &[(String, Value)]) -> Option<String> {
    let of = |all: &[(String, Value)], path: &str| {
        all.iter().find(|(known, _)| known == path).map_or(Value::Null, |(_, value)| value.clone())
    };
    let mut paths: Vec<&String> = first.iter().chain(other).map(|(path, _)| path).collect();
    paths.sort();
    paths.dedup();
    let differing: Vec<String> = paths
        .into_iter()
        .filter(|path| of(first, path) != of(other, path))
        .map(|path| {
            let name = path.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or(path);
            let value = match of(other, path) {
                Value::Null => "auto".to_owned(),
                Value::String(text) => text,
                value => value.to_string(),
            };
            // A network's name says by itself what it is.
            if name == "arch" { value } else { format!("{name} {value}") }
        })
        .collect();
    let told = differing.join(", ");
    (1..=MOST).contains(&differing.len()).then_some(told).filter(|told| told.chars().count() <= LONGEST)
}

/// The values of nested maps by their paths ("options.steps"). An array of plain values is one value.
fn leaves(value: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| walk(value, &below(name), found)),
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &below(&index.to_string()), found);
                }
            }
            Value::Null => {}
            value => found.push((path.to_owned(), value.clone())),
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn networks_are_marked_by_their_names() {
        let mut marks = Marks::default();
        let said = |arch: &str, width: u64| json!({ "from": { "net": { "arch": arch, "width": width } } });
        assert_eq!(marks.mark("simclr", "a", &said("resnet10", 16)), "");
        assert_eq!(marks.mark("simclr", "b", &said("resnet18", 16)), " (resnet18)");
        assert_eq!(marks.mark("simclr", "c", &said("resnet10", 32)), " (width 32)");
    }

    #[test]
    fn a_stage_is_marked_by_what_it_has_otherwise_else_by_number() {
        let mut marks = Marks::default();
        let said = |temperature: Value, steps: u64| json!({ "task": [[{ "simclr": { "temperature": temperature, "crop": [0.2, 1.0] } }, 1.0]], "steps": steps });
        assert_eq!(marks.mark("simclr", "a", &said(json!(0.1), 5)), "");
        assert_eq!(marks.mark("simclr", "b", &said(json!(0.5), 5)), " (temperature 0.5)");
        assert_eq!(marks.mark("simclr", "c", &said(Value::Null, 9)), " (steps 9, temperature auto)");
        assert_eq!(marks.mark("rotation", "d", &said(json!(0.5), 5)), "");
        // Asked for again, a stage keeps its mark, the first one too.
        assert_eq!(marks.mark("simclr", "b", &said(json!(0.5), 5)), " (temperature 0.5)");
        assert_eq!(marks.mark("simclr", "a", &said(json!(0.1), 5)), "");
        // The same words, yet another stage (of other images, say); and too much to be said.
        assert_eq!(marks.mark("simclr", "e", &said(json!(0.5), 5)), " (4)");
        let long = json!({ "task": "x".repeat(60), "steps": 5 });
        assert_eq!(marks.mark("simclr", "f", &long), " (5)");
    }
}
