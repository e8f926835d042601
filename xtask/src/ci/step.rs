//! What the steps have in common: how they end, and what cargo is asked to select.

/// Everything, as it is built by default.
pub(super) const DEFAULT: [&str; 2] = ["--release", "--workspace"];

/// How a step that did not fail ended.
pub(crate) enum Outcome {
    /// All was well; a few words may say what was done.
    Passed(String),
    /// It could not be done here, for this reason.
    Skipped(String),
}

impl Outcome {
    /// Passed, with nothing to add.
    pub(crate) fn passed() -> Self {
        Self::Passed(String::new())
    }
}
