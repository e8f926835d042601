//! Stage memory: long work is done once. A stage is named by the hash of all that decides its result; its folder
//! `runs/.stages/<hash>/` holds the checkpoint while it runs and the result once it is done.
//!
//! `done.json` is written last and holds a hash of every other file, so a folder that fits it is whole; one that does not is
//! said to be damaged and made again. Folders within a stage's folder are scratch space of its work. A process that works on
//! a stage holds a lock on its `lock` file; the operating system drops the lock when the process dies, however it dies.

mod done;
mod environment;
mod files;
mod key;
mod lineage;
mod memory;
mod obstacles;
mod shelf;

pub use done::Done;
pub(crate) use done::hash;
pub use environment::scan_limit;
pub(crate) use environment::{checkpoint_every, loader_threads};
pub(crate) use files::{MOST, read_json, write_history, write_json};
pub use key::StageKey;
pub(crate) use key::json;
pub use memory::StageState;
pub(crate) use memory::{Damage, KeptFile, StageMemory, Stored};
pub use shelf::Standing;
pub(crate) use shelf::{Shelved, remove, shelf};
