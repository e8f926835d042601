//! The table beside the labels file: what scripts open. It follows every change within a moment, whole or not at all; changes that come
//! quickly are written together.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use foretask_data::{Column, DataError, Output, Table, write_table};
use foretask_experiment::Error;

use crate::dataset::Dataset;
use crate::store::{Changed, Store, Verdict, is_source, now};

/// Changes that come within this time are written together; where writing takes longer, those within four times as long.
const GATHER: Duration = Duration::from_millis(300);
const LONGEST: Duration = Duration::from_secs(20);

/// A line of the table.
#[derive(Debug, Clone)]
struct Line {
    label: Option<String>,
    status: Option<&'static str>,
    by: String,
    at: i64,
}

#[derive(Debug, Default)]
struct Turn {
    /// The version of the labels that somebody waits for.
    wanted: u64,
    /// The version that somebody waits for and that is written at once.
    hurried: u64,
    /// The version that the table holds.
    written: u64,
    /// When it was written, in milliseconds since 1970.
    at: i64,
    /// Why that could not be written.
    trouble: Option<String>,
    over: bool,
}

#[derive(Debug)]
struct Shared {
    turn: Mutex<Turn>,
    moved: Condvar,
}

/// Writes the table on a thread of its own: changes that come while it writes are written together.
#[derive(Debug)]
pub(crate) struct Manifest {
    shared: Arc<Shared>,
    path: PathBuf,
}

/// Where the table is: `photos-labels.csv` beside `photos-labels.sqlite`.
pub(crate) fn manifest_path(labels: &Path) -> PathBuf {
    labels.with_extension("csv")
}

