//! Descriptions of weights files that are JSON still, and say something else.

use anyhow::{Context, Result};
use foretask_random::Rng;
use serde_json::{Map, Value, json};

/// The key of safetensors under which ours stands as text.
const OURS: (&str, &str) = ("__metadata__", "foretask");

/// Changes one to three things in our description, or in what the header says of the tensors.
pub(super) fn mutate(header: &mut Map<String, Value>, rng: &mut Rng) -> Result<()> {
    let text = header[OURS.0][OURS.1].as_str().context("the file has no description of ours")?;
    let mut inner: Value = serde_json::from_str(text)?;
    for _ in 0..=rng.below(3) {
        if rng.chance(0.8) {
            change(&mut inner, rng);
        } else {
            let name = header.keys().nth(rng.below(header.len() as u64) as usize).cloned().unwrap_or_default();
            if name != OURS.0 {
                change(&mut header[&name], rng);
            }
        }
    }
    header[OURS.0][OURS.1] = inner.to_string().into();
    Ok(())
}

/// Goes down to a random place and changes what is there.
fn change(value: &mut Value, rng: &mut Rng) {
    let deeper = rng.chance(0.8);
    match value {
        Value::Object(map) if deeper && !map.is_empty() => {
            let key = map.keys().nth(rng.below(map.len() as u64) as usize).cloned().unwrap_or_default();
            if rng.chance(0.1) {
                map.remove(&key);
            } else {
                change(&mut map[&key], rng);
            }
        }
        Value::Array(list) if deeper && !list.is_empty() => {
            let at = rng.below(list.len() as u64) as usize;
            match rng.below(6) {
                0 => drop(list.remove(at)),
                1 => list.push(list[at].clone()),
                _ => change(&mut list[at], rng),
            }
        }
        other => *other = something_else(other, rng),
    }
}

fn something_else(value: &Value, rng: &mut Rng) -> Value {
    let any = [
        json!(null),
        json!([]),
        json!({}),
        json!(true),
        json!(""),
        json!("x".repeat(100_000)),
        json!(-1),
        json!(0),
        json!([[[]]]),
    ];
    if rng.chance(0.4) {
        return any[rng.below(any.len() as u64) as usize].clone();
    }
    match value {
        Value::Number(number) => {
            let near = number.as_f64().unwrap_or_default();
            let numbers = [
                json!(0),
                json!(1),
                json!(-near),
                json!(near + 1.0),
                json!(near as i64 + 1),
                json!(near as i64 * 2),
                json!(1_000_000_007_u64),
                json!(u32::MAX),
                json!(u64::MAX),
                json!(1e-300),
                json!(1e300),
            ];
            numbers[rng.below(numbers.len() as u64) as usize].clone()
        }
        Value::String(text) => json!(format!("{text}{text}")),
        _ => any[rng.below(any.len() as u64) as usize].clone(),
    }
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;

    #[test]
    fn a_mutated_header_is_json_of_the_same_form() {
        let inner = json!({ "config": { "width": 4, "stem": null }, "classes": ["a", "b"] }).to_string();
        let whole = json!({ "__metadata__": { "foretask": inner }, "w": { "shape": [2, 2], "data_offsets": [0, 16] } });
        let Value::Object(whole) = whole else { panic!("a map") };
        let mut changed = 0;
        for seed in 0..200 {
            let mut header = whole.clone();
            mutate(&mut header, &mut Key::new(seed).rng()).unwrap();
            serde_json::from_str::<Value>(header["__metadata__"]["foretask"].as_str().unwrap()).unwrap();
            changed += i32::from(header != whole);
        }
        assert!(changed > 180, "{changed}");
    }
}
