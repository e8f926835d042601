//! The texts of all licenses of what is inside of the binary, each once, with the names of those who use it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::packages::Package;

/// How files with license texts are called, in small letters.
const NAMES: [&str; 6] = ["license", "licence", "copying", "unlicense", "notice", "copyright"]; // typos: ignore
/// Endings that such files have, besides none at all; sources are none.
const ENDINGS: [&str; 4] = ["txt", "md", "rst", "html"];
/// So deep below a package the licenses lie of what it has taken in (fonts, libraries in C).
const DEPTH: usize = 3;
/// A file larger than this is no license text.
const MOST: u64 = 1 << 20;

/// Texts of licenses with our own name in the place of the holder's.
const STAND_INS: [(&str, &str); 3] = [
    ("MIT", include_str!("../../../LICENSE-MIT")),
    ("Apache-2.0", include_str!("../../../LICENSE-APACHE")),
    ("BSD-3-Clause", include_str!("BSD-3-Clause.txt")),
];

/// One page with everything.
///
/// # Errors
/// Where a package names no license and holds no text of one, or a file cannot be read.
pub(super) fn page(packages: &[Package]) -> Result<String> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for package in packages {
        let name = format!("{} {}", package.name, package.version);
        let mut texts = texts(&package.folder)?;
        if texts.is_empty() {
            texts.push(stand_in(package)?);
        }
        for text in texts {
            let names = users.entry(text).or_default();
            if names.last() != Some(&name) {
                names.push(name.clone());
            }
        }
        let license = package.license.as_deref().unwrap_or("see its text below");
        let place = package.repository.as_deref().unwrap_or("");
        writeln!(table, "{name}: {license} {place}").ok();
    }
    let mut texts: Vec<(String, Vec<String>)> = users.into_iter().collect();
    // The texts that most packages share come first.
    texts.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.1.cmp(&b.1)).then_with(|| a.0.cmp(&b.0)));
    let mut page = format!(
        "What is inside of foretask, and under which licenses\n\n{table}\nThe Rust standard library: MIT OR Apache-2.0 \
         https://github.com/rust-lang/rust\nSQLite is in the public domain.\n"
    );
    for (text, names) in texts {
        write!(page, "\n{}\n{}\n\n{text}\n", "=".repeat(80), names.join(", ")).ok();
    }
    Ok(page)
}

/// The license texts in a package's folder.
fn texts(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    search(folder, DEPTH, &mut files)?;
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = String::from_utf8_lossy(&bytes).replace('\r', "");
        let text: String = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        if !text.trim().is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(texts)
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(about) = path.metadata() else { continue };
        if about.is_dir() && depth > 0 {
            search(&path, depth - 1, found)?;
        } else if about.is_file() && about.len() <= MOST && is_license(&entry.file_name().to_string_lossy()) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_license(name: &str) -> bool {
    let name = name.to_lowercase();
    let begins = NAMES.iter().any(|begin| name.starts_with(begin));
    // `LICENSE-APACHE-2.0` has a point, and no ending.
    let ending =
        name.rsplit_once('.').map(|(_, ending)| ending).filter(|ending| ending.bytes().all(|c| c.is_ascii_lowercase()));
    begins && ending.is_none_or(|ending| ENDINGS.contains(&ending))
}

/// For a package that names its license and leaves out the text: the text as its authors would have given it.
fn stand_in(package: &Package) -> Result<String> {
    let license = package.license.as_deref().unwrap_or_default();
    let words: Vec<&str> = license.split(|c: char| c.is_whitespace() || "()/".contains(c)).collect();
    let Some((_, text)) = STAND_INS.iter().find(|(name, _)| words.contains(name)) else {
        bail!(
            "{} {} is under `{license}` and holds no text of it; add it to STAND_INS in xtask/src/dist/licenses.rs",
            package.name,
            package.version
        );
    };
    let authors: Vec<&str> =
        package.authors.iter().map(|author| author.split('<').next().unwrap_or("").trim()).collect();
    let holder = if authors.is_empty() { format!("the authors of {}", package.name) } else { authors.join(", ") };
    Ok(text.trim_end().replacen("Copyright (c) the Foretask developers", &format!("Copyright (c) {holder}"), 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn package(name: &str, folder: &Path, license: &str) -> Package {
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: Some(license.into()),
            authors: vec!["Ada Lovelace <ada@example.org>".into()],
            repository: None,
            folder: folder.into(),
            checksum: None,
            upon: BTreeSet::new(),
        }
    }

    #[test]
    fn a_text_stands_once_with_all_who_use_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = |name: &str, file: &str, text: &str| {
            let path = place.path().join(name).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            place.path().join(name)
        };
        let a = folder("a", "LICENSE", "The same text \r\nof two\n");
        folder("a", "library/in/c/COPYING.txt", "of the library");
        folder("a", "src/license.rs", "no license");
        let b = folder("b", "license-mit.md", "The same text\nof two");
        let page = page(&[package("a", &a, "MIT"), package("b", &b, "Zlib")]).unwrap();
        assert_eq!(page.matches("The same text\nof two").count(), 1, "{page}");
        assert!(page.contains("a 1.0.0, b 1.0.0\n") && page.contains("of the library"), "{page}");
        assert!(page.contains("b 1.0.0: Zlib") && !page.contains("no license"), "{page}");
    }

    #[test]
    fn a_package_without_its_text_gets_that_of_its_license() {
        let place = tempfile::tempdir().unwrap();
        let of = |license: &str| page(&[package("a", place.path(), license)]);
        let mit = of("MIT OR Apache-2.0").unwrap();
        assert!(mit.contains("Copyright (c) Ada Lovelace\n") && mit.contains("Permission is hereby granted"), "{mit}");
        assert!(of("BSD-3-Clause").unwrap().contains("Copyright (c) Ada Lovelace\n"), "it has a holder, too");
        assert!(of("Apache-2.0").unwrap().contains("TERMS AND CONDITIONS"));
        assert!(of("MPL-2.0").unwrap_err().to_string().contains("a 1.0.0 is under `MPL-2.0`"));
    }

    #[test]
    fn names_of_license_files_are_known() {
        for (name, is) in [
            ("LICENSE", true),
            ("LICENSE-APACHE-2.0", true),
            ("UNLICENSE", true),
            ("Licence.TXT", true), // typos: ignore
            ("license.rs", false),
            ("notice.json", false),
            ("README.md", false),
        ] {
            assert_eq!(is_license(name), is, "{name}");
        }
    }
}
