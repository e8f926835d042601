//! Batches made ahead of the step that needs them.
//!
//! Batch k is a pure function of (images, seed, k): which images it holds follows from the epoch's order, and what is
//! made of each image from its own random key. So neither the number of threads nor an interruption changes anything.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use foretask_backend::compute_alone;
use foretask_data::Windows;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::ranks::Share;

/// Batches that wait ready; one is being used and one being made besides.
pub(crate) const PREFETCH: usize = 2;

/// Which images make up which batch: every epoch is a new shuffle of the images, cut into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Images in all; at least 1.
    pub images: usize,
    /// Images per batch; at least 1.
    pub batch_size: usize,
    /// Decides the order.
    pub seed: u64,
    /// Leaves out an epoch's last, smaller batch (losses that compare images within a batch want equal batches).
    pub drop_last: bool,
    /// Shuffles within windows that can be read in long runs; `None` shuffles all images. See
    /// [`Images::windows`](foretask_data::Images::windows).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
}

impl Sampling {
    /// At least 1: a batch larger than the pool holds the whole pool.
    pub fn batches_per_epoch(&self) -> u64 {
        let batch = self.batch_size.max(1);
        let batches = if self.drop_last { self.images / batch } else { self.images.div_ceil(batch) };
        batches.max(1) as u64
    }

    /// Passes over the images after so many batches.
    pub fn epochs_after(&self, batches: u64) -> f64 {
        batches as f64 / self.batches_per_epoch() as f64
    }

    /// Images seen after so many batches.
    pub fn images_after(&self, batches: u64) -> u64 {
        let whole = batches / self.batches_per_epoch();
        let rest = batches % self.batches_per_epoch();
        let batch = self.batch_size as u64;
        let epoch = if self.drop_last { self.batches_per_epoch() * batch } else { self.images as u64 };
        whole * epoch.min(self.images as u64) + rest * batch
    }

    /// Positions of a batch's images within the order of their epoch.
    pub(crate) fn places(&self, batch: u64) -> Range<usize> {
        self.place(batch).1
    }

    /// Epoch and positions of a batch's images within the epoch's order.
    fn place(&self, batch: u64) -> (u64, Range<usize>) {
        let per_epoch = self.batches_per_epoch();
        let start = (batch % per_epoch) as usize * self.batch_size;
        (batch / per_epoch, start..(start + self.batch_size).min(self.images))
    }

    /// The images of one batch. To make many in order, use [`with_batches`], which keeps the epoch's shuffle.
    pub fn request(&self, batch: u64) -> Request {
        let (epoch, places) = self.place(batch);
        let indices = self.order(epoch)[places].to_vec();
        Request { batch, epoch, whole: indices.clone(), indices }
    }

    /// All images in the order of an epoch.
    fn order(&self, epoch: u64) -> Vec<u32> {
        match self.windows {
            Some(windows) => windows.order(self.seed, epoch, self.images),
            None => foretask_data::epoch_order(self.seed, epoch, self.images),
        }
    }
}

/// One batch to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The batch's number, counted from 0 over the whole run.
    pub batch: u64,
    /// The epoch it belongs to.
    pub epoch: u64,
    /// The images to be made, as positions in the image store: on one of several ranks, its block of the whole batch.
    pub indices: Vec<u32>,
    /// The images of the whole batch.
    pub whole: Vec<u32>,
}

/// What the batches of a training are made of.
pub trait BatchSource: Sync {
    /// What the training step gets.
    type Batch: Send;

    /// Makes one batch on the loader's threads, purely from the request.
    ///
    /// # Errors
    /// An image that cannot be read any more, and what the device reports.
    fn make(&self, request: &Request, workers: &Workers) -> Result<Self::Batch, TrainError>;

    /// The row id of an image, by its position, for messages.
    fn row(&self, index: u32) -> u64;
}

/// Threads that share the work on one batch.
#[derive(Debug)]
pub struct Workers(Option<rayon::ThreadPool>);

