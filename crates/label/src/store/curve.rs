//! How accuracy has grown with labels.

use foretask_experiment::Error;
use rusqlite::params;
use serde::Serialize;

use super::change::now;
use super::{Store, schema};

/// What cross-validation said at some number of labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CurvePoint {
    /// Images with a class.
    pub(crate) labels: u32,
    /// Share of them that was named rightly while held out, 0 to 1.
    pub(crate) right: f64,
    /// Lower end of its 95 % interval.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
    /// What gave the features.
    pub(crate) encoder: String,
}

impl Store {
    /// Adds a point. It follows from the labels, so it is no act and nothing is lost with it.
    ///
    /// # Errors
    /// A disk that does not take it.
    pub(crate) fn add_to_curve(&mut self, point: &CurvePoint) -> Result<(), Error> {
        let insert = "INSERT INTO curve (labels, right, low, high, encoder, at) VALUES (?, ?, ?, ?, ?, ?)";
        let values = params![point.labels, point.right, point.low, point.high, point.encoder, now()];
        self.db.execute(insert, values).map_err(|error| schema::broken(&self.path, &error))?;
        Ok(())
    }

    /// All points, in the order they were made.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn curve(&self) -> Result<Vec<CurvePoint>, Error> {
        let read = || {
            let mut query = self.db.prepare("SELECT labels, right, low, high, encoder FROM curve ORDER BY rowid")?;
            let rows = query.query_map([], |row| {
                Ok(CurvePoint {
                    labels: row.get(0)?,
                    right: row.get(1)?,
                    low: row.get(2)?,
                    high: row.get(3)?,
                    encoder: row.get(4)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| schema::broken(&self.path, &error))
    }
}
