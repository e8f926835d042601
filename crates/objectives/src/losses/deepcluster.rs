//! Prediction of cluster assignments that are made anew each epoch.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use foretask_backend::{HostTensor, StateDict, host_tensor};
use foretask_random::Key;

use super::{KMeans, check_prototypes, in_f32, l2_normalize, spherical_kmeans, weighted_mean};
use crate::state::load;
use crate::{ObjectiveError, Result};

/// Stands for no assignment, as in the authors' code.
const NONE: i32 = -1;

/// Sizes and constants of [`DeepCluster`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeepClusterOptions {
    /// Images of the pool.
    pub images: usize,
    /// Length of a projection.
    pub dimensions: usize,
    /// Views of an image that are remembered: the global ones.
    pub views: usize,
    /// Clusters of each head; the paper has 3000.
    pub prototypes: usize,
    /// Clusterings beside each other; the paper has 3. Head h clusters the bank of view `h % views`.
    pub heads: usize,
    /// Rounds of k-means; the paper has 10.
    pub iterations: usize,
    /// Of the softmax over clusters; 0.1.
    pub temperature: f64,
}

/// `DeepCluster` v2 (Caron et al. 2020, "Unsupervised learning of visual features by contrasting cluster assignments",
/// <https://arxiv.org/abs/2006.09882>, appendix D): spherical k-means over a memory bank of every image's projections, once
/// an epoch; the centroids are the (untrained) weights of the classifier that the views are scored with.
///
/// Each step: [`DeepCluster::loss`], then [`DeepCluster::remember`]. At the beginning of each epoch:
/// [`DeepCluster::cluster`]. Before the first there are no targets and the loss is 0, so run a pass that only remembers, as
/// the authors do.
///
/// The state is `bank.V` (`[images, d]` for each view), `seen` (`[images]`), `centroids.H` (`[k, d]`) and `assignments.H`
/// (`[images]`, -1 for none) for each head.
#[derive(Clone, Debug)]
pub struct DeepCluster {
    options: DeepClusterOptions,
    key: Key,
    device: Device,
    banks: Vec<Vec<f32>>,
    seen: Vec<bool>,
    /// What was remembered but not read from the device yet, so that no step waits for it.
    pending: Vec<(Vec<u32>, Vec<Tensor<2>>)>,
    heads: Vec<Head>,
}

#[derive(Clone, Debug)]
struct Head {
    /// `[k, d]`.
    centroids: Tensor<2>,
    assignments: Vec<i32>,
}

impl DeepCluster {
    /// An empty bank; the draws of k-means are named by `key`.
    ///
    /// # Errors
    /// [`ObjectiveError::Prototypes`] for more clusters than images; [`ObjectiveError::Views`] without views.
    pub fn new(options: DeepClusterOptions, key: Key, device: &Device) -> Result<Self> {
        let DeepClusterOptions { images, dimensions, views, prototypes, .. } = options;
        check_prototypes(prototypes, images)?;
        if views == 0 {
            return Err(ObjectiveError::Views { method: "deepcluster", views, least: 1 });
        }
        Ok(Self {
            options,
            key,
            device: device.clone().without_autodiff(),
            banks: vec![vec![0.0; images * dimensions]; views],
            seen: vec![false; images],
            pending: Vec::new(),
            heads: Vec::new(),
        })
    }

    /// Whether there are assignments to learn from.
    pub fn is_clustered(&self) -> bool {
        !self.heads.is_empty()
    }

