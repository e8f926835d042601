//! The labels: what holds, and every act that led there, in one `SQLite` file.
//!
//! An act is on the disk before it is answered. What holds is kept in memory, too, and changes only after the disk has it.

mod answer;
mod change;
mod class;
mod curve;
mod file;
mod history;
mod holding;
mod import;
mod schema;
mod undo;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foretask_experiment::Error;
use rusqlite::{Connection, params};

pub(crate) use self::answer::{Answer, Mark, Verdict, is_source};
pub(crate) use self::change::now;
use self::change::{ClassChange, MarkChange, note, parsed, write_changes};
use self::class::check_free;
pub(crate) use self::class::{Class, ClassState, checked_name};
pub(crate) use self::curve::CurvePoint;
pub use self::file::{Agreement, LabeledImage, LabelsFile, read_labels};
pub use self::history::{Act, HistoryLine};
use self::holding::Holding;
pub(crate) use self::holding::{Changed, Counts};
pub(crate) use self::schema::settle;
use crate::dataset::Names;

/// Longest name of a person, in characters.
const LONGEST_NAME: usize = 60;

/// Labels that are open for changes; a lock keeps other processes away.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    db: Connection,
    names: Arc<Names>,
    classes: Vec<Class>,
    marks: BTreeMap<u32, Vec<Mark>>,
    /// Marks of images that the data does not have, by name.
    gone: BTreeMap<String, Vec<Mark>>,
    holding: Holding,
    /// Grows with every change.
    version: u64,
    _lock: foretask_files::Lock,
}

impl Store {
    /// The labels in the file at `path`, which is made where there is none, for images of these names.
    ///
    /// # Errors
    /// Where another server has it open, it is no labels file, or its folder cannot be written to.
    pub(crate) fn open(path: &Path, names: Arc<Names>) -> Result<Self, Error> {
        let lock = locked(path)?;
        let db = schema::open(path)?;
        let mut store = Self {
            path: path.to_owned(),
            db,
            names,
            classes: Vec::new(),
            marks: BTreeMap::new(),
            gone: BTreeMap::new(),
            holding: Holding::default(),
            version: 1,
            _lock: lock,
        };
        store.read().map_err(|error| schema::broken(path, &error))?;
        store.look_at_all();
        Ok(store)
    }

