//! The packages that a binary is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::run::{cargo, read, root};

/// A package inside of the binary.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// As its manifest has it.
    pub(super) license: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) repository: Option<String>,
    /// Where its source lies.
    pub(super) folder: PathBuf,
    /// SHA-256 of what the registry holds; none for those of this repository.
    pub(super) checksum: Option<String>,
    /// What it is built upon, as [`Package::reference`].
    pub(super) upon: BTreeSet<String>,
}

impl Package {
    /// Its name among packages of all kinds, as <https://github.com/package-url> says.
    pub(super) fn reference(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

/// What `foretask` is made of on `target`, with default features, itself included; by name. Macros and build scripts are not in it.
pub(super) fn of_foretask(target: &str) -> Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--quiet", "--filter-platform", target];
    let text = read(&mut cargo(&arguments))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata printed no JSON")?;
    // Metadata lists optional packages, too, that no feature asks for.
    let kinds = "normal,no-proc-macro";
    let arguments =
        ["tree", "--locked", "--quiet", "-p", "foretask", "-e", kinds, "--prefix", "none", "--target", target];
    let tree = read(cargo(&arguments).args(["--format", "{p}"]))?;
    let lock = root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    inside(&metadata, &tree, &checksums(&lock))
}

/// The packages of `tree`, lines of `name vVERSION …`, as `metadata` describes them.
fn inside(metadata: &Value, tree: &str, checksums: &BTreeMap<(String, String), String>) -> Result<Vec<Package>> {
    let listed: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.next()?.strip_prefix('v')?))
        })
        .collect();
    let mut packages: BTreeMap<String, &Value> = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        if listed.contains(&(name.as_str(), version.as_str())) {
            packages.insert(text(&package["id"]), package);
        }
    }
    if packages.len() != listed.len() {
        bail!("cargo tree lists {} packages, of which cargo metadata knows {}", listed.len(), packages.len());
    }
    let mut upon: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let normal = |dependency: &&Value| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
        let known = list(&node["deps"]).filter(normal).filter_map(|dependency| packages.get(&text(&dependency["pkg"])));
        upon.insert(text(&node["id"]), known.map(|package| reference(package)).collect());
    }
    let package = |(id, package): (&String, &&Value)| Package {
        name: text(&package["name"]),
        version: text(&package["version"]),
        license: package["license"].as_str().map(str::to_owned),
        authors: list(&package["authors"]).map(text).collect(),
        repository: package["repository"].as_str().map(str::to_owned),
        folder: PathBuf::from(text(&package["manifest_path"])).parent().map(Into::into).unwrap_or_default(),
        checksum: checksums.get(&(text(&package["name"]), text(&package["version"]))).cloned(),
        upon: upon.get(id).cloned().unwrap_or_default(),
    };
    let mut inside: Vec<Package> = packages.iter().map(package).collect();
    inside.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(inside)
}

fn reference(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]))
}

/// The checksums of a lock file by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for block in lock.split("[[package]]").skip(1) {
        let field = |name: &str| {
            block
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"').map(str::to_owned))
        };
        if let (Some(name), Some(version), Some(checksum)) = (field("name"), field("version"), field("checksum")) {
            found.insert((name, version), checksum);
        }
    }
    found
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_linked_is_inside_and_nothing_else() {
        let package = |id: &str| {
            json!({ "id": id, "name": id, "version": "1.0.0", "license": "MIT", "authors": ["A"],
                    "manifest_path": format!("/src/{id}/Cargo.toml") })
        };
        let dependency = |id: &str, kind: Value| json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] });
        let packages = ["foretask", "a", "b", "derive", "optional"].map(package);
        let metadata = json!({
            "packages": packages,
            "resolve": { "nodes": [
                { "id": "foretask", "deps": [dependency("a", Value::Null), dependency("derive", Value::Null),
                    dependency("b", json!("build"))] },
                { "id": "a", "deps": [dependency("b", Value::Null), dependency("optional", Value::Null)] },
            ] },
        });
        let tree = "foretask v1.0.0 (/here)\na v1.0.0\nb v1.0.0\na v1.0.0 (*)\n";
        let lock =
            "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"x\"\nchecksum = \"abc\"\n";
        let found = inside(&metadata, tree, &checksums(lock)).unwrap();
        let names: Vec<&str> = found.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "foretask"]);
        assert_eq!((found[0].checksum.as_deref(), found[1].checksum.as_deref()), (Some("abc"), None));
        assert_eq!(found[0].upon.iter().collect::<Vec<_>>(), ["pkg:cargo/b@1.0.0"]);
        assert_eq!(found[2].upon.iter().collect::<Vec<_>>(), ["pkg:cargo/a@1.0.0"]);
        assert_eq!(found[0].folder, std::path::Path::new("/src/a"));
        assert!(inside(&metadata, "other v2.0.0\n", &BTreeMap::new()).is_err());
    }
}
