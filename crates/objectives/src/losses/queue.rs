//! A ring of the newest embeddings.

use burn::tensor::{Device, Tensor, TensorData};
use foretask_backend::{StateDict, host_tensor};
use foretask_random::Key;

use super::l2_normalize;
use crate::state::{count, load_count, load_tensor};
use crate::{ObjectiveError, Result};

/// The newest `size` embeddings at length 1, oldest replaced first: negatives of `MoCo`, support set of NNCLR, longer
/// batch of `SwAV`.
///
/// A new queue holds random directions (what it holds is to be told apart from, and a zero is no direction). Enqueue after
/// the loss, or a view is compared with itself. The state is `features` (`[size, d]`), `position` and `filled`.
#[derive(Clone, Debug)]
pub struct FeatureQueue {
    features: Tensor<2>,
    batch: usize,
    /// The row that the next batch begins at.
    position: usize,
    /// Rows that real embeddings have replaced, up to the size.
    filled: usize,
}

impl FeatureQueue {
    /// A queue of `size` rows of `dimensions` numbers, taking `batch` rows at a time, filled with random directions.
    ///
    /// # Errors
    /// [`ObjectiveError::Queue`] where `size` is no multiple of `batch`.
    pub fn new(size: usize, dimensions: usize, batch: usize, key: Key, device: &Device) -> Result<Self> {
        if batch == 0 || size == 0 || !size.is_multiple_of(batch) {
            let suggestion = (size as f64 / batch.max(1) as f64).round().max(1.0) as usize * batch.max(1);
            return Err(ObjectiveError::Queue { size, batch, suggestion });
        }
        let mut rng = key.rng();
        let mut values: Vec<f32> = (0..size * dimensions).map(|_| rng.normal()).collect();
        for row in values.chunks_exact_mut(dimensions.max(1)) {
            let length = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
            for x in row {
                *x = (f64::from(*x) / length) as f32;
            }
        }
        let device = device.clone().without_autodiff();
        let features = Tensor::from_data(TensorData::new(values, [size, dimensions]), &device);
        Ok(Self { features, batch, position: 0, filled: 0 })
    }

    /// All rows, `[size, d]`, without graph: those that were enqueued and, until it is full, random directions.
    pub fn features(&self) -> Tensor<2> {
        self.features.clone()
    }

    /// Whether every row has been replaced since the queue was made.
    pub fn is_full(&self) -> bool {
        self.filled == self.features.dims()[0]
    }

    /// Replaces the oldest rows by these (`[batch, d]`, of any length, with or without graph).
    ///
    /// # Errors
    /// [`ObjectiveError::Enqueue`] for other than the announced number of rows.
    pub fn enqueue(&mut self, rows: Tensor<2>) -> Result<()> {
        let [size, dimensions] = self.features.dims();
        let found = rows.dims();
        if found != [self.batch, dimensions] {
            return Err(ObjectiveError::Enqueue { batch: self.batch, dimensions, found });
        }
        let place = [self.position..self.position + self.batch, 0..dimensions];
        let rows = l2_normalize(rows.inner());
        self.features.inplace(|features| features.slice_assign(place, rows));
        self.position = (self.position + self.batch) % size;
        self.filled = (self.filled + self.batch).min(size);
        Ok(())
    }

    /// Everything that decides what it does next. Reads from the device.
    pub fn state(&self) -> StateDict {
        StateDict::from([
            ("features".to_owned(), host_tensor(self.features.clone())),
            ("position".to_owned(), count(self.position)),
            ("filled".to_owned(), count(self.filled)),
        ])
    }

    /// Takes back what [`FeatureQueue::state`] gave.
    ///
    /// # Errors
    /// [`ObjectiveError::State`] for a queue of another size.
    pub fn load_state(&mut self, state: &StateDict) -> Result<()> {
        self.features = load_tensor(state, "features", self.features.dims(), &self.features.device())?;
        (self.position, self.filled) = (load_count(state, "position")?, load_count(state, "filled")?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{leaf, plain, wave};

    fn queue() -> FeatureQueue {
        FeatureQueue::new(6, 4, 2, Key::new(3), &plain()).unwrap()
    }

    fn rows(queue: &FeatureQueue) -> Vec<Vec<f32>> {
        let values = queue.features().try_into_vec_as::<f32>().unwrap();
        values.chunks_exact(4).map(<[f32]>::to_vec).collect()
    }

    #[test]
    fn it_starts_with_directions_that_depend_on_the_key_only() {
        for row in rows(&queue()) {
            assert!((row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-6);
        }
        assert_eq!(rows(&queue()), rows(&queue()));
        let other = FeatureQueue::new(6, 4, 2, Key::new(4), &plain()).unwrap();
        assert_ne!(rows(&queue()), rows(&other));
    }

    #[test]
    fn the_oldest_rows_go_first_and_come_around() {
        let mut queue = queue();
        let start = rows(&queue);
        let unit = |i: usize| l2_normalize(wave([2, 4], i as f64, 1.0)).try_into_vec_as::<f32>().unwrap();
        for i in 0..4 {
            assert_eq!(queue.is_full(), i == 3);
            queue.enqueue(leaf(wave([2, 4], i as f64, 1.0))).unwrap();
            assert!(!queue.features().is_autodiff());
            if i == 0 {
                assert_eq!(rows(&queue)[2..], start[2..]);
            }
        }
        // Batch 3 has replaced batch 0; 1 and 2 are still there.
        assert_eq!(rows(&queue).concat(), [unit(3), unit(1), unit(2)].concat());
    }

    #[test]
    fn what_was_handed_out_does_not_change() {
        let mut queue = queue();
        let before = queue.features();
        let values = before.clone().try_into_vec_as::<f32>().unwrap();
        queue.enqueue(wave([2, 4], 0.3, 1.0)).unwrap();
        assert_eq!(before.try_into_vec_as::<f32>().unwrap(), values);
    }

    #[test]
    fn state_saved_and_loaded_goes_on_to_the_bit() {
        let mut whole = queue();
        whole.enqueue(wave([2, 4], 0.3, 1.0)).unwrap();
        let mut second = FeatureQueue::new(6, 4, 2, Key::new(9), &plain()).unwrap();
        second.load_state(&whole.state()).unwrap();
        for queue in [&mut whole, &mut second] {
            queue.enqueue(wave([2, 4], 0.8, 1.0)).unwrap();
        }
        assert_eq!(second.state(), whole.state());
        let error = FeatureQueue::new(8, 4, 2, Key::new(9), &plain()).unwrap().load_state(&whole.state());
        assert!(error.unwrap_err().to_string().contains("[6, 4]"));
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused_with_one_that_does() {
        let error = FeatureQueue::new(1000, 4, 256, Key::new(0), &plain()).unwrap_err().to_string();
        assert!(error.contains("batches of 256") && error.ends_with("such as 1024"), "{error}");
        let error = FeatureQueue::new(100, 4, 256, Key::new(0), &plain()).unwrap_err().to_string();
        assert!(error.ends_with("such as 256"), "{error}");
        assert!(FeatureQueue::new(100, 4, 0, Key::new(0), &plain()).is_err());
        assert!(queue().enqueue(wave([3, 4], 0.0, 1.0)).is_err());
        assert!(queue().enqueue(wave([2, 5], 0.0, 1.0)).is_err());
    }
}
