//! What all methods that compare views have in common.

use burn::tensor::Tensor;
use foretask_backend::HostTensor;
use foretask_models::{Backbone, Head};

use super::objective::{no_fit, to_host};
use crate::error::TrainError;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Block;
use crate::ranks::gathered;

/// Views of a batch, embedded; one `[count, …]` for every view, the global ones first.
pub(in crate::pretrain) struct Views {
    /// Embeddings, `[count, d]`; DINO's logits.
    pub(in crate::pretrain) embeddings: Vec<Tensor<2>>,
    /// What stands on the embeddings: predictions `[count, d]`, or scores of prototypes `[count, k]`. None where there is
    /// nothing on them.
    pub(in crate::pretrain) answers: Vec<Tensor<2>>,
    /// How many views are global.
    pub(in crate::pretrain) global: usize,
    /// Features of the global views, `[count * global, d]`, where they are wanted.
    pub(in crate::pretrain) features: Option<HostTensor>,
}

impl Views {
    /// Embeddings of the first two views.
    pub(in crate::pretrain) fn pair(&self) -> Result<[Tensor<2>; 2], TrainError> {
        pair(&self.embeddings)
    }

    /// What stands on the embeddings of the first two views.
    pub(super) fn answered_pair(&self) -> Result<[Tensor<2>; 2], TrainError> {
        pair(&self.answers)
    }
}

/// The first two of a list.
pub(super) fn pair(views: &[Tensor<2>]) -> Result<[Tensor<2>; 2], TrainError> {
    match views {
        [first, second, ..] => Ok([first.clone(), second.clone()]),
        _ => Err(no_fit("a comparison", "two views of every image")),
    }
}

/// Every view through encoder and head; views of one shape go together. Of several ranks, each gets the rows of all.
/// `frozen` stops gradients at prototypes and last
/// layers.
pub(super) fn embed(view: &TaskView<'_>, inputs: Vec<Block>, frozen: bool, wanted: bool) -> Result<Views, TrainError> {
    let global = inputs.first().map_or(0, |block| block.per_image);
    let mut views = Views { embeddings: Vec::new(), answers: Vec::new(), global, features: None };
    for (number, block) in inputs.into_iter().enumerate() {
        let per_image = block.per_image;
        let features = view.encoder.forward(block.x);
        if wanted && number == 0 {
            views.features = Some(to_host(gathered(features.clone().detach())?));
        }
        let (embeddings, answers) = through(view.head, features, frozen)?;
        views.embeddings.extend(apart(gathered(embeddings)?, per_image));
        if let Some(answers) = answers {
            views.answers.extend(apart(gathered(answers)?, per_image));
        }
    }
    Ok(views)
}

/// Embeddings of the global views alone, through any encoder and head: for teachers, which see no others.
pub(super) fn embed_globals(encoder: &Backbone, head: &Head, inputs: &[Block]) -> Result<Vec<Tensor<2>>, TrainError> {
    let block = inputs.first().ok_or_else(|| no_fit("a momentum teacher", "views"))?;
    let per_image = block.per_image;
    let (embeddings, _) = through(head, encoder.forward(block.x.clone()), false)?;
    Ok(apart(gathered(embeddings)?, per_image))
}

/// Features `[n, d]` to embeddings and what stands on them.
fn through(head: &Head, features: Tensor<2>, frozen: bool) -> Result<(Tensor<2>, Option<Tensor<2>>), TrainError> {
    Ok(match head {
        Head::Projection(head) => (head.forward(features), None),
        Head::Prediction(head) => {
            let (projections, predictions) = head.forward(features);
            (projections, Some(predictions))
        }
        Head::Prototypes(head) => {
            let (embeddings, scores) = head.forward(features, frozen);
            (embeddings, Some(scores))
        }
        Head::Dino(head) => (head.forward(features, frozen), None),
        // Pictures, classes and tiles are no embeddings.
        _ => return Err(no_fit("a comparison of views", "a head that gives embeddings")),
    })
}

/// `[count * k, d]`, image-major, as `k` times `[count, d]`.
pub(super) fn apart(z: Tensor<2>, k: usize) -> Vec<Tensor<2>> {
    let [rows, d] = z.dims();
    let count = rows / k.max(1);
    let all = z.reshape([count, k, d]);
    (0..k).map(|view| all.clone().narrow(1, view, 1).reshape([count, d])).collect()
}
