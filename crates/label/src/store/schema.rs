//! The tables, and how the file is opened.

use std::path::Path;
use std::time::Duration;

use foretask_experiment::Error;
use rusqlite::{Connection, OpenFlags};

/// Of the tables below; a file of another one is refused.
const FORMAT: i64 = 1;
/// In the header of the file, so that no other program's database is taken for ours: "ftlb".
const APPLICATION: i64 = 0x6674_6c62;

/// `marks` is what holds now, `acts` with their changes all that ever happened. An answer is the number of a class (from 1), -1 for
/// unsure, -2 for not usable.
const TABLES: &str = "
CREATE TABLE classes (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE marks (image TEXT NOT NULL, who TEXT NOT NULL, answer INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (image, who)) WITHOUT ROWID;
CREATE TABLE acts (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL,
    undone INTEGER);
CREATE INDEX acts_of ON acts (who, id);
CREATE TABLE mark_changes (act INTEGER NOT NULL, image TEXT NOT NULL, who TEXT NOT NULL, before INTEGER, after INTEGER);
CREATE INDEX mark_changes_of ON mark_changes (act);
CREATE TABLE class_changes (act INTEGER NOT NULL, class INTEGER NOT NULL, before TEXT, after TEXT);
CREATE INDEX class_changes_of ON class_changes (act);
CREATE TABLE curve (labels INTEGER NOT NULL, right REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL, encoder TEXT NOT NULL,
    at INTEGER NOT NULL);
";

/// The database at `path`, made where there is none; every commit is on the disk before it returns.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    let failed = |error: rusqlite::Error| broken(path, &error);
    let db = Connection::open(path).map_err(failed)?;
    db.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
    if is_empty(&db).map_err(failed)? {
        db.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        let made =
            format!("BEGIN; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;");
        db.execute_batch(&made).map_err(failed)?;
    }
    check(&db, path)?;
    db.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    // `settle` does it, while nobody waits.
    db.pragma_update(None, "wal_autocheckpoint", 0).map_err(failed)?;
    Ok(db)
}

/// Brings what is in the log of the database at `path` to its place, beside whoever writes to it. Nothing depends on it but the size of
/// the log.
pub(crate) fn settle(path: &Path) {
    let Ok(db) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) else { return };
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).ok();
}

/// The same to look at only, beside a server that may write to it.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, Error> {
    if !path.is_file() {
        let help = "`foretask label IMAGES` makes one, called IMAGES-labels.sqlite unless told otherwise";
        return Err(Error::input(format!("there is no labels file `{}`", path.display())).help(help));
    }
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(|error| broken(path, &error))?;
    db.busy_timeout(Duration::from_secs(5)).map_err(|error| broken(path, &error))?;
    check(&db, path)?;
    Ok(db)
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0)).map(|count| count == 0)
}

fn check(db: &Connection, path: &Path) -> Result<(), Error> {
    let number = |name: &str| {
        db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).map_err(|error| broken(path, &error))
    };
    if number("application_id")? != APPLICATION {
        let message = format!("`{}` is a database of another program", path.display());
        return Err(Error::input(message).help("give another name with -o"));
    }
    match number("user_version")? {
        FORMAT => Ok(()),
        other => Err(Error::input(format!(
            "`{}` has the format {other} of labels files, and this version of foretask knows {FORMAT}",
            path.display()
        ))
        .help("open it with the version that wrote it")),
    }
}

/// What a database says, as an error about its file.
pub(super) fn broken(path: &Path, error: &rusqlite::Error) -> Error {
    let shown = path.display();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => Error::input(format!(
            "`{shown}` is no labels file, or is damaged"
        ))
        .help("begin a new one from the table beside it: `foretask label … -o ANOTHER.sqlite --labels TABLE.csv`"),
        Some(
            rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::PermissionDenied,
        ) => Error::input(format!("labels cannot be kept in `{shown}`: {error}"))
            .help("say with -o where, for example -o ~/my-labels.sqlite"),
        Some(rusqlite::ErrorCode::DiskFull) => {
            Error::failed(format!("the disk of `{shown}` is full; nothing was changed"))
                .help("make room and do it again")
        }
        _ => Error::failed(format!("`{shown}` cannot be used: {error}")),
    }
}
