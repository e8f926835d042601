//! What an optimizer does to a parameter, in one pass over it.

use rayon::prelude::*;

use super::share::Buffer;
use super::simd::{Level, Simd, for_each_level};

/// Values a part: by sizes alone, so that sums are the same on any number of threads.
const PART: usize = 64 << 10;

/// Numbers of one update by `AdamW`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adam {
    /// Multiplies the gradient.
    pub(crate) scale: f32,
    /// Share of the old mean that is kept, and of the gradient that is taken in.
    pub(crate) first: [f32; 2],
    /// The same for the mean square.
    pub(crate) second: [f32; 2],
    /// Root of the mean square's bias correction.
    pub(crate) root: f32,
    /// Added to the root of the mean square.
    pub(crate) epsilon: f32,
    /// The learning rate by the mean's bias correction.
    pub(crate) rate: f32,
    /// Share of the value that weight decay leaves.
    pub(crate) keep: f32,
}

/// Numbers of one update by SGD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descent {
    /// Multiplies the gradient.
    pub(crate) scale: f32,
    /// Share of the value that is added to the gradient.
    pub(crate) decay: f32,
    /// Share of the last direction that is kept.
    pub(crate) momentum: f32,
    /// Whether to look ahead along the momentum.
    pub(crate) nesterov: bool,
    /// The learning rate.
    pub(crate) rate: f32,
}

/// Value, gradient, first and second moment of some weights, as zipped chunks come.
type Parts<'a> = (((&'a mut [f32], &'a [f32]), &'a mut [f32]), &'a mut [f32]);

/// Moves `value` by its gradient, and both moments with it.
pub(crate) fn adamw(
    value: &mut [f32],
    gradient: &[f32],
    [first, second]: [&mut [f32]; 2],
    numbers: Adam,
    level: Level,
) {
    let len = value.len();
    assert!(gradient.len() == len && first.len() == len && second.len() == len, "an update of unequal sizes");
    let part = |(((value, gradient), first), second): Parts<'_>| {
        // SAFETY: the level is the machine's.
        unsafe { adamw_part(level, value, gradient, first, second, numbers) }
    };
    if len <= PART {
        part((((value, gradient), first), second));
    } else {
        let values = value.par_chunks_mut(PART).zip(gradient.par_chunks(PART));
        values.zip(first.par_chunks_mut(PART)).zip(second.par_chunks_mut(PART)).for_each(part);
    }
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn adamw_part(
        value: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32], numbers: Adam,
    ) = adamw_body
}

#[inline(always)]
unsafe fn adamw_body<S: Simd>(
    value: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    numbers: Adam,
) {
    let Adam { scale, first: [keep1, take1], second: [keep2, take2], root, epsilon, rate, keep } = numbers;
    for (((value, gradient), first), second) in value.iter_mut().zip(gradient).zip(first).zip(second) {
        let gradient = gradient * scale;
        *first = *first * keep1 + gradient * take1;
        *second = *second * keep2 + gradient * gradient * take2;
        *value = *value * keep - *first / (second.sqrt() / root + epsilon) * rate;
    }
}

/// Moves `value` by its gradient, and the momentum with it.
pub(crate) fn descend(value: &mut [f32], gradient: &[f32], buffer: &mut [f32], numbers: Descent, level: Level) {
    assert!(gradient.len() == value.len() && buffer.len() == value.len(), "an update of unequal sizes");
    let part = |((value, gradient), buffer): ((&mut [f32], &[f32]), &mut [f32])| {
        // SAFETY: the level is the machine's.
        unsafe { descend_part(level, value, gradient, buffer, numbers) }
    };
    if value.len() <= PART {
        part(((value, gradient), buffer));
    } else {
        let values = value.par_chunks_mut(PART).zip(gradient.par_chunks(PART));
        values.zip(buffer.par_chunks_mut(PART)).for_each(part);
    }
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn descend_part(value: &mut [f32], gradient: &[f32], buffer: &mut [f32], numbers: Descent) = descend_body
}

#[inline(always)]
unsafe fn descend_body<S: Simd>(value: &mut [f32], gradient: &[f32], buffer: &mut [f32], numbers: Descent) {
    let Descent { scale, decay, momentum, nesterov, rate } = numbers;
    // What of gradient and momentum makes the direction.
    let [now, ahead] = if nesterov { [1.0, momentum] } else { [0.0, 1.0] };
    for ((value, gradient), buffer) in value.iter_mut().zip(gradient).zip(buffer) {
        let gradient = *value * decay + gradient * scale;
        *buffer = *buffer * momentum + gradient;
        *value -= (gradient * now + *buffer * ahead) * rate;
    }
}

/// `old * keep + new * (1 - keep)`.
pub(crate) fn follow(old: &[f32], new: &[f32], keep: f64, level: Level) -> Vec<f32> {
    assert_eq!(old.len(), new.len(), "a follower of another size");
    let (keep, take) = (keep as f32, (1.0 - keep) as f32);
    // SAFETY: the parts cover the buffer; the level is the machine's.
    unsafe {
        Vec::filled(old.len(), |to| {
            let part = |i: usize| {
                let range = i * PART..((i + 1) * PART).min(old.len());
                let to = to.part(range.start, range.len());
                follow_part(level, &old[range.clone()], &new[range], keep, take, to);
            };
            let parts = old.len().div_ceil(PART);
            if parts > 1 { (0..parts).into_par_iter().for_each(part) } else { (0..parts).for_each(part) }
        })
    }
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn follow_part(old: &[f32], new: &[f32], keep: f32, take: f32, to: &mut [f32]) = follow_body
}

#[inline(always)]
unsafe fn follow_body<S: Simd>(old: &[f32], new: &[f32], keep: f32, take: f32, to: &mut [f32]) {
    for ((to, old), new) in to.iter_mut().zip(old).zip(new) {
        *to = old * keep + new * take;
    }
}

/// The sum of squares, in an order that the size alone decides.
pub(crate) fn square_sum(x: &[f32], level: Level) -> f64 {
    let part = |part: &[f32]| {
        let mut sum = 0.0;
        // SAFETY: the level is the machine's.
        unsafe { square_part(level, part, &mut sum) };
        sum
    };
    if x.len() <= PART { part(x) } else { x.par_chunks(PART).map(part).collect::<Vec<f64>>().into_iter().sum() }
}

for_each_level! {
    /// # Safety
    /// The level is one that this machine has.
    fn square_part(x: &[f32], sum: &mut f64) = square_body
}

#[inline(always)]
unsafe fn square_body<S: Simd>(x: &[f32], sum: &mut f64) {
    const LANES: usize = 8;
    let mut lanes = [0.0_f64; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for values in whole {
        for lane in 0..LANES {
            lanes[lane] += f64::from(values[lane]) * f64::from(values[lane]);
        }
    }
    *sum = lanes.iter().sum::<f64>() + rest.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
}
