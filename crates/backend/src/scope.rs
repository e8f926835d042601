//! First values of parameters: drawn from (seed, parameter path), so that they are the same on every backend.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use foretask_random::Key;

/// Where a layer is being made: on which device, at which path of the model, from which seed.
///
/// Every parameter draws from its own stream, named by its full path (`layer1.0.conv1.weight`). Adding a layer therefore
/// does not change the first values of the others, and flex, libtorch and a GPU start from the same numbers.
#[derive(Clone, Debug)]
pub struct Scope {
    device: Device,
    seed: Option<u64>,
    path: String,
}

/// How a parameter's first values are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// Normal with the given standard deviation.
    Normal {
        /// Standard deviation.
        std: f32,
    },
    /// The same number everywhere.
    Constant {
        /// The number.
        value: f32,
    },
    /// Uniform in `[-bound, bound)`.
    Uniform {
        /// Half the range.
        bound: f32,
    },
}

impl Scope {
    /// The root of a model whose parameters are drawn from `seed`.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { device: device.clone(), seed: Some(seed), path: String::new() }
    }

    /// The root of a model whose parameters are about to be loaded: all 0, nothing is drawn.
    pub fn unfilled(device: &Device) -> Self {
        Self { device: device.clone(), seed: None, path: String::new() }
    }

    /// The place of a part of this one, by its field name or index.
    #[must_use]
    pub fn at(&self, name: impl std::fmt::Display) -> Self {
        let path = if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) };
        Self { path, ..self.clone() }
    }

    /// The device on which parameters are made.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The dotted path of this place.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A parameter of this place.
    pub fn param<const D: usize>(&self, name: &str, shape: [usize; D], init: Init) -> Param<Tensor<D>> {
        Param::from_tensor(self.tensor(name, shape, init))
    }

    /// The first values of a parameter of this place.
    pub(crate) fn tensor<const D: usize>(&self, name: &str, shape: [usize; D], init: Init) -> Tensor<D> {
        let values = self.values(name, shape.iter().product(), init);
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    fn values(&self, name: &str, count: usize, init: Init) -> Vec<f32> {
        let Some(seed) = self.seed else { return vec![0.0; count] };
        let mut rng = Key::new(seed).named("init").named(self.at(name).path()).rng();
        match init {
            Init::Zeros => vec![0.0; count],
            Init::Ones => vec![1.0; count],
            Init::Constant { value } => vec![value; count],
            Init::Normal { std } => (0..count).map(|_| std * rng.normal()).collect(),
            Init::Uniform { bound } => (0..count).map(|_| rng.range(-bound, bound)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(scope: &Scope, name: &str, count: usize, init: Init) -> Vec<f32> {
        scope.values(name, count, init)
    }

    #[test]
    fn values_depend_on_seed_and_path_only() {
        let device = crate::device("flex").unwrap().plain();
        let root = Scope::new(7, &device);
        let normal = Init::Normal { std: 1.0 };
        let here = draw(&root.at("layer1").at(0), "weight", 4, normal);
        assert_eq!(here, draw(&Scope::new(7, &device).at("layer1").at(0), "weight", 4, normal));
        assert_ne!(here, draw(&root.at("layer1").at(1), "weight", 4, normal));
        assert_ne!(here, draw(&Scope::new(8, &device).at("layer1").at(0), "weight", 4, normal));
        assert_eq!(root.at("layer1").at(0).path(), "layer1.0");
    }

    #[test]
    fn draws_have_the_asked_spread() {
        let device = crate::device("flex").unwrap().plain();
        let root = Scope::new(1, &device);
        let values = draw(&root, "weight", 20_000, Init::Normal { std: 0.5 });
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 20_000.0).sqrt();
        assert!(mean.abs() < 0.02 && (sd - 0.5).abs() < 0.02, "{mean} {sd}");
        let values = draw(&root, "bias", 20_000, Init::Uniform { bound: 0.25 });
        assert!(values.iter().all(|v| (-0.25..0.25).contains(v)));
        assert!(values.iter().any(|v| *v > 0.24) && values.iter().any(|v| *v < -0.24));
        assert_eq!(draw(&Scope::unfilled(&device), "weight", 3, Init::Ones), [0.0; 3]);
    }
}
