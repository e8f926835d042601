//! What cargo says about the workspace and its dependencies.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run::{cargo, read};

/// A package of the workspace.
#[derive(Default)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Relative to the repository's root, with `/`.
    pub(crate) folder: String,
    pub(crate) description: String,
    pub(crate) version: String,
    /// Whether the crate registry gets it.
    pub(crate) is_published: bool,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) examples: Vec<String>,
}

/// What a member's manifest asks for.
#[derive(Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `normal`, `dev` or `build`.
    pub(crate) kind: String,
    /// Which versions of it, as cargo writes that: `^1.2`, `*` where none is said.
    pub(crate) versions: String,
    /// Whether it is a folder of this repository.
    pub(crate) is_path: bool,
}

/// A package from outside.
pub(crate) struct External {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) source: String,
}

/// Everything cargo knows, with every feature on.
pub(crate) fn load() -> Result<Value> {
    let text = read(&mut cargo(&["metadata", "--format-version", "1", "--all-features", "--locked", "--quiet"]))?;
    serde_json::from_str(&text).context("cargo metadata printed no JSON")
}

/// The packages of the workspace, by name.
pub(crate) fn members() -> Result<Vec<Member>> {
    Ok(members_of(&load()?))
}

pub(crate) fn members_of(metadata: &Value) -> Vec<Member> {
    let root = text(&metadata["workspace_root"]);
    let relative = |path: &str| path.strip_prefix(&root).unwrap_or(path).trim_start_matches('/').to_owned();
    let inside = list(&metadata["packages"]).filter(|package| package["source"].is_null());
    let mut members: Vec<_> = inside
        .map(|package| {
            let targets = |kind: &'static [&'static str]| {
                list(&package["targets"])
                    .filter(move |target| list(&target["kind"]).any(|k| kind.contains(&k.as_str().unwrap_or_default())))
            };
            let manifest = relative(&text(&package["manifest_path"]));
            Member {
                name: text(&package["name"]),
                folder: manifest.trim_end_matches("/Cargo.toml").to_owned(),
                description: text(&package["description"]),
                version: text(&package["version"]),
                // `publish = false` is an empty list of registries.
                is_published: package["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
                keywords: list(&package["keywords"]).map(text).collect(),
                categories: list(&package["categories"]).map(text).collect(),
                dependencies: list(&package["dependencies"])
                    .map(|dependency| Dependency {
                        name: text(&dependency["name"]),
                        kind: dependency["kind"].as_str().unwrap_or("normal").to_owned(),
                        versions: text(&dependency["req"]),
                        is_path: dependency["path"].is_string(),
                    })
                    .collect(),
                examples: targets(&["example"]).map(|target| text(&target["name"])).collect(),
            }
        })
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    members
}

/// The packages from outside, in the order of the lock file.
pub(crate) fn externals_of(metadata: &Value) -> Vec<External> {
    list(&metadata["packages"])
        .filter(|package| !package["source"].is_null())
        .map(|package| External {
            name: text(&package["name"]),
            version: text(&package["version"]),
            license: package["license"].as_str().map(str::to_owned),
            source: text(&package["source"]),
        })
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
