//! Which column means what.

use std::sync::Arc;

use polars::prelude::{DataType, Expr, PlSmallStr, Schema, col};

use super::notes::Note;
use crate::error::{DataError, Result};

/// The row's position in the whole table; added by us.
pub(crate) const ROW: &str = "__row";
pub(super) const BYTES: &str = "__bytes";
pub(super) const PATH: &str = "__path";

/// Names of the column of file names, the likeliest first.
const PATHS: [&str; 4] = ["path", "file_name", "filename", "file"];
/// Names of the column of images, or of their file names.
const IMAGES: [&str; 2] = ["image", "img"];

/// Names of the label column, the likeliest first; others are those of the Hugging Face hub.
pub(super) const LABELS: [&str; 3] = ["label", "labels", "fine_label"];

/// What people call columns of labels, too: often enough something else to be only asked about.
const PERHAPS_LABELS: [&str; 9] =
    ["class", "target", "category", "class_name", "classname", "species", "diagnosis", "y", "coarse_label"];

/// The columns that say where an image lies in a file of many: the file, relative to the manifest; its first byte, its length.
pub(crate) const SHARD: &str = "shard";
pub(crate) const OFFSET: &str = "offset";
pub(crate) const LEN: &str = "len";
/// The first eight bytes of the BLAKE3 of the image's bytes, read as a big-endian number.
pub(crate) const CHECKSUM: &str = "checksum";
/// What was seen of the image when it was packed ([`ImageSummary`](crate::images::ImageSummary)).
pub(crate) const LOOK: &str = "first_look";
/// Whether the image has more than 8 bits, so that what was seen of it is not what will be learned from.
pub(crate) const DEEP: &str = "first_look_deep";

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
    pub(super) bytes: Option<Expr>,
    pub(super) path: Option<Expr>,
    pub(super) packed: Option<Packed>,
}

/// Which of the columns of a pack are there besides `shard`, `offset` and `len`.
#[derive(Clone, Copy)]
pub(super) struct Packed {
    pub(super) checksum: bool,
    pub(super) look: bool,
    pub(super) deep: bool,
}

impl Columns {
    /// What the columns of a table mean, and what of that should be said.
    pub(super) fn find(table: &str, schema: Arc<Schema>) -> Result<(Self, Vec<Note>)> {
        let find = |names: &[&str]| names.iter().find_map(|name| named(&schema, name));
        let path = find(&PATHS);
        let mut image =
            ImageColumn { bytes: None, path: path.map(|name| col(name.as_str())), packed: Packed::find(&schema) };
        if let Some(name) = find(&IMAGES) {
            image.read(table, &name, schema.get(&name))?;
        }
        if image.bytes.is_none() && image.path.is_none() && image.packed.is_none() {
            let columns = schema.iter_names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(DataError::NoImageColumn { table: table.to_owned(), columns });
        }
        // Other names count only where they hold what labels are.
        let labels = || LABELS.iter().filter_map(|name| named(&schema, name));
        let holds = |name: &String| schema.get(name).is_some_and(is_label);
        let label = find(&LABELS[..1]).or_else(|| labels().find(holds));
        let mut notes = Vec::new();
        if label.is_none()
            && let Some(name) = labels().next()
        {
            let kind = schema.get(&name).map(ToString::to_string).unwrap_or_default();
            notes.push(Note::warning(format!("column `{name}` has the type {kind} and is not read as labels")));
        }
        if label.is_none()
            && notes.is_empty()
            && let Some(name) = PERHAPS_LABELS.iter().find_map(|name| named(&schema, name))
        {
            notes.push(Note::warning(format!("no column is called `label`; if `{name}` holds the labels, call it so")));
        }
        let split = find(&["split"]);
        for (name, wanted) in [(&label, "label"), (&split, "split")] {
            notes.extend(name.as_deref().filter(|name| name.trim() != *name).map(|name| {
                Note::said(format!(
                    "column \"{name}\" is read as `{}`",
                    if LABELS.contains(&name.trim()) { name.trim() } else { wanted }
                ))
            }));
        }
        Ok((Self { image, label, split, schema }, notes))
    }

    /// The label column's name; callers have checked that there is one.
    pub(crate) fn label(&self) -> &str {
        self.label.as_deref().unwrap_or("label")
    }