impl Workers {
    /// So many threads; where the system grants none, the calling thread does the work.
    pub fn new(threads: usize) -> Self {
        if threads <= 1 {
            return Self(None);
        }
        Self(rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("loader-{i}")).build().ok())
    }

    /// Does `work` on every item, in any order.
    ///
    /// # Errors
    /// One of the errors of `work`.
    pub fn each<T: Send>(
        &self,
        items: Vec<T>,
        work: impl Fn(T) -> Result<(), TrainError> + Sync,
    ) -> Result<(), TrainError> {
        match &self.0 {
            Some(pool) => pool.install(|| items.into_par_iter().try_for_each(&work)),
            None => items.into_iter().try_for_each(&work),
        }
    }
}

/// Batches in order, as the loader delivers them.
#[derive(Debug)]
pub struct Batches<B> {
    receiver: Receiver<Result<B, TrainError>>,
    waited: Duration,
}

impl<B> Batches<B> {
    /// The next batch.
    ///
    /// # Errors
    /// What went wrong while it was made; also when all batches have been taken.
    pub fn take(&mut self) -> Result<B, TrainError> {
        let start = Instant::now();
        let batch = self.receiver.recv();
        self.waited += start.elapsed();
        batch.unwrap_or(Err(TrainError::NoMoreBatches))
    }

    /// Time spent waiting for batches so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

/// Runs `body` while other threads make the batches of `range` ahead of it.
///
/// `make` gets the images of a batch and the threads to share the work between.
pub fn with_batches<B: Send, R>(
    sampling: &Sampling,
    range: Range<u64>,
    threads: usize,
    make: &(impl Fn(&Request, &Workers) -> Result<B, TrainError> + Sync),
    body: impl FnOnce(&mut Batches<B>) -> R,
) -> R {
    let workers = Workers::new(threads);
    let orders = Orders::new(*sampling);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(PREFETCH);
        scope.spawn(move || {
            compute_alone();
            for batch in range {
                let made = make(&orders.request(batch), &workers);
                let failed = made.is_err();
                // The receiver is gone once the body has returned: nobody wants more.
                if sender.send(made).is_err() || failed {
                    return;
                }
            }
        });
        body(&mut Batches { receiver, waited: Duration::ZERO })
    })
}

/// Requests in order, keeping the current epoch's shuffle.
struct Orders {
    sampling: Sampling,
    share: Share,
    current: Mutex<(u64, Arc<Vec<u32>>)>,
}

impl Orders {
    fn new(sampling: Sampling) -> Self {
        Self { sampling, share: Share::current(), current: Mutex::new((u64::MAX, Arc::default())) }
    }

