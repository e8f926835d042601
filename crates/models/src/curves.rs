//! Learning curves: the same seeds learn the same on every device, and in half precision nearly the same.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::container::TensorContainer;
use burn::tensor::{Int, Tensor, TensorData};
use foretask_backend::update::{AdamStep, DescentStep, adamw, descend, follow, square_sum};
use foretask_backend::{Device, Path, Precision, Scope, host_tensor, load_state_dict, state_dict};
use foretask_random::Key;

use crate::{Arch, Backbone, BackboneConfig, ClassHead, DecoderConfig, DecoderHead};

const BATCH: usize = 16;
const SIDE: usize = 16;
const CLASSES: usize = 4;

/// A residual network with a head for classes and one for pictures.
#[derive(Module, Debug)]
struct CurveNetwork {
    encoder: Backbone,
    classes: ClassHead,
    decoder: DecoderHead,
}

impl CurveNetwork {
    fn new(device: &burn::tensor::Device) -> Self {
        let config = BackboneConfig::resnet(Arch::ResNet10, 8);
        let scope = Scope::new(1, device);
        let decoder = DecoderConfig::light(config.feature_dim(), config.map_size(SIDE, SIDE), [1, SIDE, SIDE]);
        Self {
            encoder: config.init(1, 1, device),
            classes: ClassHead::new(&scope.at("classes"), config.feature_dim(), CLASSES),
            decoder: DecoderHead::new(&scope.at("decoder"), &decoder),
        }
    }

    /// Cross-entropy of the stripes' class and mean distance of the restored picture.
    fn loss(&self, step: u64, precision: Precision, device: &burn::tensor::Device) -> Tensor<1> {
        let (pixels, classes) = batch(step);
        let x = Tensor::<4>::from_data(TensorData::new(pixels, [BATCH, 1, SIDE, SIDE]), device);
        let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [BATCH]), device);
        let input = precision.input(x.clone());
        let log = log_softmax(self.classes.forward(self.encoder.forward(input.clone())), 1);
        let picture = self.decoder.forward(self.encoder.forward_map(input));
        log.gather(1, classes.reshape([BATCH, 1])).mean().neg() + (picture - x).abs().mean()
    }
}

/// Noisy stripes of a width and direction by class.
fn batch(step: u64) -> (Vec<f32>, Vec<i64>) {
    let mut rng = Key::new(8).with(step).rng();
    let mut pixels = Vec::new();
    let classes: Vec<i64> = (0..BATCH).map(|_| rng.below(CLASSES as u64) as i64).collect();
    for class in &classes {
        for at in 0..SIDE * SIDE {
            let along = if class % 2 == 0 { at % SIDE } else { at / SIDE };
            let bright = (along / (2 + *class as usize / 2)).is_multiple_of(2);
            pixels.push(if bright { 0.8 } else { -0.8 } + 0.4 * rng.normal());
        }
    }
    (pixels, classes)
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    AdamW,
    Sgd,
}

/// Training as a stage does it, with a moving mean of all weights beside.
struct Training {
    device: Device,
    precision: Precision,
    rule: Rule,
    learner: CurveNetwork,
    teacher: CurveNetwork,
    moments: [TensorContainer<String>; 2],
    step: u64,
}

impl Training {
    fn new(device: &str, precision: Precision, rule: Rule) -> Self {
        let device = foretask_backend::device(device).unwrap();
        let learner = CurveNetwork::new(&device.training());
        let teacher = load_state_dict(learner.valid(), &state_dict(&learner)).unwrap();
        let moments = [TensorContainer::new(), TensorContainer::new()];
        Self { device, precision, rule, learner, teacher, moments, step: 0 }
    }

    /// The losses of so many steps.
    fn run(&mut self, steps: u64) -> Vec<f64> {
        (0..steps).map(|_| self.one()).collect()
    }

    fn one(&mut self) -> f64 {
        let loss = self.learner.loss(self.step, self.precision, &self.device.plain());
        let gradients = GradientsParams::from_grads(loss.backward(), &self.learner);
        let mut squares = Squares { gradients: &gradients, sums: Vec::new() };
        self.learner.visit(&mut squares);
        let norm = Tensor::cat(squares.sums, 0).sum().sqrt();
        let clip = (norm + 1e-6).recip().clamp_max(1.0);
        let scales = Tensor::cat(vec![clip.clone(), clip.ones_like()], 0);
        self.step += 1;
        let mut update = Update {
            gradients,
            scales,
            rule: self.rule,
            moments: &mut self.moments,
            count: self.step,
            path: Path::default(),
        };
        self.learner = self.learner.clone().map(&mut update);
        let mut student = Follow { path: Path::default(), values: TensorContainer::new() };
        self.learner.visit(&mut student);
        self.teacher = self.teacher.clone().map(&mut student);
        f64::from(host_tensor(loss.inner()).data[0])
    }
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.sums.extend(self.gradients.get::<D>(param.id).map(square_sum));
    }
}

