//! Stage memory: long work is done once. A stage is named by the hash of all that decides its result; its folder
//! `runs/.stages/<hash>/` holds the checkpoint while it runs and the result once it is done.
//!
//! `done.json` is written last, so a folder with it is whole. A process that works on a stage holds a lock on its
//! `lock` file; the operating system drops the lock when the process dies, however it dies.

mod environment;
mod key;
mod lock;
mod memory;
mod runner;

pub(crate) use environment::loader_threads;
pub(crate) use key::{StageKey, json};
pub use memory::StageState;
pub(crate) use memory::{Done, StageMemory};
pub(crate) use runner::{Outcome, Work, planned, read_json, took, write_json};
