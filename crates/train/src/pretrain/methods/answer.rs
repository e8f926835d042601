//! What a network answers to the questions of a task.

use burn::tensor::Tensor;
use foretask_backend::HostTensor;
use foretask_backend::layers::global_avg_pool;
use foretask_models::{Head, TileHead};

use super::masked;
use super::objective::{no_fit, to_host};
use crate::error::TrainError;
use crate::pretrain::learner::TaskView;
use crate::pretrain::ready::Block;
use crate::ranks::gathered;

/// What a network answers to a task's inputs.
pub(in crate::pretrain) enum Answer {
    /// Of every image.
    Images(Tensor<4>),
    /// Of every question.
    Logits(Tensor<2>),
    /// Of every image.
    Vectors(Tensor<2>),
    /// Nothing that a person could look at.
    Embeddings,
}

/// What a network is asked.
pub(in crate::pretrain) struct Question<'a> {
    /// A block for every input shape.
    pub(in crate::pretrain) inputs: Vec<Block>,
    /// `[count, 1, height, width]`: 1 in places that are to be restored, where the task says which. Some networks are not shown
    /// these.
    pub(in crate::pretrain) hidden: Option<&'a [f32]>,
}

impl From<Vec<Block>> for Question<'_> {
    fn from(inputs: Vec<Block>) -> Self {
        Self { inputs, hidden: None }
    }
}

/// Features of the first block of inputs `[n, d]` where they are wanted, and the answer of the task's head.
pub(in crate::pretrain) fn answer<'a>(
    view: &TaskView<'_>,
    word: &'static str,
    question: impl Into<Question<'a>>,
    wanted: bool,
) -> Result<(Option<HostTensor>, Answer), TrainError> {
    let Question { inputs, hidden } = question.into();
    let block = inputs.into_iter().next().ok_or_else(|| no_fit(word, "inputs"))?;
    if let Head::Tiles(head) = view.head {
        let (features, logits) = answer_to_tiles(view, head, block);
        return Ok((seen(features, wanted)?, Answer::Logits(logits)));
    }
    let x = block.x;
    if let Head::Decoder(head) = view.head {
        let map = view.encoder.forward_map(x);
        let features = if wanted { seen(global_avg_pool(map.clone()), true)? } else { None };
        return Ok((features, Answer::Images(head.forward(map))));
    }
    if let Some(restored) = masked::restored(view, &x, hidden, word)? {
        return Ok((seen(restored.features, wanted)?, Answer::Images(restored.images)));
    }
    let features = view.encoder.forward(x);
    Ok((
        seen(features.clone(), wanted)?,
        match view.head {
            Head::Class(head) => Answer::Logits(head.forward(features)),
            Head::Vector(head) => Answer::Vectors(head.forward(features)),
            _ => Answer::Embeddings,
        },
    ))
}

/// Features `[n, d]` without their graph, of all ranks' images, where they are wanted.
fn seen(features: Tensor<2>, wanted: bool) -> Result<Option<HostTensor>, TrainError> {
    Ok(if wanted { Some(to_host(gathered(features.detach())?)) } else { None })
}

/// Logits of the questions about a batch's tiles: `[count, classes]` for an order, `[count * (tiles - 1), classes]` for the
/// place of each other tile around the middle one. Also the tiles' features `[count * tiles, d]`.
fn answer_to_tiles(view: &TaskView<'_>, head: &TileHead, block: Block) -> (Tensor<2>, Tensor<2>) {
    let tiles = block.per_image;
    let features = view.encoder.forward(block.x);
    // A head for two tiles of more is asked about each of the others beside the middle one.
    if head.tiles() == tiles {
        return (features.clone(), head.forward(features));
    }
    let [rows, d] = features.dims();
    let count = rows / tiles.max(1);
    let all = features.clone().reshape([count, tiles, d]);
    // The middle one comes last.
    let center = all.clone().narrow(1, tiles - 1, 1).expand([count, tiles - 1, d]);
    let neighbors = all.narrow(1, 0, tiles - 1);
    let joined = Tensor::stack::<4>(vec![neighbors, center], 2).reshape([count * (tiles - 1) * 2, d]);
    (features, head.forward(joined))
}