impl Manifest {
    /// Beside this labels file; `overwrite` replaces what somebody else has written there. `written` is told when it was written.
    ///
    /// # Errors
    /// A table that foretask did not write, or that was changed since.
    pub(crate) fn start(
        store: &Arc<Mutex<Store>>,
        data: Arc<Dataset>,
        overwrite: bool,
        written: impl Fn() + Send + 'static,
    ) -> Result<Self, Error> {
        let labels = store.lock().unwrap_or_else(PoisonError::into_inner).path().to_owned();
        let path = manifest_path(&labels);
        let output = Output::at(&path, overwrite).map_err(|error| {
            let help = format!(
                "to take over what it says, give it as --labels {}; to write it anew, --force; or keep labels elsewhere with -o",
                path.display()
            );
            Error::from(error).help(help)
        })?;
        let shared = Arc::new(Shared { turn: Mutex::default(), moved: Condvar::new() });
        let (own, store) = (Arc::clone(&shared), Arc::clone(store));
        let mut writer = Writer {
            output,
            data,
            names: HashMap::new(),
            lines: BTreeMap::new(),
            folder: absolute_folder(&path),
            labels,
        };
        let started =
            std::thread::Builder::new().name("manifest".to_owned()).spawn(move || writer.run(&own, &store, &written));
        started.map_err(|error| Error::failed(format!("no thread could be started: {error}")))?;
        Ok(Self { shared, path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks for a table of this version of the labels, without waiting for it.
    pub(crate) fn ask(&self, version: u64) {
        let mut turn = self.shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        turn.wanted = turn.wanted.max(version);
        self.shared.moved.notify_all();
    }

    /// How far the table is: whether it holds this version of the labels, and when it was written, in milliseconds since 1970.
    pub(crate) fn standing(&self, version: u64) -> serde_json::Value {
        let turn = self.shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::json!({ "holds": turn.written >= version || turn.wanted == 0, "at": turn.at })
    }

    /// Waits until the table holds this version of the labels; why it could not be written, if it could not.
    pub(crate) fn save(&self, version: u64) -> Option<String> {
        let mut turn = self.shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        turn.wanted = turn.wanted.max(version);
        turn.hurried = turn.hurried.max(version);
        self.shared.moved.notify_all();
        while turn.written < version {
            turn = self.shared.moved.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        turn.trouble.clone()
    }

    /// Why the table is not as the labels are, if it is not.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.shared.turn.lock().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        self.shared.turn.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        self.shared.moved.notify_all();
    }
}

struct Writer {
    output: Output,
    data: Arc<Dataset>,
    /// What the table calls images; finding out asks the file system.
    names: HashMap<u32, Option<String>>,
    lines: BTreeMap<u32, Line>,
    folder: PathBuf,
    labels: PathBuf,
}

impl Writer {
    fn run(&mut self, shared: &Shared, store: &Mutex<Store>, written: &dyn Fn()) {
        // Once somebody else has worked on the table, it is theirs until the next start.
        let mut theirs = None;
        let mut took = Duration::ZERO;
        while wait(shared, (4 * took).clamp(GATHER, LONGEST)) {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            let version = store.version();
            self.follow(&mut store);
            drop(store);
            let begun = Instant::now();
            let trouble = if theirs.is_none() {
                // A fault must not leave those waiting who wait for the table.
                match foretask_backend::catch("the table of labels", || self.write()) {
                    Ok(written) => written
                        .err()
                        .map(|error| (matches!(error, DataError::TakenMeanwhile { .. }), error.to_string())),
                    Err(error) => Some((false, error.to_string())),
                }
            } else {
                None
            };
            took = begun.elapsed();
            if let Some((true, trouble)) = &trouble {
                theirs = Some(trouble.clone());
            }
            let mut turn = shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
            turn.written = version;
            turn.at = now();
            turn.trouble = theirs.clone().or(trouble.map(|trouble| trouble.1));
            drop(turn);
            shared.moved.notify_all();
            written();
            // What SQLite has in its log goes to its place here, not while somebody waits for a label.
            crate::store::settle(&self.labels);
        }
    }

    /// Takes over what has changed.
    fn follow(&mut self, store: &mut Store) {
        match store.take_changed() {
            Changed::All => self.lines = store.marked().filter_map(|(row, _)| Some((row, line(store, row)?))).collect(),
            Changed::Rows(rows) => {
                for row in rows {
                    match line(store, row) {
                        Some(line) => drop(self.lines.insert(row, line)),
                        None => drop(self.lines.remove(&row)),
                    }
                }
            }
        }
    }

    fn write(&mut self) -> Result<(), DataError> {
        let sources = &self.data.samples.sources;
        let mut paths = Vec::with_capacity(self.lines.len());
        for row in self.lines.keys() {
            let name = self
                .names
                .entry(*row)
                .or_insert_with(|| sources.get(*row as usize).and_then(|source| source.name_from(&self.folder)));
            paths.push(name.clone());
        }
        let lines = &self.lines;
        let text = |of: fn(&Line) -> Option<String>| Column::OptionalText(lines.values().map(of).collect());
        let table = Table::new()
            .with("path", Column::OptionalText(paths))
            .with("label", text(|line| line.label.clone()))
            .with("status", text(|line| line.status.map(str::to_owned)))
            .with("by", text(|line| Some(line.by.clone())))
            .with("at", text(|line| Some(in_utc(line.at))))
            .with("row", Column::U64(lines.keys().map(|row| u64::from(*row)).collect()));
        self.output.write(|path| write_table(path, &table))
    }
}

/// Waits until there is something to write and until changes that may follow have come; false where it is all over.
fn wait(shared: &Shared, gather: Duration) -> bool {
    let mut turn = shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
    while turn.wanted <= turn.written && !turn.over {
        turn = shared.moved.wait(turn).unwrap_or_else(PoisonError::into_inner);
    }
    let end = Instant::now() + gather;
    while turn.hurried <= turn.written && !turn.over {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        turn = shared.moved.wait_timeout(turn, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    turn.wanted > turn.written
}

/// What holds for an image that something was said of.
fn line(store: &Store, row: u32) -> Option<Line> {
    let (label, status) = match store.verdict(row) {
        Verdict::Open => return None,
        Verdict::Class(id) => (Some(store.class(id)?.state.name.clone()), None),
        Verdict::Unsure => (None, Some("unsure")),
        Verdict::Unusable => (None, Some("not usable")),
        Verdict::Disputed => (None, Some("disputed")),
    };
    let marks = store.marks(row);
    let people = || marks.iter().filter(|mark| !is_source(&mark.who));
    let by = people().map(|mark| &*mark.who).collect::<Vec<_>>().join(", ");
    let by = if by.is_empty() { marks.last()?.who.to_string() } else { by };
    let at = people().chain(marks).map(|mark| mark.at).max()?;
    Some(Line { label, status, by, at })
}

fn absolute_folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf())
}

/// `2026-11-30T03:45:07Z` (Howard Hinnant's `civil_from_days`).
pub fn in_utc(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400));
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        // `date -u -d @1709210096` and the epoch itself.
        assert_eq!(in_utc(1_709_210_096_789), "2024-02-29T12:34:56Z");
        assert_eq!(in_utc(0), "1970-01-01T00:00:00Z");
    }
}
