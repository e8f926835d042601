//! Which of how many processes this one is, and where they meet: what launchers say in environment variables.

mod data;
mod error;
mod explicit;
mod nodes;
mod open_mpi;
mod read;
mod slurm;
#[cfg(test)]
mod tests;
mod variables;

pub use data::{Keeper, Launch, Launcher, Meeting};
pub use error::{LaunchError, Names};
