//! Tasks on the tiles of an image: their order or position as a class, and counting.

use burn::tensor::Tensor;
use foretask_models::Head;
use foretask_objectives::counting;

use super::{Method, to_host};
use crate::error::TrainError;
use crate::health::{Gauges, Metric};
use crate::pretrain::batches::{Block, Ready};
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// Logits of the questions about a batch's tiles: `[count, classes]` for an order, `[count * (tiles - 1), classes]` for the
/// place of each other tile around the middle one. Also the tiles' features `[count * tiles, d]`.
pub(super) fn answer_of_tiles(
    net: &Net<'_>,
    head: &foretask_models::TileHead,
    block: Block,
    pairs: bool,
) -> (Tensor<2>, Tensor<2>) {
    let tiles = block.per_image;
    let features = net.encoder.forward(block.x);
    if !pairs {
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

/// What is in the tiles adds up to what is in the whole (Noroozi, Pirsiavash and Favaro 2017, arXiv 1708.06734).
#[derive(Debug)]
pub(super) struct Counting {
    pub(super) margin: f64,
}

impl Method for Counting {
    fn forward(
        &mut self,
        net: &Net<'_>,
        mut batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let no_head = TrainError::NoHead { task: "counting" };
        let (Head::Vector(head), Some(block)) = (net.head, batch.inputs.pop()) else { return Err(no_head) };
        let per_image = block.per_image;
        let features = net.encoder.forward(block.x);
        let counts = head.forward(features.clone());
        let [rows, c] = counts.dims();
        let count = rows / per_image.max(1);
        let all = counts.reshape([count, per_image, c]);
        let whole = all.clone().narrow(1, 0, 1).reshape([count, c]);
        let tiles = all.narrow(1, 1, per_image - 1);
        // Another image for each: the one after it, in a circle.
        let other = Tensor::cat(vec![whole.clone().narrow(0, 1, count - 1), whole.clone().narrow(0, 0, 1)], 0);
        let gauges = moment.measure.then(|| {
            let mean = to_host(whole.clone()).data.iter().sum::<f32>() / (count.max(1) as f32);
            let mut gauges = gauges::of_features(&to_host(features));
            gauges.metrics.push(Metric::new("counted", f64::from(mean)));
            gauges
        });
        Ok((counting(tiles, whole, other, self.margin), gauges))
    }
}
