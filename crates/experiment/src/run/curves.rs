//! The curves of a run as TensorBoard events, while they are made: `tensorboard --logdir runs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use foretask_report::{EventWriter, ReportError};
use foretask_train::HealthLine;

use super::names::slug;
use crate::stage::MOST;

/// One event file for every stage, in `tensorboard/<stage>/` of the run's folder.
#[derive(Default)]
pub(crate) struct Curves {
    /// By the stage's own folder.
    writers: BTreeMap<PathBuf, EventWriter>,
}

impl std::fmt::Debug for Curves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.writers.keys()).finish()
    }
}

impl Curves {
    /// Starts the curves of a stage with what earlier sittings left in its own folder.
    pub(crate) fn begin(&mut self, run: &Path, title: &str, stage: &Path) -> Result<(), ReportError> {
        if self.writers.contains_key(stage) {
            return Ok(());
        }
        let folder = folder_of(run, title);
        std::fs::create_dir_all(&folder).map_err(|source| ReportError::Events { path: folder.clone(), source })?;
        self.writers.insert(stage.to_path_buf(), EventWriter::create(&folder, 0)?);
        let text = foretask_files::read_text(&stage.join("metrics.jsonl"), MOST).unwrap_or_default();
        for line in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            self.add(stage, &line)?;
        }
        Ok(())
    }

    /// A health line of a stage that has begun.
    pub(crate) fn add(&mut self, stage: &Path, line: &HealthLine) -> Result<(), ReportError> {
        let Some(writer) = self.writers.get_mut(stage) else { return Ok(()) };
        for (name, value) in numbers(line) {
            writer.scalar(&name, line.step, value)?;
        }
        writer.flush()
    }
}

/// A folder that no other stage of the run has. Titles may be alike (two settings of one task), and TensorBoard takes a second
/// file in a folder for a resumed training that supersedes the first.
fn folder_of(run: &Path, title: &str) -> PathBuf {
    let parent = run.join("tensorboard");
    let first = parent.join(slug(title));
    let more = (2..1000).map(|number| parent.join(format!("{}-{number}", slug(title))));
    std::iter::once(first.clone()).chain(more).find(|folder| !folder.exists()).unwrap_or(first)
}

/// Every number of a line, by the name of its curve.
fn numbers(line: &HealthLine) -> Vec<(String, f64)> {
    let diagnostics = &line.diagnostics;
    let mut all = vec![
        ("loss".to_owned(), Some(line.loss)),
        ("gradient_norm".to_owned(), Some(line.gradient_norm)),
        ("learning_rate".to_owned(), Some(line.learning_rate)),
        ("embedding_std".to_owned(), diagnostics.embedding_std),
        ("effective_rank".to_owned(), diagnostics.effective_rank),
    ];
    all.extend(diagnostics.metrics.iter().map(|metric| (metric.name.clone(), Some(metric.value))));
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_goes_on_keeps_its_earlier_lines() {
        let (run, stage) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let line = |step: u64| -> HealthLine {
            let text = format!(
                r#"{{"step":{step},"epoch":1.0,"images":9,"loss":0.5,"gradient_norm":1.0,"learning_rate":0.1,
                    "metrics":[{{"name":"accuracy","value":0.75}}],"seconds":1.0}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let before = format!("{}\n", serde_json::to_string(&line(1)).unwrap());
        std::fs::write(stage.path().join("metrics.jsonl"), before).unwrap();
        let mut curves = Curves::default();
        curves.begin(run.path(), "pretrain by rotation", stage.path()).unwrap();
        curves.add(stage.path(), &line(2)).unwrap();
        curves.add(run.path(), &line(2)).unwrap();
        let folder = run.path().join("tensorboard/pretrain-by-rotation");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        let bytes = std::fs::read(&files[0]).unwrap();
        let count = |tag: &str| bytes.windows(tag.len()).filter(|window| *window == tag.as_bytes()).count();
        assert_eq!((count("accuracy"), count("loss"), count("effective_rank")), (2, 2, 0));

        // Another stage with the same title gets a folder of its own; the same stage keeps its own.
        let other = tempfile::tempdir().unwrap();
        curves.begin(run.path(), "pretrain by rotation", other.path()).unwrap();
        curves.begin(run.path(), "pretrain by rotation", stage.path()).unwrap();
        let mut folders: Vec<_> = std::fs::read_dir(run.path().join("tensorboard"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        folders.sort();
        assert_eq!(folders, ["pretrain-by-rotation", "pretrain-by-rotation-2"]);
    }
}
