//! Networks held against other programs: weights and inputs by a formula that any language makes alike, so that a handful of
//! numbers tells whether all is computed alike. `xtask/src/parity/reference.py` makes the numbers.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use foretask_backend::{Device, HostTensor, Path, StateDict, host_tensor, load_state_dict, state_dict};

use crate::{Backbone, BackboneConfig};

/// Numbers in -1..1 that any language makes alike.
pub(crate) fn noise(count: usize, start: usize) -> impl Iterator<Item = f64> {
    (1..=count).map(move |i| {
        let value = (12.9898 * i as f64 + start as f64).sin() * 43758.5453;
        2.0 * (value - value.floor()) - 1.0
    })
}

/// Weights by the formula: scaled to their fan-in; norms near 1 and 0.
pub(crate) fn fill(state: &mut StateDict) {
    for (name, tensor) in state {
        let fan = tensor.data.len() / tensor.shape[0];
        let place = |wave: f64| match name.rsplit('.').next() {
            Some("running_var") => 1.0 + 0.5 * wave,
            Some("weight") if tensor.shape.len() == 1 => 1.0 + 0.1 * wave,
            _ if tensor.shape.len() == 1 => 0.1 * wave,
            _ => wave * (6.0 / fan as f64).sqrt(),
        };
        tensor.data = noise(tensor.data.len(), name.len()).map(|wave| place(wave) as f32).collect();
    }
}

/// What another program says about one network.
pub(crate) struct Reference {
    pub(crate) config: BackboneConfig,
    pub(crate) shape: [usize; 4],
    /// First three features of the first image, last three of the second, root mean square of all; inference.
    pub(crate) inference: [f64; 7],
    /// The same while training.
    pub(crate) training: [f64; 7],
    /// Norms of parameters' gradients.
    pub(crate) gradients: &'static [(&'static str, f64)],
    /// First two values of running statistics after one step.
    pub(crate) statistics: &'static [(&'static str, [f64; 2])],
}

pub(crate) fn waves<const D: usize>(shape: [usize; D], start: usize, device: &burn::tensor::Device) -> Tensor<D> {
    let values: Vec<f32> = noise(shape.iter().product(), start).map(|value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

pub(crate) fn summary(features: &HostTensor) -> [f64; 7] {
    let (d, data) = (features.shape[1], &features.data);
    let at = [0, 1, 2, 2 * d - 3, 2 * d - 2, 2 * d - 1].map(|i| f64::from(data[i]));
    let mean = data.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / data.len() as f64;
    [at[0], at[1], at[2], at[3], at[4], at[5], mean.sqrt()]
}

/// Norms of all gradients by name.
pub(crate) fn gradient_norms(net: &Backbone, gradients: &Gradients) -> BTreeMap<String, f64> {
    struct Collect<'a> {
        path: Path,
        gradients: &'a Gradients,
        norms: BTreeMap<String, f64>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = param.val().grad(self.gradients) {
                let values = host_tensor(gradient).data;
                let norm = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
                self.norms.insert(self.path.name(), norm);
            }
        }
    }
    let mut collect = Collect { path: Path::default(), gradients, norms: BTreeMap::new() };
    net.visit(&mut collect);
    collect.norms
}

#[track_caller]
pub(crate) fn near(found: &[f64], wanted: &[f64], tolerance: f64, what: &str) {
    let scale = wanted.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= tolerance * scale, "{what}: {found} instead of {wanted}");
    }
}

pub(crate) fn devices() -> Vec<Device> {
    let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch"] } else { &["flex"] };
    names.iter().map(|name| foretask_backend::device(name).unwrap()).collect()
}

/// Features, gradients and statistics on every device of this build.
pub(crate) fn equals(reference: &Reference) {
    let config = &reference.config;
    for device in devices() {
        let what = format!("{} on {device}", config.name());
        let net = config.build(3, &foretask_backend::Scope::unfilled(&device.training()));
        let mut state = state_dict(&net);
        fill(&mut state);
        let net = load_state_dict(net, &state).unwrap();
        let x = waves(reference.shape, 0, &device.plain());
        let features = summary(&host_tensor(net.valid().forward(x.clone())));
        near(&features, &reference.inference, 2e-5, &format!("{what}, inference"));

        let y = net.forward(x);
        near(&summary(&host_tensor(y.clone())), &reference.training, 1e-4, &format!("{what}, training"));
        let pull = waves(y.dims(), 1, &device.training());
        let norms = gradient_norms(&net, &(y * pull).sum().backward());
        for (name, wanted) in reference.gradients {
            near(&[norms[*name]], &[*wanted], 1e-3, &format!("{what}, gradient of {name}"));
        }
        let after = state_dict(&net);
        for (name, wanted) in reference.statistics {
            let found: Vec<f64> = after[*name].data[..2].iter().map(|value| f64::from(*value)).collect();
            near(&found, wanted, 1e-4, &format!("{what}, {name}"));
        }
    }
}
