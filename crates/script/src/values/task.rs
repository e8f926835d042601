//! A pretext task as the script wrote it; `auto` options are resolved where images are known.

use foretask_train::TaskMix;

/// A task of the script, or several in one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task(pub(crate) TaskMix);
