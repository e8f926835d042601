//! Teachers that follow their student slowly.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::container::TensorContainer;
use foretask_backend::update::follow;
use foretask_backend::{Path, StateDict, load_state_dict, state_dict};

use crate::{ObjectiveError, Result};

/// A teacher that begins as a copy of its student: without gradient graph, and with storage of its own (tensors travel over
/// the host, so that no update in place of the student reaches it).
///
/// Without graph its batch norms use their running statistics, which [`ema_update`] takes over from the student: "exponential
/// moving average normalization" (Cai et al. 2021, <https://arxiv.org/abs/2101.08482>), which spares `MoCo` its shuffled batch
/// norm (no statistics of the batch, no leak) and does BYOL good.
///
/// # Errors
/// None that a module gives rise to.
pub fn teacher_of<M: Module>(student: &M) -> Result<M> {
    Ok(load_state_dict(student.valid(), &state_dict(student))?)
}

/// The teacher moved towards its student: every parameter and running statistic becomes `momentum * teacher +
/// (1 - momentum) * student`, in f32, on the device. The student may be on a device with automatic differentiation; the
/// teacher stays where it is.
///
/// # Errors
/// [`ObjectiveError::Teacher`] where the two do not have the same parameters.
pub fn ema_update<M: Module>(teacher: M, student: &M, momentum: f64) -> Result<M> {
    let mut collect = Collect { path: Path::default(), tensors: TensorContainer::new() };
    student.visit(&mut collect);
    let mut update = Update { path: Path::default(), student: collect.tensors, momentum, fault: None };
    let teacher = teacher.map(&mut update);
    match update.fault {
        Some(name) => Err(ObjectiveError::Teacher { name }),
        None => Ok(teacher),
    }
}

/// [`ema_update`] for modules as plain data.
///
/// # Errors
/// [`ObjectiveError::Teacher`] where the two do not have the same tensors; the teacher is then unchanged.
pub fn ema_update_state(teacher: &mut StateDict, student: &StateDict, momentum: f64) -> Result<()> {
    let fits = |name: &String, other: &StateDict, shape: &[usize]| other.get(name).is_some_and(|t| t.shape == shape);
    let stranger = teacher.iter().find(|(name, t)| !fits(name, student, &t.shape));
    let stranger = stranger.or_else(|| student.iter().find(|(name, t)| !fits(name, teacher, &t.shape)));
    if let Some((name, _)) = stranger {
        return Err(ObjectiveError::Teacher { name: name.clone() });
    }
    let (keep, take) = (momentum as f32, (1.0 - momentum) as f32);
    for (old, new) in teacher.values_mut().zip(student.values()) {
        old.data.iter_mut().zip(&new.data).for_each(|(old, new)| *old = *old * keep + new * take);
    }
    Ok(())
}

/// The teacher's momentum at a step: from `base` at step 0 along half a cosine to `last` at step `steps`, then `last`
/// (Grill et al. 2020, <https://arxiv.org/abs/2006.07733>, section 3.3, with `base` 0.99 for short and 0.996 for long training
/// and `last` 1).
pub fn cosine_momentum(step: u64, steps: u64, base: f64, last: f64) -> f64 {
    let progress = if steps == 0 { 1.0 } else { (step as f64 / steps as f64).min(1.0) };
    last - (last - base) * 0.5 * ((std::f64::consts::PI * progress).cos() + 1.0)
}

struct Collect {
    path: Path,
    tensors: TensorContainer<String>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.tensors.register(self.path.name(), param.val().inner());
    }
}

struct Update {
    path: Path,
    student: TensorContainer<String>,
    momentum: f64,
    fault: Option<String>,
}

impl ModuleMapper for Update {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let student = self.student.remove::<Tensor<D>>(&name).filter(|student| student.dims() == param.val().dims());
        let Some(student) = student else {
            self.fault.get_or_insert(name);
            return param;
        };
        let momentum = self.momentum;
        param.map(|old| {
            let (graph, wanted) = (old.is_autodiff(), old.is_require_grad());
            let new = follow(old.inner(), student, momentum);
            if graph { Tensor::from_inner(new).set_require_grad(wanted) } else { new }
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use foretask_backend::Scope;
    use foretask_backend::layers::{BatchNorm, Linear};

    use super::*;

    #[derive(Module, Debug)]
    struct Small {
        linear: Linear,
        norm: BatchNorm,
    }

    fn small(width: usize) -> Small {
        let scope = Scope::new(5, &Device::flex().autodiff());
        Small { linear: Linear::new(&scope.at("linear"), 3, width), norm: BatchNorm::new(&scope.at("norm"), width) }
    }

    impl Small {
        fn forward(&self, x: Tensor<2>) -> Tensor<2> {
            self.norm.forward(self.linear.forward(x))
        }
    }

    fn batch() -> Tensor<2> {
        crate::reference::wave([6, 3], 0.4, 2.0).autodiff()
    }

    /// Other weights, and other running statistics.
    fn moved(student: Small) -> Small {
        struct Shift;
        impl ModuleMapper for Shift {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|x| Tensor::from_inner(x.inner() * 1.5 + 0.25).require_grad())
            }
        }
        let student = student.map(&mut Shift);
        student.forward(batch());
        student
    }

