//! Taking back and doing again, without end, each person their own acts.

use foretask_experiment::Error;
use rusqlite::{OptionalExtension as _, params};

use super::answer::Answer;
use super::change::{ClassChange, MarkChange, now, parsed, write_changes};
use super::class::check_free;
use super::{Store, schema};

/// What was taken back or done again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Undone {
    /// The act.
    pub(crate) act: i64,
    /// What it was: "label", "confirm", "class", "rename", "key", "merge", "delete", "import".
    pub(crate) kind: String,
    /// The rows that changed, in row order.
    pub(crate) rows: Vec<u32>,
}

impl Store {
    /// Takes back the last act of a person that stands; `None` where there is none.
    ///
    /// # Errors
    /// A class that would come back under a name that another one has by now; a disk that does not take it.
    pub(crate) fn undo(&mut self, who: &str) -> Result<Option<Undone>, Error> {
        let last = "SELECT id, kind FROM acts WHERE who = ?1 AND undone IS NULL ORDER BY id DESC LIMIT 1";
        self.turn(who, last, true)
    }

    /// Does again what was taken back last, unless the person has done something else since; `None` where there is nothing.
    ///
    /// # Errors
    /// As [`undo`](Self::undo).
    pub(crate) fn redo(&mut self, who: &str) -> Result<Option<Undone>, Error> {
        let next = "SELECT id, kind FROM acts WHERE who = ?1 AND undone IS NOT NULL AND id > (SELECT coalesce(max(id), 0) \
                    FROM acts WHERE who = ?1 AND undone IS NULL) ORDER BY id LIMIT 1";
        self.turn(who, next, false)
    }

    fn turn(&mut self, who: &str, which: &str, back: bool) -> Result<Option<Undone>, Error> {
        let broken = |error: &rusqlite::Error, store: &Self| schema::broken(&store.path, error);
        let found = self.db.query_row(which, [who], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
        let Some((act, kind)) = found.optional().map_err(|error| broken(&error, self))? else { return Ok(None) };
        let (marks, classes) = self.changes_of(act).map_err(|error| broken(&error, self))?;
        let marks = self.turned_marks(marks, back, !classes.is_empty());
        let classes = turned_classes(classes, back);
        for change in &classes {
            if let Some(state) = change.after.as_ref().filter(|state| !state.gone) {
                check_free(&state.name, self.classes.iter().filter(|class| class.id != change.id))?;
            }
        }
        let at = now();
        let write = |db: &mut rusqlite::Connection| {
            let transaction = db.transaction()?;
            transaction.execute("UPDATE acts SET undone = ? WHERE id = ?", params![back.then_some(at), act])?;
            write_changes(&transaction, &marks, &classes, at)?;
            transaction.commit()
        };
        write(&mut self.db).map_err(|error| schema::broken(&self.path, &error))?;
        self.apply(&marks, &classes, at);
        let mut rows: Vec<u32> = marks.iter().filter_map(|change| self.names.row(&change.image)).collect();
        rows.sort_unstable();
        rows.dedup();
        Ok(Some(Undone { act, kind, rows }))
    }

    fn changes_of(&self, act: i64) -> rusqlite::Result<(Vec<MarkChange>, Vec<ClassChange>)> {
        let mut query = self.db.prepare("SELECT image, who, before, after FROM mark_changes WHERE act = ?")?;
        let answer = |code: Option<i64>| code.and_then(Answer::of_code);
        let marks = query.query_map([act], |row| {
            let (before, after) = (answer(row.get(2)?), answer(row.get(3)?));
            Ok(MarkChange { image: row.get(0)?, who: row.get(1)?, before, after })
        })?;
        let marks = marks.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut query = self.db.prepare("SELECT class, before, after FROM class_changes WHERE act = ?")?;
        let state = |text: Option<String>| text.map(|text| parsed(&text)).transpose();
        let classes = query.query_map([act], |row| {
            Ok(ClassChange { id: row.get(0)?, before: state(row.get(1)?)?, after: state(row.get(2)?)? })
        })?;
        let classes = classes.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((marks, classes))
    }

    /// The changes that lead there. Where a class was merged or deleted, marks that people have changed since stay theirs; a class
    /// that is gone by now is what it was merged into.
    fn turned_marks(&self, marks: Vec<MarkChange>, back: bool, of_class: bool) -> Vec<MarkChange> {
        let turned = marks.into_iter().filter_map(|change| {
            let (from, to) = if back { (change.after, change.before) } else { (change.before, change.after) };
            let list = match self.names.row(&change.image) {
                Some(row) => self.marks(row),
                None => self.gone.get(&change.image).map_or(&[][..], Vec::as_slice),
            };
            let current = list.iter().find(|mark| *mark.who == *change.who).map(|mark| mark.answer);
            if of_class && current != from {
                return None;
            }
            let after = if of_class { to } else { to.and_then(|answer| self.living_answer(answer)) };
            Some(MarkChange { before: current, after, ..change })
        });
        turned.filter(|change| change.before != change.after).collect()
    }

    fn living_answer(&self, mut answer: Answer) -> Option<Answer> {
        // Each step leads to a class that was made before the merge; a circle of merges cannot be longer than there are classes.
        for _ in 0..=self.classes.len() {
            let Answer::Class(id) = answer else { return Some(answer) };
            let state = &self.class(id)?.state;
            if !state.gone {
                return Some(answer);
            }
            answer = Answer::Class(state.into?);
        }
        None
    }
}

fn turned_classes(classes: Vec<ClassChange>, back: bool) -> Vec<ClassChange> {
    let turn = |change: ClassChange| {
        if back { ClassChange { id: change.id, before: change.after, after: change.before } } else { change }
    };
    classes.into_iter().map(turn).collect()
}
