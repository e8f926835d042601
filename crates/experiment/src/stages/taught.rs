//! Everything that taught a classifier, however long ago: no image of it can measure it.

use std::path::PathBuf;
use std::sync::Arc;

use foretask_data::Images;
use foretask_eval::some_of;
use foretask_models::Seen;

use crate::error::Error;
use crate::experiment::Experiment;
use crate::values::{Classifiers, Dataset, Encoder, EncoderSource, Method, Pretrained, SelfStart, View};

/// Images of this script, and what files say of those that taught them.
#[derive(Default)]
pub(crate) struct Taught {
    pub(crate) images: Vec<Lessons>,
    pub(crate) files: Vec<(PathBuf, Seen)>,
}

/// Images of this script that something learned from.
pub(crate) struct Lessons {
    data: Dataset,
    /// What for.
    pub(crate) what: &'static str,
    /// Of more images than these an evenly chosen part taught.
    most: usize,
}

impl Lessons {
    /// Every view of them.
    pub(crate) fn views(&self) -> &[Arc<View>] {
        &self.data.views
    }

    /// Those of one view that were learned from.
    pub(crate) fn images(&self, experiment: &Experiment, view: &View) -> Result<Images, Error> {
        Ok(some_of(&*experiment.images_of(&self.data, view)?, self.most))
    }
}

impl Taught {
    /// Adds what taught some classifiers.
    pub(crate) fn classifiers(&mut self, classifiers: &Classifiers) {
        self.lesson(&classifiers.few, "labeled", usize::MAX);
        if let Some(pool) = &classifiers.pool {
            let most = match &classifiers.method {
                Method::Spread(_, options) => options.most,
                Method::SelfTrain(_, options) => options.spread.most,
                _ => usize::MAX,
            };
            self.lesson(pool, "unlabeled", most);
        }
        match &classifiers.method {
            Method::SelfTrain(SelfStart::Classifiers(start), _) => self.classifiers(start),
            method => method.encoder().into_iter().for_each(|encoder| self.encoder(encoder)),
        }
    }

    /// Adds what taught an encoder.
    pub(crate) fn encoder(&mut self, encoder: &Encoder) {
        match &encoder.source {
            EncoderSource::Pretrained(stage) => self.pretraining(stage),
            EncoderSource::File { path, encoder, .. } => {
                if !self.files.iter().any(|(known, _)| known == path) {
                    self.files.push((path.clone(), encoder.seen.clone()));
                }
            }
            EncoderSource::Random { .. } => {}
        }
    }

    fn pretraining(&mut self, stage: &Pretrained) {
        self.lesson(stage.data(), "pretraining", usize::MAX);
        stage.behind().for_each(|encoder| self.encoder(encoder));
    }

    fn lesson(&mut self, data: &Dataset, what: &'static str, most: usize) {
        self.images.push(Lessons { data: data.clone(), what, most });
    }
}
