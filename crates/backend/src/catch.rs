//! The door where panics of tensor code become errors.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{BackendError, Result};

/// How many `catch` calls are open anywhere: a panic on a helping thread is carried to the thread that waits for it.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Runs `f` and turns a panic into [`BackendError::Panicked`] with the first line of its message.
///
/// burn and libtorch report wrong shapes, wrong types, missing devices and failed allocations of libtorch by panicking;
/// libtorch's messages carry a C++ trace, which is cut off. Nothing is printed. A failed allocation on flex aborts the
/// process (Rust's rule) and cannot be caught: estimate sizes beforehand.
///
/// # Errors
/// [`BackendError::Panicked`] where `f` panicked.
pub fn catch<T>(what: &str, f: impl FnOnce() -> T) -> Result<T> {
    install_quiet_hook();
    OPEN.fetch_add(1, Ordering::SeqCst);
    let outcome = panic::catch_unwind(AssertUnwindSafe(f));
    OPEN.fetch_sub(1, Ordering::SeqCst);
    outcome.map_err(|payload| BackendError::Panicked { what: what.to_owned(), message: first_line(payload.as_ref()) })
}

/// Wraps the process's panic hook once: silent where a panic will be caught, unchanged elsewhere.
fn install_quiet_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if OPEN.load(Ordering::SeqCst) == 0 {
                loud(info);
            }
        }));
    });
}

/// The first line of a panic's message that says something.
fn first_line(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.chars().all(|c| "=-".contains(c)));
    line.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tensor;
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn a_value_comes_through_and_a_panic_becomes_an_error() {
        assert_eq!(catch("adding", || 1 + 1).unwrap(), 2);
        let error = catch("multiplying", || {
            let device = crate::device("flex").unwrap();
            let a = Tensor::<2>::zeros([2, 3], &device.plain());
            let b = Tensor::<2>::zeros([2, 3], &device.plain());
            a.matmul(b).dims()
        })
        .unwrap_err()
        .to_string();
        assert!(error.starts_with("multiplying failed in the tensor library: "), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn a_panic_on_a_pool_thread_is_caught_as_well() {
        let outcome = catch("counting", || (0..100).into_par_iter().map(|i| assert!(i < 50, "too many")).count());
        assert_eq!(outcome.unwrap_err().to_string(), "counting failed in the tensor library: too many");
    }
}
