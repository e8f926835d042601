//! Several losses on one encoder: how they are weighed against each other.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use foretask_backend::Path;
use foretask_backend::update::square_sum;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::ranks;
use crate::step::gradients;

/// How several losses are weighed against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// By their weights alone.
    #[default]
    Weights,
    /// Gradients are brought to equal length in the encoder first, then weighed: no task drowns another because its
    /// loss is measured in larger numbers (the idea of `GradNorm`, Chen et al. 2018, arXiv 1711.02257, without its
    /// training rates).
    Gradients,
}

/// The part of a model whose gradients are compared: what all losses share.
const SHARED: &str = "encoder";
/// Keeps a loss without gradient from dividing by zero.
const LEAST_NORM: f64 = 1e-12;

/// The weighted sum of the losses (one number without its graph, still on the device) and its gradients, summed over the ranks
/// that share the batch out.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn gradients_of<M: Module>(
    losses: Vec<(f64, Tensor<1>)>,
    balance: Balance,
    model: &M,
) -> Result<(Tensor<1>, GradientsParams), TrainError> {
    let weighted = |(weight, loss): &(f64, Tensor<1>)| {
        if (*weight - 1.0).abs() < f64::EPSILON { loss.clone() } else { loss.clone().mul_scalar(*weight) }
    };
    let Some(total) = losses.iter().map(weighted).reduce(Tensor::add) else {
        return Ok((Tensor::zeros([1], &burn::tensor::Device::flex()), GradientsParams::new()));
    };
    let of = |loss: &Tensor<1>| ranks::summed(gradients(loss, model), model);
    if balance == Balance::Weights || losses.len() == 1 {
        let found = of(&total)?;
        return Ok((total.inner(), found));
    }
    let apart = losses.iter().map(|(_, loss)| of(loss)).collect::<Result<Vec<_>, _>>()?;
    let norms: Vec<_> = apart.iter().map(|found| shared_norm(found, model)).collect();
    let mean = norms.iter().cloned().reduce(Tensor::add).map(|sum| sum.div_scalar(norms.len() as f64));
    let factors = losses.iter().zip(&norms).map(|((weight, _), norm)| {
        let norm = norm.clone().add_scalar(LEAST_NORM);
        mean.clone().map_or_else(|| norm.clone().recip(), |mean| mean.div(norm.clone())).mul_scalar(*weight)
    });
    let parts = apart.into_iter().zip(factors).collect();
    Ok((total.inner(), weighted_sum(parts, model)))
}

/// The L2 norm of the gradients in the shared part, one number on the device.
fn shared_norm<M: Module>(gradients: &GradientsParams, model: &M) -> Tensor<1> {
    struct Squares<'a> {
        gradients: &'a GradientsParams,
        path: Path,
        sums: Vec<Tensor<1>>,
    }
    impl ModuleVisitor for Squares<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.path.name().starts_with(SHARED)
                && let Some(gradient) = self.gradients.get::<D>(param.id)
            {
                self.sums.push(square_sum(gradient));
            }
        }
    }
    let mut squares = Squares { gradients, path: Path::default(), sums: Vec::new() };
    model.visit(&mut squares);
    match squares.sums.len() {
        0 => Tensor::zeros([1], &burn::tensor::Device::flex()),
        _ => Tensor::cat(squares.sums, 0).sum().sqrt(),
    }
}

fn weighted_sum<M: Module>(parts: Vec<(GradientsParams, Tensor<1>)>, model: &M) -> GradientsParams {
    struct Sum {
        parts: Vec<(GradientsParams, Tensor<1>)>,
        sum: GradientsParams,
    }
    impl ModuleVisitor for Sum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let mut total: Option<Tensor<D>> = None;
            for (gradients, factor) in &mut self.parts {
                let Some(gradient) = gradients.remove::<D>(param.id) else { continue };
                let part = gradient.mul(factor.clone().reshape([1; D]));
                total = Some(match total {
                    Some(total) => total.add(part),
                    None => part,
                });
            }
            if let Some(total) = total {
                self.sum.register::<D>(param.id, total);
            }
        }
    }
    let mut sum = Sum { parts, sum: GradientsParams::new() };
    model.visit(&mut sum);
    sum.sum
}
