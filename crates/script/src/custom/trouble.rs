//! What cannot be done with an image.

/// Why an operation cannot be done, and what to do instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) help: String,
}

pub(super) type Done<T> = Result<T, Trouble>;

/// An operation that cannot be done.
pub(super) fn trouble<T>(message: impl Into<String>, help: impl Into<String>) -> Done<T> {
    Err(Trouble { message: message.into(), help: help.into() })
}

/// A whole number of a script as a size or place.
pub(super) fn natural(what: &str, value: i64) -> Done<usize> {
    match usize::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => trouble(format!("{what} cannot be {value}"), "count from 0"),
    }
}
