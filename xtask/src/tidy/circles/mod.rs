//! Files of one crate use each other in one direction: no `use` leads back to its own file through others.
//!
//! What counts is what a file names: `use` paths, and paths that begin with `crate`, `super` or `self` in its code, followed
//! through re-exports to the file that holds the item. A parent that re-exports an item of its child does not use the child,
//! and a parent with nothing but `mod` and `use` uses nobody. Tests may look wherever they like.

mod graph;
mod source;

use super::metadata::Member;
use super::{File, has_extension};
use graph::Graph;

/// Problems of circles, one for each group of files that lead to each other.
pub(crate) fn check(files: &[File], members: &[Member]) -> Vec<String> {
    members.iter().flat_map(|member| check_crate(files, &format!("{}/src/", member.folder))).collect()
}

fn check_crate(files: &[File], folder: &str) -> Vec<String> {
    let sources = files.iter().filter_map(|file| {
        let path = file.path.strip_prefix(folder)?;
        (has_extension(path, "rs") && !is_test(path)).then_some((path, file.text.as_deref()?))
    });
    let graph = Graph::of(sources);
    let circle = |circle: graph::Circle| {
        let others = match circle.files - circle.way.len() {
            0 => String::new(),
            more => format!(" ({more} more files take part)"),
        };
        let way: Vec<String> = circle.way.iter().map(|(path, line)| format!("{path}:{line}")).collect();
        format!(
            "{folder}: the files use each other in a circle: {} -> {}{others}; move what both ends need into a file below them",
            way.join(" -> "),
            circle.way[0].0
        )
    };
    graph.circles().into_iter().map(circle).collect()
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests.rs" || part == "tests")
}

#[cfg(test)]
mod tests;
