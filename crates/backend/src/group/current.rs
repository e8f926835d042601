//! The group in which a thread computes.

use std::cell::RefCell;
use std::sync::Arc;

use super::Group;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Group>>> = const { RefCell::new(None) };
}

impl Group {
    /// Runs `work` as one rank's part of what all ranks compute together: inside, on this thread, batch norms that train take the
    /// statistics of all ranks' rows. Every rank must do the same work on equally many rows.
    ///
    /// An exchange inside a layer that fails leaves this rank's own numbers in place, since layers return no errors; every later
    /// exchange fails with the same error, so that whoever sums gradients hears of it before anything is updated.
    pub fn together<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        within(Some(self.clone()), work)
    }

    /// Runs `work` as a process that is alone would, although its thread computes in a group.
    pub fn apart<T>(work: impl FnOnce() -> T) -> T {
        within(None, work)
    }

    /// The group of this thread; `None` where it computes alone.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }
}

fn within<T>(group: Option<Arc<Group>>, work: impl FnOnce() -> T) -> T {
    /// Puts back what was, even if `work` panics.
    struct Before(Option<Arc<Group>>);
    impl Drop for Before {
        fn drop(&mut self) {
            CURRENT.replace(self.0.take());
        }
    }
    // Alone is alone: there is nobody to exchange anything with.
    let group = group.filter(|group| group.ranks() > 1);
    let _before = Before(CURRENT.replace(group));
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_alone_has_no_group() {
        assert!(Group::current().is_none());
        assert!(Arc::new(Group::alone()).together(Group::current).is_none());
    }
}
