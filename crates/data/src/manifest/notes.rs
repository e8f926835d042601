//! What somebody should know of how a dataset was read.

use std::fmt;

use serde::Serialize;

/// One thing to know of a dataset: a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The sentence.
    pub text: String,
    /// Whether something was left out or may not be meant so.
    pub warning: bool,
}

impl Note {
    pub(super) fn said(text: String) -> Self {
        Self { text, warning: false }
    }

    pub(super) fn warning(text: String) -> Self {
        Self { text, warning: true }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first few of some things, and how many more there are.
pub(super) fn some(things: &[String]) -> String {
    const TOLD: usize = 10;
    let told = things.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    if things.len() > TOLD { format!("{told}, and {} more", things.len() - TOLD) } else { told }
}
