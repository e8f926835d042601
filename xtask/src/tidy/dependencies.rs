//! Every outside dependency has a reason, written where it is declared.

use super::File;

/// How many entries one comment may stand for (a crate and its companion).
const PER_COMMENT: usize = 2;

/// Problems of the manifests' dependency tables.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let manifests = files.iter().filter(|file| file.path.ends_with("Cargo.toml"));
    manifests
        .filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
        .flat_map(|(path, text)| manifest(path, text))
        .collect()
}

fn manifest(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    // A package that is a workspace of its own (fuzz/) gives its reasons itself.
    let is_root = text.lines().any(|line| line == "[workspace]");
    let mut table = "";
    let mut covered = 0;
    for (number, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", number + 1);
        if line.starts_with('[') {
            (table, covered) = (line, 0);
        } else if line.starts_with('#') {
            covered = PER_COMMENT;
        } else if line.trim().is_empty() {
            covered = 0;
        } else if let Some(name) = entry(line) {
            if is_dependency_table(table) && (is_root || table == "[workspace.dependencies]") {
                let is_ours = ["path = \"crates/", "path = \"../crates/"].iter().any(|path| line.contains(path));
                if !is_ours && covered == 0 {
                    problems.push(format!("{place}: say in a comment above it what `{name}` is for"));
                }
                covered = covered.saturating_sub(1);
            } else if is_dependency_table(table) && !line.contains("workspace = true") {
                problems.push(format!(
                    "{place}: declare `{name}` in [workspace.dependencies], with its reason, and use `workspace = true`"
                ));
            }
        }
    }
    problems
}

fn is_dependency_table(table: &str) -> bool {
    let name = table.trim_matches(['[', ']']);
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .any(|t| name == *t || name.ends_with(&format!(".{t}")))
}

/// The name of the entry that starts on this line; an entry's further lines are indented or close a bracket.
fn entry(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim_end();
    let name = name.strip_suffix(".workspace").unwrap_or(name);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let text = "[workspace.dependencies]\nours = { path = \"crates/ours\" }\n\n# Why.\none = \"1\"\ntwo = { version = \"2\", features = [\n    \"a\",\n] }\nthree = \"3\"\n";
        assert_eq!(manifest("Cargo.toml", text), ["Cargo.toml:9: say in a comment above it what `three` is for"]);
    }

    #[test]
    fn a_workspace_of_its_own_gives_its_own_reasons() {
        let text =
            "[workspace]\n\n[dependencies]\n# Why.\na = \"1\"\nours = { path = \"../crates/ours\" }\n\nb = \"1\"\n";
        assert_eq!(manifest("fuzz/Cargo.toml", text), ["fuzz/Cargo.toml:8: say in a comment above it what `b` is for"]);
    }

    #[test]
    fn versions_are_fixed_in_one_place() {
        let text = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = { workspace = true, optional = true }\nc = \"1\"\n[features]\nd = []\n";
        let problems = manifest("crates/x/Cargo.toml", text);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("crates/x/Cargo.toml:6: declare `c`"));
    }
}
