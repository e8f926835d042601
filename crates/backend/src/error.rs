//! What can go wrong below the models.

/// An error of this crate: each message names the thing, the place and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The name is no device at all.
    #[error("unknown device \"{name}\": expected auto, flex, libtorch or libtorch:cuda:N{hint}")]
    UnknownDevice {
        /// What was asked for.
        name: String,
        /// ", did you mean …" or nothing.
        hint: String,
    },
    /// The device is known, but this build or this machine does not have it.
    #[error("device \"{name}\" is not available: {reason}. {fix}")]
    DeviceUnavailable {
        /// What was asked for.
        name: String,
        /// What is missing.
        reason: String,
        /// The command or choice that helps.
        fix: String,
    },
    /// The device does not compute in this type of number, or gains nothing by it.
    #[error("precision \"{precision}\" is not to be had on {device}: {reason}. {fix}")]
    PrecisionUnavailable {
        /// What was asked for.
        precision: &'static str,
        /// The device's name.
        device: String,
        /// What is missing.
        reason: &'static str,
        /// The choice that helps.
        fix: &'static str,
    },
    /// A state dict lacks tensors that the module has.
    #[error("{count} tensor(s) missing from the weights, the first: {names}; is this file of another architecture?")]
    MissingTensors {
        /// How many.
        count: usize,
        /// The first few names.
        names: String,
    },
    /// A state dict has tensors that the module lacks.
    #[error(
        "{count} tensor(s) in the weights that this module does not have, the first: {names}; is this file of another architecture?"
    )]
    UnexpectedTensors {
        /// How many.
        count: usize,
        /// The first few names.
        names: String,
    },
    /// A tensor has another shape than the module's.
    #[error(
        "tensor \"{name}\" has shape {found:?} in the weights, the module wants {expected:?}; check width, stem and input channels"
    )]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// The module's shape.
        expected: Vec<usize>,
        /// The shape in the weights.
        found: Vec<usize>,
    },
    /// Tensor code panicked: burn and libtorch report shape, dtype and device errors this way.
    #[error("{what} failed in the tensor library: {message}")]
    Panicked {
        /// What was being done.
        what: String,
        /// The first line of the panic's message.
        message: String,
    },
    /// An environment variable that libraries heed has a value with which they start no threads.
    #[error(
        "{name} is \"{value}\", but must be a whole number from {least} to {most}; unset it, or give it such a number"
    )]
    Environment {
        /// The variable.
        name: &'static str,
        /// Its value, or how that begins.
        value: String,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
    /// The thread pool was already started with another size.
    #[error(
        "the thread pool already runs with {current} thread(s), asked for {wanted}: set the thread count before anything else, or with RAYON_NUM_THREADS={wanted}"
    )]
    ThreadsFixed {
        /// The running pool's size.
        current: usize,
        /// The size asked for.
        wanted: usize,
    },
}

/// The result of this crate's fallible functions.
pub type Result<T, E = BackendError> = std::result::Result<T, E>;
