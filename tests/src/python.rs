//! Python, where it is there with what a test needs.

use std::path::PathBuf;
use std::process::Command;

use crate::root;

/// A Python that has these modules: `FORETASK_PYTHON`, the environment of `cargo xtask parity --install`, or the system's. Where
/// there is none, this is said.
pub fn python_with(modules: &str) -> Option<PathBuf> {
    let given = std::env::var_os("FORETASK_PYTHON").map(PathBuf::from);
    let all = given.into_iter().chain([root().join(".peer/parity/bin/python"), PathBuf::from("python3")]);
    let works = |python: &PathBuf| {
        let ask = Command::new(python).args(["-c", &format!("import {modules}")]).output();
        ask.is_ok_and(|done| done.status.success())
    };
    let found = all.into_iter().find(works);
    if found.is_none() {
        eprintln!("skipped: no Python here has {modules}; `cargo xtask parity --install` makes one that has");
    }
    found
}
