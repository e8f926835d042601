//! Who computes a kernel.

use rayon::prelude::*;

use super::simd::Level;

/// Calls a function with every number below a count, on several threads, and returns when all are done.
pub(crate) type Each = fn(usize, &(dyn Fn(usize) + Sync));

/// With which instructions, and on whose threads: a backend's own, so that two pools never wait for the same cores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadTeam {
    pub(crate) level: Level,
    each: Each,
}

impl ThreadTeam {
    /// The best instructions that this machine has, on these threads.
    pub(crate) fn on(each: Each) -> Self {
        Self { level: Level::best(), each }
    }

    /// On rayon's threads.
    pub(crate) fn rayon() -> Self {
        Self::on(on_rayon)
    }

    /// With these instructions.
    #[cfg(test)]
    pub(crate) fn with(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Calls `work` with every number below `count`.
    pub(super) fn each(self, count: usize, work: impl Fn(usize) + Sync) {
        match count {
            0 => {}
            1 => work(0),
            _ => (self.each)(count, &work),
        }
    }

    /// Calls `work` with every part of `len` values (the last may be shorter) and its number.
    pub(super) fn parts<T: Send>(self, values: &mut [T], len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let (all, len) = (values.len(), len.max(1));
        let share = super::share::Share::new(values.as_mut_ptr());
        self.each(all.div_ceil(len), |i| {
            // SAFETY: parts are disjoint and lie in the buffer, which is borrowed for as long.
            let part = unsafe { share.part(i * len, len.min(all - i * len)) };
            work(i, part);
        });
    }
}

/// [`Each`] by rayon.
pub(crate) fn on_rayon(count: usize, work: &(dyn Fn(usize) + Sync)) {
    crate::threads::busy_wait::keep_awake();
    (0..count).into_par_iter().for_each(work);
}
