//! What the loader hands to the training step.

use burn::tensor::Tensor;
use foretask_pretext::Targets;

/// A task's batch with its inputs on the device: the loader's thread brings them there while the step before is computed.
#[derive(Debug)]
pub(super) struct Ready {
    /// One block for every input shape.
    pub(super) inputs: Vec<Block>,
    /// What the network is to answer.
    pub(super) targets: Targets,
    /// Positions of the source images in the pool, those of other ranks among them.
    pub(super) images: Vec<u32>,
    /// The pass over the images that it belongs to, from 0.
    pub(super) epoch: u64,
}

/// All inputs of one shape, image-major.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// `[count * per_image, channels, height, width]`, normalized, in the precision that the network is to compute in.
    pub(super) x: Tensor<4>,
    /// Inputs of this shape made of each image.
    pub(super) per_image: usize,
}
