//! Which column means what.

use std::{path::Path, sync::Arc};

use polars::prelude::{Column, DataFrame, DataType, Expr, PlSmallStr, Schema, col};

use super::{Blob, Source, Table};
use crate::error::{DataError, Result};

/// The row's position in the whole table; added by us.
pub(crate) const ROW: &str = "__row";
const BYTES: &str = "__bytes";
const PATH: &str = "__path";

/// The columns with a meaning; all others are for `.filter`.
pub(crate) struct Columns {
    pub(crate) image: ImageColumn,
    pub(crate) label: Option<String>,
    pub(crate) split: Option<String>,
    pub(crate) schema: Arc<Schema>,
}

/// How a row says where its pixels are.
pub(crate) struct ImageColumn {
    /// Expressions that give the encoded bytes and the path.
    bytes: Option<Expr>,
    path: Option<Expr>,
}

impl Columns {
    pub(super) fn find(table: &str, schema: Arc<Schema>) -> Result<Self> {
        let find = |names: &[&str]| names.iter().find(|name| schema.contains(name)).map(|&name| name.to_owned());
        let names = || schema.iter_names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let path = find(&["path", "file_name", "filename", "file"]);
        let mut image = ImageColumn { bytes: None, path: path.map(|name| col(name.as_str())) };
        if let Some(name) = find(&["image", "img"]) {
            let column = col(name.as_str());
            match schema.get(&name) {
                Some(DataType::Struct(fields)) => {
                    let field = |wanted: &str| {
                        let found = fields.iter().any(|field| field.name() == wanted);
                        found.then(|| column.clone().struct_().field_by_name(wanted))
                    };
                    image.bytes = field("bytes");
                    image.path = field("path").or(image.path);
                }
                Some(DataType::Binary) => image.bytes = Some(column),
                Some(DataType::String) if image.path.is_none() => image.path = Some(column),
                Some(DataType::String) => {}
                found => {
                    return Err(DataError::ColumnType {
                        table: table.to_owned(),
                        column: name,
                        found: found.map(ToString::to_string).unwrap_or_default(),
                        expected: "expected encoded bytes, a struct of bytes and path, or a path as text".to_owned(),
                    });
                }
            }
        }
        if image.bytes.is_none() && image.path.is_none() {
            return Err(DataError::NoImageColumn { table: table.to_owned(), columns: names() });
        }
        let (label, split) = (find(&["label"]), find(&["split"]));
        Ok(Self { image, label, split, schema })
    }

    /// The label column's name; callers have checked that there is one.
    pub(crate) fn label(&self) -> &str {
        self.label.as_deref().unwrap_or("label")
    }

    /// The split column's name.
    pub(crate) fn split(&self) -> &str {
        self.split.as_deref().unwrap_or("split")
    }

    /// The user's columns.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.schema.iter_names().map(PlSmallStr::as_str).collect()
    }
}

impl ImageColumn {
    /// What to select for [`sources`](Self::sources).
    pub(crate) fn expressions(&self) -> Vec<Expr> {
        let bytes = self.bytes.clone().map(|bytes| bytes.alias(BYTES));
        bytes.into_iter().chain(self.path.clone().map(|path| path.alias(PATH))).collect()
    }

    /// Whether rows carry their bytes, at least some.
    pub(crate) fn is_embedded(&self) -> bool {
        self.bytes.is_some()
    }

    /// Bytes where a row has them, else the file its path names.
    pub(super) fn sources(&self, table: &Table, data: &DataFrame) -> Result<Vec<Source>> {
        let bytes = match &self.bytes {
            Some(_) => Some(Arc::new(table.checked(data.column(BYTES).and_then(Column::binary))?.clone())),
            None => None,
        };
        let paths = match &self.path {
            Some(_) => Some(table.texts(data, PATH)?),
            None => None,
        };
        let folder: Arc<Path> = table.folder.as_path().into();
        Ok((0..data.height())
            .map(|index| {
                let name = paths.as_ref().and_then(|paths| paths.get(index)).filter(|name| !name.is_empty());
                match &bytes {
                    Some(column) if column.get(index).is_some() => {
                        Source::Bytes { bytes: Blob::new(column.clone(), index), name: name.map(str::to_owned) }
                    }
                    _ => match name {
                        Some(name) => Source::File { folder: folder.clone(), name: name.to_owned() },
                        None => Source::Missing,
                    },
                }
            })
            .collect())
    }
}