    fn read(&mut self) -> rusqlite::Result<()> {
        let mut classes = self.db.prepare("SELECT id, state FROM classes ORDER BY id")?;
        let rows = classes.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        for row in rows {
            let (id, state) = row?;
            self.classes.push(Class { id, state: parsed(&state)? });
        }
        let mut people: Vec<Arc<str>> = Vec::new();
        let mut marks = self.db.prepare("SELECT image, who, answer, at FROM marks ORDER BY image, at")?;
        let mut rows = marks.query([])?;
        while let Some(row) = rows.next()? {
            let (image, who): (String, String) = (row.get(0)?, row.get(1)?);
            let who = people.iter().find(|known| ***known == *who).cloned().unwrap_or_else(|| {
                people.push(who.as_str().into());
                who.as_str().into()
            });
            let Some(answer) = Answer::of_code(row.get(2)?) else { continue };
            let mark = Mark { who, answer, at: row.get(3)? };
            match self.names.row(&image) {
                Some(row) => self.marks.entry(row).or_default().push(mark),
                None => self.gone.entry(image).or_default().push(mark),
            }
        }
        Ok(())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A number that grows with every change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Every class that there is, in the order they were made.
    pub(crate) fn classes(&self) -> impl Iterator<Item = &Class> {
        self.classes.iter().filter(|class| !class.state.gone)
    }

    /// The class of a number, whether it is still there or not.
    pub(crate) fn class(&self, id: i64) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == id)
    }

    /// What was said of an image.
    pub(crate) fn marks(&self, row: u32) -> &[Mark] {
        self.marks.get(&row).map_or(&[], Vec::as_slice)
    }

    /// Every image that something was said of, in row order.
    pub(crate) fn marked(&self) -> impl Iterator<Item = (u32, &[Mark])> {
        self.marks.iter().map(|(row, marks)| (*row, marks.as_slice()))
    }

    /// What holds for an image.
    pub(crate) fn verdict(&self, row: u32) -> Verdict {
        self.holding.verdict(row)
    }

    /// What holds for every image for which anything does, in row order.
    pub(crate) fn verdicts(&self) -> impl Iterator<Item = (u32, Verdict)> {
        self.holding.verdicts()
    }

    /// Images by what holds for them.
    pub(crate) fn counts(&self) -> &Counts {
        self.holding.counts()
    }

    /// Images that somebody has said something of.
    pub(crate) fn by(&self, who: &str) -> usize {
        self.holding.by(who)
    }

    /// What changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> Changed {
        self.holding.take_changed()
    }

    /// Images that something was said of and that the data does not have any more.
    pub(crate) fn gone(&self) -> impl Iterator<Item = &str> {
        self.gone.keys().map(String::as_str)
    }

    /// Says something of images, in one act: `None` takes back what this person said. What is said already changes nothing; the
    /// rows that did change.
    ///
    /// # Errors
    /// An unknown class or image; a disk that does not take it. Nothing has changed then.
    pub(crate) fn label(&mut self, who: &str, kind: &str, said: &[(u32, Option<Answer>)]) -> Result<Vec<u32>, Error> {
        check_person(who)?;
        self.say(who, kind, said)
    }

    fn say(&mut self, who: &str, kind: &str, said: &[(u32, Option<Answer>)]) -> Result<Vec<u32>, Error> {
        let mut changes: BTreeMap<u32, MarkChange> = BTreeMap::new();
        for &(row, after) in said {
            if let Some(Answer::Class(id)) = after
                && !self.classes().any(|class| class.id == id)
            {
                return Err(Error::input("this class is not there any more; somebody has deleted or merged it"));
            }
            let Some(name) = self.names.name(row) else {
                return Err(Error::input(format!("there is no image in row {row}")));
            };
            let before = self.marks(row).iter().find(|mark| *mark.who == *who).map(|mark| mark.answer);
            let change = MarkChange { image: name.to_owned(), who: who.to_owned(), before, after };
            changes.insert(row, change);
        }
        changes.retain(|_, change| change.before != change.after);
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let (rows, changes): (Vec<u32>, Vec<MarkChange>) = changes.into_iter().unzip();
        self.act(who, kind, &changes, &[])?;
        Ok(rows)
    }

    /// A new class; its number.
    ///
    /// # Errors
    /// A name that no class can have, or that one has already; a disk that does not take it.
    pub(crate) fn add_class(&mut self, who: &str, name: &str) -> Result<i64, Error> {
        check_person(who)?;
        let state = ClassState::named(checked_name(name)?);
        check_free(&state.name, &self.classes)?;
        let id = self.classes.iter().map(|class| class.id).max().unwrap_or(0) + 1;
        self.act(who, "class", &[], &[ClassChange { id, before: None, after: Some(state) }])?;
        Ok(id)
    }

    /// Another name or key for a class.
    ///
    /// # Errors
    /// As [`add_class`](Self::add_class); also an unknown class, or a key that another one has.
    pub(crate) fn change_class(&mut self, who: &str, id: i64, name: &str, key: Option<char>) -> Result<(), Error> {
        check_person(who)?;
        let before = self.living(id)?.state.clone();
        let name = checked_name(name)?;
        check_free(&name, self.classes.iter().filter(|class| class.id != id))?;
        if let Some(key) = key
            && let Some(other) = self.classes().find(|class| class.id != id && class.state.key == Some(key))
        {
            return Err(Error::input(format!("the key {key} gives “{}” already", other.state.name)));
        }
        let after = ClassState { name, key, ..before.clone() };
        if before == after {
            return Ok(());
        }
        let kind = if before.name == after.name { "key" } else { "rename" };
        self.act(who, kind, &[], &[ClassChange { id, before: Some(before), after: Some(after) }])
    }

    /// Deletes a class, or merges it into another one: what was said of images changes with it, whoever said it.
    ///
    /// # Errors
    /// An unknown class, one and the same class, a disk that does not take it.
    pub(crate) fn remove_class(&mut self, who: &str, id: i64, into: Option<i64>) -> Result<usize, Error> {
        check_person(who)?;
        let before = self.living(id)?.state.clone();
        if let Some(into) = into {
            self.living(into)?;
            if into == id {
                return Err(Error::input("a class cannot be merged into itself"));
            }
        }
        let after = ClassState { gone: true, into, ..before.clone() };
        let named = self.marks.iter().filter_map(|(row, marks)| Some((self.names.name(*row)?.to_owned(), marks)));
        let all = named.chain(self.gone.iter().map(|(name, marks)| (name.clone(), marks)));
        let of_it = all.flat_map(|(image, marks)| {
            let of_it = marks.iter().filter(|mark| mark.answer == Answer::Class(id));
            of_it.map(move |mark| MarkChange {
                image: image.clone(),
                who: mark.who.to_string(),
                before: Some(mark.answer),
                after: into.map(Answer::Class),
            })
        });
        let changes: Vec<MarkChange> = of_it.collect();
        let kind = if into.is_some() { "merge" } else { "delete" };
        self.act(who, kind, &changes, &[ClassChange { id, before: Some(before), after: Some(after) }])?;
        Ok(changes.len())
    }

    fn living(&self, id: i64) -> Result<&Class, Error> {
        let found = self.classes().find(|class| class.id == id);
        found.ok_or_else(|| Error::input("this class is not there any more; somebody has deleted or merged it"))
    }

    /// Writes an act with its changes, then makes them.
    fn act(&mut self, who: &str, kind: &str, marks: &[MarkChange], classes: &[ClassChange]) -> Result<(), Error> {
        let at = now();
        let write = |db: &mut Connection| {
            let transaction = db.transaction()?;
            transaction.execute("INSERT INTO acts (at, who, kind) VALUES (?, ?, ?)", params![at, who, kind])?;
            let act = transaction.last_insert_rowid();
            note(&transaction, act, marks, classes)?;
            write_changes(&transaction, marks, classes, at)?;
            transaction.commit()
        };
        write(&mut self.db).map_err(|error| schema::broken(&self.path, &error))?;
        self.apply(marks, classes, at);
        Ok(())
    }

    /// Makes changes in memory that the disk has.
    fn apply(&mut self, marks: &[MarkChange], classes: &[ClassChange], at: i64) {
        let newest = self.classes.iter().map(|class| class.id).max().unwrap_or(0);
        for change in classes {
            self.classes.retain(|class| class.id != change.id);
            self.classes.extend(change.after.clone().map(|state| Class { id: change.id, state }));
        }
        self.classes.sort_by_key(|class| class.id);
        for change in marks {
            let who: Arc<str> = change.who.as_str().into();
            let row = self.names.row(&change.image);
            let list = match row {
                Some(row) => self.marks.entry(row).or_default(),
                None => self.gone.entry(change.image.clone()).or_default(),
            };
            let before = list.len();
            list.retain(|mark| *mark.who != *change.who);
            let said = list.len() < before;
            list.extend(change.after.map(|answer| Mark { who: Arc::clone(&who), answer, at }));
            let Some(row) = row else {
                if list.is_empty() {
                    self.gone.remove(&change.image);
                }
                continue;
            };
            if said != change.after.is_some() {
                self.holding.said(&who, change.after.is_some());
            }
            self.holding.look_at(row, list, |id| is_living(&self.classes, id));
            if list.is_empty() {
                self.marks.remove(&row);
            }
        }
        // Nothing was ever said of a class that is new.
        if classes.iter().any(|change| change.before.is_some() || change.id <= newest) {
            self.look_at_all();
        }
        self.version += 1;
    }

    /// Looks at everything again: classes have come or gone, or are called otherwise.
    fn look_at_all(&mut self) {
        let mut holding = Holding::default();
        for (row, marks) in &self.marks {
            for mark in marks {
                holding.said(&mark.who, true);
            }
            holding.look_at(*row, marks, |id| is_living(&self.classes, id));
        }
        holding.all_changed();
        self.holding = holding;
    }
}

