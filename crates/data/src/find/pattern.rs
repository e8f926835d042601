//! Patterns such as `photos/**/*.jpg`.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::{
    Passed, leftover,
    walk::{Found, Verdict, walk},
};
use crate::error::{DataError, Result};

/// A leading dot has to be written: `*` does not mean hidden files, as in a shell.
const AS_IN_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// One part of a pattern between slashes.
enum Part {
    /// `**`: any number of folders.
    Folders,
    /// Anything with a wildcard.
    Wild(Pattern),
    /// A name as it is.
    Name(String),
}

/// The regular files that a pattern stands for, sorted; none where it has no wildcard. What systems leave behind is taken only
/// where its name is written out.
pub(crate) fn expand(pattern: &Path, passed: &mut Passed) -> Result<Vec<PathBuf>> {
    let is_wild = |part: &str| part.contains(['*', '?', '[']);
    let parts: Vec<String> = pattern.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let Some(first) = parts.iter().position(|part| is_wild(part)) else { return Ok(Vec::new()) };
    let base: PathBuf = pattern.iter().take(first).collect();
    let part = |part: &String| match part.as_str() {
        "**" => Ok(Part::Folders),
        text if is_wild(text) => Pattern::new(text).map(Part::Wild),
        text => Ok(Part::Name(text.to_owned())),
    };
    let parts: Vec<Part> = parts[first..].iter().map(part).collect::<Result<_, _>>().map_err(|error| {
        let expected =
            format!("{}; `*` stands for a part of a name, `**` for any folders, [] for one of some letters", error.msg);
        DataError::Argument { name: "pattern", value: pattern.display().to_string(), expected }
    })?;
    let root = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let choose = |state: &Vec<usize>, name: &str, found: Found| choose(&parts, state, name, found);
    let paths = walk(root, vec![0], choose, passed).map_err(|(path, source)| DataError::Read { path, source })?;
    let mut files: Vec<PathBuf> = paths.into_iter().map(|path| base.join(path)).collect();
    files.sort();
    Ok(files)
}

/// `state` holds the parts of the pattern that the next name may meet.
fn choose(parts: &[Part], state: &[usize], name: &str, found: Found) -> Verdict<Vec<usize>> {
    let leftover = leftover(name);
    // Whether a part meets the name; and whether it would, did systems not leave such names behind.
    let meets = |part: &Part| match part {
        Part::Folders => (leftover.is_none(), true),
        Part::Wild(pattern) => {
            let dotted = MatchOptions { require_literal_leading_dot: false, ..AS_IN_A_SHELL };
            let written = pattern.as_str().starts_with('.');
            (
                pattern.matches_with(name, AS_IN_A_SHELL) && (leftover.is_none() || written),
                pattern.matches_with(name, dotted),
            )
        }
        Part::Name(own) => (own == name, own == name),
    };
    let (mut next, mut taken, mut would) = (Vec::new(), false, false);
    for &at in state {
        // `**` stands for no folder, too.
        for at in at..parts.len() {
            let folders = matches!(parts[at], Part::Folders);
            let (met, nearly) = meets(&parts[at]);
            let last = at + 1 == parts.len();
            would |= nearly && (last || found == Found::Folder);
            taken |= met && last;
            if met {
                next.push(if folders { at } else { at + 1 });
            }
            if !folders {
                break;
            }
        }
    }
    next.retain(|&at| at < parts.len());
    next.sort_unstable();
    next.dedup();
    match found {
        Found::Folder if !next.is_empty() => Verdict::Enter(next),
        Found::File if taken => Verdict::Take,
        _ => match leftover.filter(|_| would && !taken) {
            Some(reason) => Verdict::Pass(reason),
            None => Verdict::Leave,
        },
    }
}
