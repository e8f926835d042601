//! Names of files and folders.

use std::path::Path;

/// `scripts/quick start.rhai` as `quick-start`.
pub(crate) fn stem(script: &str) -> String {
    let name =
        Path::new(script).file_stem().map_or_else(|| script.to_owned(), |stem| stem.to_string_lossy().into_owned());
    slug(&name)
}

/// Letters, digits, `-` and `_`: fits every file system.
pub fn slug(text: &str) -> String {
    let mut slug: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "run".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_file_system() {
        assert_eq!(stem("scripts/quick start!.rhai"), "quick-start");
        assert_eq!(slug("../../x"), "x");
        assert_eq!(slug("ä"), "run");
    }
}
