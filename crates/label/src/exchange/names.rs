//! Names of images in addresses and files of others.

use std::collections::HashSet;
use std::fmt::Write as _;

/// As a part of an address: everything but letters, digits and `-._~/` is escaped.
pub(super) fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A name of a file in one folder, whatever folders it was in; each is given once.
#[derive(Debug, Default)]
pub(super) struct Flat(HashSet<String>);

impl Flat {
    /// `cats/a.png` as `cats-a.png`; with a number where that is taken, or was taken but for its ending or case.
    pub(super) fn name(&mut self, name: &str) -> String {
        let kept = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c };
        let flat: String = name.trim_start_matches(['/', '.']).chars().map(kept).collect();
        let flat = if flat.is_empty() { "image".to_owned() } else { flat };
        let (stem, ending) = flat.rsplit_once('.').map_or((flat.as_str(), ""), |(stem, ending)| (stem, ending));
        let mut own = stem.to_owned();
        let mut number = 1;
        while !self.0.insert(own.to_lowercase()) {
            number += 1;
            own = format!("{stem}-{number}");
        }
        if ending.is_empty() { own } else { format!("{own}.{ending}") }
    }
}

/// Whether a class can be the name of a folder everywhere.
pub(super) fn is_folder_name(class: &str) -> bool {
    !class.starts_with('.')
        && !class.ends_with(['.', ' '])
        && !class.is_empty()
        && !class.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_one_folder_differ_without_their_endings() {
        let mut flat = Flat::default();
        let names =
            ["cats/a.png", "cats/a.jpg", "a.png", "../x/é.png", "CATS/A.png", "..."].map(|name| flat.name(name));
        assert_eq!(names, ["cats-a.png", "cats-a-2.jpg", "a.png", "x-é.png", "CATS-A-3.png", "image"]);
        assert_eq!(escaped("a b/é&?.png"), "a%20b/%C3%A9%26%3F.png");
        for class in ["a/b", "..", ".x", "x.", "a:b", ""] {
            assert!(!is_folder_name(class), "{class}");
        }
        assert!(is_folder_name("red fox") && is_folder_name("猫"));
    }
}
