//! Swapped prediction of online cluster assignments.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use foretask_backend::StateDict;

use super::{FeatureQueue, in_f32, l2_normalize};
use crate::state::{below, part};
use crate::{ObjectiveError, Result};

/// The paper's regularization of [`sinkhorn`].
pub const SWAV_EPSILON: f64 = 0.05;
/// The paper's number of rounds of [`sinkhorn`].
pub const SWAV_ITERATIONS: usize = 3;

/// Soft assignments of samples to prototypes that use all prototypes equally (Cuturi 2013; section 3.1 of Caron et al.
/// 2020, "Unsupervised learning of visual features by contrasting cluster assignments").
///
/// `scores` is `[n, k]`, cosines of samples and prototypes. `exp(scores / epsilon)` is scaled in turn so that each
/// prototype and each sample has the same weight; returned are the codes `[n, k]`, each row summing to 1, without graph.
/// Done with logarithms in f32, so that no `epsilon` overflows. More prototypes than samples are no error: each sample
/// then spreads over several.
pub fn sinkhorn(scores: Tensor<2>, epsilon: f64, iterations: usize) -> Tensor<2> {
    let mut log = in_f32(scores.inner()).div_scalar(epsilon);
    for _ in 0..iterations {
        // The constants of the paper (1/k and 1/n) cancel: the last scaling makes rows sum to 1.
        for axis in [0, 1] {
            let highest = log.clone().max_dim(axis);
            let sum = log.clone().sub(highest.clone()).exp().sum_dim(axis).log();
            log = log.sub(sum.add(highest));
        }
    }
    log.exp()
}

/// The loss of `SwAV` for given codes (Caron et al. 2020, <https://arxiv.org/abs/2006.09882>, equation 3 with multi-crop).
///
/// `scores` has one `[n, k]` of cosines between views and prototypes for each view, the global views first; `codes` one
/// `[n, k]` for each *global* view, by [`sinkhorn`]. For each code the mean cross-entropy with the softmax at `temperature`
/// (0.1) of every *other* view, mean over views, then over codes; shape `[1]`. No gradient flows through the codes.
///
/// # Errors
/// [`ObjectiveError::Views`] where there are fewer than two views, no code, or more codes than views.
pub fn swav(scores: &[Tensor<2>], codes: &[Tensor<2>], temperature: f64) -> Result<Tensor<1>> {
    let [first, ..] = codes else { return Err(ObjectiveError::Views { method: "swav", views: 0, least: 2 }) };
    if scores.len() < 2.max(codes.len()) {
        return Err(ObjectiveError::Views { method: "swav", views: scores.len(), least: 2.max(codes.len()) });
    }
    let all = codes[1..].iter().fold(first.clone(), |sum, code| sum.add(code.clone()));
    let [n, _] = all.dims();
    let pairs = codes.len() * (scores.len() - 1) * n;
    let mut loss = Tensor::zeros([1], &all.device().without_autodiff());
    for (view, scores) in scores.iter().enumerate() {
        let log = log_softmax(in_f32(scores.clone()).div_scalar(temperature), 1);
        // Every code but the view's own.
        let target = match codes.get(view) {
            Some(own) => all.clone().sub(own.clone()),
            None => all.clone(),
        };
        loss = loss.add(log.mul(target.inner()).sum());
    }
    Ok(loss.mul_scalar(-1.0 / pairs as f64))
}

/// The loss of `SwAV` with what it remembers: for small batches, a queue of embeddings of each global view that lengthens
/// the batch over which assignments are balanced, used once it is full.
///
/// The state is that of the queues, below `0`, `1`, …
#[derive(Clone, Debug)]
pub struct Swav {
    /// Of the softmax over prototypes; 0.1.
    pub temperature: f64,
    /// See [`sinkhorn`].
    pub epsilon: f64,
    /// See [`sinkhorn`].
    pub iterations: usize,
    queues: Vec<FeatureQueue>,
}

impl Default for Swav {
    fn default() -> Self {
        Self { temperature: 0.1, epsilon: SWAV_EPSILON, iterations: SWAV_ITERATIONS, queues: Vec::new() }
    }
}

impl Swav {
    /// The same with a queue of embeddings for each of the global views. The authors have 3840 for batches of 256, and start it
    /// after 15 epochs (see [`Swav::enqueue`]).
    #[must_use]
    pub fn with_queues(self, queues: Vec<FeatureQueue>) -> Self {
        Self { queues, ..self }
    }

