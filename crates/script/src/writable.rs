//! Where a script may write: below the working folder or the folder of results, so that a script from elsewhere cannot
//! overwrite files outside of the project. What counts is where a path really leads, links followed.

use std::path::{Component, Path, PathBuf};

use crate::errors::CallError;

/// The folder of finished and begun stages, below that of results. What lies there is trusted.
const STAGES: &str = ".stages";
/// Bytes of a name and of a path; file systems take 255 and 4096, and something may be added to them.
const LONGEST_NAME: usize = 240;
const LONGEST_PATH: usize = 3800;

/// The path, if a script may write there; `out` is the folder of results.
pub(crate) fn writable(path: &str, out: &Path) -> Result<PathBuf, CallError> {
    let given = Path::new(path);
    let refuse = |label: &str| {
        CallError::input(format!("a script cannot write to `{path}`"))
            .label(label)
            .help("give a path below the folder where you run foretask, such as \"weights/mine.safetensors\"")
    };
    if path.is_empty() || given.components().any(|part| matches!(part, Component::ParentDir)) {
        return Err(refuse("outside of the working folder"));
    }
    let name_too_long = given.components().any(|part| part.as_os_str().len() > LONGEST_NAME);
    if name_too_long || path.len() > LONGEST_PATH {
        let what = if name_too_long {
            format!("a name has at most {LONGEST_NAME} bytes")
        } else {
            format!("a path has at most {LONGEST_PATH} bytes")
        };
        let begin: String = path.chars().take(40).collect();
        return Err(CallError::input(format!("a script cannot write to `{begin}…`: {what}"))
            .label("too long")
            .help("give a shorter one"));
    }
    let here = Path::new(".").canonicalize();
    let Some(real) = real(given) else { return Err(refuse("a link on the way leads nowhere")) };
    let out = self::real(out);
    if out.as_ref().is_some_and(|out| real.starts_with(out.join(STAGES))) {
        return Err(refuse("the memory of finished stages"));
    }
    let inside = here.is_ok_and(|here| real.starts_with(here)) || out.is_some_and(|out| real.starts_with(out));
    match (inside, given.is_absolute() || !leads_elsewhere(given)) {
        (true, _) => Ok(given.to_path_buf()),
        (false, true) => Err(refuse("outside of the working folder")),
        (false, false) => Err(refuse("a link leads outside of the working folder")),
    }
}

/// Where a path leads once all links are followed; what is not there yet lies below what is. `None` for a link to nowhere.
fn real(path: &Path) -> Option<PathBuf> {
    let mut missing = Vec::new();
    let mut there = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    loop {
        if let Ok(real) = there.canonicalize() {
            return Some(missing.iter().rev().fold(real, |real, part| real.join(part)));
        }
        if there.symlink_metadata().is_ok() {
            return None;
        }
        missing.push(there.file_name()?);
        there = there.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    }
}

fn leads_elsewhere(path: &Path) -> bool {
    path.ancestors().any(|part| part.symlink_metadata().is_ok_and(|about| about.is_symlink()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests run in their crate's folder; temporary ones lie outside.
    fn refused(path: &str, out: &Path) -> String {
        writable(path, out).unwrap_err().label.unwrap_or_default()
    }

    #[test]
    fn only_below_the_working_folder_and_the_results() {
        let out = tempfile::tempdir().unwrap();
        assert!(writable("new/deeper/x.csv", out.path()).is_ok());
        assert!(writable("Cargo.toml", out.path()).is_ok());
        assert!(writable(out.path().join("new/x.csv").to_str().unwrap(), out.path()).is_ok());
        assert!(refused("/etc/x.csv", out.path()).contains("outside"));
        assert!(refused("../x.csv", out.path()).contains("outside"));
        assert!(refused("a/../../x.csv", out.path()).contains("outside"));
        assert!(refused("", out.path()).contains("outside"));
        for long in ["x".repeat(241), format!("a/{}/x.csv", "ü".repeat(121)), "a/".repeat(2000)] {
            assert_eq!(refused(&long, out.path()), "too long");
        }
        assert!(writable(&format!("{}.csv", "x".repeat(236)), out.path()).is_ok());
        let stage = out.path().join(".stages/abc/x.csv");
        assert!(refused(stage.to_str().unwrap(), out.path()).contains("stages"));
        assert!(refused("target/none/.stages/x.csv", Path::new("target/none")).contains("stages"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed() {
        use std::os::unix::fs::symlink;
        let (here, elsewhere) = (tempfile::tempdir_in(".").unwrap(), tempfile::tempdir().unwrap());
        let out = here.path().join("runs");
        std::fs::create_dir_all(out.join(".stages")).unwrap();
        let name = here.path().file_name().unwrap().to_str().unwrap().to_owned();
        let path = |rest: &str| format!("{name}/{rest}");
        symlink(elsewhere.path(), here.path().join("out")).unwrap();
        symlink(elsewhere.path().join("not-there"), here.path().join("nowhere")).unwrap();
        symlink(elsewhere.path().join("x.csv"), here.path().join("file.csv")).unwrap();
        symlink(out.join(".stages").canonicalize().unwrap(), here.path().join("stages")).unwrap();
        std::fs::create_dir(here.path().join("real")).unwrap();
        symlink("real", here.path().join("within")).unwrap();
        assert!(refused(&path("out/x.csv"), &out).contains("link leads outside"));
        assert!(refused(&path("out/new/x.csv"), &out).contains("link leads outside"));
        assert!(refused(&path("nowhere/x.csv"), &out).contains("nowhere"));
        assert!(refused(&path("file.csv"), &out).contains("nowhere"));
        std::fs::write(elsewhere.path().join("x.csv"), "").unwrap();
        assert!(refused(&path("file.csv"), &out).contains("link leads outside"));
        assert!(refused(&path("stages/x.csv"), &out).contains("stages"));
        assert!(writable(&path("within/x.csv"), &out).is_ok());
    }
}
