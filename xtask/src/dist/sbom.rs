//! What is inside of the binary, for programs: a bill of materials as `CycloneDX` has it (<https://cyclonedx.org>, version 1.6).

use serde_json::{Value, json};

use super::packages::Package;

/// The bill of materials of `foretask`, which is among the packages.
pub(super) fn bill(packages: &[Package]) -> Value {
    let (own, others): (Vec<&Package>, Vec<&Package>) = packages.iter().partition(|package| package.name == "foretask");
    let dependencies: Vec<Value> =
        packages.iter().map(|package| json!({ "ref": package.reference(), "dependsOn": package.upon })).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": own.first().map(|package| component(package, "application")) },
        "components": others.iter().map(|package| component(package, "library")).collect::<Vec<_>>(),
        "dependencies": dependencies,
    })
}

fn component(package: &Package, kind: &str) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": package.reference(),
        "name": package.name,
        "version": package.version,
        "purl": package.reference(),
    });
    if let Some(license) = &package.license {
        // The slash is cargo's older way to say OR.
        component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
    }
    if let Some(checksum) = &package.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(repository) = package.repository.as_ref().filter(|address| address.starts_with("https://")) {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_package_is_a_component_with_what_it_is_built_upon() {
        let package = |name: &str, upon: &[&str]| Package {
            name: name.into(),
            version: "1.2.3".into(),
            license: Some("MIT/Apache-2.0".into()),
            authors: vec![],
            repository: Some("https://example.org".into()),
            folder: "x".into(),
            checksum: (name != "foretask").then(|| "ab".repeat(32)),
            upon: upon.iter().map(|name| format!("pkg:cargo/{name}@1.2.3")).collect::<BTreeSet<_>>(),
        };
        let bill = bill(&[package("a", &[]), package("foretask", &["a"])]);
        assert_eq!(bill["metadata"]["component"]["name"], "foretask");
        assert_eq!(bill["components"].as_array().unwrap().len(), 1);
        let component = &bill["components"][0];
        assert_eq!(component["purl"], "pkg:cargo/a@1.2.3");
        assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(component["hashes"][0]["alg"], "SHA-256");
        assert!(bill["metadata"]["component"]["hashes"].is_null());
        let expected = json!({ "ref": "pkg:cargo/foretask@1.2.3", "dependsOn": ["pkg:cargo/a@1.2.3"] });
        assert_eq!(bill["dependencies"][1], expected);
    }
}