    /// The loss of a batch: `scores` as in [`swav`], the first `global` of them of global views; codes are made from these
    /// alone. `prototypes` (`[k, d]`, rows at length 1) scores what is queued.
    ///
    /// # Errors
    /// As [`swav`].
    pub fn loss(&self, scores: &[Tensor<2>], global: usize, prototypes: &Tensor<2>) -> Result<Tensor<1>> {
        let codes: Vec<Tensor<2>> =
            scores.iter().take(global).enumerate().map(|(view, s)| self.codes(view, s, prototypes)).collect();
        swav(scores, &codes, self.temperature)
    }

    /// Codes of one global view's batch, `[n, k]`: see [`sinkhorn`].
    fn codes(&self, view: usize, scores: &Tensor<2>, prototypes: &Tensor<2>) -> Tensor<2> {
        let own = scores.clone().inner();
        let [n, k] = own.dims();
        let Some(queue) = self.queues.get(view).filter(|queue| queue.is_full()) else {
            return sinkhorn(own, self.epsilon, self.iterations);
        };
        let queued = queue.features().matmul(prototypes.clone().inner().transpose());
        let codes = sinkhorn(Tensor::cat(vec![own, in_f32(queued)], 0), self.epsilon, self.iterations);
        codes.slice([0..n, 0..k])
    }

    /// Takes in the embeddings (`[batch, d]`, one for each global view) of a batch whose loss has been computed. Does
    /// nothing without queues.
    ///
    /// # Errors
    /// [`ObjectiveError::Enqueue`] for a batch of another size.
    pub fn enqueue(&mut self, embeddings: &[Tensor<2>]) -> Result<()> {
        self.queues.iter_mut().zip(embeddings).try_for_each(|(queue, rows)| queue.enqueue(l2_normalize(rows.clone())))
    }

    /// Everything that decides what it does next. Reads from the device.
    pub fn state(&self) -> StateDict {
        self.queues.iter().enumerate().flat_map(|(i, queue)| below(i, queue.state())).collect()
    }

    /// Takes back what [`Swav::state`] gave.
    ///
    /// # Errors
    /// [`ObjectiveError::State`] for queues of another size.
    pub fn load_state(&mut self, state: &StateDict) -> Result<()> {
        self.queues.iter_mut().enumerate().try_for_each(|(i, queue)| queue.load_state(&part(i, state)))
    }
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;
    use crate::reference::{assert_matches, assert_near, leaf, number, plain, receives_gradient, wave};

    fn scores() -> Vec<Tensor<2>> {
        [0.1, 0.5, 0.9, 1.3].map(|seed| wave([4, 5], seed, 1.0)).to_vec()
    }

    fn codes(scores: &[Tensor<2>], queued: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let code = |i: usize| {
            let rows = std::iter::once(scores[i].clone().inner()).chain(queued.get(i).cloned()).collect();
            sinkhorn(Tensor::cat(rows, 0), 0.05, 3).slice([0..4, 0..5])
        };
        vec![code(0), code(1)]
    }

    #[test]
    fn codes_are_the_authors() {
        // distributed_sinkhorn of the authors' code, in f64.
        let expected = [
            [0.161_851_12, 0.531_716_21, 0.292_229_20, 0.014_203_36, 0.000_000_11],
            [0.249_401_96, 0.012_928_67, 0.332_089_85, 0.405_579_50, 0.000_000_02],
            [0.007_149_77, 0.000_000_01, 0.000_000_57, 0.467_876_12, 0.524_973_53],
            [0.392_672_25, 0.000_000_11, 0.000_000_01, 0.000_999_99, 0.606_327_63],
        ];
        let ours = sinkhorn(scores()[0].clone(), 0.05, 3).try_into_vec_as::<f32>().unwrap();
        for (ours, expected) in ours.iter().zip(expected.concat()) {
            assert!((f64::from(*ours) - expected).abs() < 1e-6, "{ours} instead of {expected}");
        }
    }

    #[test]
    fn values_and_gradients_are_lightlys() {
        // SwaVLoss, in f64, with and without queued samples.
        assert_matches(
            &scores(),
            |x| swav(x, &codes(x, &[]), 0.1).unwrap(),
            6.564_997_081_2,
            &[
                [0.782_965_805_7, -0.410_668_569_5, 0.134_708_074_2, 0.266_394_574_2, 0.068_306_473_3],
                [0.560_369_046_3, 0.124_731_255_2, -0.047_170_880_2, -0.110_829_951_2, 0.152_683_760_4],
                [1.663_588_478_8, -0.478_048_053_9, -0.225_537_303_3, -0.122_207_750_7, -0.444_590_607_8],
                [1.781_888_683_7, -0.478_787_023_9, -0.225_565_312_4, -0.122_207_912_8, -0.594_229_875_6],
            ],
        );
        let queued = [wave([8, 5], 1.7, 1.0), wave([8, 5], 2.1, 1.0)];
        assert_matches(
            &scores(),
            |x| swav(x, &codes(x, &queued), 0.1).unwrap(),
            5.806_298_186_1,
            &[
                [0.858_610_584_0, -0.408_855_292_2, 0.131_775_229_9, 0.266_816_537_8, -0.001_544_224_3],
                [0.554_177_818_8, 0.192_165_487_3, -0.209_574_179_2, -0.021_688_195_1, -0.010_055_922_9],
                [1.742_007_175_5, -0.408_800_544_5, -0.390_873_446_5, -0.032_644_030_9, -0.677_180_988_8],
                [1.886_349_070_4, -0.409_539_514_5, -0.390_901_455_6, -0.032_644_193_1, -0.826_820_256_5],
            ],
        );
    }