    /// Puts the projections of a batch into the bank: the images' numbers, and one `[n, d]` (of any length) for each
    /// remembered view. Does not wait for the device.
    ///
    /// # Errors
    /// [`ObjectiveError::Image`] for an image beyond the bank.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    pub fn remember(&mut self, images: &[u32], projections: &[Tensor<2>]) -> Result<()> {
        self.check(images)?;
        let DeepClusterOptions { dimensions, views, .. } = self.options;
        assert!(projections.len() >= views, "deepcluster remembers {views} views, got {}", projections.len());
        let rows = projections[..views].iter().map(|z| {
            assert_eq!(z.dims(), [images.len(), dimensions], "a projection for each image");
            l2_normalize(z.clone().inner())
        });
        self.pending.push((images.to_vec(), rows.collect()));
        Ok(())
    }

    fn check(&self, images: &[u32]) -> Result<()> {
        let beyond = images.iter().find(|&&image| image as usize >= self.options.images);
        beyond.map_or(Ok(()), |&image| Err(ObjectiveError::Image { image, images: self.options.images }))
    }

    /// Reads what is pending from the device, oldest first.
    fn flush(&mut self) {
        let d = self.options.dimensions;
        for (images, projections) in std::mem::take(&mut self.pending) {
            for (bank, z) in self.banks.iter_mut().zip(projections) {
                for (row, &image) in host_tensor(z).data.chunks_exact(d.max(1)).zip(&images) {
                    bank[image as usize * d..][..d].copy_from_slice(row);
                }
            }
            for image in images {
                self.seen[image as usize] = true;
            }
        }
    }

    /// Clusters what is remembered, anew for each head; images that were never seen stay without assignment. The draws
    /// depend on the key, the epoch and the head. Reads from the device.
    ///
    /// # Errors
    /// [`ObjectiveError::Prototypes`] where fewer images have been seen than there are clusters.
    pub fn cluster(&mut self, epoch: u64) -> Result<()> {
        self.flush();
        let DeepClusterOptions { images, dimensions: d, views, prototypes, heads, iterations, .. } = self.options;
        let seen: Vec<usize> = (0..images).filter(|&image| self.seen[image]).collect();
        let head = |h: usize| {
            let bank = &self.banks[h % views];
            let rows: Vec<f32> = seen.iter().flat_map(|&image| bank[image * d..][..d].to_vec()).collect();
            let key = self.key.with(epoch).with(h as u64);
            let found = spherical_kmeans(&rows, d, KMeans { k: prototypes, iterations, key }, &self.device)?;
            let mut assignments = vec![NONE; images];
            seen.iter().zip(found.assignments).for_each(|(&image, cluster)| assignments[image] = cluster as i32);
            Ok(Head { centroids: self.tensor(&found.centroids), assignments })
        };
        self.heads = (0..heads).map(head).collect::<Result<_>>()?;
        Ok(())
    }

    fn tensor(&self, values: &HostTensor) -> Tensor<2> {
        let shape = [self.options.prototypes, self.options.dimensions];
        Tensor::from_data(TensorData::new(values.data.clone(), shape), &self.device)
    }

    /// The loss of a batch: for each head the cross-entropy of every view's cosines with the centroids, over the
    /// temperature, against the image's cluster, mean over views and images that have one; mean over heads. Shape `[1]`.
    ///
    /// `images` are the images' numbers, `views` their projections, one `[n, d]` (of any length) a view, local ones too. 0
    /// where no image has a cluster.
    ///
    /// # Errors
    /// [`ObjectiveError::Image`] for an image beyond the bank; [`ObjectiveError::Views`] without views.
    pub fn loss(&self, images: &[u32], views: &[Tensor<2>]) -> Result<Tensor<1>> {
        self.check(images)?;
        if views.is_empty() {
            return Err(ObjectiveError::Views { method: "deepcluster", views: 0, least: 1 });
        }
        let z = l2_normalize(Tensor::cat(views.to_vec(), 0));
        let losses = self.heads.iter().map(|head| {
            let own: Vec<i32> = images.iter().map(|&image| head.assignments[image as usize]).collect();
            let scores = z.clone().matmul(head.centroids.clone().transpose());
            assigned_cross_entropy(scores, &own.repeat(views.len()), self.options.temperature)
        });
        match losses.reduce(Tensor::add) {
            Some(sum) => Ok(sum.div_scalar(self.heads.len() as f64)),
            None => Ok(z.sum().mul_scalar(0.0)),
        }
    }

    /// Everything that decides what it does next. Reads from the device.
    pub fn state(&mut self) -> StateDict {
        self.flush();
        let DeepClusterOptions { images, dimensions, .. } = self.options;
        let mut state = StateDict::new();
        for (view, bank) in self.banks.iter().enumerate() {
            state.insert(format!("bank.{view}"), HostTensor { shape: vec![images, dimensions], data: bank.clone() });
        }
        let per_image = |data: Vec<f32>| HostTensor { shape: vec![images], data };
        state.insert("seen".to_owned(), per_image(self.seen.iter().map(|&seen| f32::from(u8::from(seen))).collect()));
        for (h, head) in self.heads.iter().enumerate() {
            state.insert(format!("centroids.{h}"), host_tensor(head.centroids.clone()));
            // f32 holds cluster numbers up to 2^24 exactly.
            let assignments = head.assignments.iter().map(|&cluster| cluster as f32).collect();
            state.insert(format!("assignments.{h}"), per_image(assignments));
        }
        state
    }

    /// Takes back what [`DeepCluster::state`] gave.
    ///
    /// # Errors
    /// [`ObjectiveError::State`] for other sizes.
    pub fn load_state(&mut self, state: &StateDict) -> Result<()> {
        let DeepClusterOptions { images, dimensions, views, prototypes, heads, .. } = self.options;
        let bank = |view| Ok(load(state, &format!("bank.{view}"), &[images, dimensions])?.data.clone());
        self.banks = (0..views).map(bank).collect::<Result<_>>()?;
        self.seen = load(state, "seen", &[images])?.data.iter().map(|&seen| seen > 0.5).collect();
        self.pending.clear();
        let clustered = if state.contains_key("centroids.0") { heads } else { 0 };
        let head = |h: usize| {
            let centroids = self.tensor(load(state, &format!("centroids.{h}"), &[prototypes, dimensions])?);
            let assignments = load(state, &format!("assignments.{h}"), &[images])?;
            Ok(Head { centroids, assignments: assignments.data.iter().map(|&cluster| cluster as i32).collect() })
        };
        self.heads = (0..clustered).map(head).collect::<Result<_>>()?;
        Ok(())
    }
}