    fn request(&self, batch: u64) -> Request {
        let (epoch, places) = self.sampling.place(batch);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != epoch {
            *current = (epoch, Arc::new(self.sampling.order(epoch)));
        }
        let whole = current.1[places].to_vec();
        Request { batch, epoch, indices: self.share.of(&whole).to_vec(), whole }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn sampling(images: usize, batch_size: usize, drop_last: bool) -> Sampling {
        Sampling { images, batch_size, seed: 3, drop_last, windows: None }
    }

    #[test]
    fn an_epoch_holds_every_image_once() {
        let sampling = sampling(10, 4, false);
        assert_eq!(sampling.batches_per_epoch(), 3);
        for epoch in 0..3 {
            let batches: Vec<Request> = (0..3).map(|k| sampling.request(epoch * 3 + k)).collect();
            assert_eq!(batches.iter().map(|b| b.indices.len()).collect::<Vec<_>>(), [4, 4, 2]);
            let seen: BTreeSet<u32> = batches.iter().flat_map(|b| b.indices.clone()).collect();
            assert_eq!(seen, (0..10).collect());
            assert!(batches.iter().all(|b| b.epoch == epoch));
        }
        assert_ne!(sampling.request(0).indices, sampling.request(3).indices);
        assert_eq!((sampling.images_after(3), sampling.images_after(4), sampling.images_after(7)), (10, 14, 24));
    }

    #[test]
    fn drop_last_gives_equal_batches() {
        let sampling = sampling(10, 4, true);
        assert_eq!(sampling.batches_per_epoch(), 2);
        assert!((0..8).all(|k| sampling.request(k).indices.len() == 4));
        assert_eq!((sampling.images_after(2), sampling.images_after(3)), (8, 12));
    }

    #[test]
    fn a_batch_larger_than_the_pool_is_the_pool() {
        let sampling = sampling(3, 8, true);
        assert_eq!(sampling.batches_per_epoch(), 1);
        assert_eq!(sampling.request(5).indices.len(), 3);
        assert_eq!(sampling.images_after(5), 15);
    }

    #[test]
    fn batches_come_in_order_whatever_the_threads_and_the_start() {
        let sampling = sampling(23, 5, false);
        let collect = |threads: usize, range: Range<u64>| {
            let make = |request: &Request, workers: &Workers| {
                let mut out = vec![0_u64; request.indices.len()];
                workers.each(out.iter_mut().zip(&request.indices).collect(), |(slot, &index)| {
                    *slot = request.epoch * 1000 + u64::from(index);
                    Ok(())
                })?;
                Ok(out)
            };
            let count = range.end - range.start;
            with_batches(&sampling, range, threads, &make, |batches| {
                (0..count).map(|_| batches.take().unwrap()).collect::<Vec<_>>()
            })
        };
        let one = collect(1, 0..17);
        assert_eq!(one, collect(8, 0..17));
        assert_eq!(one[6..], collect(3, 6..17));
    }

    #[test]
    fn windows_are_batches_of_neighborhoods_that_resume_anywhere() {
        let windows = Some(Windows { block: 5, blocks: 3 });
        let sampling = Sampling { windows, ..sampling(103, 8, false) };
        let make = |request: &Request, _: &Workers| Ok(request.indices.clone());
        let collect = |range: Range<u64>| {
            let count = range.end - range.start;
            with_batches(&sampling, range, 2, &make, |batches| {
                (0..count).map(|_| batches.take().unwrap()).collect::<Vec<_>>()
            })
        };
        let all = collect(0..39);
        assert_eq!(all[17..], collect(17..39));
        assert_eq!(all[20], sampling.request(20).indices);
        let epoch: BTreeSet<u32> = all[..13].iter().flatten().copied().collect();
        assert_eq!(epoch, (0..103).collect());
        let blocks: BTreeSet<u32> = all[0].iter().map(|image| image / 5).collect();
        assert!(blocks.len() <= 3, "{:?}", all[0]);
        // A plan without windows is written as it always was.
        let plain = Sampling { windows: None, ..sampling };
        assert!(!serde_json::to_string(&plain).unwrap().contains("windows"));
    }

    #[test]
    fn the_loader_stays_at_most_a_few_batches_ahead_and_stops_with_the_body() {
        let made = AtomicUsize::new(0);
        let make = |_: &Request, _: &Workers| {
            made.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        with_batches(&sampling(100, 1, false), 0..1000, 1, &make, |batches| {
            batches.take().unwrap();
            std::thread::sleep(Duration::from_millis(50));
            assert!(made.load(Ordering::SeqCst) <= PREFETCH + 2);
        });
        assert!(made.load(Ordering::SeqCst) <= PREFETCH + 3);
    }

    #[test]
    fn an_error_reaches_the_one_who_takes_the_batch() {
        let make = |request: &Request, _: &Workers| {
            if request.batch == 2 {
                return Err(TrainError::TooFewImages { have: 0, need: "test".into() });
            }
            Ok(request.batch)
        };
        with_batches(&sampling(10, 1, false), 0..10, 2, &make, |batches| {
            assert_eq!((batches.take().unwrap(), batches.take().unwrap()), (0, 1));
            assert!(matches!(batches.take(), Err(TrainError::TooFewImages { .. })));
            assert!(matches!(batches.take(), Err(TrainError::NoMoreBatches)));
        });
    }
}
