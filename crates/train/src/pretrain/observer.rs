//! One who looks at the encoder while it learns.

use foretask_data::Images;
use foretask_models::{Backbone, InputSpec};

use crate::context::{Context, Interrupt};
use crate::error::TrainError;
use crate::features::{Features, features_of};
use crate::health::Metric;

/// Looks at what the encoder makes of some images whenever a health line is due, and adds what it finds to the line.
///
/// It sees features only, computed without a gradient graph: nothing that it knows (labels, above all) can reach the
/// encoder, and the weights come out the same to the bit with it and without.
#[derive(Clone, Copy)]
pub struct Observer<'a> {
    /// What is looked at.
    pub images: &'a Images,
    /// What the features (a row an image, in the order of `images`) show.
    pub judge: &'a dyn Fn(&Features) -> Vec<Metric>,
}

impl std::fmt::Debug for Observer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").field("images", &self.images.len()).finish_non_exhaustive()
    }
}

impl Observer<'_> {
    /// The numbers of this moment. `encoder` is without a graph.
    pub(super) fn look(
        &self,
        encoder: &Backbone,
        dim: usize,
        input: &InputSpec,
        cx: &Context<'_>,
    ) -> Result<Vec<Metric>, TrainError> {
        // The bar shows the training that this is a part of, and a request to stop is heard after the step.
        let (quiet, unheard) = (|_| (), Interrupt::new());
        let cx = Context { events: &quiet, interrupt: &unheard, ..*cx };
        Ok((self.judge)(&features_of(encoder, dim, input, self.images, &cx)?))
    }
}
