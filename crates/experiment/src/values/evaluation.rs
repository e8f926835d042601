//! What `.evaluate` gives: an accuracy for every label draw.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ClassEstimate, Classifiers, Dataset};

/// What the sketch of a classifier says of the images it is measured on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recognized {
    /// Positions of those that taught it.
    pub found: Vec<usize>,
    /// Images of which the sketch can say whether they did.
    pub compared: usize,
}

/// One draw's evaluation.
#[derive(Debug, Clone)]
pub struct DrawResult {
    /// Seed of the label draw.
    pub seed: u64,
    /// `None` in a planning pass.
    pub measured: Option<Arc<foretask_eval::Evaluation>>,
    /// Seconds of measuring.
    pub seconds: f64,
    /// Which of the images also taught the classifier; `None` where nobody looked.
    pub recognized: Option<Arc<Recognized>>,
}

/// Evaluations of all draws on the same images.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// What was measured.
    pub classifiers: Classifiers,
    /// What it was measured on.
    pub test: Dataset,
    /// One for each label draw.
    pub draws: Arc<[DrawResult]>,
    /// Accuracy of guessing: 1 / classes.
    pub chance: f64,
    /// Images measured on.
    pub count: usize,
    /// Rows of those that also taught the classifiers, as far as the classifiers know.
    pub leaked: Arc<BTreeSet<u64>>,
}

impl Evaluation {
    /// Accuracy of each draw; in a planning pass the chance level stands in.
    pub fn accuracies(&self) -> Vec<f64> {
        self.draws.iter().map(|draw| draw.measured.as_ref().map_or(self.chance, |found| found.accuracy)).collect()
    }

    /// Mean accuracy over the draws.
    pub fn mean(&self) -> f64 {
        let all = self.accuracies();
        all.iter().sum::<f64>() / all.len().max(1) as f64
    }

    /// The mean over draws of what `figure` reads off; 0 in a planning pass.
    pub fn mean_of(&self, figure: impl Fn(&foretask_eval::Evaluation) -> f64) -> f64 {
        let all: Vec<f64> = self.draws.iter().filter_map(|draw| draw.measured.as_ref()).map(|m| figure(m)).collect();
        all.iter().sum::<f64>() / all.len().max(1) as f64
    }

    /// How many of each class were recognized, the mean over draws; the interval is that of as many images (Wilson 1927). In a
    /// planning pass the chance level stands in.
    pub fn classes(&self) -> Vec<ClassEstimate> {
        let measured: Vec<_> = self.draws.iter().filter_map(|draw| draw.measured.as_deref()).collect();
        let Some(first) = measured.first() else { return self.planned_classes() };
        let classes = first.per_class.iter().enumerate().filter(|(_, class)| class.count > 0);
        classes
            .map(|(number, class)| {
                let recalls = measured.iter().filter_map(|found| found.per_class.get(number)?.recall);
                let recall = recalls.sum::<f64>() / measured.len() as f64;
                let (low, high) = foretask_eval::wilson(recall, class.count);
                ClassEstimate { class: class.name.clone(), count: class.count as usize, recall, low, high }
            })
            .collect()
    }

    /// The classes of the test images, of which nothing is known yet.
    fn planned_classes(&self) -> Vec<ClassEstimate> {
        let samples = self.test.views.first().and_then(|view| view.samples().ok());
        samples.map_or_else(Vec::new, |samples| ClassEstimate::unknown(&samples, self.chance))
    }

    /// Standard deviation over draws (n - 1); `None` for a single one.
    pub fn sd(&self) -> Option<f64> {
        let all = self.accuracies();
        if all.len() < 2 {
            return None;
        }
        let mean = self.mean();
        Some((all.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (all.len() - 1) as f64).sqrt())
    }
}
