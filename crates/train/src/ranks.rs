//! What the ranks of a group do together while they train one model (data parallel). Where a process is alone, all of this is
//! nothing.
//!
//! The invariant: every rank holds the same parameters to the bit, sees its own contiguous block of the one batch that a single
//! process would see, and computes the loss of the *whole* batch; gradients are summed over ranks, not averaged. A loss of rows
//! that were gathered ([`gathered`]) has them as constants but for the rank's own, so that each rank's gradient is its rows' part;
//! for that, no parameter may stand behind a gather.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use foretask_backend::group::Group;
use foretask_backend::host_tensor;

use crate::error::TrainError;

/// A rank's part of every batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    rank: usize,
    ranks: usize,
}

impl Share {
    /// That of this thread's group.
    pub(crate) fn current() -> Self {
        Group::current().map_or(Self { rank: 0, ranks: 1 }, |group| Self { rank: group.rank(), ranks: group.ranks() })
    }

    /// The block of a batch's images that this rank takes. Batches are checked to be divisible before training begins.
    pub(crate) fn of<T>(self, images: &[T]) -> &[T] {
        let each = images.len() / self.ranks;
        if self.ranks == 1 { images } else { &images[self.rank * each..(self.rank + 1) * each] }
    }
}

/// Whether this process is the one that writes files.
pub(crate) fn is_first() -> bool {
    Group::current().is_none_or(|group| group.is_first())
}

/// Runs what a rank does on its own, without the others.
pub(crate) fn apart<T>(work: impl FnOnce() -> T) -> T {
    Group::apart(work)
}

/// Whether several ranks train.
pub(crate) fn are_several() -> bool {
    Group::current().is_some()
}

/// How long exchanges have taken so far; `None` where there is nobody to exchange with.
pub(crate) fn exchanging() -> Option<Duration> {
    Group::current().map(|group| group.exchanging())
}

/// Makes sure that every rank gets as many images of a batch.
///
/// # Errors
/// [`TrainError::Option`] with the nearest batch sizes.
pub(crate) fn check_batch(batch_size: usize, images: usize) -> Result<(), TrainError> {
    let Some(group) = Group::current() else { return Ok(()) };
    let (batch, ranks) = (batch_size.min(images), group.ranks());
    if batch.is_multiple_of(ranks) && batch / ranks > 1 {
        return Ok(());
    }
    let below = (batch / ranks).max(2) * ranks;
    let reason = if images < 2 * ranks {
        format!("{images} images are too few for {ranks} ranks, each of which takes at least two of every batch")
    } else {
        let near = if below >= batch { below.to_string() } else { format!("{below} or {}", below + ranks) };
        format!("a batch of {batch} images cannot be shared out evenly among {ranks} ranks; take {near}")
    };
    Err(TrainError::Option { option: "batch_size", reason })
}

/// The rows `[n, d]` of all ranks, in the order of the one batch: `[n * ranks, d]`. Only the own rows carry gradients.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn gathered(own: Tensor<2>) -> Result<Tensor<2>, TrainError> {
    let Some(group) = Group::current() else { return Ok(own) };
    let [rows, width] = own.dims();
    let all = gathered_values(&group, &host_tensor(own.clone().detach()).data)?;
    let before = group.rank() * rows;
    let after = (group.ranks() - 1 - group.rank()) * rows;
    let (device, dtype) = (own.device(), own.dtype());
    let part = |from: usize, count: usize| {
        let values = all[from * width..(from + count) * width].to_vec();
        Tensor::<2>::from_data(TensorData::new(values, [count, width]), &device).cast(dtype)
    };
    let mut parts = Vec::with_capacity(3);
    if before > 0 {
        parts.push(part(0, before));
    }
    parts.push(own);
    if after > 0 {
        parts.push(part(before + rows, after));
    }
    Ok(Tensor::cat(parts, 0))
}

fn gathered_values(group: &Arc<Group>, own: &[f32]) -> Result<Vec<f32>, TrainError> {
    Ok(group.all_gather(own)?)
}

