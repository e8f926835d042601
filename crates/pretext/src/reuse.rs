//! Buffers that live as long as their thread, so that no image costs an allocation.

use std::cell::Cell;
use std::thread::LocalKey;

/// Lends this thread's `T` to `work`. Taking it out of the cell makes nested use safe (the inner one starts empty).
pub(crate) fn with<T: Default, R>(key: &'static LocalKey<Cell<T>>, work: impl FnOnce(&mut T) -> R) -> R {
    let mut buffers = key.take();
    let result = work(&mut buffers);
    key.set(buffers);
    result
}
