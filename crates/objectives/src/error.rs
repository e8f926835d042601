//! What can go wrong with objectives and their state.

use foretask_backend::BackendError;

/// An error of this crate: each message names the thing, the place and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// A batch too small for a loss that compares its images with each other.
    #[error(
        "{method} compares the images of a batch with each other, and this one has {images}: use a batch of at least 2"
    )]
    SmallBatch {
        /// The method, as the script calls it.
        method: &'static str,
        /// Images in the batch.
        images: usize,
    },
    /// Too few views of an image.
    #[error("{method} compares views of an image, and got {views} of each: make at least {least}")]
    Views {
        /// The method, as the script calls it.
        method: &'static str,
        /// Views of each image.
        views: usize,
        /// What is needed.
        least: usize,
    },
    /// A queue whose size is no multiple of what it takes in at a time.
    #[error(
        "a queue of {size} cannot be filled by batches of {batch}: its size must be a multiple of the batch, such as {suggestion}"
    )]
    Queue {
        /// Rows of the queue.
        size: usize,
        /// Rows that come at a time.
        batch: usize,
        /// The nearest size that works.
        suggestion: usize,
    },
    /// More rows, or fewer, than the queue was made for.
    #[error(
        "this queue takes {batch} rows of {dimensions} numbers at a time and got {found:?}: leave out the last, shorter batch"
    )]
    Enqueue {
        /// Rows that the queue takes at a time.
        batch: usize,
        /// Numbers of a row.
        dimensions: usize,
        /// Shape that came.
        found: [usize; 2],
    },
    /// More prototypes than there are samples to find them among.
    #[error(
        "{prototypes} prototypes cannot be found among {samples} samples: use 1 to {samples}, better a tenth of that"
    )]
    Prototypes {
        /// Prototypes asked for.
        prototypes: usize,
        /// Samples at hand.
        samples: usize,
    },
    /// Images that cannot be cut into patches.
    #[error(
        "images of {width}x{height} cannot be cut into patches of {patch}x{patch}: both sides must be multiples of the patch"
    )]
    Patches {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// Side of a patch.
        patch: usize,
    },
    /// An image that the memory bank has no place for.
    #[error("image {image} is not among the {images} images of this memory bank: number the images from 0")]
    Image {
        /// The image's number.
        image: u32,
        /// Places of the bank.
        images: usize,
    },
    /// Saved state that does not fit.
    #[error(
        "the saved state of {name} has shape {found:?}, expected {expected:?}: it belongs to a run with other options"
    )]
    State {
        /// The tensor's name.
        name: String,
        /// The shape that fits.
        expected: Vec<usize>,
        /// The shape that was saved; empty where nothing was.
        found: Vec<usize>,
    },
    /// A teacher that is built otherwise than its student.
    #[error("teacher and student differ at `{name}`: make the teacher from its student")]
    Teacher {
        /// The parameter's path.
        name: String,
    },
    /// Tensors that do not fit their module.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// The result of this crate's fallible functions.
pub type Result<T, E = ObjectiveError> = std::result::Result<T, E>;
