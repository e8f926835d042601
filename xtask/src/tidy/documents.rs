//! Every crate and every source file says what it is, and relative links lead somewhere.

use super::metadata::Member;
use super::{File, has_extension};

/// Documents that a reader looks for at the root.
const ROOT: &[&str] =
    &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Problems of documents.
pub(crate) fn check(files: &[File], members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    let find = |path: &str| files.iter().find(|file| file.path == path);
    for path in ROOT {
        if find(path).is_none() {
            problems.push(format!("{path} is missing"));
        }
    }
    for member in members {
        if member.description.is_empty() {
            problems.push(format!("{}/Cargo.toml: the description is empty", member.folder));
        }
        let readme = format!("{}/README.md", member.folder);
        if find(&readme).is_none() {
            problems.push(format!("{readme} is missing: a page that says what the crate is for"));
        }
    }
    problems.extend(files.iter().filter(|file| !says_what_it_is(file)).map(|file| {
        format!("{} does not start with documentation (`//!`, or `#![doc = include_str!(…)]` in a root)", file.path)
    }));
    let exists = |path: &str| {
        find(path).is_some()
            || files.iter().any(|file| file.path.starts_with(&format!("{}/", path.trim_end_matches('/'))))
    };
    for file in files.iter().filter(|file| has_extension(&file.path, "md")) {
        let Some(text) = &file.text else { continue };
        for (line, target) in links(text) {
            let path = resolve(&file.path, &target);
            if !exists(&path) {
                problems.push(format!("{}:{line}: the link to {target} leads nowhere", file.path));
            }
        }
    }
    problems
}

/// Whether a source file starts with documentation. A root may have its README's, behind other attributes.
fn says_what_it_is(file: &File) -> bool {
    let text = file.text.as_deref().unwrap_or_default();
    let is_root = ["lib.rs", "main.rs"].iter().any(|root| file.path.ends_with(root));
    !has_extension(&file.path, "rs")
        || text.starts_with("//!")
        || (is_root && text.starts_with("#![") && text.contains("#![doc = include_str!"))
}

/// Relative targets of Markdown's inline links, with their lines; code is skipped.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', '#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains(':') {
                links.push((number + 1, target.to_owned()));
            }
        }
    }
    links
}

fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: Some(text.into()) }
    }

    #[test]
    fn links_are_found_outside_code() {
        let text = "[a](A.md#part) and [web](https://example.org)\n```\n[b](B.md)\n```\n![c](docs/c.png \"title\")\n";
        assert_eq!(links(text), [(1, "A.md".to_owned()), (5, "docs/c.png".to_owned())]);
    }

    #[test]
    fn a_dead_link_and_a_missing_document_are_told() {
        let files = [
            file("docs/a.md", "[up](../README.md) [x](x/y.png) [folder](../crates)"),
            file("README.md", ""),
            file("crates/b", ""),
        ];
        let problems = check(&files, &[]);
        assert!(problems.contains(&"docs/a.md:1: the link to x/y.png leads nowhere".to_owned()), "{problems:?}");
        assert!(problems.contains(&"LICENSE-MIT is missing".to_owned()));
        assert_eq!(problems.iter().filter(|p| p.contains("leads nowhere")).count(), 1);
    }

    #[test]
    fn a_crate_without_words_is_told() {
        let member = Member { name: "foretask-x".into(), folder: "crates/x".into(), ..Member::default() };
        let problems = check(&[], &[member]);
        let about = |part: &str| problems.iter().any(|p| p.contains(part));
        assert!(about("description is empty") && about("crates/x/README.md is missing"), "{problems:?}");
    }

    #[test]
    fn a_source_file_without_words_is_told() {
        let readme = "#![cfg_attr(test, allow(x))]\n#![doc = include_str!(\"../README.md\")]\n";
        for (path, text, says) in [
            ("crates/x/src/a.rs", "//! A.\n", true),
            ("crates/x/src/a.rs", "use b;\n//! A.\n", false),
            ("crates/x/src/a/tests.rs", "use super::*;\n", false),
            ("crates/x/src/lib.rs", readme, true),
            ("crates/x/src/lib.rs", "mod a;\n", false),
            ("crates/x/src/a.rs", readme, false),
            ("crates/x/README.md", "X", true),
        ] {
            let problems = check(&[file(path, text)], &[]);
            assert_eq!(problems.iter().any(|p| p.starts_with(path)), !says, "{path}: {text}");
        }
    }
}
