//! Optimizers over a module's parameters, keyed by path.
//!
//! PyTorch's update rules exactly. Three things differ from burn's own optimizers, each on purpose: state is keyed by
//! the parameter's path (so a checkpoint needs no parameter ids), rank-1 parameters (biases and norms) are never
//! decayed, and clipping is by the global norm of all gradients (see [`crate::step`]).

mod adamw;
mod lars;
mod scaling;
mod sgd;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::container::TensorContainer;
use burn::tensor::{Device, Tensor, TensorData};
use foretask_backend::update::{self, DescentStep};
use foretask_backend::{HostTensor, Path, StateDict, host_tensor};
use serde::{Deserialize, Serialize};

pub use adamw::AdamW;
pub use lars::Lars;
pub use scaling::Scaling;
pub use sgd::Sgd;

use crate::error::TrainError;

/// An update rule with its constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Rule {
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
    /// Stochastic gradient descent with momentum.
    Sgd(Sgd),
    /// The same with steps in proportion to each weight.
    Lars(Lars),
}

impl Rule {
    /// Tensors of the parameter's size that the rule keeps for each parameter.
    pub fn moments(&self) -> usize {
        match self {
            Self::AdamW(_) => 2,
            Self::Sgd(sgd) => usize::from(sgd.momentum != 0.0),
            Self::Lars(lars) => usize::from(lars.momentum != 0.0),
        }
    }
}

/// An update rule and what it remembers of each parameter.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    weight_decay: f64,
    factors: Vec<(String, f64)>,
    /// Factors of the update that is being made, on top of `factors`.
    step_factors: Vec<(String, f64)>,
    /// Updates that each parameter has had; a parameter that gets no gradient is left alone, as in PyTorch.
    updates: BTreeMap<String, u64>,
    first: TensorContainer<String>,
    second: TensorContainer<String>,
}

impl Optimizer {
    /// A fresh optimizer. `weight_decay` is decoupled for AdamW and part of the gradient for SGD and LARS, as in PyTorch; it
    /// never reaches a rank-1 parameter.
    pub fn new(rule: Rule, weight_decay: f64) -> Self {
        Self {
            rule,
            weight_decay,
            factors: Vec::new(),
            step_factors: Vec::new(),
            updates: BTreeMap::new(),
            first: TensorContainer::new(),
            second: TensorContainer::new(),
        }
    }

