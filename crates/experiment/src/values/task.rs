//! A pretext task as it was asked for; `auto` options are resolved where images are known.

use foretask_train::TaskMix;

/// A task, or several in one.
#[derive(Debug, Clone, PartialEq)]
pub struct Task(pub TaskMix);

impl<T: Into<TaskMix>> From<T> for Task {
    fn from(tasks: T) -> Self {
        Self(tasks.into())
    }
}
