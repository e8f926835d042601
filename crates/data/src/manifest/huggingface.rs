//! The `huggingface` key in a Parquet file's metadata, which says what the columns mean.
//!
//! Layout: `{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": […], "_type": "ClassLabel"}}}}`
//! (huggingface/datasets, `arrow_writer.py`). Some published files lack it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use polars::io::parquet::metadata::FileMetadataRef;
use polars::prelude::{CompatLevel, KeyValueMetadata, PlSmallStr, Schema, SchemaExt as _};
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, Field, Metadata};
use polars_arrow::io::ipc::write::{default_ipc_fields, schema_to_bytes};
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

/// The metadata of a Parquet file of this schema whose columns mean `features`. pyarrow, and `datasets` with it, takes the Arrow
/// schema for the whole truth where a file has one, so the features stand within it, and columns have the very types of features.
pub(crate) fn metadata(features: &str, schema: &Schema) -> KeyValueMetadata {
    let arrow: ArrowSchema = schema.to_arrow(CompatLevel::oldest()).into_iter_values().map(plain).map(named).collect();
    let within: Metadata = [(KEY.into(), features.into())].into();
    let message = schema_to_bytes(&arrow, &default_ipc_fields(arrow.iter_values()), Some(&within));
    // A stream's first message: a mark, and how long it is.
    let mut stream = vec![0xFF; 4];
    stream.extend((message.len() as u32).to_le_bytes());
    stream.extend(message);
    let schema = ("ARROW:schema".to_owned(), STANDARD.encode(stream));
    KeyValueMetadata::from_static(vec![schema, (KEY.to_owned(), features.to_owned())])
}

fn named(field: Field) -> (PlSmallStr, Field) {
    (field.name.clone(), field)
}

/// Text and bytes of fewer than 2 GiB a column and row group.
fn plain(field: Field) -> Field {
    let dtype = match field.dtype {
        ArrowDataType::LargeUtf8 => ArrowDataType::Utf8,
        ArrowDataType::LargeBinary => ArrowDataType::Binary,
        ArrowDataType::Struct(fields) => ArrowDataType::Struct(fields.into_iter().map(plain).collect()),
        other => other,
    };
    Field { dtype, ..field }
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
