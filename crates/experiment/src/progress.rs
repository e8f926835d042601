//! What a run tells whoever watches it.

use std::path::PathBuf;

use serde::Serialize;

/// Something that happens during a run, in the order it happens. Sent on the thread that runs the script.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Progress {
    /// The script's `print`.
    Print {
        /// What it prints.
        text: String,
    },
    /// Something worth knowing.
    Note {
        /// A sentence.
        text: String,
    },
    /// Something that puts results in doubt.
    Warning {
        /// A sentence.
        text: String,
    },
    /// Long work begins.
    StageBegins {
        /// What it is ("pretrain simclr, line 7").
        title: String,
        /// Whether it goes on from a checkpoint.
        resumed: bool,
    },
    /// Published weights are on their way; also while a script is only planned.
    Fetching {
        /// Their name.
        name: String,
        /// Bytes that are there.
        done: u64,
        /// Bytes of all, where the server says so.
        total: Option<u64>,
    },
    /// What happens inside the stage.
    Training {
        /// The training crate's own event.
        event: foretask_train::Event,
    },
    /// Long work was done before; its result is loaded.
    StageReused {
        /// What it is.
        title: String,
        /// The seconds it took then.
        seconds: f64,
    },
    /// Long work is done.
    StageEnds {
        /// What it is.
        title: String,
        /// Seconds it took.
        seconds: f64,
    },
    /// A file was written.
    Wrote {
        /// What it is ("report", "classifier").
        what: String,
        /// Where.
        path: PathBuf,
    },
    /// The table of a report, as text.
    Table {
        /// Lines of text.
        text: String,
    },
}