    /// Multiplies the learning rate of every parameter whose path is `part` or lies below it ("head",
    /// "encoder.layer1"). The last part that matches counts. A factor of 0 freezes the part's parameters.
    #[must_use]
    pub fn with_factor(mut self, part: &str, factor: f64) -> Self {
        self.factors.push((part.to_owned(), factor));
        self
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// Factors like those of [`Optimizer::with_factor`] for the next update alone, multiplied with them.
    pub fn set_step_factors(&mut self, factors: Vec<(String, f64)>) {
        self.step_factors = factors;
    }

    fn factor(&self, path: &str) -> f64 {
        let below = |part: &str| path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let last = |factors: &[(String, f64)]| factors.iter().rev().find(|(part, _)| below(part)).map_or(1.0, |f| f.1);
        last(&self.factors) * last(&self.step_factors)
    }

    /// One parameter's update. `scales` are what clipping multiplies the gradient by, and 1 for the decay.
    pub(crate) fn update<const D: usize>(
        &mut self,
        path: &str,
        value: Tensor<D>,
        gradient: Tensor<D>,
        scales: Option<Tensor<1>>,
        learning_rate: f64,
    ) -> Tensor<D> {
        let factor = self.factor(path);
        if factor == 0.0 {
            return value;
        }
        let learning_rate = learning_rate * factor;
        let decay = if D > 1 { self.weight_decay } else { 0.0 };
        let key = path.to_owned();
        let count = self.updates.entry(key.clone()).or_insert(0);
        *count += 1;
        let count = *count;
        match self.rule {
            Rule::AdamW(rule) => {
                let moments =
                    self.first.remove(&key).zip(self.second.remove(&key)).map(|(first, second)| [first, second]);
                let step = rule.step(count, learning_rate, decay);
                let (value, [first, second]) = update::adamw(value, gradient, moments, scales, step);
                self.first.register(key.clone(), first);
                self.second.register(key, second);
                value
            }
            Rule::Sgd(rule) => self.descend(key, value, gradient, scales, rule.step(learning_rate, decay)),
            Rule::Lars(rule) => {
                let scales = rule.scales(&value, &gradient, scales, learning_rate, decay);
                let Lars { momentum, nesterov, .. } = rule;
                let step = Sgd { momentum, nesterov }.step(learning_rate, decay);
                self.descend(key, value, gradient, scales, step)
            }
        }
    }

    fn descend<const D: usize>(
        &mut self,
        key: String,
        value: Tensor<D>,
        gradient: Tensor<D>,
        scales: Option<Tensor<1>>,
        step: DescentStep,
    ) -> Tensor<D> {
        let (value, buffer) = update::descend(value, gradient, self.first.remove(&key), scales, step);
        if let Some(buffer) = buffer {
            self.first.register(key, buffer);
        }
        value
    }

    /// Everything remembered, by name: `first.<path>`, `second.<path>`, and `updates.<path>` (one number, exact up to
    /// 2^24 in the tensor and therefore split in two).
    pub fn state<M: Module>(&self, module: &M) -> StateDict {
        let mut reader = StateReader { optimizer: self, path: Path::default(), state: StateDict::new() };
        module.visit(&mut reader);
        reader.state
    }

    /// Takes back what [`Optimizer::state`] gave, for a module of the same shape.
    ///
    /// # Errors
    /// A tensor whose size does not fit its parameter.
    pub fn load_state<M: Module>(&mut self, module: &M, state: &StateDict, device: &Device) -> Result<(), TrainError> {
        let mut writer = StateWriter { optimizer: self, path: Path::default(), state, device, fault: None };
        module.visit(&mut writer);
        writer.fault.map_or(Ok(()), Err)
    }
}

/// Counts travel as two numbers below 2^16 and 2^24, which f32 holds exactly.
const COUNT_BASE: u64 = 1 << 16;

struct StateReader<'a> {
    optimizer: &'a Optimizer,
    path: Path,
    state: StateDict,
}

impl ModuleVisitor for StateReader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        let path = self.path.name();
        let Some(&count) = self.optimizer.updates.get(&path) else { return };
        let count = [(count % COUNT_BASE) as f32, (count / COUNT_BASE) as f32];
        self.state.insert(format!("updates.{path}"), HostTensor { shape: vec![2], data: count.to_vec() });
        for (name, store) in [("first", &self.optimizer.first), ("second", &self.optimizer.second)] {
            if let Some(tensor) = store.get::<Tensor<D>>(&path) {
                self.state.insert(format!("{name}.{path}"), host_tensor(tensor));
            }
        }
    }
}

struct StateWriter<'a> {
    optimizer: &'a mut Optimizer,
    path: Path,
    state: &'a StateDict,
    device: &'a Device,
    fault: Option<TrainError>,
}

impl ModuleVisitor for StateWriter<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.name();
        let Some(count) = self.state.get(&format!("updates.{path}")) else { return };
        if let [low, high] = count.data[..] {
            self.optimizer.updates.insert(path.clone(), low as u64 + high as u64 * COUNT_BASE);
        }
        for name in ["first", "second"] {
            let Some(tensor) = self.state.get(&format!("{name}.{path}")) else { continue };
            if tensor.shape != param.lazy_shape().as_slice() {
                self.fault = Some(TrainError::OptimizerState { parameter: path.clone() });
                continue;
            }
            let data = TensorData::new(tensor.data.clone(), tensor.shape.clone());
            let tensor = Tensor::<D>::from_data(data, self.device);
            let store = if name == "first" { &mut self.optimizer.first } else { &mut self.optimizer.second };
            store.register(path.clone(), tensor);
        }
    }
}
