//! A script that is written while it runs: entry after entry, and what was defined stays.

mod pass;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use foretask_experiment::{ImageCache, Mode, Progress, RunFolder, Settings};
use foretask_train::Interrupt;

use self::pass::Pass;
pub use crate::custom::is_open;
use crate::errors::{Error, Source};
use crate::values::display_within;
use crate::{session, words};

/// What errors call the entries, and what the session's folder of results is called.
const NAME: &str = "repl";

/// A session: what was entered so far, and everything it defined.
///
/// Every entry is planned before it is carried out, as a script is. One that fails leaves nothing behind but finished and
/// begun stages, so that it can be entered again, mended. Stages are those of a script with the same settings.
pub struct Repl {
    settings: Settings,
    /// All entries that were carried out, a line break behind each: the script that they amount to.
    text: String,
    planned: Pass,
    real: Pass,
    /// Made by the first entry that has long work or a report.
    folder: Option<Arc<RunFolder>>,
}

impl Repl {
    /// A session that knows nothing yet. The interrupt of `settings` is not used: every entry brings its own.
    ///
    /// # Errors
    /// [`Error::Plain`] when `settings` name a device that is not there.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let images = ImageCache::default();
        let pass = |mode| Pass::new(mode, NAME, settings, &images);
        let (planned, real) = (pass(Mode::Plan)?, pass(Mode::Run)?);
        Ok(Self { settings: settings.clone(), text: String::new(), planned, real, folder: None })
    }

    /// Checks the entry and carries it out; what it comes to, in words, unless it comes to nothing. Whoever holds
    /// `interrupt` can stop it: a running stage finishes its step and saves.
    ///
    /// # Errors
    /// [`Error::Script`] with the place in the session, as for a script of all entries; the session goes on as if the entry
    /// had not been made.
    pub fn enter(&mut self, entry: &str, interrupt: &Interrupt) -> Result<Option<String>, Error> {
        let line = self.text.matches('\n').count();
        let text = format!("{}{}\n", self.text, entry.trim_end());
        let source = Arc::new(Source { name: NAME.to_owned(), text });
        let settings = Settings { interrupt: interrupt.clone(), ..self.settings.clone() };
        let before = self.planned.host.experiment.plan();
        let (planned, _) = self.planned.enter(&source, line, &settings, None)?;
        let plan = planned.host.experiment.plan();
        for text in plan.warnings.iter().filter(|text| !before.warnings.contains(text)) {
            (settings.listener)(Progress::Warning { text: text.clone() });
        }
        let lasting = plan.stages.len() > before.stages.len() || plan.reports.len() > before.reports.len();
        if lasting && self.folder.is_none() {
            self.folder = Some(Arc::new(RunFolder::create(&settings.out, &source.of_run())?));
        }
        let (real, value) = self.real.enter(&source, line, &settings, self.folder.clone())?;
        (self.planned, self.real) = (planned, real);
        self.text.clone_from(&source.text);
        if let Some(folder) = &self.folder {
            folder.keep_script(&self.text)?;
        }
        Ok((!value.is_unit()).then(|| display_within(&value, self.settings.width)))
    }

    /// Names that an entry may use: words, and what entries defined.
    pub fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = words::names().map(str::to_owned).collect();
        names.extend(self.real.names());
        names.into_iter().collect()
    }

    /// Whether an entry defined a variable or function of this name.
    pub fn defines(&self, name: &str) -> bool {
        self.real.names().any(|known| known == name)
    }

    /// Ends the session: the folder of its results, if there are any.
    ///
    /// # Errors
    /// [`Error::Plain`] when the record cannot be written, or when a value was set that no entry has declared.
    pub fn close(self) -> Result<Option<PathBuf>, Error> {
        if let Some(folder) = &self.folder {
            folder.close(&self.real.host.experiment.plan(), "done")?;
        }
        session::declared(&self.real.host)?;
        Ok(self.folder.map(|folder| folder.path().to_path_buf()))
    }
}

impl std::fmt::Debug for Repl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repl").field("settings", &self.settings).field("text", &self.text).finish_non_exhaustive()
    }
}
