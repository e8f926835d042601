//! Panics of other people's code on other people's files, caught without a word on the terminal.

use std::{
    any::Any,
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
};

thread_local! {
    static CATCHING: Cell<usize> = const { Cell::new(0) };
}

/// Calls that are under way on any thread: the table engine panics on threads of its own.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// What `f` gives, or the message of its panic.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    install_quiet_hook();
    CATCHING.with(|depth| depth.set(depth.get() + 1));
    OPEN.fetch_add(1, Ordering::SeqCst);
    let outcome = panic::catch_unwind(AssertUnwindSafe(f));
    OPEN.fetch_sub(1, Ordering::SeqCst);
    CATCHING.with(|depth| depth.set(depth.get() - 1));
    outcome.map_err(|payload| message(payload.as_ref()))
}

/// Wraps the process's panic hook once: silent where a panic will be caught, unchanged elsewhere.
fn install_quiet_hook() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let here = CATCHING.with(Cell::get) > 0;
            let own = ["polars", "async-executor", "tokio"];
            let engine = std::thread::current().name().is_some_and(|name| own.iter().any(|own| name.starts_with(own)));
            if !(here || engine && OPEN.load(Ordering::SeqCst) > 0) {
                loud(info);
            }
        }));
    });
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(catch(|| 1 + 1), Ok(2));
        let none: Option<u8> = "x".parse().ok();
        assert_eq!(catch(|| none.expect("nothing there")), Err("nothing there".to_owned()));
    }
}
