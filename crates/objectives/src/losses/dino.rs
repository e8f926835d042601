//! Self-distillation with centering and sharpening.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor};
use foretask_backend::{StateDict, host_tensor};

use super::in_f32;
use crate::state::load_tensor;
use crate::{ObjectiveError, Result};

/// The loss of DINO (Caron et al. 2021, "Emerging properties in self-supervised vision transformers",
/// <https://arxiv.org/abs/2104.14294>, algorithm 1) with the center that it remembers.
///
/// The state is `center` (`[1, k]`).
#[derive(Clone, Debug)]
pub struct Dino {
    /// Of the student's softmax; 0.1.
    pub student_temperature: f64,
    /// Share of the old center that is kept at an update; 0.9.
    pub center_momentum: f64,
    center: Tensor<2>,
}

impl Dino {
    /// With the paper's constants and a center of 0, for `outputs` logits.
    pub fn new(outputs: usize, device: &Device) -> Self {
        let center = Tensor::zeros([1, outputs], &device.clone().without_autodiff());
        Self { student_temperature: 0.1, center_momentum: 0.9, center }
    }

    /// The moving mean of the teacher's logits, `[1, k]`.
    pub fn center(&self) -> Tensor<2> {
        self.center.clone()
    }

    /// The teacher's probabilities for one view's logits (`[n, k]`): centered, then sharpened; `[n, k]`, without graph.
    pub fn targets(&self, teacher: Tensor<2>, temperature: f64) -> Tensor<2> {
        softmax(in_f32(teacher.inner()).sub(self.center.clone()).div_scalar(temperature), 1)
    }

    /// The loss of a batch: the cross-entropy of the student's softmax against [`Dino::targets`], mean over all pairs of a
    /// teacher's and a *different* student's view. Shape `[1]`.
    ///
    /// `student` has one `[n, k]` of logits for each view, the global ones first and in the order of `teacher`, which has
    /// one for each global view; `teacher_temperature` is that of this step, see [`teacher_temperature`]. No gradient
    /// reaches the teacher. Call [`Dino::update_center`] afterwards.
    ///
    /// # Errors
    /// [`ObjectiveError::Views`] where there is no pair of different views, or more teacher's views than student's.
    pub fn loss(&self, student: &[Tensor<2>], teacher: &[Tensor<2>], teacher_temperature: f64) -> Result<Tensor<1>> {
        let least = 2.max(teacher.len());
        if teacher.is_empty() || student.len() < least {
            return Err(ObjectiveError::Views { method: "dino", views: student.len().min(least - 1), least });
        }
        let targets: Vec<_> = teacher.iter().map(|logits| self.targets(logits.clone(), teacher_temperature)).collect();
        let pairs = teacher.len() * (student.len() - 1);
        let mut loss = Tensor::zeros([1], &self.center.device());
        for (view, logits) in student.iter().enumerate() {
            let others = targets.iter().enumerate().filter(|(i, _)| *i != view).map(|(_, target)| target.clone());
            // A single teacher's view has nothing to say about itself.
            let Some(target) = others.reduce(Tensor::add) else { continue };
            let [n, _] = target.dims();
            let log = log_softmax(in_f32(logits.clone()).div_scalar(self.student_temperature), 1);
            loss = loss.add(log.mul(target).sum().mul_scalar(-1.0 / (n * pairs) as f64));
        }
        Ok(loss)
    }

    /// Moves the center towards the mean of the teacher's logits of this batch (`[n, k]` for each global view).
    pub fn update_center(&mut self, teacher: &[Tensor<2>]) {
        if teacher.is_empty() {
            return;
        }
        let all = Tensor::cat(teacher.iter().map(|logits| in_f32(logits.clone().inner())).collect(), 0);
        let momentum = self.center_momentum;
        self.center.inplace(|center| center.mul_scalar(momentum).add(all.mean_dim(0).mul_scalar(1.0 - momentum)));
    }

    /// Everything that decides what it does next. Reads from the device.
    pub fn state(&self) -> StateDict {
        StateDict::from([("center".to_owned(), host_tensor(self.center.clone()))])
    }

    /// Takes back what [`Dino::state`] gave.
    ///
    /// # Errors
    /// [`ObjectiveError::State`] for another number of outputs.
    pub fn load_state(&mut self, state: &StateDict) -> Result<()> {
        self.center = load_tensor(state, "center", self.center.dims(), &self.center.device())?;
        Ok(())
    }
}

