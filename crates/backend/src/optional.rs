//! Tensors that an operation may do without, and groups of them, as burn's dispatch takes them.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType};

/// A tensor that may be absent.
#[derive(Clone, Debug, ExtensionType)]
pub(crate) enum Optional<B: Backend> {
    Absent,
    Present(FloatTensor<B>),
}

impl<B: Backend> Optional<B> {
    pub(crate) fn of(tensor: Option<FloatTensor<B>>) -> Self {
        tensor.map_or(Self::Absent, Self::Present)
    }

    pub(crate) fn into_option(self) -> Option<FloatTensor<B>> {
        match self {
            Self::Absent => None,
            Self::Present(tensor) => Some(tensor),
        }
    }
}
