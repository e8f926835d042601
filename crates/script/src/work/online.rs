//! Accuracies on labelled images while an encoder still learns from unlabelled ones.

use std::sync::Arc;

use foretask_data::{Images, Samples};
use foretask_eval::{OnlineJudge, OnlineOptions, some_of};
use serde_json::{Value, json};

use super::draws::need_labels;
use crate::errors::{Fault, Locus};
use crate::host::Host;
use crate::values::{Dataset, View};

/// The option `online` of `pretrain`.
#[derive(Debug, Clone)]
pub(crate) struct Online {
    /// Labelled images; of several label draws the first counts.
    pub(crate) data: Dataset,
    pub(crate) options: OnlineOptions,
    /// Shuffles the parts of the cross-validation.
    pub(crate) seed: u64,
}

impl Online {
    /// What of it decides what a stage keeps.
    pub(super) fn identity(&self) -> Result<Value, Fault> {
        Ok(json!({ "data": self.data.identity(self.view())?, "options": self.options, "seed": self.seed }))
    }

    fn view(&self) -> &View {
        &self.data.views[0]
    }

    /// Refuses what could not be judged, before anything is trained.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let samples = self.view().samples()?;
        need_labels("online", &self.data, &samples)?;
        self.judge(&samples).map(drop)
    }

    fn judge(&self, samples: &Samples) -> Result<OnlineJudge, Fault> {
        let labels = samples.labels.iter().flatten().copied().collect();
        Ok(OnlineJudge::new(labels, samples.classes.len(), self.options.clone(), self.seed)?)
    }

    /// The images, and who judges their features.
    pub(super) fn ready(&self, host: &Host) -> Result<(Images, OnlineJudge), Fault> {
        let all: Arc<Images> = self.data.images(host, self.view())?;
        let images = some_of(&all, self.options.most);
        let labels = foretask_train::labels_of(&images)?;
        let judge = OnlineJudge::new(labels, images.classes().len(), self.options.clone(), self.seed)?;
        Ok((images, judge))
    }
}

/// Points at the option within the map of `pretrain`, which is argument `argument`.
pub(crate) fn inside(fault: Fault, argument: usize) -> Fault {
    let within = |path: &[String]| [&["online".to_owned()], path].concat();
    let at = match &fault.at {
        Locus::Key(_, path) => Locus::Key(argument, within(path)),
        Locus::Value(_, path) => Locus::Value(argument, within(path)),
        Locus::Place(line, column) => Locus::Place(*line, *column),
        Locus::Word | Locus::Argument(_) => {
            let path: Vec<String> = fault.option.iter().cloned().collect();
            Locus::Value(argument, within(&path))
        }
    };
    fault.at(at)
}
