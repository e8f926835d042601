//! Files whose columns differ as one table: what one of them lacks is null there, types are widened.

use polars::prelude::{ArrowDataType, ArrowSchema, DataType, PlSmallStr, Schema};

use super::{
    columns::{check_names, is_ours},
    notes::Note,
};
use crate::{
    error::{DataError, Result},
    quiet,
};

/// The columns of one file.
pub(super) struct Part {
    /// The file, for messages.
    pub(super) file: String,
    pub(super) schema: Schema,
    /// Columns of types that cannot be read.
    pub(super) unreadable: Vec<(PlSmallStr, String)>,
}

impl Part {
    pub(super) fn of(file: String, fields: &ArrowSchema) -> Self {
        let mut part = Self { file, schema: Schema::default(), unreadable: Vec::new() };
        for (name, field) in fields.iter() {
            // The engine panics on types that it was built without.
            match quiet::catch(|| DataType::from_arrow_field(field)) {
                Ok(kind) => drop(part.schema.insert(name.clone(), kind)),
                Err(_) => part.unreadable.push((name.clone(), in_words(field.dtype()))),
            }
        }
        part
    }
}

/// The columns of all files together, in order of appearance.
///
/// Columns that mean something to us have to fit together; of the others, those that do not are left out, which is said.
pub(super) fn unite(parts: &[&Part]) -> Result<(Schema, Vec<Note>)> {
    let names = |part: &&Part| (part.file.clone(), part.schema.iter_names().map(ToString::to_string).collect());
    check_names(&parts.iter().map(names).collect::<Vec<_>>())?;
    let mut all: Vec<(PlSmallStr, DataType, &str)> = Vec::new();
    let (mut out, mut mixed): (Vec<PlSmallStr>, Vec<PlSmallStr>) = (Vec::new(), Vec::new());
    let mut notes = Vec::new();
    for part in parts {
        for (name, kind) in &part.unreadable {
            if is_ours(name) {
                return Err(DataError::ColumnType {
                    table: part.file.clone(),
                    column: name.to_string(),
                    found: kind.clone(),
                    expected: "which cannot be read; write it as text or as numbers of a usual type".to_owned(),
                });
            }
            if !out.contains(name) {
                notes.push(Note::said(format!("column `{name}` is left out: its type {kind} cannot be read")));
                out.push(name.clone());
            }
        }
    }
    for part in parts {
        for (name, kind) in part.schema.iter().filter(|(name, _)| !out.contains(name)).collect::<Vec<_>>() {
            let Some((_, known, first)) = all.iter_mut().find(|(known, ..)| known == name) else {
                all.push((name.clone(), kind.clone(), &part.file));
                continue;
            };
            if let Some(wide) = widened(known, kind, is_ours(name)) {
                // Said once a column; parts may be thousands.
                if !mixed.contains(name)
                    && let Some(note) = text_and_numbers(name, [(*first, &*known), (&part.file, kind)])
                {
                    notes.push(note);
                    mixed.push(name.clone());
                }
                *known = wide;
            } else if is_ours(name) {
                return Err(DataError::ColumnType {
                    table: part.file.clone(),
                    column: name.to_string(),
                    found: kind.to_string(),
                    expected: format!("in {first} it has the type {known}; files of one table have to agree"),
                });
            } else {
                let file = &part.file;
                notes.push(Note::said(format!(
                    "column `{name}` is left out: it is {known} in {first}, but {kind} in {file}"
                )));
                out.push(name.clone());
            }
        }
    }
    let kept = all.into_iter().filter(|(name, ..)| !out.contains(name));
    Ok((kept.map(|(name, kind, _)| (name, kind)).collect(), notes))
}

/// What is said of a column that is text in one file and numbers in another.
fn text_and_numbers(name: &str, files: [(&str, &DataType); 2]) -> Option<Note> {
    let [(a, of_a), (b, of_b)] = files;
    let one_of_each = is_text(of_a) != is_text(of_b) && *of_a != DataType::Null && *of_b != DataType::Null;
    one_of_each.then(|| {
        Note::warning(format!(
            "column `{name}` is {of_a} in {a}, but {of_b} in {b}, and is read as text: what has a name here and a number \
             there is two"
        ))
    })
}

fn is_text(kind: &DataType) -> bool {
    *kind == DataType::String || matches!(kind, DataType::Categorical(..) | DataType::Enum(..))
}

/// A type that the engine has no word for.
fn in_words(kind: &ArrowDataType) -> String {
    match kind {
        ArrowDataType::List(item) | ArrowDataType::LargeList(item) | ArrowDataType::FixedSizeList(item, _) => {
            format!("list of {}", in_words(item.dtype()))
        }
        kind => format!("{kind:?}"),
    }
}

