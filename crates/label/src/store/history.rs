//! What happened, in the order in which it did.

use foretask_experiment::Error;
use serde::Serialize;

use super::{Store, schema};

/// An act as the history shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Act {
    /// Its number.
    pub id: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub who: String,
    /// "label", "confirm", "class", "rename", "key", "merge", "delete", "import".
    pub kind: String,
    /// When it was taken back, if it was.
    pub undone: Option<i64>,
}

/// An act with what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryLine {
    /// The act.
    #[serde(flatten)]
    pub act: Act,
    /// Images that it changed.
    pub images: usize,
    /// One of them, with what it was called before and after: an image by its name, a class by its own.
    pub what: String,
    /// What held before, in words.
    pub before: String,
    /// What held after, in words.
    pub after: String,
}

impl Store {
    /// So many acts before the one of this number (the latest where there is none), the latest first.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn history(&self, before: Option<i64>, count: usize) -> Result<Vec<HistoryLine>, Error> {
        lines(&self.db, before, count).map_err(|error| schema::broken(&self.path, &error))
    }
}

pub(super) fn lines(
    db: &rusqlite::Connection,
    before: Option<i64>,
    count: usize,
) -> rusqlite::Result<Vec<HistoryLine>> {
    let mut acts = db.prepare("SELECT id, at, who, kind, undone FROM acts WHERE id < ? ORDER BY id DESC LIMIT ?")?;
    let rows = acts.query_map((before.unwrap_or(i64::MAX), count as i64), |row| {
        Ok(Act { id: row.get(0)?, at: row.get(1)?, who: row.get(2)?, kind: row.get(3)?, undone: row.get(4)? })
    })?;
    let acts = rows.collect::<rusqlite::Result<Vec<Act>>>()?;
    acts.into_iter().map(|act| line(db, act)).collect()
}

fn line(db: &rusqlite::Connection, act: Act) -> rusqlite::Result<HistoryLine> {
    let images =
        db.query_row("SELECT count(*) FROM mark_changes WHERE act = ?", [act.id], |row| row.get::<_, i64>(0))?;
    let mut line =
        HistoryLine { act, images: images as usize, what: String::new(), before: String::new(), after: String::new() };
    let class = "SELECT json_extract(before, '$.name'), json_extract(after, '$.name'), \
                 (SELECT json_extract(state, '$.name') FROM classes WHERE id = json_extract(after, '$.into')), \
                 json_extract(after, '$.gone') FROM class_changes WHERE act = ?";
    let mut query = db.prepare(class)?;
    let mut rows = query.query([line.act.id])?;
    if let Some(row) = rows.next()? {
        let (before, after, into): (Option<String>, Option<String>, Option<String>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let gone: Option<bool> = row.get(3)?;
        line.what = before.clone().or_else(|| after.clone()).unwrap_or_default();
        line.before = before.unwrap_or_default();
        line.after = into.or(after.filter(|_| gone != Some(true))).unwrap_or_default();
        return Ok(line);
    }
    let first = "SELECT image, before, after FROM mark_changes WHERE act = ? ORDER BY rowid LIMIT 1";
    let mut query = db.prepare(first)?;
    let mut rows = query.query([line.act.id])?;
    if let Some(row) = rows.next()? {
        line.what = row.get(0)?;
        line.before = in_words(db, row.get(1)?);
        line.after = in_words(db, row.get(2)?);
    }
    Ok(line)
}

/// An answer by its class's name of today.
fn in_words(db: &rusqlite::Connection, code: Option<i64>) -> String {
    match code {
        None => String::new(),
        Some(-1) => "unsure".to_owned(),
        Some(-2) => "not usable".to_owned(),
        Some(id) => {
            let name = "SELECT json_extract(state, '$.name') FROM classes WHERE id = ?";
            // Its making was taken back.
            db.query_row(name, [id], |row| row.get(0)).unwrap_or_else(|_| format!("class {id}"))
        }
    }
}
