//! Small folders and patterns, and what is counted as passed over.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::{
    Manifest, gather,
    test_images::{png, write},
};

/// Images, and what lies beside them on people's disks.
fn photos() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "a/0.png",
        "a/1.jpe",
        "b/2.PNG",
        "a/._0.png",
        "a/.hidden.png",
        "b/.ipynb_checkpoints/2-checkpoint.png",
        "@eaDir/0.png",
        "__MACOSX/a/0.png",
        "b/Thumbs.db",
        "b/3.JXL",
        "b/4.jxl",
        "b/notes.txt",
        "c/5.dib",
    ] {
        write(folder.path().join(name), png(1));
    }
    folder
}

fn count(passed: &[PassedOver], words: &str) -> usize {
    passed.iter().filter(|passed| passed.reason.contains(words)).map(|passed| passed.count).sum()
}

fn below(root: &Path) -> (Vec<String>, Vec<PassedOver>) {
    let mut passed = Passed::default();
    let paths = images_below(root, &["metadata.csv"], &mut passed).unwrap();
    (paths, passed.finish())
}

#[test]
fn images_are_found_and_all_else_is_counted() {
    let folder = photos();
    let (paths, passed) = below(folder.path());
    assert_eq!(paths, ["a/0.png", "a/1.jpe", "b/2.PNG", "c/5.dib"]);
    let counts = ["JPEG XL", "macOS", "hidden", "operating system", ".txt"].map(|words| count(&passed, words));
    assert_eq!(counts, [2, 1, 2, 3, 1]);
    assert!(
        passed[0].missed && passed[0].to_string().contains("b/3.JXL, b/4.jxl") && passed[0].reason.contains("djxl")
    );
    assert!(!passed.last().unwrap().missed);
    assert_eq!(Manifest::open(folder.path()).unwrap().passed_over(), passed);
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_said_and_left_out() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let folder = photos();
    let odd = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
    // Some disks refuse such names.
    if fs::create_dir(odd(b"cl\xffass")).is_err() {
        return;
    }
    fs::write(odd(b"cl\xffass").join("6.png"), png(1)).unwrap();
    fs::write(odd(b"a/7\xff.png"), png(1)).unwrap();
    let (paths, passed) = below(folder.path());
    assert_eq!((paths.len(), count(&passed, "no UTF-8 text")), (4, 2));
    assert!(passed.iter().any(|passed| passed.missed && passed.reason.contains("give it another name")));
    let error = gather(&[odd(b"a/7\xff.png")]).unwrap_err().to_string();
    assert!(error.contains("UTF-8") && !error.contains("No such file"), "{error}");
}

#[test]
fn patterns_mean_what_they_mean_in_a_shell() {
    let folder = photos();
    let expand = |pattern: &str| {
        let mut passed = Passed::default();
        let found = expand(&folder.path().join(pattern), &mut passed).unwrap();
        let name = |path: PathBuf| path.strip_prefix(folder.path()).unwrap().to_string_lossy().replace('\\', "/");
        (found.into_iter().map(name).collect::<Vec<_>>(), passed.finish())
    };
    let (found, passed) = expand("**/*.png");
    assert_eq!(found, ["a/0.png"]);
    assert_eq!(
        (count(&passed, "macOS"), count(&passed, "operating system"), passed.iter().any(|passed| passed.missed)),
        (1, 2, false)
    );
    assert_eq!(expand("*/[0-9].*").0, ["a/0.png", "a/1.jpe", "b/2.PNG", "b/3.JXL", "b/4.jxl", "c/5.dib"]);
    assert_eq!(expand("b/**").0, ["b/2.PNG", "b/3.JXL", "b/4.jxl", "b/notes.txt"]);
    assert_eq!(expand("**/b/*.txt").0, ["b/notes.txt"]);
    // What is written out is meant.
    assert_eq!(expand("*/.hidden.pn?").0, ["a/.hidden.png"]);
    assert_eq!(expand("@eaDir/*.png").0, ["@eaDir/0.png"]);
    assert_eq!(expand("*/.ipynb_checkpoints/*").0, ["b/.ipynb_checkpoints/2-checkpoint.png"]);
    assert_eq!(expand("nothing/*.png").0, Vec::<String>::new());
    assert_eq!(expand("a/0.png").0, Vec::<String>::new(), "no pattern");
    let error = super::expand(&folder.path().join("a**/x"), &mut Passed::default()).unwrap_err().to_string();
    assert!(error.contains("`**`"), "{error}");
}