fn is_living(classes: &[Class], id: i64) -> bool {
    classes.iter().any(|class| class.id == id && !class.state.gone)
}

/// Refuses what is no name of a person.
fn check_person(who: &str) -> Result<(), Error> {
    let fits = !who.trim().is_empty()
        && !who.starts_with('(')
        && who.chars().count() <= LONGEST_NAME
        && !who.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(Error::input(format!(
            "a person's name has 1 to {LONGEST_NAME} characters on one line, the first of them no bracket"
        )))
    }
}

/// The lock beside a labels file.
fn locked(path: &Path) -> Result<foretask_files::Lock, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let lock = path.with_file_name(format!(".{name}.lock"));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let elsewhere = "say with -o where labels are to be kept, for example -o ~/my-labels.sqlite";
    match foretask_files::Lock::at(&lock) {
        Ok(Ok(lock)) => Ok(lock),
        Ok(Err(foretask_files::Held(process))) => {
            let by = process.map_or_else(String::new, |process| format!(" (process {process})"));
            Err(Error::input(format!("`{}` is open already{by}", path.display()))
                .help("use the page of that one, or end it; several people label together with --host"))
        }
        Err(error) => {
            Err(Error::input(format!("labels cannot be kept in {}: {error}", folder.display())).help(elsewhere))
        }
    }
}

#[cfg(test)]
mod tests;
