//! The book's pages that this program makes, or that are run by it.

use std::process::Command;

use foretask_tests::{Place, binary, root};

#[test]
fn the_reference_in_the_book_is_this_programs() {
    let printed = Place::new().foretask(&["words", "--markdown"]).exits(0).stdout;
    let page = std::fs::read_to_string(root().join("docs/src/reference.md")).unwrap();
    assert!(page == printed, "make it anew: foretask words --markdown > docs/src/reference.md");
}

/// `run.sh` copies nothing but the page: the commands that a reader sees are those that run.
#[test]
fn every_command_of_the_tutorial_runs() {
    let script = root().join("docs/src/tutorial/run.sh");
    let done = Command::new("sh").arg(script).arg(binary()).env_remove("LD_LIBRARY_PATH").output().unwrap();
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(done.status.success() && said.contains("every command of the tutorial did what it says"), "{said}");
}
