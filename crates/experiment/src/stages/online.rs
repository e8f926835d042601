//! Accuracies on labeled images while an encoder still learns from unlabeled ones.

use std::sync::Arc;

use foretask_data::{Images, Samples};
use foretask_eval::{OnlineJudge, OnlineOptions, some_of};
use serde_json::{Value, json};

use super::draws::need_labels;
use crate::error::Error;
use crate::experiment::Experiment;
use crate::values::{Dataset, View};

/// The option `online` of `pretrain`.
#[derive(Debug, Clone)]
pub struct Online {
    /// Labeled images; of several label draws the first counts.
    pub data: Dataset,
    /// How the features are judged.
    pub options: OnlineOptions,
    /// Shuffles the parts of the cross-validation.
    pub seed: u64,
}

impl Online {
    /// What of it decides what a stage keeps.
    pub(super) fn identity(&self) -> Result<Value, Error> {
        Ok(json!({ "data": self.data.identity(self.view())?, "options": self.options, "seed": self.seed }))
    }

    fn view(&self) -> &View {
        &self.data.views[0]
    }

    /// Refuses what could not be judged, before anything is trained.
    pub(super) fn check(&self) -> Result<(), Error> {
        let samples = self.view().samples()?;
        need_labels("online", &self.data, &samples)?;
        self.judge(&samples).map(drop)
    }

    fn judge(&self, samples: &Samples) -> Result<OnlineJudge, Error> {
        let labels = samples.labels.iter().flatten().copied().collect();
        Ok(OnlineJudge::new(labels, samples.classes.len(), self.options.clone(), self.seed)?)
    }

    /// The images, and who judges their features.
    pub(super) fn ready(&self, experiment: &Experiment) -> Result<(Images, OnlineJudge), Error> {
        let all: Arc<Images> = experiment.images_of(&self.data, self.view())?;
        let images = some_of(&all, self.options.most);
        let labels = foretask_train::labels_of(&images)?;
        let judge = OnlineJudge::new(labels, images.classes().len(), self.options.clone(), self.seed)?;
        Ok((images, judge))
    }
}