    /// The label column's type.
    pub(super) fn label_kind(&self) -> Option<&DataType> {
        self.schema.get(self.label())
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

/// Refuses files of one table that call file names or labels by different names: those of one of them would be lost.
pub(super) fn check_names(files: &[(String, Vec<String>)]) -> Result<()> {
    let named = |names: &[String], wanted: &[&str]| {
        wanted.iter().find_map(|wanted| names.iter().find(|name| name.trim().eq_ignore_ascii_case(wanted)).cloned())
    };
    for (wanted, what) in [(&PATHS[..], "file names"), (&LABELS[..], "labels")] {
        let all: Vec<String> = files.iter().flat_map(|(_, names)| names.clone()).collect();
        let Some(chosen) = named(&all, wanted) else { continue };
        for (file, names) in files.iter().filter(|(_, names)| !names.contains(&chosen)) {
            if let Some(other) = named(names, wanted) {
                let first =
                    files.iter().find(|(_, names)| names.contains(&chosen)).map_or("others", |(file, _)| file.as_str());
                let reason = format!(
                    "its {what} stand in `{other}`, and those of {first} in `{chosen}`; give the columns one name"
                );
                return Err(DataError::Table { table: file.clone(), reason });
            }
        }
    }
    Ok(())
}

/// Whether what a column of this name holds are names, of images, classes or splits.
pub(super) fn is_name(column: &str) -> bool {
    let known = PATHS.iter().chain(&IMAGES).chain(&LABELS).chain(&["split", SHARD]);
    known.into_iter().any(|known| known.eq_ignore_ascii_case(column.trim()))
}

/// Whether a column of this name means something to us.
pub(super) fn is_ours(column: &str) -> bool {
    is_name(column) || [OFFSET, LEN, CHECKSUM, LOOK, DEEP].contains(&column)
}

/// A column by its name: as it is written here, else in other case or with blanks around it.
fn named(schema: &Schema, wanted: &str) -> Option<String> {
    let alike = || schema.iter_names().find(|name| name.trim().eq_ignore_ascii_case(wanted));
    if schema.contains(wanted) { Some(wanted.to_owned()) } else { alike().map(ToString::to_string) }
}

/// Whether a column of this type may hold labels.
fn is_label(kind: &DataType) -> bool {
    kind.is_integer() || kind.is_float() || matches!(kind, DataType::String | DataType::Boolean | DataType::Null)
}

impl ImageColumn {
    /// Takes in a column of images: their bytes, a struct of bytes and path, or paths.
    fn read(&mut self, table: &str, name: &str, kind: Option<&DataType>) -> Result<()> {
        let column = col(name);
        match kind {
            Some(DataType::Struct(fields)) => {
                let field = |wanted: &str| {
                    let found = fields.iter().any(|field| field.name() == wanted);
                    found.then(|| column.clone().struct_().field_by_name(wanted))
                };
                self.bytes = field("bytes");
                self.path = field("path").or(self.path.take());
            }
            Some(DataType::Binary) => self.bytes = Some(column),
            Some(DataType::String) if self.path.is_none() => self.path = Some(column),
            Some(DataType::String) => {}
            found => {
                return Err(DataError::ColumnType {
                    table: table.to_owned(),
                    column: name.to_owned(),
                    found: found.map(ToString::to_string).unwrap_or_default(),
                    expected: "expected encoded bytes, a struct of bytes and path, or a path as text".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The file names, called as in a query for the table's `sources`.
    pub(super) fn path(&self) -> Option<Expr> {
        self.path.clone().map(|path| path.alias(PATH))
    }

    /// What to select for the table's `sources`.
    pub(crate) fn expressions(&self) -> Vec<Expr> {
        let bytes = self.bytes.clone().map(|bytes| bytes.alias(BYTES));
        let mut expressions: Vec<Expr> = bytes.into_iter().chain(self.path()).collect();
        if let Some(packed) = self.packed {
            let number = |name: &str| col(name).cast(DataType::UInt64);
            expressions.extend([col(SHARD), number(OFFSET), number(LEN)]);
            expressions.extend(packed.checksum.then(|| number(CHECKSUM)));
            expressions.extend(packed.look.then(|| col(LOOK)));
            expressions.extend(packed.deep.then(|| col(DEEP)));
        }
        expressions
    }

    /// The columns of the table that say where images are, and nothing else of interest.
    pub(crate) const OWN: [&'static str; 12] =
        ["path", "file_name", "filename", "file", "image", "img", SHARD, OFFSET, LEN, CHECKSUM, LOOK, DEEP];

    /// Whether images are parts of files that hold many.
    pub(crate) fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Whether rows carry their bytes, at least some.
    pub(crate) fn is_embedded(&self) -> bool {
        self.bytes.is_some()
    }
}

impl Packed {
    fn find(schema: &Schema) -> Option<Self> {
        let is = |name: &str, fits: &dyn Fn(&DataType) -> bool| schema.get(name).is_some_and(fits);
        let whole = [OFFSET, LEN].iter().all(|name| is(name, &DataType::is_integer));
        (is(SHARD, &|kind| *kind == DataType::String) && whole).then(|| Self {
            checksum: is(CHECKSUM, &DataType::is_integer),
            look: is(LOOK, &|kind| *kind == DataType::Binary),
            deep: is(DEEP, &|kind| *kind == DataType::Boolean),
        })
    }
}
