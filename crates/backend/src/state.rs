//! A module's state as plain data, under PyTorch's names.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{BackendError, Result};

/// A tensor's values on the host, row-major.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostTensor {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// The product of the sizes many values.
    pub data: Vec<f32>,
}

/// Parameters and running statistics by their PyTorch-style path, such as `layer1.0.conv1.weight`.
pub type StateDict = BTreeMap<String, HostTensor>;

/// Follows a visitor's or mapper's way through a module: the dotted path of where it is, as PyTorch would write it.
///
/// Call [`Path::enter`] and [`Path::exit`] from the methods of the same name of `burn`'s `ModuleVisitor` or
/// `ModuleMapper`. Enum variants leave no trace in the path.
#[derive(Clone, Debug, Default)]
pub struct Path {
    parts: Vec<String>,
}

impl Path {
    /// A part of a module begins.
    pub fn enter(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.parts.push(name.to_owned());
        }
    }

    /// A part of a module ends.
    pub fn exit(&mut self, container: &str) {
        if !container.starts_with("Enum:") {
            self.parts.pop();
        }
    }

    /// The path: `layer1.0.conv1.weight`.
    pub fn name(&self) -> String {
        self.parts.join(".")
    }
}

/// Whether a path names a running statistic (saved, not trained) rather than a parameter.
pub fn is_statistic(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("running_mean" | "running_var"))
}

/// Copies a module's parameters and newest running statistics to the host.
pub fn state_dict(module: &impl Module) -> StateDict {
    struct Collect {
        path: Path,
        state: StateDict,
    }
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.state.insert(self.path.name(), host_tensor(param.val()));
        }
    }
    let mut collect = Collect { path: Path::default(), state: StateDict::new() };
    module.visit(&mut collect);
    collect.state
}

/// Copies a tensor to the host as `f32`.
pub fn host_tensor<const D: usize>(tensor: Tensor<D>) -> HostTensor {
    let shape = tensor.dims().to_vec();
    let data = tensor.into_data_as::<f32>().try_into_vec::<f32>().unwrap_or_default();
    HostTensor { shape, data }
}

/// Fills a module with copies of the tensors of a state dict, which must fit exactly.
///
/// Nothing is shared with whatever the state came from. The module's device, gradient settings and parameter
/// identities stay.
///
/// # Errors
/// [`BackendError::MissingTensors`], [`BackendError::UnexpectedTensors`] and [`BackendError::TensorShape`] name what
/// does not fit.
pub fn load_state_dict<M: Module>(module: M, state: &StateDict) -> Result<M> {
    struct Fill<'a> {
        path: Path,
        state: &'a StateDict,
        used: usize,
        missing: Vec<String>,
        seen: Vec<String>,
        wrong: Option<BackendError>,
    }
    impl ModuleMapper for Fill<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.name();
            self.seen.push(name.clone());
            let Some(tensor) = self.state.get(&name) else {
                self.missing.push(name);
                return param;
            };
            self.used += 1;
            let expected = param.lazy_shape().to_vec();
            if tensor.shape != expected || tensor.data.len() != expected.iter().product::<usize>() {
                let found = tensor.shape.clone();
                self.wrong.get_or_insert(BackendError::TensorShape { name, expected, found });
                return param;
            }
            param.map(|old| {
                let data = TensorData::new(tensor.data.clone(), tensor.shape.clone());
                let new = Tensor::from_data(data, &old.device());
                if old.is_require_grad() { new.require_grad() } else { new }
            })
        }
    }
    let mut fill = Fill { path: Path::default(), state, used: 0, missing: Vec::new(), seen: Vec::new(), wrong: None };
    let module = module.map(&mut fill);
    if !fill.missing.is_empty() {
        return Err(BackendError::MissingTensors { count: fill.missing.len(), names: first_few(&fill.missing) });
    }
    if let Some(wrong) = fill.wrong {
        return Err(wrong);
    }
    if fill.used < state.len() {
        let unexpected: Vec<String> = state.keys().filter(|name| !fill.seen.contains(name)).cloned().collect();
        return Err(BackendError::UnexpectedTensors { count: unexpected.len(), names: first_few(&unexpected) });
    }
    Ok(module)
}

fn first_few(names: &[String]) -> String {
    names.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scope;
    use crate::layers::{BatchNorm, Conv2d};

    #[derive(Module, Debug)]
    enum Kind {
        Small(Small),
    }

    #[derive(Module, Debug)]
    struct Small {
        conv1: Conv2d,
        downsample: Option<(Conv2d, BatchNorm)>,
        blocks: Vec<BatchNorm>,
    }

    fn small(seed: u64) -> Kind {
        let device = crate::device("flex").unwrap().training();
        let scope = Scope::new(seed, &device);
        let down = scope.at("downsample");
        Kind::Small(Small {
            conv1: Conv2d::new(&scope.at("conv1"), [1, 2], 3, 1, 1),
            downsample: Some((Conv2d::new(&down.at(0), [1, 2], 1, 1, 0), BatchNorm::new(&down.at(1), 2))),
            blocks: vec![BatchNorm::new(&scope.at("blocks").at(0), 2)],
        })
    }

    #[test]
    fn names_are_pytorchs() {
        let state = state_dict(&small(1));
        let names: Vec<&str> = state.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "blocks.0.bias",
                "blocks.0.running_mean",
                "blocks.0.running_var",
                "blocks.0.weight",
                "conv1.weight",
                "downsample.0.weight",
                "downsample.1.bias",
                "downsample.1.running_mean",
                "downsample.1.running_var",
                "downsample.1.weight",
            ]
        );
        assert_eq!(state["conv1.weight"].shape, [2, 1, 3, 3]);
        assert!(is_statistic("downsample.1.running_var") && !is_statistic("conv1.weight"));
    }

    #[test]
    fn a_loaded_module_equals_the_saved_one_and_still_trains() {
        let saved = state_dict(&small(1));
        let loaded = load_state_dict(small(2), &saved).unwrap();
        assert_eq!(state_dict(&loaded), saved);
        let Kind::Small(inner) = loaded;
        assert!(inner.conv1.weight.val().is_require_grad());
        assert!(!inner.blocks[0].running_mean.value().is_require_grad());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut state = state_dict(&small(1));
        let conv = state.remove("conv1.weight").unwrap();
        let error = load_state_dict(small(2), &state).unwrap_err().to_string();
        assert!(error.contains("1 tensor(s) missing") && error.contains("conv1.weight"), "{error}");
        state.insert("conv1.weight".into(), HostTensor { shape: vec![2, 3, 3, 3], data: vec![0.0; 54] });
        let error = load_state_dict(small(2), &state).unwrap_err().to_string();
        assert!(error.contains("[2, 3, 3, 3]") && error.contains("[2, 1, 3, 3]"), "{error}");
        state.insert("conv1.weight".into(), conv);
        state.insert("fc.weight".into(), HostTensor { shape: vec![1], data: vec![0.0] });
        let error = load_state_dict(small(2), &state).unwrap_err().to_string();
        assert!(error.contains("fc.weight"), "{error}");
    }

    #[test]
    fn a_copy_shares_nothing_with_its_source() {
        let student = small(1);
        let before = state_dict(&student);
        let teacher = load_state_dict(small(2), &before).unwrap();
        let Kind::Small(inner) = &student;
        inner.blocks[0].running_mean.update(|mean| mean + 1.0);
        let moved = student.map(&mut Double);
        assert_ne!(state_dict(&moved), before);
        assert_eq!(state_dict(&teacher), before);
    }

    struct Double;
    impl ModuleMapper for Double {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| tensor * 2.0)
        }
    }
}