/// The teacher's temperature at a step: in a straight line from `from` at step 0 to `to` at step `warmup`, then `to`. The
/// paper has 0.04 to 0.07 over 30 epochs; small data wants a lower end.
pub fn teacher_temperature(step: u64, warmup: u64, from: f64, to: f64) -> f64 {
    if step >= warmup { to } else { from + (to - from) * step as f64 / warmup as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, assert_near, leaf, number, plain, receives_gradient, wave};

    fn student() -> Vec<Tensor<2>> {
        [0.1, 0.5, 0.9, 1.3].map(|seed| wave([4, 5], seed, 1.0)).to_vec()
    }

    fn teacher() -> Vec<Tensor<2>> {
        [0.2, 0.6].map(|seed| wave([4, 5], seed, 1.0)).to_vec()
    }

    #[test]
    fn values_gradients_and_centers_are_lightlys() {
        // DINOLoss, in f64, two batches: the second with the first's center.
        let mut dino = Dino::new(5, &plain());
        let batches = [
            (
                0.04,
                5.568_381_841_2,
                [
                    [0.867_807_826_2, -0.244_334_378_2, 0.130_638_289_6, 0.266_849_683_2, -0.000_437_663_7],
                    [0.724_340_708_3, 0.192_158_936_1, -0.164_769_606_8, -0.066_561_388_2, -0.011_346_208_3],
                    [1.670_107_899_3, -0.244_286_181_8, -0.347_205_814_5, -0.077_484_078_7, -0.677_364_713_6],
                    [1.820_456_755_7, -0.245_025_151_7, -0.347_233_823_6, -0.077_484_240_8, -0.827_003_981_4],
                ],
                [-0.011_897_231, 0.000_993_701, 0.011_786_961, 0.013_887_465, 0.008_353_703],
            ),
            (
                0.07,
                5.556_508_213_0,
                [
                    [0.828_633_301_7, -0.242_059_937_6, 0.109_974_811_6, 0.266_371_626_9, 0.012_119_909_2],
                    [0.658_298_505_9, 0.191_214_783_9, -0.128_702_149_1, -0.100_815_232_3, -0.011_255_864_3],
                    [1.635_788_044_9, -0.242_955_893_4, -0.331_801_834_8, -0.112_215_979_0, -0.664_716_796_7],
                    [1.796_664_788_3, -0.243_694_863_4, -0.331_829_843_9, -0.112_216_141_1, -0.814_356_064_4],
                ],
                [-0.022_604_740, 0.001_888_033, 0.022_395_225, 0.026_386_183, 0.015_872_036],
            ),
        ];
        for (temperature, expected, slopes, center) in batches {
            assert_matches(&student(), |x| dino.loss(x, &teacher(), temperature).unwrap(), expected, &slopes);
            dino.update_center(&teacher());
            for (ours, expected) in dino.center().try_into_vec_as::<f32>().unwrap().into_iter().zip(center) {
                assert_near(ours.into(), expected, "center");
            }
        }
    }

    #[test]
    fn the_teacher_gets_no_gradient() {
        let dino = Dino::new(5, &plain());
        let (student, teacher): (Vec<_>, Vec<_>) =
            (student().into_iter().map(leaf).collect(), teacher().into_iter().map(leaf).collect());
        let loss = || dino.loss(&student, &teacher, 0.04).unwrap();
        assert!(student.iter().all(|x| receives_gradient(x, &loss())));
        assert!(!teacher.iter().any(|x| receives_gradient(x, &loss())));
    }

    #[test]
    fn one_global_view_teaches_the_others_only() {
        let dino = Dino::new(5, &plain());
        let student: Vec<_> = student().into_iter().map(leaf).collect();
        let loss = || dino.loss(&student, &teacher()[..1], 0.04).unwrap();
        assert!(!receives_gradient(&student[0], &loss()) && receives_gradient(&student[1], &loss()));
    }

    #[test]
    fn uniform_outputs_cost_the_logarithm_of_their_number_and_sharp_ones_stay_finite() {
        let flat = vec![Tensor::<2>::zeros([1, 8], &plain()); 2];
        let dino = Dino::new(8, &plain());
        assert!((number(dino.loss(&flat, &flat, 0.04).unwrap()) - 8.0_f64.ln()).abs() < 1e-5);
        let sharp = vec![wave([3, 8], 0.1, 1e4); 2];
        assert!(number(dino.loss(&sharp, &sharp, 0.04).unwrap()).is_finite());
    }

    #[test]
    fn the_state_comes_back_and_a_single_view_is_refused() {
        let mut dino = Dino::new(5, &plain());
        dino.update_center(&teacher());
        let mut resumed = Dino::new(5, &plain());
        resumed.load_state(&dino.state()).unwrap();
        assert_eq!(resumed.state(), dino.state());
        assert!(Dino::new(6, &plain()).load_state(&dino.state()).is_err());
        let error = dino.loss(&student()[..1], &teacher()[..1], 0.04).unwrap_err().to_string();
        assert!(error.contains("dino") && error.contains("at least 2"), "{error}");
        assert!(dino.loss(&student(), &[], 0.04).is_err());
    }

    #[test]
    fn the_temperature_warms_up_in_a_straight_line() {
        let at = |step| teacher_temperature(step, 10, 0.04, 0.07);
        assert_eq!(at(0), 0.04);
        assert!((at(5) - 0.055).abs() < 1e-12);
        assert_eq!((at(10), at(11), teacher_temperature(0, 0, 0.04, 0.07)), (0.07, 0.07, 0.07));
    }
}
