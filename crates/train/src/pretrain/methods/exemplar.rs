//! Every image is a class of its own (Dosovitskiy et al. 2014, arXiv 1406.6909), by triplets or by a class for each image.

use burn::tensor::{Int, Tensor, TensorData};
use foretask_models::Head;
use foretask_objectives::{cross_entropy, triplet};

use super::views::embed;
use super::{Method, to_host};
use crate::error::TrainError;
use crate::health::Gauges;
use crate::pretrain::batches::Ready;
use crate::pretrain::gauges;
use crate::pretrain::learner::Net;
use crate::training::Moment;

/// Copies of an image lie closer together than to the nearest other image, by a margin.
#[derive(Debug)]
pub(super) struct Triplets {
    pub(super) margin: f64,
}

impl Method for Triplets {
    fn forward(
        &mut self,
        net: &Net<'_>,
        batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let views = embed(net, batch.inputs, false, moment.measure)?;
        let gauges = gauges::of_views(&views);
        let copies = views.embeddings.len();
        // Image-major again, as the loss takes it.
        let [count, d] = views.pair()?[0].dims();
        let z = Tensor::stack::<3>(views.embeddings, 1).reshape([count * copies, d]);
        Ok((triplet(z, copies, self.margin)?, gauges))
    }
}

/// One class for each image of the pool.
#[derive(Debug)]
pub(super) struct Instances;

impl Method for Instances {
    fn forward(
        &mut self,
        net: &Net<'_>,
        mut batch: Ready,
        moment: Moment,
    ) -> Result<(Tensor<1>, Option<Gauges>), TrainError> {
        let no_head = TrainError::NoHead { task: "exemplar" };
        let (Head::Class(head), Some(block)) = (net.head, batch.inputs.pop()) else { return Err(no_head) };
        let copies = block.per_image;
        let features = net.encoder.forward(block.x);
        let logits = head.forward(features.clone());
        let classes: Vec<u32> = batch.images.iter().flat_map(|&image| std::iter::repeat_n(image, copies)).collect();
        let gauges = moment.measure.then(|| gauges::of_classes(&to_host(features), &to_host(logits.clone()), &classes));
        let rows = classes.len();
        let classes: Vec<i64> = classes.into_iter().map(i64::from).collect();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [rows]), &net.normalizer.device);
        Ok((cross_entropy(logits, classes, 0.0), gauges))
    }
}