    #[test]
    fn teacher_and_student_share_no_storage() {
        let student = small(2);
        student.forward(batch());
        let teacher = teacher_of(&student).unwrap();
        let before = state_dict(&teacher);
        assert_eq!(before, state_dict(&student), "a teacher begins as its student");
        assert!(!teacher.linear.weight.val().is_autodiff());
        // Nobody else holds the teacher's buffers. A mere copy without graph holds its student's.
        assert!(teacher_of(&student).unwrap().linear.weight.into_value().can_mut());
        assert!(!student.valid().linear.weight.into_value().can_mut());
        // Weights and running statistics of the student move; the teacher's stay.
        let student = moved(student);
        assert_ne!(state_dict(&student)["linear.weight"], before["linear.weight"]);
        assert_ne!(state_dict(&student)["norm.running_mean"], before["norm.running_mean"]);
        assert_eq!(state_dict(&teacher), before);
        // And the other way round, after an update that takes over all of the student.
        let student_before = state_dict(&student);
        let teacher = ema_update(teacher, &student, 0.0).unwrap();
        teacher.norm.running_mean.update(|mean| mean + 1.0);
        moved(teacher);
        assert_eq!(state_dict(&student), student_before);
    }

    #[test]
    fn every_number_moves_by_the_formula() {
        let student = small(2);
        let teacher = teacher_of(&student).unwrap();
        let student = moved(student);
        let (old, new) = (state_dict(&teacher), state_dict(&student));
        let teacher = ema_update(teacher, &student, 0.9).unwrap();
        let moved = state_dict(&teacher);
        assert_eq!(moved.len(), 6, "weights, biases, running statistics");
        for (name, tensor) in &moved {
            for (i, ours) in tensor.data.iter().enumerate() {
                let expected = 0.9 * f64::from(old[name].data[i]) + 0.1 * f64::from(new[name].data[i]);
                assert!((f64::from(*ours) - expected).abs() < 1e-6, "{name}: {ours} instead of {expected}");
            }
        }
        let mut state = old;
        ema_update_state(&mut state, &new, 0.9).unwrap();
        for (name, tensor) in &moved {
            assert!(tensor.data.iter().zip(&state[name].data).all(|(a, b)| (a - b).abs() < 1e-6), "{name}");
        }
        assert!(!teacher.linear.weight.val().is_autodiff() && student.linear.weight.val().is_require_grad());
    }

    #[test]
    fn a_teacher_on_a_device_with_gradients_keeps_its_settings() {
        let student = small(2);
        let teacher = ema_update(student.clone().freeze(), &student, 0.5).unwrap();
        let weight = teacher.linear.weight.val();
        assert!(weight.is_autodiff() && !weight.is_require_grad());
    }

    #[test]
    fn another_network_is_refused_by_name() {
        let (student, teacher) = (small(2), teacher_of(&small(3)).unwrap());
        let error = ema_update(teacher, &student, 0.9).unwrap_err().to_string();
        assert!(error.contains("`linear.weight`"), "{error}");
        let mut state = state_dict(&student);
        let error = ema_update_state(&mut state, &state_dict(&small(3)), 0.9).unwrap_err().to_string();
        assert!(error.contains("`linear.bias`"), "{error}");
        let mut fewer = state.clone();
        fewer.remove("norm.bias");
        assert!(
            ema_update_state(&mut state, &fewer, 0.9).is_err() && ema_update_state(&mut fewer, &state, 0.9).is_err()
        );
    }

    #[test]
    fn the_momentum_follows_the_paper() {
        let at = |step| cosine_momentum(step, 10, 0.99, 1.0);
        // 1 - (1 - base) (cos(pi k / K) + 1) / 2, in Python.
        for (step, expected) in [(0, 0.99), (3, 0.992_061_073_738_537_6), (5, 0.995), (10, 1.0), (99, 1.0)] {
            assert!((at(step) - expected).abs() < 1e-12, "{step}: {}", at(step));
        }
        assert_eq!(cosine_momentum(0, 0, 0.99, 1.0), 1.0);
    }
}