struct Update<'a> {
    gradients: GradientsParams,
    scales: Tensor<1>,
    rule: Rule,
    moments: &'a mut [TensorContainer<String>; 2],
    count: u64,
    path: Path,
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return param };
        let (key, scales) = (self.path.name(), Some(self.scales.clone()));
        let [first, second] = self.moments.each_mut();
        param.map(|value| {
            let value = value.inner();
            let value = match self.rule {
                Rule::AdamW => {
                    let step = AdamStep {
                        count: self.count,
                        learning_rate: 2e-3,
                        betas: [0.9, 0.999],
                        epsilon: 1e-8,
                        weight_decay: 1e-2,
                    };
                    let moments = first.remove(&key).zip(second.remove(&key)).map(|(a, b)| [a, b]);
                    let (value, moments) = adamw(value, gradient, moments, scales, step);
                    let [a, b] = moments;
                    first.register(key.clone(), a);
                    second.register(key, b);
                    value
                }
                Rule::Sgd => {
                    let step = DescentStep { learning_rate: 0.02, momentum: 0.9, nesterov: true, weight_decay: 1e-4 };
                    let (value, buffer) = descend(value, gradient, first.remove(&key), scales, step);
                    first.register(key, buffer.unwrap());
                    value
                }
            };
            Tensor::from_inner(value).require_grad()
        })
    }
}

struct Follow {
    path: Path,
    values: TensorContainer<String>,
}

impl ModuleVisitor for Follow {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.values.register(self.path.name(), param.val().inner());
    }
}

impl ModuleMapper for Follow {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let student = self.values.remove::<Tensor<D>>(&self.path.name()).unwrap();
        param.map(|teacher| follow(teacher, student, 0.9))
    }
}

#[test]
fn the_network_learns() {
    for rule in [Rule::AdamW, Rule::Sgd] {
        let losses = Training::new("flex", Precision::F32, rule).run(40);
        assert!(losses[35..].iter().sum::<f64>() < 0.75 * losses[..5].iter().sum::<f64>(), "{rule:?}: {losses:?}");
    }
}

#[test]
fn one_seed_gives_one_learning_curve_on_any_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon_core(threads);
        pool.install(|| {
            let mut training = Training::new("flex", Precision::F32, Rule::AdamW);
            (training.run(4), state_dict(&training.learner), state_dict(&training.teacher))
        })
    };
    assert!(run(1) == run(3));
}

fn rayon_core(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[cfg(feature = "libtorch")]
mod with_libtorch {
    use std::collections::BTreeMap;

    use foretask_backend::{HostTensor, StateDict};

    use super::*;

    /// The largest relative distance of two curves.
    fn apart(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1e-3)).fold(0.0, f64::max)
    }

    /// The same of two states, by each tensor's largest value.
    fn states_apart(a: &StateDict, b: &StateDict) -> BTreeMap<String, f32> {
        let largest = |values: &[f32]| values.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
        let distance = |(name, tensor): (&String, &HostTensor)| {
            let other = &b[name].data;
            let most = tensor.data.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            (name.clone(), most / largest(other))
        };
        a.iter().map(distance).collect()
    }

    #[test]
    fn one_seed_gives_one_learning_curve_on_both_backends() {
        for rule in [Rule::AdamW, Rule::Sgd] {
            let [mut flex, mut torch] = ["flex", "libtorch"].map(|name| Training::new(name, Precision::F32, rule));
            let (ours, theirs) = (flex.run(3), torch.run(3));
            assert!(apart(&theirs, &ours) < 1e-4, "{rule:?}: {theirs:?} {ours:?}");
            for (a, b) in [(&torch.learner, &flex.learner), (&torch.teacher, &flex.teacher)] {
                let distances = states_apart(&state_dict(a), &state_dict(b));
                let worst = distances.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
                assert!(*worst.1 < 2e-2, "{rule:?}: {worst:?}");
            }
            // Rounding grows with every step.
            let (ours, theirs) = (flex.run(17), torch.run(17));
            assert!(apart(&theirs, &ours) < 5e-2, "{rule:?}: {theirs:?} {ours:?}");
        }
    }

    /// Whether this machine computes in bfloat16; elsewhere there is nothing to test.
    fn has_bf16() -> bool {
        foretask_backend::device("libtorch").unwrap().require(Precision::Bf16).is_ok()
    }

    #[test]
    fn half_precision_learns_like_single() {
        if !has_bf16() {
            return;
        }
        for rule in [Rule::AdamW, Rule::Sgd] {
            let [single, half] =
                [Precision::F32, Precision::Bf16].map(|precision| Training::new("libtorch", precision, rule).run(40));
            assert!(half.iter().all(|loss| loss.is_finite()), "{rule:?}: {half:?}");
            assert!(apart(&half[..3], &single[..3]) < 0.05, "{rule:?}: {half:?} {single:?}");
            let end = |losses: &[f64]| losses[30..].iter().sum::<f64>() / 10.0;
            assert!((end(&half) / end(&single) - 1.0).abs() < 0.15, "{rule:?}: {half:?} {single:?}");
            assert_ne!(half, single, "nothing was computed in half precision");
        }
    }

    #[test]
    fn half_precision_goes_on_to_the_bit_from_what_is_saved() {
        if !has_bf16() {
            return;
        }
        let mut whole = Training::new("libtorch", Precision::Bf16, Rule::AdamW);
        whole.run(3);
        let mut half = Training::new("libtorch", Precision::Bf16, Rule::AdamW);
        half.run(3);
        // Through the host, as a checkpoint goes; parameters are f32 there and here.
        half.learner = load_state_dict(CurveNetwork::new(&half.device.training()), &state_dict(&half.learner)).unwrap();
        assert_eq!(half.run(3), whole.run(3));
        assert_eq!(state_dict(&half.learner), state_dict(&whole.learner));
        assert_eq!(state_dict(&half.teacher), state_dict(&whole.teacher));
        let trained = state_dict(&whole.learner)["encoder.conv1.weight"].data.clone();
        let rounded = |x: &f32| x.to_bits().trailing_zeros() >= 16;
        assert!(!trained.iter().all(rounded), "weights are kept in single precision");
    }
}
