//! Changes, and how they are written.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Transaction, params};

use super::answer::Answer;
use super::class::ClassState;

/// A change of what somebody says of an image, by the image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarkChange {
    pub(super) image: String,
    pub(super) who: String,
    pub(super) before: Option<Answer>,
    pub(super) after: Option<Answer>,
}

/// A change of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClassChange {
    pub(super) id: i64,
    pub(super) before: Option<ClassState>,
    pub(super) after: Option<ClassState>,
}

/// The changes of an act, for its undoing.
pub(super) fn note(
    db: &Transaction<'_>,
    act: i64,
    marks: &[MarkChange],
    classes: &[ClassChange],
) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO mark_changes (act, image, who, before, after) VALUES (?, ?, ?, ?, ?)")?;
    for change in marks {
        let (before, after) = (change.before.map(Answer::code), change.after.map(Answer::code));
        insert.execute(params![act, change.image, change.who, before, after])?;
    }
    let mut insert = db.prepare("INSERT INTO class_changes (act, class, before, after) VALUES (?, ?, ?, ?)")?;
    for change in classes {
        insert.execute(params![act, change.id, written(change.before.as_ref())?, written(change.after.as_ref())?])?;
    }
    Ok(())
}

/// The changes themselves.
pub(super) fn write_changes(
    db: &Transaction<'_>,
    marks: &[MarkChange],
    classes: &[ClassChange],
    at: i64,
) -> rusqlite::Result<()> {
    let mut put = db.prepare("INSERT OR REPLACE INTO marks (image, who, answer, at) VALUES (?, ?, ?, ?)")?;
    let mut take = db.prepare("DELETE FROM marks WHERE image = ? AND who = ?")?;
    for change in marks {
        match change.after {
            Some(answer) => put.execute(params![change.image, change.who, answer.code(), at])?,
            None => take.execute(params![change.image, change.who])?,
        };
    }
    for change in classes {
        match written(change.after.as_ref())? {
            Some(state) => {
                db.execute("INSERT OR REPLACE INTO classes (id, state) VALUES (?, ?)", params![change.id, state])?
            }
            None => db.execute("DELETE FROM classes WHERE id = ?", params![change.id])?,
        };
    }
    Ok(())
}

pub(super) fn written(state: Option<&ClassState>) -> rusqlite::Result<Option<String>> {
    let to_text = |state| serde_json::to_string(state);
    state.map(to_text).transpose().map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn parsed(state: &str) -> rusqlite::Result<ClassState> {
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    serde_json::from_str(state).map_err(wrong)
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
