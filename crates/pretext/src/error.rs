//! What can go wrong, each with the way out.

/// Why a task, an augmentation or a picture could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PretextError {
    /// A value outside its range.
    #[error("{word}: option `{option}` is {value}, but must be {range}")]
    Range {
        /// The task or augmentation.
        word: &'static str,
        /// The option's name.
        option: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        range: &'static str,
    },
    /// A value that is fine in itself but not for these images.
    #[error("{word}: option `{option}` = {value} does not suit these images: {problem}; {way_out}")]
    Unsuitable {
        /// The task or augmentation.
        word: &'static str,
        /// The option's name.
        option: &'static str,
        /// What was given or chosen.
        value: String,
        /// Why it cannot work.
        problem: String,
        /// What to do instead.
        way_out: String,
    },
    /// The images as such do not suit the task.
    #[error("{word} cannot work on {channels}-channel inputs of {width}x{height} pixels: {problem}; {way_out}")]
    Shape {
        /// The task or augmentation.
        word: &'static str,
        /// Channels asked for.
        channels: usize,
        /// Width asked for.
        width: usize,
        /// Height asked for.
        height: usize,
        /// Why it cannot work.
        problem: &'static str,
        /// What to do instead.
        way_out: &'static str,
    },
    /// The network does not suit the task.
    #[error("{word} cannot teach this network: {problem}; {way_out}")]
    Network {
        /// The task.
        word: &'static str,
        /// Why it cannot work.
        problem: &'static str,
        /// What to do instead.
        way_out: &'static str,
    },
    /// No task has this name.
    #[error("there is no pretext task `{name}`; there are {known}")]
    UnknownTask {
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// No augmentation preset has this name.
    #[error("there is no augmentation preset `{name}`; there are {known}")]
    UnknownPreset {
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// Options that could not be read.
    #[error("{word}: {message}")]
    Options {
        /// The task.
        word: &'static str,
        /// The reader's message, which names the key.
        message: String,
    },
    /// A pixel buffer whose length is not `width * height * channels`.
    #[error(
        "an image of {width}x{height} pixels and {channels} channels needs {expected} values, but its buffer holds {got}"
    )]
    Pixels {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Samples a pixel.
        channels: usize,
        /// `width * height * channels`.
        expected: usize,
        /// The buffer's length.
        got: usize,
    },
    /// An image without pixels.
    #[error("an image of {width}x{height} pixels and {channels} channels holds nothing; leave it out of the data")]
    Empty {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Samples a pixel.
        channels: usize,
    },
    /// An image with another number of channels than the network's input.
    #[error(
        "the image has {got} channels but the network takes {expected}; load the images with `channels: {expected}`"
    )]
    Channels {
        /// Channels of the network's input.
        expected: usize,
        /// Channels of the image.
        got: usize,
    },
    /// An output buffer of the wrong length or kind.
    #[error("the buffer for the {what} must hold {expected}, but holds {got}; make it with `Batch::new`")]
    Buffer {
        /// Which buffer.
        what: &'static str,
        /// What the task writes.
        expected: String,
        /// What was handed in.
        got: String,
    },
    /// A task from outside that made nothing, or not what it announced.
    #[error("the task `{name}` failed: {message}{}", help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
    Custom {
        /// What the user calls it.
        name: String,
        /// Its own words, or what was wrong with what it made.
        message: String,
        /// The way out.
        help: Option<String>,
        /// Line and column in the user's script, from 1.
        place: Option<(usize, usize)>,
    },
    /// A picture could not be encoded.
    #[error("the picture could not be encoded: {0}")]
    Png(String),
}

/// `Result` with this crate's error.
pub type Result<T, E = PretextError> = std::result::Result<T, E>;
