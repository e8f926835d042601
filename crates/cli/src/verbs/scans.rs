//! Looks through folders that take long are shown, and end.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use foretask_experiment::{Scanning, scan_limit, watch_scans};
use foretask_script::Error;

use crate::interrupt;
use crate::lines::thousands;

/// Shorter ones are not shown.
const QUIET: Duration = Duration::from_secs(2);

/// Of the look that goes on.
struct Look {
    root: PathBuf,
    since: Instant,
    entries: u64,
    told: Instant,
}

/// From here on, looks through folders are watched.
pub(crate) fn watch() -> Result<(), Error> {
    let limit = scan_limit()?;
    let current: Mutex<Option<Look>> = Mutex::new(None);
    watch_scans(move |scanning| {
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        // Fewer entries than before: another look, perhaps at the same place.
        let same = current.take().filter(|look| look.root == scanning.root && look.entries < scanning.entries);
        let now = Instant::now();
        let mut look =
            same.unwrap_or_else(|| Look { root: scanning.root.to_owned(), since: now, entries: 0, told: now + QUIET });
        look.entries = scanning.entries;
        let shown = now >= look.told && std::io::stderr().is_terminal();
        if shown {
            look.told = now + Duration::from_millis(500);
            // Over itself: a line for each step would push everything else away.
            write!(std::io::stderr(), "\r  {}", foretask_experiment::shown(&in_words(scanning))).ok();
        }
        let over = now.duration_since(look.since) > limit;
        *current = Some(look);
        if interrupt::is_asked() {
            return Err("stopped by Ctrl-C".to_owned());
        }
        if over {
            let limit = limit.as_secs();
            return Err(format!(
                "looking through it takes longer than {limit} s ({}); name a folder or pattern that holds less, or allow more by \
                 FORETASK_SCAN_LIMIT=2h",
                in_words(scanning)
            ));
        }
        Ok(())
    });
    Ok(())
}

fn in_words(scanning: &Scanning<'_>) -> String {
    let (entries, found) = (thousands(scanning.entries), thousands(scanning.found));
    format!("{}: {entries} names looked at, {found} files found", scanning.root.display())
}
