//! Tables written for others to read: predictions, embeddings, scores.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use polars::prelude::{
    CsvWriter, DataFrame, NamedFrom, ParquetWriter, PolarsResult, ReshapeDimension, SerWriter, Series,
};
use serde_json::{Map, Value};

use crate::{
    atomic::write_atomically_with,
    error::{DataError, Result},
    formulas::escaped,
    import::io_error,
};

/// Named columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    columns: Vec<(String, Column)>,
    formulas: bool,
}

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// Counts, row numbers.
    U64(Vec<u64>),
    /// Scores; NaN is written as NaN, in JSON as null.
    F32(Vec<f32>),
    /// Whole numbers or nothing.
    I64(Vec<Option<i64>>),
    /// Numbers or nothing.
    F64(Vec<Option<f64>>),
    /// Yes, no or nothing.
    Bool(Vec<Option<bool>>),
    /// Text.
    Text(Vec<String>),
    /// Text or nothing, such as the label of an image that may have none.
    OptionalText(Vec<Option<String>>),
    /// A vector for each row, such as an embedding: `data` holds row after row of `width` values. In Parquet a list of fixed
    /// size; CSV has a column for each component: `name_0`, `name_1`, ….
    Vectors {
        /// Length of each vector.
        width: usize,
        /// All values.
        data: Vec<f32>,
    },
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::U64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::OptionalText(values) => values.len(),
            Self::Vectors { width, data } => data.len() / width.max(&1),
        }
    }
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// The table with one more column.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, column: Column) -> Self {
        self.columns.push((name.into(), column));
        self
    }

    /// The table with texts as they are, even where a spreadsheet that opens its CSV would take them for formulas.
    #[must_use]
    pub fn with_formulas(mut self, formulas: bool) -> Self {
        self.formulas = formulas;
        self
    }

    /// Number of rows: those of the first column.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }
}

/// Writes a table as `.parquet`, `.csv` or `.jsonl` (one JSON object a line), whichever the path ends in; whole or not at
/// all. In CSV an apostrophe stands in front of texts that a spreadsheet would take for formulas, unless the table keeps
/// them ([`Table::with_formulas`]); a manifest is read without it.
///
/// # Errors
/// [`DataError::Argument`] for another ending, two columns of one name or columns of unequal length;
/// [`DataError::Write`] naming the file.
pub fn write_table(path: &Path, table: &Table) -> Result<()> {
    check(table)?;
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    let write: fn(&Table, &mut BufWriter<File>) -> io::Result<()> = match extension.as_str() {
        "parquet" => |table, file| {
            let mut frame = frame(table, false).map_err(io_error)?;
            ParquetWriter::new(file).finish(&mut frame).map(drop).map_err(io_error)
        },
        "csv" => |table, file| {
            let mut frame = frame(table, true).map_err(io_error)?;
            CsvWriter::new(file).finish(&mut frame).map_err(io_error)
        },
        "jsonl" => write_json_lines,
        _ => {
            return Err(DataError::Argument {
                name: "path",
                value: path.display().to_string(),
                expected: "a table is written as .parquet, .csv or .jsonl".to_owned(),
            });
        }
    };
    write_atomically_with(path, |file| write(table, file))
}

fn check(table: &Table) -> Result<()> {
    let wrong =
        |name: &str, expected: String| Err(DataError::Argument { name: "column", value: name.to_owned(), expected });
    for (i, (name, column)) in table.columns.iter().enumerate() {
        if column.len() != table.rows() {
            return wrong(name, format!("it has {} rows, the first column {}", column.len(), table.rows()));
        }
        if let Column::Vectors { width, data } = column
            && (*width == 0 || data.len() % width != 0)
        {
            return wrong(name, format!("{} values are not whole vectors of {width}", data.len()));
        }
        if table.columns[..i].iter().any(|(other, _)| other == name) {
            return wrong(name, "another column has the same name".to_owned());
        }
    }
    Ok(())
}

fn frame(table: &Table, flat: bool) -> PolarsResult<DataFrame> {
    let mut columns: Vec<polars::prelude::Column> = Vec::new();
    let escape = flat && !table.formulas;
    for (name, column) in &table.columns {
        let name = if escape { escaped(name) } else { name.into() };
        let named = || name.as_ref().into();
        match column {
            Column::U64(values) => columns.push(Series::new(named(), values).into()),
            Column::F32(values) => columns.push(Series::new(named(), values).into()),
            Column::I64(values) => columns.push(Series::new(named(), values).into()),
            Column::F64(values) => columns.push(Series::new(named(), values).into()),
            Column::Bool(values) => columns.push(Series::new(named(), values).into()),
            Column::Text(values) if escape => {
                let values: Vec<_> = values.iter().map(|text| escaped(text)).collect();
                columns.push(Series::new(named(), values.iter().map(AsRef::as_ref).collect::<Vec<&str>>()).into());
            }
            Column::OptionalText(values) if escape => {
                let values: Vec<_> = values.iter().map(|text| text.as_deref().map(escaped)).collect();
                columns.push(
                    Series::new(named(), values.iter().map(Option::as_deref).collect::<Vec<Option<&str>>>()).into(),
                );
            }
            Column::Text(values) => columns.push(Series::new(named(), values).into()),
            Column::OptionalText(values) => columns.push(Series::new(named(), values).into()),
            Column::Vectors { width, data } if flat => {
                for i in 0..*width {
                    let values: Vec<f32> = data.iter().skip(i).step_by(*width).copied().collect();
                    columns.push(Series::new(format!("{name}_{i}").into(), values).into());
                }
            }
            Column::Vectors { width, data } => {
                let shape = [ReshapeDimension::Infer, ReshapeDimension::new(*width as i64)];
                columns.push(Series::new(named(), data).reshape_array(&shape)?.into());
            }
        }
    }
    DataFrame::new(table.rows(), columns)
}

fn write_json_lines(table: &Table, file: &mut BufWriter<File>) -> io::Result<()> {
    for row in 0..table.rows() {
        let mut object = Map::new();
        for (name, column) in &table.columns {
            let value = match column {
                Column::U64(values) => values[row].into(),
                Column::F32(values) => number(values[row]),
                Column::I64(values) => values[row].into(),
                Column::F64(values) => values[row].into(),
                Column::Bool(values) => values[row].into(),
                Column::Text(values) => values[row].as_str().into(),
                Column::OptionalText(values) => values[row].as_deref().into(),
                Column::Vectors { width, data } => {
                    data[row * width..(row + 1) * width].iter().copied().map(number).collect()
                }
            };
            object.insert(name.clone(), value);
        }
        serde_json::to_writer(&mut *file, &object)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// The shortest decimal that reads back as the same f32: going through f64 would print 0.1 as 0.10000000149011612.
fn number(value: f32) -> Value {
    value.to_string().parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests;
