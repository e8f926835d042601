//! The columns of a table that mean nothing to us, for tables that people go on working with.

use std::collections::HashMap;

use polars::prelude::{Column as Series, DataFrame, DataType, col};

use super::{Manifest, Table, columns::ROW};
use crate::{error::Result, table::Column};

impl Manifest {
    /// The names of the columns that say neither where the image is nor its label or split.
    pub(crate) fn further_names(&self) -> Vec<&str> {
        self.table.further()
    }

    /// The further columns of the table at these rows of this view, in the order of `rows`: whole numbers, numbers, booleans,
    /// texts, and dates as text. Lists, structs and bytes are left out, and so are image, path, label and split.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn further_columns(&self, rows: &[u64]) -> Result<Vec<(String, Column)>> {
        let further = self.further_names();
        let wanted: Vec<(String, DataType)> = self
            .table
            .columns
            .schema
            .iter()
            .filter(|(name, kind)| further.contains(&name.as_str()) && is_plain(kind))
            .map(|(name, kind)| (name.to_string(), kind.clone()))
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let expressions = std::iter::once(col(ROW)).chain(wanted.iter().map(|(name, _)| col(name.as_str())));
        let data =
            self.table.collect(self.narrowing.of(self.table.frame.clone()).select(expressions.collect::<Vec<_>>()))?;
        let places = self.places(&data, rows)?;
        wanted.into_iter().map(|(name, kind)| Ok((name.clone(), self.plain(&data, &name, &kind, &places)?))).collect()
    }

    /// The split of each of these rows; none at all without a `split` column.
    ///
    /// # Errors
    /// Where the table cannot be read.
    pub fn splits_of(&self, rows: &[u64]) -> Result<Option<Vec<Option<String>>>> {
        let Some(split) = &self.table.columns.split else { return Ok(None) };
        let data =
            self.table.collect(self.narrowing.of(self.table.frame.clone()).select([col(ROW), col(split.as_str())]))?;
        let texts = self.table.split_texts(&data, split)?;
        let places = self.places(&data, rows)?;
        Ok(Some(places.into_iter().map(|at| texts[at?].clone()).collect()))
    }

    /// Where each row stands in a query's result.
    fn places(&self, data: &DataFrame, rows: &[u64]) -> Result<Vec<Option<usize>>> {
        let found: HashMap<u64, usize> = self.table.row_numbers(data)?.into_iter().zip(0..).collect();
        Ok(rows.iter().map(|row| found.get(row).copied()).collect())
    }

    fn plain(&self, data: &DataFrame, name: &str, kind: &DataType, places: &[Option<usize>]) -> Result<Column> {
        let table = &self.table;
        let column = table.checked(data.column(name))?;
        Ok(match kind {
            DataType::Boolean => {
                let values = table.checked(column.bool())?;
                Column::Bool(places.iter().map(|at| at.and_then(|at| values.get(at))).collect())
            }
            kind if kind.is_integer() => {
                let column: Series = table.checked(column.cast(&DataType::Int64))?;
                let values = table.checked(column.i64())?;
                Column::I64(places.iter().map(|at| at.and_then(|at| values.get(at))).collect())
            }
            kind if kind.is_float() => {
                let column: Series = table.checked(column.cast(&DataType::Float64))?;
                let values = table.checked(column.f64())?;
                Column::F64(places.iter().map(|at| at.and_then(|at| values.get(at))).collect())
            }
            _ => {
                let texts = table.texts(data, name)?;
                Column::OptionalText(
                    places.iter().map(|at| at.and_then(|at| texts.get(at)).map(str::to_owned)).collect(),
                )
            }
        })
    }
}

impl Table {
    /// The names of the columns that say neither where the image is nor its label or split.
    pub(super) fn further(&self) -> Vec<&str> {
        let columns = &self.columns;
        let ours = |name: &str| {
            let image = super::columns::ImageColumn::OWN.iter().any(|own| own.eq_ignore_ascii_case(name.trim()));
            image || name == ROW || columns.label.as_deref() == Some(name) || columns.split.as_deref() == Some(name)
        };
        columns.names().into_iter().filter(|name| !ours(name)).collect()
    }
}

fn is_plain(kind: &DataType) -> bool {
    let time = matches!(kind, DataType::Date | DataType::Datetime(..) | DataType::Time);
    time || kind.is_integer() || kind.is_float() || matches!(kind, DataType::Boolean | DataType::String)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_columns_follow_the_rows_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let text = "path,label,split,camera,n,x,ok,day\n\
                    a.png,cat,train,north,1,0.5,true,2024-05-01\n\
                    b.png,,test,,2,,false,2024-05-02\n\
                    c.png,dog,train,south,,1.5,,2024-05-03\n";
        std::fs::write(&path, text).unwrap();
        let manifest = Manifest::open(&path).unwrap();
        let found = manifest.further_columns(&[2, 1]).unwrap();
        let text =
            |values: &[Option<&str>]| Column::OptionalText(values.iter().map(|v| v.map(str::to_owned)).collect());
        assert_eq!(
            found,
            [
                ("camera".to_owned(), text(&[Some("south"), None])),
                ("n".to_owned(), Column::I64(vec![None, Some(2)])),
                ("x".to_owned(), Column::F64(vec![Some(1.5), None])),
                ("ok".to_owned(), Column::Bool(vec![None, Some(false)])),
                ("day".to_owned(), text(&[Some("2024-05-03"), Some("2024-05-02")])),
            ]
        );
        let splits = manifest.splits_of(&[1, 0]).unwrap().unwrap();
        assert_eq!(splits, [Some("test".to_owned()), Some("train".to_owned())]);
    }
}
