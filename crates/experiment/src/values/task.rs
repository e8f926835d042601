//! A pretext task as it was asked for; `auto` options are resolved where images are known.

use foretask_data::{Images, Survey};
use foretask_pretext::Task as Pretext;
use foretask_train::{TaskMix, Teacher};

use super::Encoder;
use crate::error::{Blame, Error, Role};

/// A task, or several in one.
#[derive(Debug, Clone)]
pub struct Task {
    /// The tasks and what each counts.
    pub mix: TaskMix,
    /// Those whom some tasks are taught by; their weights need not be there yet.
    pub teachers: Vec<Encoder>,
}

impl<T: Into<TaskMix>> From<T> for Task {
    fn from(tasks: T) -> Self {
        Self { mix: tasks.into(), teachers: Vec::new() }
    }
}

impl Task {
    /// The tasks after their teachers have met the images: what those take, and how much they say.
    ///
    /// # Errors
    /// A teacher that does not take such images.
    pub fn met(&self, pool: &Survey) -> Result<TaskMix, Error> {
        let mut mix = self.mix.clone();
        for (task, _) in &mut mix.tasks {
            let Pretext::Distill(distill) = task else { continue };
            for info in &mut distill.teachers {
                let known = self.teachers.iter().find(|teacher| teacher.fingerprint() == info.identity);
                let teacher = known.ok_or_else(|| Error::failed(format!("{} teaches, but is not there", info.name)))?;
                *info = Teacher::info(&info.name, &info.identity, &teacher.sketch(pool)?);
            }
        }
        Ok(mix)
    }

    /// The teachers with their weights, which have to be there.
    pub(crate) fn teachers_for(&self, images: &Images) -> Result<Vec<Teacher>, Error> {
        let teacher =
            |teacher: &Encoder| Ok(Teacher { identity: teacher.fingerprint(), encoder: teacher.weights(images, 0)? });
        self.teachers.iter().map(teacher).collect()
    }
}

/// An error about a teacher is one about the task.
pub(crate) fn blame_task(error: Error) -> Error {
    if error.at == Blame::Named("teacher".to_owned()) { error.at(Role::Task) } else { error }
}