    #[test]
    fn every_sample_and_every_prototype_gets_its_share() {
        let ours = sinkhorn(wave([40, 8], 0.3, 1.0), 0.05, 100).try_into_vec_as::<f32>().unwrap();
        for k in 0..8 {
            let weight: f32 = (0..40).map(|i| ours[8 * i + k]).sum();
            assert!((weight - 5.0).abs() < 1e-2, "prototype {k} has {weight} of 5");
        }
        assert!(ours.chunks_exact(8).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        // Scores that overflow exp, and more prototypes than samples, one sample included.
        for (n, k, scale) in [(4, 5, 1e4), (2, 9, 1.0), (1, 7, 1.0)] {
            let ours = sinkhorn(wave([n, k], 0.3, scale), 0.05, 3).try_into_vec_as::<f32>().unwrap();
            assert!(ours.chunks_exact(k).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5), "{n} {k}");
        }
    }

    /// Two queues of `size` rows of three numbers, for batches of four.
    fn queues(size: usize) -> Vec<FeatureQueue> {
        [0, 1].map(|view| FeatureQueue::new(size, 3, 4, Key::new(5).with(view), &plain()).unwrap()).to_vec()
    }

    #[test]
    fn a_queue_counts_once_it_is_full_and_goes_on_to_the_bit() {
        let new = || Swav::default().with_queues(queues(8));
        let (prototypes, scores) = (l2_normalize(wave([5, 3], 0.2, 1.0)), scores());
        let without = number(Swav::default().loss(&scores, 2, &prototypes).unwrap());
        let mut swav = new();
        let rows = |i: usize| [wave([4, 3], 0.3 * i as f64, 1.0), wave([4, 3], 0.4 * i as f64, 1.0)];
        swav.enqueue(&rows(1)).unwrap();
        assert_eq!(number(swav.loss(&scores, 2, &prototypes).unwrap()), without);
        swav.enqueue(&rows(2)).unwrap();
        let with = number(swav.loss(&scores, 2, &prototypes).unwrap());
        assert_ne!(with, without);
        let queued = |view: usize| {
            let rows = l2_normalize(Tensor::cat(vec![rows(1)[view].clone(), rows(2)[view].clone()], 0));
            rows.matmul(prototypes.clone().transpose())
        };
        let codes = codes(&scores, &[queued(0), queued(1)]);
        assert_near(with, number(super::swav(&scores, &codes, 0.1).unwrap()), "the queue's codes");
        let mut resumed = new();
        resumed.load_state(&swav.state()).unwrap();
        assert_eq!(resumed.state(), swav.state());
        assert_eq!(number(resumed.loss(&scores, 2, &prototypes).unwrap()), with);
        assert!(Swav::default().state().is_empty());
        assert!(swav.enqueue(&[wave([3, 3], 0.0, 1.0)]).is_err());
    }

    #[test]
    fn prototypes_and_codes_get_no_gradient_through_the_assignment() {
        let prototypes = leaf(l2_normalize(wave([5, 3], 0.2, 1.0)));
        let scores: Vec<_> = scores().into_iter().map(leaf).collect();
        let mut swav = Swav::default().with_queues(queues(4));
        swav.enqueue(&[wave([4, 3], 0.3, 1.0), wave([4, 3], 0.4, 1.0)]).unwrap();
        let loss = || swav.loss(&scores, 2, &prototypes).unwrap();
        assert!(!receives_gradient(&prototypes, &loss()));
        assert!(scores.iter().all(|x| receives_gradient(x, &loss())));
    }

    #[test]
    fn a_single_view_is_refused() {
        let error = Swav::default().loss(&scores()[..1], 1, &wave([5, 3], 0.2, 1.0)).unwrap_err().to_string();
        assert!(error.starts_with("swav compares views of an image, and got 1"), "{error}");
        assert!(swav(&scores(), &[], 0.1).is_err());
    }
}
