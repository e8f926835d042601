//! The name of a stage: a hash of everything that decides its result.

use serde::Serialize;
use serde_json::{Map, Value};

/// Raised whenever stored results stop being readable or stop meaning the same.
pub(crate) const FORMAT: u32 = 1;

/// What decides a stage's result, and its hash.
#[derive(Debug, Clone, PartialEq)]
pub struct StageKey {
    parts: Value,
    hash: String,
}

impl StageKey {
    /// The key of `word` with named parts: data fingerprints, model, task, options with their seed, the keys of the
    /// stages it builds upon, the kind of device.
    pub fn new(word: &str, device: &str, parts: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let mut map = Map::new();
        map.insert("format".into(), FORMAT.into());
        map.insert("word".into(), word.into());
        map.insert("device".into(), device.into());
        for (name, value) in parts {
            map.insert(name.into(), value);
        }
        let parts = sorted(&Value::Object(map));
        let hash = blake3::hash(parts.to_string().as_bytes()).to_hex()[..32].to_owned();
        Self { parts, hash }
    }

    /// 32 hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The parts, sorted by name, as they are stored beside the result.
    pub fn parts(&self) -> &Value {
        &self.parts
    }
}

/// The value of any serialisable option struct; the structs here cannot fail to serialize.
pub(crate) fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Keys in order, so that the order of fields and of options in a script does not matter.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_does_not_matter_and_values_do() {
        let key = |options: Value| StageKey::new("pretrain", "flex", [("options", options)]);
        let one = key(json!({ "lr": 0.1, "epochs": 3 }));
        assert_eq!(one.hash(), key(json!({ "epochs": 3, "lr": 0.1 })).hash());
        assert_ne!(one.hash(), key(json!({ "epochs": 4, "lr": 0.1 })).hash());
        assert_ne!(
            one.hash(),
            StageKey::new("pretrain", "libtorch", [("options", json!({ "lr": 0.1, "epochs": 3 }))]).hash()
        );
        assert_eq!(one.hash().len(), 32);
    }

    #[test]
    fn the_hash_is_fixed() {
        // Stored results are found by this hash: changing how it is made orphans every stage on every disk.
        let key = StageKey::new("finetune", "flex", [("seed", json!(1)), ("data", json!("abc"))]);
        let text = format!(r#"{{"data":"abc","device":"flex","format":{FORMAT},"seed":1,"word":"finetune"}}"#);
        assert_eq!(key.parts().to_string(), text);
        assert_eq!(key.hash(), &blake3::hash(text.as_bytes()).to_hex()[..32]);
    }
}
