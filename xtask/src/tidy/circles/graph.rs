//! Which file uses which, and the ways that lead back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::source::{Path, Source};

/// The path of a module within its crate, such as `["manifest", "open"]`; empty for the root.
type Module = Vec<String>;

/// How many re-exports are followed for one path.
const DEPTH: usize = 8;

/// The files of a crate and what they use.
pub(super) struct Graph {
    files: BTreeMap<Module, File>,
}

struct File {
    path: String,
    /// Each module that it uses, with the first line that does.
    uses: BTreeMap<Module, usize>,
}

/// Files that lead to each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Circle {
    /// A shortest way around: files, each with the line that names the next.
    pub(super) way: Vec<(String, usize)>,
    /// How many files take part in this and other circles that touch it.
    pub(super) files: usize,
}

impl Graph {
    /// The graph of a crate's files, each with its path within `src/` and its text.
    pub(super) fn of<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let sources: BTreeMap<Module, (String, Source)> =
            files.map(|(path, text)| (module(path), (path.to_owned(), Source::of(text)))).collect();
        let files = sources
            .iter()
            .map(|(module, (path, source))| {
                (module.clone(), File { path: path.clone(), uses: uses(&sources, module, source) })
            })
            .collect();
        Self { files }
    }

    /// A circle for each group of files that lead to each other.
    pub(super) fn circles(&self) -> Vec<Circle> {
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for module in self.files.keys() {
            if seen.contains(module) || self.way_back(module).is_none() {
                continue;
            }
            let group: Vec<&Module> =
                self.reached(module).into_iter().filter(|other| self.reached(other).contains(module)).collect();
            seen.extend(group.iter().copied());
            let way = group.iter().filter_map(|start| self.way_back(start)).min_by_key(Vec::len).unwrap_or_default();
            circles.push(Circle { way, files: group.len() });
        }
        circles
    }

    /// Every module that this one leads to.
    fn reached(&self, start: &Module) -> BTreeSet<&Module> {
        let mut reached = BTreeSet::new();
        let mut open = vec![start];
        while let Some(module) = open.pop() {
            for used in self.files[module].uses.keys() {
                if reached.insert(used) {
                    open.push(used);
                }
            }
        }
        reached
    }

    /// The shortest way from a module back to itself.
    fn way_back(&self, start: &Module) -> Option<Vec<(String, usize)>> {
        let mut from: BTreeMap<&Module, &Module> = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(module) = open.pop_front() {
            for used in self.files[module].uses.keys() {
                if used == start {
                    return Some(self.way(&from, module, start));
                }
                if !from.contains_key(used) {
                    from.insert(used, module);
                    open.push_back(used);
                }
            }
        }
        None
    }

    fn way(&self, from: &BTreeMap<&Module, &Module>, last: &Module, start: &Module) -> Vec<(String, usize)> {
        let mut way = Vec::new();
        let (mut module, mut next) = (last, start);
        loop {
            let file = &self.files[module];
            way.push((file.path.clone(), file.uses[next]));
            if module == start {
                break;
            }
            (module, next) = (from[module], module);
        }
        way.reverse();
        way
    }
}

/// The module of a file, from its path within `src/`.
fn module(path: &str) -> Module {
    let mut parts: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") || matches!(path, "lib.rs" | "main.rs") {
        parts.pop();
    }
    parts
}

fn uses(sources: &BTreeMap<Module, (String, Source)>, module: &Module, source: &Source) -> BTreeMap<Module, usize> {
    let mut uses = BTreeMap::new();
    if source.only_names {
        return uses;
    }
    for path in &source.paths {
        let Some(target) = target(sources, module, path, DEPTH) else { continue };
        let is_passed_on = path.is_public && target.len() > module.len() && target.starts_with(module);
        if target != *module && !is_passed_on {
            uses.entry(target).or_insert(path.line);
        }
    }
    uses
}

/// The file that holds what a path names; `None` for what is outside of the crate or a name of the file itself.
fn target(sources: &BTreeMap<Module, (String, Source)>, module: &Module, path: &Path, depth: usize) -> Option<Module> {
    let mut current: Module = module.iter().chain(&path.within).cloned().collect();
    let mut rest = path.parts.as_slice();
    match rest.first()?.as_str() {
        "crate" => {
            current.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                current.pop();
                rest = &rest[1..];
            }
        }
        first => {
            current.push(first.to_owned());
            if !sources.contains_key(&current) {
                return None;
            }
            rest = &rest[1..];
        }
    }
    while let Some(part) = rest.first() {
        let child: Module = current.iter().chain([part]).cloned().collect();
        if !sources.contains_key(&child) {
            break;
        }
        (current, rest) = (child, &rest[1..]);
    }
    if let (Some(name), Some((_, source)), true) = (rest.first(), sources.get(&current), depth > 0) {
        let passes = |import: &&Path| import.alias.as_ref() == Some(name) && import.within.is_empty();
        for import in source.paths.iter().filter(passes) {
            let mut further = import.clone();
            further.parts.extend_from_slice(&rest[1..]);
            if let Some(target) = target(sources, &current, &further, depth - 1) {
                return Some(target);
            }
        }
    }
    // A module with a body belongs to the file around it.
    while !sources.contains_key(&current) {
        current.pop()?;
    }
    Some(current)
}
