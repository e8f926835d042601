//! The `huggingface` key in a Parquet file's metadata, which says what the columns mean.
//!
//! Layout: `{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": […], "_type": "ClassLabel"}}}}`
//! (huggingface/datasets, `arrow_writer.py`). Some published files lack it.

use polars::io::parquet::metadata::FileMetadataRef;
use serde_json::{Value, json};

use super::columns::LABELS;

/// The key.
pub(crate) const KEY: &str = "huggingface";

/// The names of the integer labels, where the file has them.
pub(super) fn class_names(metadata: &FileMetadataRef) -> Option<Vec<String>> {
    let pairs = metadata.key_value_metadata();
    let text = pairs.iter().flatten().find(|pair| pair.key == KEY).and_then(|pair| pair.value.clone())?;
    // Whatever cannot be understood is somebody else's and no reason to refuse the table.
    let features: Value = serde_json::from_str(&text).ok()?;
    let named = |label: &str| features.pointer(&format!("/info/features/{label}/names")).and_then(Value::as_array);
    let names = LABELS.into_iter().find_map(named)?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// What to write under [`KEY`]: an image, and text or integers beside it.
pub(crate) fn features(columns: &[(&str, &str)]) -> String {
    let mut features = serde_json::Map::new();
    for &(name, kind) in columns {
        let feature =
            if kind == "Image" { json!({"_type": "Image"}) } else { json!({"dtype": kind, "_type": "Value"}) };
        features.insert(name.to_owned(), feature);
    }
    json!({"info": {"features": features}}).to_string()
}
