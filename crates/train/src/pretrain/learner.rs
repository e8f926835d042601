//! The network that is trained: an encoder and a head for each of its tasks.

use burn::module::Module;
use foretask_backend::Scope;
use foretask_models::{Backbone, Head};

use super::heads::HeadConfig;
use super::normalizer::Normalizer;

/// An encoder and the heads of all tasks, in their order.
#[derive(Module, Debug)]
pub(super) struct Learner {
    pub(super) encoder: Backbone,
    pub(super) heads: Vec<Head>,
}

impl Learner {
    /// Heads with first values drawn from the seed.
    pub(super) fn new<'a>(encoder: Backbone, heads: impl Iterator<Item = &'a HeadConfig>, scope: &Scope) -> Self {
        // The first head draws what it would draw alone, so that a further task does not change it.
        let place = |index: usize| if index == 0 { scope.at("head") } else { scope.at("heads").at(index) };
        let heads = heads.enumerate().map(|(index, head)| head.build(&place(index))).collect();
        Self { encoder, heads }
    }
}

/// What one task sees of the learner.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskView<'a> {
    pub(super) encoder: &'a Backbone,
    pub(super) head: &'a Head,
    pub(super) normalizer: &'a Normalizer,
}

impl<'a> TaskView<'a> {
    /// The task with this number.
    pub(super) fn of(learner: &'a Learner, task: usize, normalizer: &'a Normalizer) -> Self {
        Self { encoder: &learner.encoder, head: &learner.heads[task], normalizer }
    }
}