/// A type that holds the values of both; for what `names` something, text holds numbers, too.
fn widened(a: &DataType, b: &DataType, names: bool) -> Option<DataType> {
    use DataType::{Float32, Float64, Int64, Null, String, UInt64};
    let text = is_text;
    let number = |kind: &DataType| kind.is_integer() || kind.is_float();
    Some(match (a, b) {
        (a, b) if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (a, b) if text(a) && text(b) => String,
        (Float32, Float32) => Float32,
        (a, b) if a.is_integer() && b.is_integer() => {
            if *a == UInt64 && b.is_unsigned_integer() || *b == UInt64 && a.is_unsigned_integer() {
                UInt64
            } else {
                Int64
            }
        }
        (a, b) if number(a) && number(b) => Float64,
        (DataType::Struct(a), DataType::Struct(b)) => {
            let mut all = a.clone();
            for field in b {
                match all.iter_mut().find(|known| known.name() == field.name()) {
                    Some(known) => known.coerce(widened(known.dtype(), field.dtype(), names)?),
                    None => all.push(field.clone()),
                }
            }
            DataType::Struct(all)
        }
        (a, b) if names && (text(a) || number(a)) && (text(b) || number(b)) => String,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(file: &str, columns: &[(&str, DataType)]) -> Part {
        let schema = columns.iter().map(|(name, kind)| ((*name).into(), kind.clone())).collect();
        Part { file: file.to_owned(), schema, unreadable: Vec::new() }
    }

    #[test]
    fn columns_are_united_by_name() {
        let list = DataType::List(Box::new(DataType::Int64));
        let a = part("a", &[("path", DataType::String), ("label", DataType::Int32), ("x", DataType::Float32)]);
        let b = part(
            "b",
            &[("more", list.clone()), ("label", DataType::Int64), ("path", DataType::String), ("x", list.clone())],
        );
        let (schema, notes) = unite(&[&a, &b]).unwrap();
        let columns: Vec<_> = schema.iter().map(|(name, kind)| (name.as_str(), kind.clone())).collect();
        assert_eq!(columns, [("path", DataType::String), ("label", DataType::Int64), ("more", list)]);
        assert!(notes[0].text.contains("`x`") && notes[0].text.contains("in a") && notes[0].text.contains("in b"));
    }

    #[test]
    fn names_in_one_file_and_numbers_in_another_are_said() {
        let text = part("a", &[("label", DataType::String)]);
        let numbers = part("b", &[("label", DataType::Int64)]);
        let nothing = part("c", &[("label", DataType::Null)]);
        for parts in [[&text, &numbers], [&numbers, &text]] {
            let (schema, notes) = unite(&parts).unwrap();
            assert_eq!(schema.get("label"), Some(&DataType::String));
            assert!(notes.len() == 1 && notes[0].text.contains("`label`") && notes[0].text.contains("is two"));
        }
        assert!(unite(&[&text, &nothing]).unwrap().1.is_empty() && unite(&[&nothing, &numbers]).unwrap().1.is_empty());
    }

    #[test]
    fn types_are_widened_without_loss() {
        use DataType::{Boolean, Date, Float32, Float64, Int8, Int64, Null, String, UInt8, UInt64};
        for (a, b, names, wide) in [
            (Int8, Int64, false, Some(Int64)),
            (UInt8, UInt64, false, Some(UInt64)),
            (Int8, UInt8, false, Some(Int64)),
            (Float32, Float64, false, Some(Float64)),
            (Int64, Float32, false, Some(Float64)),
            (Null, Date, false, Some(Date)),
            (Int64, String, true, Some(String)),
            (Int64, String, false, None),
            (Boolean, Int64, true, None),
        ] {
            assert_eq!(widened(&a, &b, names), wide, "{a} {b}");
            assert_eq!(widened(&b, &a, names), wide, "{b} {a}");
        }
    }

    #[test]
    fn what_cannot_be_joined_names_file_and_column() {
        let list = DataType::List(Box::new(DataType::Int64));
        let parts = [part("train.parquet", &[("label", DataType::Int64)]), part("test.parquet", &[("label", list)])];
        let error = unite(&[&parts[0], &parts[1]]).unwrap_err().to_string();
        assert!(error.starts_with("test.parquet: column `label` has the type list[i64]"), "{error}");
        assert!(error.contains("in train.parquet it has the type i64"), "{error}");
        let parts = [
            part("train.parquet", &[("path", DataType::String), ("label", DataType::Int64)]),
            part("test.parquet", &[("file_name", DataType::String), ("label", DataType::Int64)]),
            part("more.parquet", &[("path", DataType::String), ("labels", DataType::Int64)]),
            part("bare.parquet", &[("path", DataType::String)]),
        ];
        let error = unite(&[&parts[0], &parts[1]]).unwrap_err().to_string();
        assert!(
            error.contains("test.parquet: its file names stand in `file_name`, and those of train.parquet in `path`"),
            "{error}"
        );
        let error = unite(&[&parts[0], &parts[2]]).unwrap_err().to_string();
        assert!(error.contains("more.parquet: its labels stand in `labels`"), "{error}");
        assert!(unite(&[&parts[0], &parts[3]]).is_ok());
        let unreadable = Part { unreadable: vec![("label".into(), "Decimal(10, 2)".to_owned())], ..part("a", &[]) };
        let error = unite(&[&unreadable]).unwrap_err().to_string();
        assert!(error.contains("column `label` has the type Decimal(10, 2)"), "{error}");
    }
}
