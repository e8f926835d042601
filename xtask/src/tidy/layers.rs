//! Who may import whom. One direction, no way back.

use super::metadata::Member;

/// Each package and the packages of the workspace that it may use. A package uses only packages listed before it.
const LAYERS: &[(&str, &[&str])] = &[
    ("foretask-random", &[]),
    ("foretask-files", &[]),
    ("foretask-hub", &["foretask-files"]),
    ("foretask-data", &["foretask-random", "foretask-files"]),
    ("foretask-pretext", &["foretask-random"]),
    ("foretask-backend", &["foretask-random"]),
    ("foretask-models", &["foretask-random", "foretask-files", "foretask-backend"]),
    ("foretask-objectives", &["foretask-random", "foretask-backend", "foretask-models"]),
    (
        "foretask-train",
        &[
            "foretask-random",
            "foretask-files",
            "foretask-data",
            "foretask-pretext",
            "foretask-backend",
            "foretask-models",
            "foretask-objectives",
        ],
    ),
    (
        "foretask-eval",
        &[
            "foretask-random",
            "foretask-files",
            "foretask-data",
            "foretask-pretext",
            "foretask-backend",
            "foretask-models",
            "foretask-objectives",
            "foretask-train",
        ],
    ),
    ("foretask-report", &["foretask-random", "foretask-data"]),
    (
        "foretask-experiment",
        &[
            "foretask-random",
            "foretask-files",
            "foretask-hub",
            "foretask-data",
            "foretask-pretext",
            "foretask-backend",
            "foretask-models",
            "foretask-train",
            "foretask-eval",
            "foretask-report",
        ],
    ),
    (
        "foretask-label",
        &[
            "foretask-random",
            "foretask-files",
            "foretask-data",
            "foretask-pretext",
            "foretask-backend",
            "foretask-models",
            "foretask-train",
            "foretask-eval",
            "foretask-experiment",
        ],
    ),
    (
        "foretask-script",
        &[
            "foretask-random",
            "foretask-files",
            "foretask-data",
            "foretask-pretext",
            "foretask-backend",
            "foretask-models",
            "foretask-objectives",
            "foretask-train",
            "foretask-eval",
            "foretask-report",
            "foretask-experiment",
        ],
    ),
    ("foretask", &["foretask-experiment", "foretask-label", "foretask-script"]),
    ("foretask-tests", &[]),
    ("xtask", &["foretask-random"]),
];

/// Outside packages that belong to few of ours: a prefix of their name, their owners, and why.
const OWNED: &[(&str, &[&str], &str)] = &[
    ("reqwest", &["foretask-hub"], "one place talks to other machines"),
    ("tokio", &["foretask-hub"], "one place talks to other machines"),
    ("polars", &["foretask-data"], "tables are read and written in one place"),
    ("sqlparser", &["foretask-data"], "tables are read and written in one place"),
    (
        "burn",
        &[
            "foretask-backend",
            "foretask-models",
            "foretask-objectives",
            "foretask-train",
            "foretask-eval",
            "foretask-script",
        ],
        "data, pretext tasks and reports know no tensors",
    ),
    ("tch", &["foretask-backend"], "only foretask-backend names a backend"),
    ("rhai", &["foretask-script"], "only the script host knows the script language"),
    ("rusqlite", &["foretask-label"], "labels are kept in one place"),
    ("httparse", &["foretask-label"], "only the labeling page is served"),
    ("clap", &["foretask", "xtask"], "command lines belong to binaries"),
    ("anyhow", &["xtask"], "libraries return typed errors"),
    ("minijinja", &["foretask-report"], "only the report makes pages"),
    ("plotters", &["foretask-report"], "only the report draws curves"),
];

/// Problems of the internal dependencies.
pub(crate) fn check(members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == member.name) else {
            problems
                .push(format!("{}: not in the layers; say in xtask/src/tidy/layers.rs what it may use", member.name));
            continue;
        };
        for dependency in &member.dependencies {
            let name = dependency.name.as_str();
            let is_ours = LAYERS.iter().any(|(ours, _)| *ours == name);
            if is_ours && !allowed.contains(&name) {
                problems.push(format!(
                    "{}/Cargo.toml: {} must not use {name} ({} dependency); see the table in ARCHITECTURE.md",
                    member.folder, member.name, dependency.kind
                ));
            }
            for (prefix, owners, why) in OWNED {
                let is_owned = name == *prefix || name.starts_with(&format!("{prefix}-"));
                if is_owned && !owners.contains(&member.name.as_str()) {
                    problems.push(format!("{}/Cargo.toml: {} must not use {name}: {why}", member.folder, member.name));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::metadata::Dependency;

    fn member(name: &str, dependencies: &[(&str, &str)]) -> Member {
        let dependency = |(name, kind): &(&str, &str)| Dependency {
            name: (*name).into(),
            kind: (*kind).into(),
            ..Dependency::default()
        };
        Member {
            name: name.into(),
            folder: format!("crates/{name}"),
            description: "x".into(),
            dependencies: dependencies.iter().map(dependency).collect(),
            ..Member::default()
        }
    }

    #[test]
    fn the_layers_have_no_way_back() {
        for (index, (name, allowed)) in LAYERS.iter().enumerate() {
            for used in *allowed {
                assert!(
                    LAYERS[..index].iter().any(|(before, _)| before == used),
                    "{name} uses {used}, which is not before it"
                );
            }
        }
    }

    #[test]
    fn a_forbidden_dependency_is_named() {
        let problems = check(&[member("foretask-pretext", &[("burn", "normal"), ("foretask-data", "dev")])]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("must not use burn: data, pretext tasks and reports know no tensors"));
        assert!(problems[1].contains("must not use foretask-data (dev dependency)"));
        assert_eq!(check(&[member("foretask-data", &[("polars", "normal"), ("foretask-random", "normal")])]), [""; 0]);
        assert_eq!(check(&[member("foretask-models", &[("burn-store", "normal")])]), [""; 0]);
        assert_eq!(check(&[member("foretask-new", &[])]).len(), 1);
    }
}
