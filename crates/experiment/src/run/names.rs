//! Names of files and folders, made of what people call things.

use std::collections::BTreeMap;
use std::path::Path;

/// Longest part of a name that comes from a person: with what stands around it, it fits every file system (255 bytes), also
/// those of Windows, whose whole paths are short.
const LONGEST: usize = 80;
/// Digits of the hash that tells shortened names apart.
const DIGITS: usize = 8;

/// `scripts/quick start.rhai` as `quick-start`.
pub(crate) fn stem(script: &str) -> String {
    let name =
        Path::new(script).file_stem().map_or_else(|| script.to_owned(), |stem| stem.to_string_lossy().into_owned());
    slug(&name)
}

/// Letters, digits, `-` and `_`: fits every file system. A long text is cut, and a hash of it all stands at the end.
pub fn slug(text: &str) -> String {
    let whole = whole_slug(text);
    if whole.len() <= LONGEST {
        return whole;
    }
    let begin = whole[..LONGEST - DIGITS - 1].trim_end_matches('-');
    format!("{begin}-{}", &blake3::hash(text.as_bytes()).to_hex()[..DIGITS])
}

/// Whether [`slug`] has to cut.
pub(crate) fn is_cut(text: &str) -> bool {
    whole_slug(text).len() > LONGEST
}

fn whole_slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        if c != '-' || !slug.ends_with('-') {
            slug.push(c);
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "run".to_owned() } else { slug.to_owned() }
}

/// Names that are given out: what is alike in ASCII gets a number, so that nothing lies under another's name.
#[derive(Debug)]
pub(super) struct Taken<T>(BTreeMap<String, T>);

impl<T> Default for Taken<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone + PartialEq> Taken<T> {
    /// `wanted`, or `wanted-2`, … where something else has it; the same thing keeps its name.
    pub(super) fn name(&mut self, of: &T, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut number = 1;
        while self.0.get(&name).is_some_and(|owner| owner != of) {
            number += 1;
            name = format!("{wanted}-{number}");
        }
        self.0.insert(name.clone(), of.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_file_system() {
        assert_eq!(stem("scripts/quick start!.rhai"), "quick-start");
        assert_eq!(slug("../../x"), "x");
        assert_eq!(slug("ä"), "run");
        assert_eq!(slug("a -- b"), "a-b");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = "a".repeat(4096);
        let (one, other) = (slug(&long), slug(&format!("{long}b")));
        assert_eq!((one.len(), one != other, &one[..10]), (LONGEST, true, "aaaaaaaaaa"));
        assert!(is_cut(&long) && !is_cut(&one) && slug(&one) == one);
    }

    #[test]
    fn what_is_alike_gets_a_number_and_keeps_it() {
        let mut taken = Taken::default();
        let of = |taken: &mut Taken<&str>, thing| taken.name(&thing, slug(thing));
        assert_eq!(
            ["übung", "ßbung", "übung", "x"].map(|thing| of(&mut taken, thing)),
            ["bung", "bung-2", "bung", "x"]
        );
    }
}
