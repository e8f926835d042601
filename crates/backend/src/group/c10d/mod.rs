//! libtorch's c10d: a store over TCP, and exchanges by gloo.

mod chatter;
mod shim;

pub(super) use shim::{RawGroup, RawStore};

/// What joins processes in this build.
#[expect(clippy::unnecessary_wraps, reason = "the form of builds with none")]
pub(crate) fn engine() -> Option<&'static str> {
    Some("libtorch's c10d with gloo, on CPUs")
}
