//! Which column means what.

use std::{path::Path, sync::Arc};

use polars::prelude::{Column, DataFrame, DataType, Expr, PlSmallStr, Schema, col};

use super::{Blob, Source, Table};
use crate::{
    error::{DataError, Result},
    images::Look,
    shard::{Place, Shard, check_ends},
};

/// The row's position in the whole table; added by us.
pub(crate) const ROW: &str = "__row";
const BYTES: &str = "__bytes";
const PATH: &str = "__path";

/// Names of the label column, the likeliest first; others are those of the Hugging Face hub.
pub(super) const LABELS: [&str; 3] = ["label", "labels", "fine_label"];

/// The columns that say where an image lies in a file of many: the file, relative to the manifest; its first byte, its length.
pub(crate) const SHARD: &str = "shard";
pub(crate) const OFFSET: &str = "offset";
pub(crate) const LEN: &str = "len";
/// The first eight bytes of the BLAKE3 of the image's bytes, read as a big-endian number.
pub(crate) const CHECKSUM: &str = "checksum";
/// What was seen of the image when it was packed ([`Look`]).
pub(crate) const LOOK: &str = "first_look";

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
    packed: Option<Packed>,
}

/// Which of the columns of a pack are there besides `shard`, `offset` and `len`.
#[derive(Clone, Copy)]
struct Packed {
    checksum: bool,
    look: bool,
}

impl Columns {
    pub(super) fn find(table: &str, schema: Arc<Schema>) -> Result<Self> {
        let find = |names: &[&str]| names.iter().find(|name| schema.contains(name)).map(|&name| name.to_owned());
        let names = || schema.iter_names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let path = find(&["path", "file_name", "filename", "file"]);
        let mut image = ImageColumn { bytes: None, path: path.map(|name| col(name.as_str())), packed: None };
        let is = |name: &str, fits: &dyn Fn(&DataType) -> bool| schema.get(name).is_some_and(fits);
        if is(SHARD, &|kind| *kind == DataType::String)
            && [OFFSET, LEN].iter().all(|name| is(name, &DataType::is_integer))
        {
            let look = is(LOOK, &|kind| *kind == DataType::Binary);
            image.packed = Some(Packed { checksum: is(CHECKSUM, &DataType::is_integer), look });
        }
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
        if image.bytes.is_none() && image.path.is_none() && image.packed.is_none() {
            return Err(DataError::NoImageColumn { table: table.to_owned(), columns: names() });
        }
        // Other names count only where they hold what labels are.
        let plain = |kind: &DataType| kind.is_integer() || *kind == DataType::String;
        let other = LABELS.into_iter().find(|name| is(name, &plain)).map(str::to_owned);
        let (label, split) = (find(&["label"]).or(other), find(&["split"]));
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
        let mut expressions: Vec<Expr> =
            bytes.into_iter().chain(self.path.clone().map(|path| path.alias(PATH))).collect();
        if let Some(packed) = self.packed {
            let number = |name: &str| col(name).cast(DataType::UInt64);
            expressions.extend([col(SHARD), number(OFFSET), number(LEN)]);
            expressions.extend(packed.checksum.then(|| number(CHECKSUM)));
            expressions.extend(packed.look.then(|| col(LOOK)));
        }
        expressions
    }

    /// The columns of the table that say where images are, and nothing else of interest.
    pub(crate) const OWN: [&'static str; 11] =
        ["path", "file_name", "filename", "file", "image", "img", SHARD, OFFSET, LEN, CHECKSUM, LOOK];

    /// Whether images are parts of files that hold many.
    pub(crate) fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Whether rows carry their bytes, at least some.
    pub(crate) fn is_embedded(&self) -> bool {
        self.bytes.is_some()
    }

    /// Bytes where a row has them, else its part of a shard, else the file its path names.
    pub(super) fn sources(&self, table: &Table, data: &DataFrame) -> Result<Vec<Source>> {
        let bytes = match &self.bytes {
            Some(_) => Some(Arc::new(table.checked(data.column(BYTES).and_then(Column::binary))?.clone())),
            None => None,
        };
        let paths = match &self.path {
            Some(_) => Some(table.texts(data, PATH)?),
            None => None,
        };
        let mut places = match self.packed {
            Some(packed) => packed.places(table, data)?,
            None => Vec::new(),
        };
        let folder: Arc<Path> = table.folder.as_path().into();
        Ok((0..data.height())
            .map(|index| {
                let name = paths.as_ref().and_then(|paths| paths.get(index)).filter(|name| !name.is_empty());
                if let Some(column) = &bytes
                    && column.get(index).is_some()
                {
                    return Source::Bytes { bytes: Blob::new(column.clone(), index), name: name.map(str::to_owned) };
                }
                if let Some((place, look)) = places.get_mut(index).and_then(Option::take) {
                    return Source::Packed { place, look: look.map(Box::new), name: name.map(Into::into) };
                }
                match name {
                    Some(name) => Source::File { folder: folder.clone(), name: name.to_owned() },
                    None => Source::Missing,
                }
            })
            .collect())
    }
}

/// Where a row's image lies, and what is known of it; none where a coordinate is missing.
type Known = Option<(Place, Option<Look>)>;

impl Packed {
    /// Where each row's image lies, and what is known of it.
    fn places(self, table: &Table, data: &DataFrame) -> Result<Vec<Known>> {
        let names = table.texts(data, SHARD)?;
        let number = |name: &str| table.checked(data.column(name).and_then(Column::u64));
        let (offsets, lens) = (number(OFFSET)?, number(LEN)?);
        let checksums = if self.checksum { Some(number(CHECKSUM)?) } else { None };
        let looks = if self.look { Some(table.checked(data.column(LOOK).and_then(Column::binary))?) } else { None };
        let mut last: Option<(&str, Arc<Shard>)> = None;
        let mut places = Vec::with_capacity(data.height());
        for index in 0..data.height() {
            let row = (names.get(index), offsets.get(index), lens.get(index).and_then(|len| u32::try_from(len).ok()));
            let (Some(name), Some(offset), Some(len)) = row else {
                places.push(None);
                continue;
            };
            let shard = match &last {
                Some((known, shard)) if *known == name => shard.clone(),
                _ => table.shards.get(&table.folder, name),
            };
            last = Some((name, shard.clone()));
            let checksum = checksums.and_then(|checksums| checksums.get(index));
            let look = looks.and_then(|looks| looks.get(index)).and_then(Look::from_bytes);
            places.push(Some((Place { shard, offset, len, checksum }, look)));
        }
        let rows = table.row_numbers(data)?;
        let known = rows.iter().zip(&places).filter_map(|(&row, place)| Some((row, &place.as_ref()?.0)));
        check_ends(&table.name, known)?;
        Ok(places)
    }
}
