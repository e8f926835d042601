//! Stage memory: long work is done once. A stage is named by the hash of all that decides its result; its folder
//! `runs/.stages/<hash>/` holds the checkpoint while it runs and the result once it is done.
//!
//! `done.json` is written last, so a folder with it is whole. A process that works on a stage holds a lock on its
//! `lock` file; the operating system drops the lock when the process dies, however it dies.

mod environment;
mod files;
mod key;
mod lock;
mod memory;

pub use environment::scan_limit;
pub(crate) use environment::{checkpoint_every, loader_threads};
pub(crate) use files::{read_json, write_json};
pub use key::StageKey;
pub(crate) use key::json;
pub(crate) use memory::StageMemory;
pub use memory::{Done, StageState};
