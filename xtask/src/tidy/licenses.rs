//! Dependencies come from a registry, under licenses that let anyone use Foretask under MIT or Apache-2.0.

use super::metadata::External;
use super::spdx;

/// Licenses that ask for no more than naming authors and keeping notices (MPL-2.0: per file, and no file of theirs is changed).
const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "0BSD",
    "CC0-1.0",
    "IJG",
    "ISC",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
    "CDLA-Permissive-2.0",
    "NCSA",
];

/// Packages that hold their license in a file only; read by a person, for this version.
const READ: &[(&str, &str, &str)] = &[("cfg_block", "0.1.1", "Apache-2.0")];

/// Problems of the packages from outside.
pub(crate) fn check(externals: &[External]) -> Vec<String> {
    let mut problems = Vec::new();
    for package in externals {
        let name = format!("{} {}", package.name, package.version);
        if !package.source.starts_with("registry+") {
            problems.push(format!("{name}: comes from {}, not from a registry", package.source));
        }
        let read = READ.iter().find(|(of, version, _)| *of == package.name && *version == package.version);
        match package.license.as_deref().or(read.map(|(_, _, license)| *license)) {
            None => problems.push(format!("{name}: its manifest names no license; read its license file and add it to READ in xtask/src/tidy/licenses.rs")),
            Some(license) => match spdx::satisfied(license, ALLOWED) {
                Ok(true) => {}
                Ok(false) => {
                    problems.push(format!("{name}: `{license}` is not in the list of xtask/src/tidy/licenses.rs"));
                }
                Err(error) => problems.push(format!("{name}: `{license}` is no license expression: {error}")),
            },
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_license_that_is_not_allowed_is_named() {
        let package = |license: Option<&str>, source: &str| External {
            name: "x".into(),
            version: "1.0.0".into(),
            license: license.map(str::to_owned),
            source: source.into(),
        };
        assert_eq!(check(&[package(Some("MIT OR GPL-3.0"), "registry+index")]), [""; 0]);
        assert_eq!(check(&[package(Some("GPL-3.0"), "registry+index")]).len(), 1);
        assert_eq!(check(&[package(None, "git+somewhere")]).len(), 2);
    }
}
