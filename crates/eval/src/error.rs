//! What can go wrong in an evaluation.

/// Why something could not be measured. Every message names the thing, the place and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// An option has a value that cannot work.
    #[error("option `{option}`: {reason}")]
    Option {
        /// The key as the script writes it.
        option: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Inputs that do not fit together, or are too few.
    #[error("{0}")]
    Input(String),
    /// Features or training.
    #[error(transparent)]
    Train(#[from] foretask_train::TrainError),
    /// Images or tables.
    #[error(transparent)]
    Data(#[from] foretask_data::DataError),
    /// The device.
    #[error(transparent)]
    Backend(#[from] foretask_backend::BackendError),
    /// The network or its weights.
    #[error(transparent)]
    Model(#[from] foretask_models::ModelError),
}

impl EvalError {
    pub(crate) fn option(option: &'static str, value: impl std::fmt::Display, expected: &str) -> Self {
        Self::Option { option, reason: format!("{value} cannot work; expected {expected}") }
    }
}
