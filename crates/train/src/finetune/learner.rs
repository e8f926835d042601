//! What a training of the label stage begins with.

use foretask_data::Images;
use foretask_models::{Classifier, Encoder};
use foretask_pretext::Auto;

use super::fold::Whole;
use super::options::FinetuneOptions;
use super::recipe::FinetuneRecipe;
use super::result::{Finetuned, Retained};
use crate::context::Context;
use crate::error::TrainError;
use crate::features::{Features, extract_features};
use crate::probe::{HeldOut, LinearProbe, Standardization, held_out_logits, linear_probe};

/// An encoder, what it says of the labeled images, and the probe fitted to that.
pub(super) struct Learner {
    pub(super) encoder: Encoder,
    pub(super) features: Features,
    pub(super) probe: LinearProbe,
    /// Encoder and probe.
    pub(super) classifier: Classifier,
    pub(super) options: FinetuneOptions,
    pub(super) from_scratch: bool,
}

/// Images with labels, and what their features are standardized by, if by others than theirs.
#[derive(Clone, Copy)]
pub(super) struct LabeledImages<'a> {
    pub(super) images: &'a Images,
    /// One for each image.
    pub(super) labels: &'a [u32],
    pub(super) statistics: Option<&'a Standardization>,
}

impl Learner {
    pub(super) fn new(
        encoder: Encoder,
        few: LabeledImages<'_>,
        options: FinetuneOptions,
        cx: &Context<'_>,
    ) -> Result<Self, TrainError> {
        let LabeledImages { images, labels, statistics } = few;
        let quiet = |_| ();
        let features = extract_features(&encoder, images, &Context { events: &quiet, ..*cx })?;
        let classes = images.classes();
        let probe = linear_probe(&features, labels, classes.len(), statistics, &options.probe())?;
        let (weight, bias) = (probe.weight.clone(), probe.bias.clone());
        let classifier = Classifier::new(encoder.clone(), weight, bias, classes.clone())?;
        Ok(Self { encoder, features, probe, classifier, options, from_scratch: false })
    }

    /// The same with weights that were never trained.
    pub(super) fn untrained(self) -> Self {
        Self { from_scratch: true, ..self }
    }

    /// Answers of probes for labeled images that they were fitted without.
    pub(super) fn held_out_by_probes(
        &self,
        labels: &[u32],
        statistics: Option<&Standardization>,
    ) -> Result<HeldOut, TrainError> {
        let classes = self.classifier.classes.len();
        held_out_logits(&self.features, labels, classes, statistics, &self.options.probe())
    }

    /// The probe as the answer.
    pub(super) fn kept_probe(
        self,
        labels: &[u32],
        (recipe, autos): (FinetuneRecipe, Vec<Auto>),
        kept_reason: String,
        held_out: Option<HeldOut>,
    ) -> Finetuned {
        let (correct, loss) = self.probe.score(&self.features.data, labels, None);
        Finetuned {
            classifier: self.classifier.clone(),
            probe: self.classifier,
            held_out,
            kept: Retained::Probe,
            kept_reason,
            history: Vec::new(),
            converged: self.probe.converged,
            final_training_loss: loss / labels.len() as f64,
            training_accuracy: correct as f64 / labels.len() as f64,
            steps: 0,
            seconds: 0.0,
            recipe,
            autos,
        }
    }

    /// What it learns from.
    pub(super) fn whole<'a>(&'a self, few: LabeledImages<'a>) -> Whole<'a> {
        let LabeledImages { images, labels, statistics } = few;
        Whole {
            encoder: &self.encoder,
            images,
            features: &self.features,
            labels,
            statistics,
            options: &self.options,
            from_scratch: self.from_scratch,
        }
    }
}