/// Mean cross-entropy of `scores / temperature` (`[n, k]`) over the rows that have a cluster.
fn assigned_cross_entropy(scores: Tensor<2>, clusters: &[i32], temperature: f64) -> Tensor<1> {
    let shape = [clusters.len(), 1];
    let device = scores.device().without_autodiff();
    let counted: Vec<f32> = clusters.iter().map(|&cluster| f32::from(u8::from(cluster != NONE))).collect();
    let index: Vec<i64> = clusters.iter().map(|&cluster| i64::from(cluster.max(0))).collect();
    let index = Tensor::<2, Int>::from_data(TensorData::new(index, shape), &device);
    let counted = Tensor::<2>::from_data(TensorData::new(counted, shape), &device);
    let log = log_softmax(in_f32(scores).div_scalar(temperature), 1).gather(1, index);
    weighted_mean(log, counted).neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{assert_matches, leaf, number, plain, receives_gradient, wave};

    const OPTIONS: DeepClusterOptions = DeepClusterOptions {
        images: 12,
        dimensions: 3,
        views: 2,
        prototypes: 4,
        heads: 3,
        iterations: 5,
        temperature: 0.1,
    };

    fn new() -> DeepCluster {
        DeepCluster::new(OPTIONS, Key::new(7), &plain()).unwrap()
    }

    fn views(seed: f64) -> [Tensor<2>; 2] {
        [wave([6, 3], seed, 1.0), wave([6, 3], seed + 0.2, 2.0)]
    }

    /// Half of the images remembered and clustered.
    fn clustered() -> DeepCluster {
        let mut bank = new();
        bank.remember(&[0, 2, 4, 6, 8, 10], &views(0.3)).unwrap();
        bank.cluster(0).unwrap();
        bank
    }

    #[test]
    fn values_and_gradients_are_solo_learns() {
        // deepclusterv2_loss_func, in f64: 2 heads, 2 views, 4 images, 5 clusters, one image without.
        let assignments: [[i32; 4]; 2] = [[0, 3, -1, 4], [1, 1, 2, 0]];
        let loss = |x: &[Tensor<4>]| {
            let head = |h: usize| {
                let scores = x[0].clone().slice([h..h + 1, 0..2, 0..4, 0..5]).reshape([8, 5]);
                assigned_cross_entropy(scores, &assignments[h].repeat(2), 0.1)
            };
            head(0).add(head(1)).div_scalar(2.0)
        };
        let slope = [3.075_115_846_2, -0.793_074_989_1, 0.656_518_810_8, 0.127_696_703_5, 0.001_614_243_9];
        assert_matches(&[wave([2, 2, 4, 5], 0.3, 1.0)], loss, 5.007_729_984_7, &[slope]);
    }

    #[test]
    fn the_loss_scores_views_with_the_centroids() {
        let bank = clustered();
        // By hand from the state, one head after the other.
        let state = bank.clone().state();
        let images = [4_u32, 8, 1];
        let views = [wave([3, 3], 0.9, 1.0), wave([3, 3], 1.4, 1.0), wave([3, 3], 0.1, 3.0)];
        let mut sum = 0.0;
        for h in 0..3 {
            let (centroids, own) = (&state[&format!("centroids.{h}")].data, &state[&format!("assignments.{h}")].data);
            let (mut head, mut counted) = (0.0, 0.0);
            for view in &views {
                let z = l2_normalize(view.clone()).try_into_vec_as::<f32>().unwrap();
                for (row, &image) in z.chunks_exact(3).zip(&images) {
                    if own[image as usize] < 0.0 {
                        continue;
                    }
                    let dot = |c: &[f32]| c.iter().zip(row).map(|(a, b)| f64::from(a * b)).sum::<f64>() / 0.1;
                    let scores: Vec<f64> = centroids.chunks_exact(3).map(dot).collect();
                    let log_sum = scores.iter().map(|s| s.exp()).sum::<f64>().ln();
                    head += log_sum - scores[own[image as usize] as usize];
                    counted += 1.0;
                }
            }
            assert_eq!(counted, 6.0, "image 1 was never seen");
            sum += head / counted / 3.0;
        }
        let ours = number(bank.loss(&images, &views).unwrap());
        assert!((ours - sum).abs() < 1e-5, "{ours} instead of {sum}");
    }

    #[test]
    fn without_clusters_the_loss_is_zero_and_finite() {
        let bank = new();
        assert!(!bank.is_clustered());
        assert_eq!(number(bank.loss(&[0, 1], &[wave([2, 3], 0.1, 1.0)]).unwrap()), 0.0);
        // All images of the batch unseen.
        let z = leaf(wave([2, 3], 0.1, 1.0));
        let loss = clustered().loss(&[1, 3], std::slice::from_ref(&z)).unwrap();
        assert_eq!(number(loss.clone()), 0.0);
        assert!(!receives_gradient(&z, &loss));
    }

    #[test]
    fn what_is_remembered_carries_no_graph() {
        let mut bank = new();
        let z = leaf(wave([6, 3], 0.3, 1.0));
        bank.remember(&[0, 2, 4, 6, 8, 10], &[z.clone(), z]).unwrap();
        assert!(bank.pending.iter().all(|(_, rows)| rows.iter().all(|z| !z.is_autodiff())));
    }

    #[test]
    fn state_saved_and_loaded_goes_on_to_the_bit() {
        let mut whole = clustered();
        whole.remember(&[1, 3, 5, 7, 9, 11], &views(0.8)).unwrap();
        let mut resumed = new();
        resumed.load_state(&whole.state()).unwrap();
        for bank in [&mut whole, &mut resumed] {
            bank.remember(&[0, 1, 2, 3, 4, 5], &views(1.1)).unwrap();
            bank.cluster(1).unwrap();
        }
        assert_eq!(resumed.state(), whole.state());
        let mut empty = new();
        empty.load_state(&new().state()).unwrap();
        assert!(!empty.is_clustered());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let few = DeepClusterOptions { prototypes: 13, ..OPTIONS };
        assert!(DeepCluster::new(few, Key::new(0), &plain()).unwrap_err().to_string().starts_with("13 prototypes"));
        let mut bank = new();
        let error = bank.remember(&[12], &[wave([1, 3], 0.0, 1.0), wave([1, 3], 0.0, 1.0)]).unwrap_err().to_string();
        assert!(error.contains("image 12 is not among the 12"), "{error}");
        assert!(bank.loss(&[12], &[wave([1, 3], 0.0, 1.0)]).is_err() && bank.loss(&[0], &[]).is_err());
        bank.remember(&[0, 1], &[wave([2, 3], 0.0, 1.0), wave([2, 3], 0.0, 1.0)]).unwrap();
        assert!(bank.cluster(0).unwrap_err().to_string().starts_with("4 prototypes cannot be found among 2"));
    }
}
