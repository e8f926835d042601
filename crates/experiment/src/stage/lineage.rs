//! What a stage was made from, beyond the names of its parents.
//!
//! A stage's key names its parents by *their* keys: by what decides them. On one machine that is as good as naming their
//! results. It is not where a result that was deleted or damaged comes out a little differently when it is made again: on a
//! GPU, or with a time budget that now holds other steps. What was made from the first must not pass for made from the second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::StageKey;
use super::done::Done;

/// What the stages of this process hold, by the hash that names them.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents(Arc<Mutex<BTreeMap<String, String>>>);

impl Contents {
    /// Remembers what a stage holds.
    pub(super) fn learn(&self, key: &StageKey, done: &Done) {
        if let Some(content) = content(done) {
            self.insert(key, content);
        }
    }

    /// A step that keeps nothing itself stands for what it was made from.
    pub(super) fn pass_on(&self, key: &StageKey) {
        let parents: Vec<String> = self.parents(key).into_values().collect();
        self.insert(key, parents.join(" "));
    }

    /// The stages that a key names and what they hold, as far as this process has met them.
    pub(super) fn parents(&self, key: &StageKey) -> BTreeMap<String, String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parents = BTreeMap::new();
        strings(key.parts(), &mut |text| {
            if let Some(content) = known.get(text) {
                parents.insert(text.to_owned(), content.clone());
            }
        });
        parents
    }

    /// Whether a stage was made from what its parents hold now.
    pub(super) fn fit(&self, key: &StageKey, done: &Done) -> bool {
        self.parents(key).iter().all(|(parent, now)| done.upon.get(parent).is_none_or(|then| then == now))
    }

    fn insert(&self, key: &StageKey, content: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.hash().to_owned(), content);
    }
}

/// What later stages build upon: weights where there are some, since what stands beside them holds times.
fn content(done: &Done) -> Option<String> {
    let files = done.files.as_ref()?;
    let weights: Vec<&str> =
        files.iter().filter(|(name, _)| name.ends_with(".safetensors")).map(|(_, hash)| hash.as_str()).collect();
    let all = || files.values().map(String::as_str).collect();
    let hashes: Vec<&str> = if weights.is_empty() { all() } else { weights };
    Some(hashes.join(" "))
}

fn strings(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        Value::Object(map) => map.values().for_each(|item| strings(item, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn done(file: &str, hash: &str, upon: BTreeMap<String, String>) -> Done {
        let files = Some(BTreeMap::from([(file.to_owned(), hash.to_owned()), ("about.json".into(), "time".into())]));
        Done { title: String::new(), seconds: 0.0, stage: None, key: Value::Null, facts: Value::Null, upon, files }
    }

    #[test]
    fn a_child_fits_the_result_it_was_made_from_and_no_other() {
        let parent = StageKey::new("pretrain", "cuda", []);
        let between = StageKey::new("knn", "cuda", [("encoder", json!({ "stage": parent.hash() }))]);
        let child = StageKey::new("evaluate", "cuda", [("classifier", json!(between.hash()))]);
        let of = |hash: &str| {
            let contents = Contents::default();
            contents.learn(&parent, &done("encoder.safetensors", hash, BTreeMap::new()));
            contents.pass_on(&between);
            contents
        };
        let evaluated = done("evaluation.json", "x", of("a").parents(&child));
        assert_eq!(evaluated.upon, BTreeMap::from([(between.hash().to_owned(), "a".to_owned())]));
        assert!(of("a").fit(&child, &evaluated) && !of("b").fit(&child, &evaluated));
        // Where nobody has met the parent, or wrote down what it held, there is nothing to compare.
        assert!(Contents::default().fit(&child, &evaluated));
        assert!(of("b").fit(&child, &done("evaluation.json", "x", BTreeMap::new())));
    }
}