/// Numbers about each rank's images, in the order of the one batch.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn gathered_numbers(own: &[f32]) -> Result<Cow<'_, [f32]>, TrainError> {
    Group::current().map_or(Ok(Cow::Borrowed(own)), |group| Ok(Cow::Owned(gathered_values(&group, own)?)))
}

/// Classes of each rank's images, in the order of the one batch.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn gathered_classes(own: Vec<u32>) -> Result<Vec<u32>, TrainError> {
    let Some(group) = Group::current() else { return Ok(own) };
    // There are never so many classes that f32 would not hold their numbers exactly.
    let own: Vec<f32> = own.into_iter().map(|class| class as f32).collect();
    Ok(gathered_values(&group, &own)?.into_iter().map(|class| class as u32).collect())
}

/// The mean over the whole batch of what `own` `[1]` is the mean of over this rank's part, which counts `weight`. Only the own part
/// carries gradients.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn mean_of_parts(own: Tensor<1>, weight: f64) -> Result<Tensor<1>, TrainError> {
    let Some(group) = Group::current() else { return Ok(own) };
    let value = host_tensor(own.clone().detach()).data.first().copied().map_or(f64::NAN, f64::from);
    let mut sums = [(value * weight) as f32, weight as f32];
    group.all_reduce(&mut sums)?;
    let [sum, all] = sums.map(f64::from);
    let (share, whole) = if all > 0.0 { (weight / all, sum / all) } else { (0.0, 0.0) };
    Ok(own.mul_scalar(share).add_scalar(whole - share * value))
}

/// Sums gradients over ranks.
///
/// # Errors
/// [`TrainError::Ranks`], also where an exchange within a layer failed before.
pub(crate) fn summed<M: Module>(gradients: GradientsParams, model: &M) -> Result<GradientsParams, TrainError> {
    let Some(group) = Group::current() else { return Ok(gradients) };
    let mut flat = Flat { gradients: &gradients, values: Vec::new() };
    model.visit(&mut flat);
    let mut values = flat.values;
    group.all_reduce(&mut values)?;
    let mut spread = Spread { gradients, values: &values, summed: GradientsParams::new() };
    model.visit(&mut spread);
    Ok(spread.summed)
}

/// Whether any rank says yes.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn any(own: bool) -> Result<bool, TrainError> {
    let Some(group) = Group::current() else { return Ok(own) };
    let mut votes = [f32::from(u8::from(own))];
    group.all_reduce(&mut votes)?;
    Ok(votes[0] > 0.0)
}

/// Waits until all ranks have come here.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn meet() -> Result<(), TrainError> {
    Group::current().map_or(Ok(()), |group| Ok(group.barrier()?))
}

/// The number that rank 0 has, on all ranks: what was measured by a clock or read from a disk is known to one of them.
///
/// # Errors
/// [`TrainError::Ranks`].
pub(crate) fn of_first(own: u64) -> Result<u64, TrainError> {
    let Some(group) = Group::current() else { return Ok(own) };
    // In pieces that `f32` holds exactly.
    let mut pieces: [f32; 4] = std::array::from_fn(|piece| ((own >> (16 * piece)) & 0xffff) as f32);
    group.broadcast(&mut pieces, 0)?;
    Ok(pieces.iter().zip(0..).map(|(&piece, place)| (piece as u64) << (16 * place)).sum())
}

struct Flat<'a> {
    gradients: &'a GradientsParams,
    values: Vec<f32>,
}

impl ModuleVisitor for Flat<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.values.extend(host_tensor(gradient).data);
        }
    }
}

struct Spread<'a> {
    gradients: GradientsParams,
    values: &'a [f32],
    summed: GradientsParams,
}

impl ModuleVisitor for Spread<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let shape = gradient.dims();
            let (own, rest) = self.values.split_at(shape.iter().product());
            self.values = rest;
            let summed = Tensor::from_data(TensorData::new(own.to_vec(), shape), &gradient.device());
            self.summed.register::<D>(param.id, summed);
        }
    }
}
