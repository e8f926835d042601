//! Several processes, on one machine or many, that compute together.
//!
//! [`Launch`] says which of them this one is, by the variables of whoever started it; [`Group::join`] brings them together;
//! [`Group`] sums, gathers and passes on numbers. The engine is libtorch's own (c10d, gloo), with the feature `libtorch`; without
//! it a process is alone, and says so where it is not.

#[cfg(not(feature = "libtorch"))]
mod absent;
mod address;
#[cfg(feature = "libtorch")]
mod c10d;
mod collective;
mod current;
mod error;
mod facts;
mod failure;
mod join;
mod launch;
mod member;
mod options;
mod packed;
mod pulse;
mod rendezvous;
mod roll_call;
mod store;
#[cfg(test)]
mod tests;
mod within;

#[cfg(not(feature = "libtorch"))]
use absent as engine;
#[cfg(feature = "libtorch")]
use c10d as engine;
pub use collective::Group;
pub(crate) use engine::engine;
pub use error::GroupError;
pub use facts::{Difference, Fact};
pub use launch::{Keeper, Launch, LaunchError, Launcher, Meeting, Names};
pub use member::Member;
pub use options::GroupOptions;