#[test]
fn images_named_by_patterns_are_those_of_the_folder() {
    let folder = photos();
    let found = gather(&[folder.path().join("**/*")]).unwrap();
    assert_eq!(found.samples.len(), 4);
    assert_eq!((count(&found.passed_over, "JPEG XL"), count(&found.passed_over, "macOS")), (2, 1));
    // Named alone, it says what it is.
    let error = gather(&[folder.path().join("b/*.JXL")]).unwrap_err().to_string();
    assert!(error.contains("JPEG XL") && error.contains("djxl"), "{error}");
    assert_eq!(gather(&[folder.path().join("b/3.JXL")]).unwrap().samples.len(), 1);
}

#[test]
fn side_files_are_no_parts_of_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let images = photos();
    let parts = folder.path().join("data");
    fs::create_dir(&parts).unwrap();
    crate::import(images.path(), &parts.join("train-00000-of-00001.parquet"), &crate::ImportOptions::default())
        .unwrap();
    fs::write(parts.join("._train-00000-of-00001.parquet"), [0, 5, 22, 7]).unwrap();
    for path in [folder.path().to_owned(), parts.clone(), parts.join("*.parquet")] {
        let data = Manifest::open(&path).unwrap();
        assert_eq!((data.count().unwrap(), count(data.passed_over(), "macOS")), (4, 1), "{}", path.display());
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_that_lead_back_add_no_image() {
        let folder = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            (0..4).for_each(|i| write(folder.path().join(format!("{class}/{i}.png")), png(i)));
        }
        for (target, name) in [(".", "latest"), (".", "x"), ("..", "a/up"), ("a", "zzz"), ("/", "root")] {
            symlink(target, folder.path().join(name)).unwrap();
        }
        let (paths, passed) = below(folder.path());
        assert_eq!(paths.len(), 8);
        assert_eq!((count(&passed, "above"), count(&passed, "already")), (4, 1));
        assert_eq!(Manifest::open(folder.path()).unwrap().classes().unwrap().to_vec(), ["a", "b"]);
    }

    #[test]
    fn linked_folders_and_files_are_followed_once_in_the_same_order() {
        let (disk, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["cats/1.png", "cats/more/2.png", "dogs/3.png", "4.png"] {
            write(disk.path().join(name), png(1));
        }
        symlink(disk.path().join("cats"), folder.path().join("cat")).unwrap();
        symlink(disk.path().join("dogs"), folder.path().join("dog")).unwrap();
        symlink(disk.path().join("dogs"), folder.path().join("dog again")).unwrap();
        symlink(disk.path().join("4.png"), folder.path().join("4.png")).unwrap();
        symlink(disk.path().join("gone.png"), folder.path().join("gone.png")).unwrap();
        // From one linked folder into another.
        symlink(disk.path().join("dogs"), disk.path().join("cats/dogs")).unwrap();
        let (paths, passed) = below(folder.path());
        // The first in order of the two links to one folder; what is gone shows up as missing.
        assert_eq!(paths, ["4.png", "cat/1.png", "cat/more/2.png", "dog again/3.png", "gone.png"]);
        assert_eq!(count(&passed, "already"), 2);
    }

    #[test]
    fn what_is_no_file_is_passed_over_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("1.png"), png(1));
        assert!(std::process::Command::new("mkfifo").arg(folder.path().join("x.png")).status().unwrap().success());
        symlink("/dev/zero", folder.path().join("zero.png")).unwrap();
        let (paths, passed) = below(folder.path());
        assert_eq!(paths, ["1.png"]);
        assert_eq!((count(&passed, "a named pipe"), count(&passed, "a device")), (1, 1));
        for name in ["x.png", "zero.png"] {
            let path = folder.path().join(name);
            assert!(Manifest::open(&path).unwrap_err().to_string().contains("not a regular file"));
            let samples = gather(&[&path]).unwrap().samples;
            let error = crate::Images::load(&samples, &crate::LoadOptions::default()).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
    }
}
