//! A pretext task as the script wrote it; `auto` options are resolved where images are known.

/// A task of the script.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task(pub(crate) foretask_pretext::Task);
