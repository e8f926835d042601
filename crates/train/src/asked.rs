//! Obeying a request to stop deep within loops that know of no context: a search for weights, a look for neighbors.

use std::cell::RefCell;

use crate::context::Interrupt;
use crate::error::TrainError;

thread_local! {
    /// Whom the work on this thread obeys.
    static OBEYED: RefCell<Option<Interrupt>> = const { RefCell::new(None) };
}

/// Puts back who was obeyed before, whichever way the work ends.
struct Before(Option<Interrupt>);

impl Drop for Before {
    fn drop(&mut self) {
        OBEYED.set(self.0.take());
    }
}

impl Interrupt {
    /// Does `work` so that [`stop_if_asked`] on this thread obeys this request. Threads that share the work need an
    /// `obeyed` of their own, with [`Interrupt::of_this_thread`].
    pub fn obeyed<T>(&self, work: impl FnOnce() -> T) -> T {
        let _before = Before(OBEYED.replace(Some(self.clone())));
        work()
    }

    /// Whom this thread obeys; nobody's request where it obeys none.
    pub fn of_this_thread() -> Self {
        OBEYED.with_borrow(|obeyed| obeyed.clone().unwrap_or_default())
    }

    /// Fails once somebody asked.
    ///
    /// # Errors
    /// [`TrainError::Stopped`].
    pub fn check(&self) -> Result<(), TrainError> {
        if self.requested() { Err(TrainError::Stopped) } else { Ok(()) }
    }
}

/// Fails once whom this thread obeys was asked to stop; for every turn of a loop that keeps nothing and may run for long.
///
/// # Errors
/// [`TrainError::Stopped`].
pub fn stop_if_asked() -> Result<(), TrainError> {
    OBEYED.with_borrow(|obeyed| obeyed.as_ref().map_or(Ok(()), Interrupt::check))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_obeys_within_the_work_and_only_there() {
        let (outer, inner) = (Interrupt::new(), Interrupt::new());
        inner.request();
        assert!(stop_if_asked().is_ok());
        outer.obeyed(|| {
            assert!(stop_if_asked().is_ok());
            inner.obeyed(|| {
                assert!(matches!(stop_if_asked(), Err(TrainError::Stopped)));
                let asked = Interrupt::of_this_thread();
                let other = std::thread::spawn(move || (stop_if_asked().is_ok(), asked.obeyed(stop_if_asked).is_err()));
                assert_eq!(other.join().unwrap(), (true, true));
            });
            assert!(stop_if_asked().is_ok());
            let broken = std::panic::catch_unwind(|| inner.obeyed(|| panic!("on purpose")));
            assert!(broken.is_err() && stop_if_asked().is_ok());
        });
    }
}
