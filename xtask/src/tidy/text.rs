//! Text files: no trailing blanks, a closing newline, no path of somebody's machine, no file that is too long.

use super::{File, has_extension};

/// A source file longer than this holds two ideas.
const LONG: usize = 400;

/// Problems of white space.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in texts(files) {
        for (number, line) in text.lines().enumerate() {
            // Two blanks at the end of a Markdown line are a line break; a backslash says it visibly.
            if line.ends_with([' ', '\t']) {
                problems.push(format!("{path}:{}: ends in white space", number + 1));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            problems.push(format!("{path}: the last line is not closed"));
        }
        if text.contains('\r') {
            problems.push(format!("{path}: has carriage returns"));
        }
    }
    problems
}

/// Problems of absolute paths: the checkout's own folder, and home folders.
pub(crate) fn check_paths(files: &[File], root: &str) -> Vec<String> {
    // Written in two parts, so that this file passes its own check.
    let homes = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut problems = Vec::new();
    for (path, text) in texts(files) {
        for (number, line) in text.lines().enumerate() {
            let is_home = homes.iter().any(|home| starts_path(line, home));
            if is_home || (root.len() > 1 && starts_path(line, &format!("{root}/"))) {
                problems.push(format!("{path}:{}: names a folder of one machine", number + 1));
            }
        }
    }
    problems
}

/// Problems of length.
pub(crate) fn check_lengths(files: &[File]) -> Vec<String> {
    let long = |(path, text): (&str, &str)| {
        let lines = text.lines().count();
        (has_extension(path, "rs") && lines > LONG)
            .then(|| format!("{path} has {lines} lines, {LONG} are the most; split it by its ideas"))
    };
    texts(files).filter_map(long).collect()
}

/// Whether an absolute path starts with `prefix` here, rather than having it in its middle (`$HOME/root/`, `a/home/b`).
fn starts_path(line: &str, prefix: &str) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "-_./~}".contains(c)))
    })
}

fn texts(files: &[File]) -> impl Iterator<Item = (&str, &str)> {
    // Snapshots and licenses are kept as their makers wrote them; lock files are cargo's.
    let ours = |path: &str| !has_extension(path, "snap") && !has_extension(path, "lock") && !path.contains("LICENSE");
    files
        .iter()
        .filter(move |file| ours(&file.path))
        .filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> [File; 1] {
        [File { path: path.into(), text: Some(text.into()) }]
    }

    #[test]
    fn white_space_is_found() {
        assert_eq!(check(&file("a.md", "good\nbad \n")), ["a.md:2: ends in white space"]);
        assert_eq!(check(&file("a.md", "good")), ["a.md: the last line is not closed"]);
        assert_eq!(check(&file("a.snap", "kept ")), [""; 0]);
    }

    #[test]
    fn machine_paths_are_found() {
        let home = concat!("/ho", "me/ann/x");
        assert_eq!(check_paths(&file("a.rs", &format!("let x = \"{home}\";\n")), "/src/foretask").len(), 1);
        assert_eq!(check_paths(&file("a.rs", "// see /src/foretask/README.md\n"), "/src/foretask").len(), 1);
        assert_eq!(check_paths(&file("a.rs", &format!("$PREFIX{home} {{x}}{home}\n")), "/src/foretask"), [""; 0]);
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(check_lengths(&file("a.rs", &"x\n".repeat(LONG))), [""; 0]);
        assert_eq!(check_lengths(&file("a.rs", &"x\n".repeat(LONG + 1))).len(), 1);
    }
}
