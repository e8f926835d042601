//! What the tests of heads share.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use foretask_backend::{Path, Scope, state_dict};

/// A place on flex with automatic differentiation.
pub(super) fn training() -> Scope {
    Scope::new(3, &foretask_backend::device("flex").unwrap().training())
}

/// Features without pattern, with automatic differentiation.
pub(super) fn wave(shape: [usize; 2]) -> Tensor<2> {
    let values: Vec<f32> = (0..shape[0] * shape[1]).map(|i| (i as f32 * 1.7).sin() * (i as f32 * 0.31).cos()).collect();
    Tensor::from_data(TensorData::new(values, shape), training().device())
}

/// Names of all parameters and statistics.
pub(super) fn names(module: &impl Module) -> Vec<String> {
    state_dict(module).into_keys().collect()
}

/// Names of the parameters that get a gradient.
pub(super) fn gradients<M: Module>(module: &M, loss: Tensor<1>) -> Vec<String> {
    struct Find {
        path: Path,
        gradients: GradientsParams,
        found: Vec<String>,
    }
    impl ModuleVisitor for Find {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.gradients.get::<D>(param.id).is_some() {
                self.found.push(self.path.name());
            }
        }
    }
    let gradients = GradientsParams::from_grads(loss.backward(), module);
    let mut find = Find { path: Path::default(), gradients, found: Vec::new() };
    module.visit(&mut find);
    find.found
}

/// Lengths of rows.
pub(super) fn lengths(x: Tensor<2>) -> Vec<f32> {
    x.clone().mul(x).sum_dim(1).sqrt().try_into_vec_as::<f32>().unwrap()
}

pub(super) fn assert_columns_standardized(x: Tensor<2>) {
    let [n, _] = x.dims();
    let mean = x.clone().mean_dim(0);
    let variance = (x - mean.clone()).powi_scalar(2).sum_dim(0) / n as f64;
    assert!(mean.try_into_vec_as::<f32>().unwrap().iter().all(|m| m.abs() < 1e-5));
    assert!(variance.try_into_vec_as::<f32>().unwrap().iter().all(|v| (v - 1.0).abs() < 2e-2));
}
