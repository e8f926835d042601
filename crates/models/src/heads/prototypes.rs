//! Projection with prototypes to be compared with.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use foretask_backend::{Init, Scope};
use serde::{Deserialize, Serialize};

use super::mlp::unit_rows;
use super::{ProjectionConfig, ProjectionHead};

/// Directions on the sphere that embeddings are scored with.
#[derive(Module, Debug)]
pub struct Prototypes {
    /// `[count, d]`.
    pub weight: Param<Tensor<2>>,
}

impl Prototypes {
    /// `count` prototypes for embeddings of length `d`, at length 1.
    pub fn new(scope: &Scope, d: usize, count: usize) -> Self {
        let bound = 1.0 / (d.max(1) as f32).sqrt();
        Self { weight: scope.param("weight", [count, d], Init::Uniform { bound }) }.normalized()
    }

    /// The same with every prototype at length 1: to be called before each step's forward pass, as an update changes the
    /// lengths. Carries no gradient.
    #[must_use]
    pub fn normalized(self) -> Self {
        let weight = self.weight.map(|old| {
            let (graph, wanted) = (old.is_autodiff(), old.is_require_grad());
            let new = unit_rows(old.inner());
            if graph { Tensor::from_inner(new).set_require_grad(wanted) } else { new }
        });
        Self { weight }
    }

    /// Embeddings `[b, d]` at length 1 to scores `[b, count]`: their cosines with the prototypes, those being at length 1.
    pub fn forward(&self, embeddings: Tensor<2>) -> Tensor<2> {
        embeddings.matmul(self.weight.val().transpose())
    }

    /// [`Prototypes::forward`] without a gradient for the prototypes, which an optimizer then leaves alone: for the first
    /// steps, in which moving prototypes would draw all embeddings to a few of them.
    pub fn forward_frozen(&self, embeddings: Tensor<2>) -> Tensor<2> {
        embeddings.matmul(self.weight.val().inner().transpose())
    }
}

/// Sizes of a [`PrototypesHead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrototypesConfig {
    /// The projection.
    pub projection: ProjectionConfig,
    /// Number of prototypes; 3000 in the paper, a tenth of the images at most.
    pub count: usize,
}

/// A projection, and prototypes on its normalized embeddings: `SwAV` (Caron et al. 2020,
/// <https://arxiv.org/abs/2006.09882>).
#[derive(Module, Debug)]
pub struct PrototypesHead {
    /// Features to embeddings.
    pub projection: ProjectionHead,
    /// What they are compared with.
    pub prototypes: Prototypes,
}

impl PrototypesHead {
    /// A new head.
    pub fn new(scope: &Scope, config: &PrototypesConfig) -> Self {
        Self {
            projection: ProjectionHead::new(&scope.at("projection"), &config.projection),
            prototypes: Prototypes::new(&scope.at("prototypes"), config.projection.output, config.count),
        }
    }

    /// The same with the prototypes at length 1, see [`Prototypes::normalized`].
    #[must_use]
    pub fn normalized(self) -> Self {
        Self { prototypes: self.prototypes.normalized(), ..self }
    }

    /// Features `[b, d]` to embeddings `[b, output]` at length 1, and their scores `[b, count]`. `frozen` stops the gradient
    /// at the prototypes.
    pub fn forward(&self, features: Tensor<2>, frozen: bool) -> (Tensor<2>, Tensor<2>) {
        let z = unit_rows(self.projection.forward(features));
        let scores =
            if frozen { self.prototypes.forward_frozen(z.clone()) } else { self.prototypes.forward(z.clone()) };
        (z, scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heads::tests::{gradients, lengths, training, wave};

    fn head() -> PrototypesHead {
        let config = PrototypesConfig { projection: ProjectionConfig::new(6, 10, 4), count: 7 };
        PrototypesHead::new(&training(), &config)
    }

    #[test]
    fn scores_are_cosines() {
        let head = head();
        let (z, scores) = head.forward(wave([5, 6]), false);
        assert_eq!(scores.dims(), [5, 7]);
        for length in lengths(z).into_iter().chain(lengths(head.prototypes.weight.val())) {
            assert!((length - 1.0).abs() < 1e-6);
        }
        assert!(scores.try_into_vec_as::<f32>().unwrap().iter().all(|s| s.abs() <= 1.0 + 1e-6));
    }

    #[test]
    fn prototypes_come_back_to_length_one_and_stay_trainable() {
        let mut prototypes = head().prototypes;
        prototypes.weight = prototypes.weight.map(|w| (w * 3.0).detach().require_grad());
        let prototypes = prototypes.normalized();
        assert!(lengths(prototypes.weight.val()).iter().all(|length| (length - 1.0).abs() < 1e-6));
        assert!(prototypes.weight.val().is_require_grad());
        assert!(!prototypes.valid().normalized().weight.val().is_autodiff());
    }

    #[test]
    fn frozen_prototypes_get_no_gradient_and_the_projection_does() {
        let head = head();
        for frozen in [false, true] {
            let trained = gradients(&head, head.forward(wave([5, 6]), frozen).1.powi_scalar(2).sum());
            assert_eq!(trained.contains(&"prototypes.weight".to_owned()), !frozen);
            assert!(trained.contains(&"projection.linear1.weight".to_owned()));
        }
    }
}
