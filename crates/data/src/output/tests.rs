//! What is replaced, what is kept, and what a kill leaves.

use super::*;

fn put(path: &Path, text: &str, overwrite: bool) -> Result<()> {
    Output::at(path, overwrite)?.write(|path| write_atomically(path, text))
}

#[test]
fn what_we_wrote_is_replaced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels \"1\".csv");
    put(&path, "one", false).unwrap();
    put(&path, "two", false).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), found_at(&path).unwrap()), ("two", Found::Ours));
    // A person changes it.
    fs::write(&path, "two, mended").unwrap();
    let error = put(&path, "three", false).unwrap_err().to_string();
    assert!(error.contains("labels") && error.contains("changed since"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "two, mended");
    put(&path, "three", true).unwrap();
    put(&path, "four", false).unwrap();
    // What was once written there and is back again was not written last.
    fs::write(&path, "one").unwrap();
    assert_eq!(found_at(&path).unwrap(), Found::Changed);

    let mine = folder.path().join("mine.csv");
    fs::write(&mine, "by hand").unwrap();
    let error = put(&mine, "x", false).unwrap_err().to_string();
    assert!(error.contains("mine.csv") && error.contains("--force") && error.contains("overwrite: true"), "{error}");
    assert_eq!(fs::read_to_string(&mine).unwrap(), "by hand");
    // Gone is gone: the place is free.
    fs::remove_file(&mine).unwrap();
    put(&mine, "x", false).unwrap();
}

#[test]
fn killed_at_any_moment_our_file_can_be_written_again_and_another_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let hash_of = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
    put(&path, "old", false).unwrap();
    // Killed after the new hash was noted: the old file still lies there, or the new one does already.
    note(&path, &format!("{},{}", hash_of("new"), hash_of("old"))).unwrap();
    assert_eq!(found_at(&path).unwrap(), Found::Ours);
    fs::write(&path, "new").unwrap();
    assert_eq!(found_at(&path).unwrap(), Found::Ours);
    // Whatever else lies there is a person's.
    fs::write(&path, "mine").unwrap();
    assert!(put(&path, "again", false).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    // Where nothing lay, too.
    let first = folder.path().join("first.csv");
    note(&first, &hash_of("new")).unwrap();
    fs::write(&first, "mine").unwrap();
    assert_eq!(found_at(&first).unwrap(), Found::Changed);
}

#[test]
fn one_that_failed_leaves_the_file_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (changed, other) = (folder.path().join("a.csv"), folder.path().join("other"));
    put(&changed, "ours", false).unwrap();
    fs::write(&changed, "mine").unwrap();
    fs::write(&other, "mine").unwrap();
    let failed = |path: &Path| {
        fs::write(path, "half").unwrap();
        Err::<(), _>(DataError::NotFound { path: path.to_owned() })
    };
    for (path, found) in [(&changed, Found::Changed), (&other, Found::Foreign)] {
        assert!(Output::at(path, true).unwrap().write(failed).is_err());
        assert_eq!((found_at(path).unwrap(), fs::read_to_string(path).unwrap().as_str()), (found, "mine"));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "the two and the note");
}

#[test]
fn what_a_person_does_meanwhile_is_kept_and_so_is_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    put(&path, "one", false).unwrap();
    for (number, kept) in [(2, "a.new.csv"), (3, "a.new-2.csv")] {
        fs::remove_file(&path).unwrap();
        let output = Output::at(&path, false).unwrap();
        let error = output.write(|new| {
            fs::write(&path, "mine").unwrap();
            write_atomically(new, number.to_string())
        });
        assert!(error.unwrap_err().to_string().contains(kept));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(fs::read_to_string(folder.path().join(kept)).unwrap(), number.to_string());
    }
    // With the person's word it is replaced.
    Output::at(&path, true).unwrap().write(|new| write_atomically(new, "four")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "four");
}

#[test]
fn what_another_process_writes_meanwhile_is_kept_and_so_is_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let theirs = |text: &str| {
        note(&path, blake3::hash(text.as_bytes()).to_hex().as_str()).unwrap();
        fs::write(&path, text).unwrap();
    };
    for (before, kept) in [(None, "a.new.csv"), (Some("old"), "a.new-2.csv")] {
        fs::remove_file(&path).ok();
        before.into_iter().for_each(theirs);
        let output = Output::at(&path, false).unwrap();
        theirs("theirs");
        let error = output.write(|new| write_atomically(new, "ours")).unwrap_err();
        assert!(matches!(error, DataError::TakenMeanwhile { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(folder.path().join(kept)).unwrap(), "ours");
    }
    // The same result is no loss, and a process may write twice what it was allowed to write once.
    let (first, second) = (Output::at(&path, false).unwrap(), Output::at(&path, false).unwrap());
    first.write(|new| write_atomically(new, "theirs")).unwrap();
    first.write(|new| write_atomically(new, "one")).unwrap();
    second.write(|new| write_atomically(new, "two")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "two");
}

#[test]
fn what_a_killed_process_left_is_cleared_by_the_next_write() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join(format!(".a{STAGED}4194305.csv"));
    let living = folder.path().join(format!(".a{STAGED}1.csv"));
    fs::write(&left, "half").unwrap();
    fs::write(&living, "half").unwrap();
    put(&folder.path().join("a.csv"), "whole", false).unwrap();
    assert!(living.exists() && left.exists() != Path::new("/proc/self").exists());
}

#[cfg(unix)]
#[test]
fn a_note_that_is_a_pipe_or_a_device_is_named_and_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join(WRITTEN);
    std::os::unix::fs::symlink("/dev/zero", &note).unwrap();
    let path = folder.path().join("a.csv");
    let error = put(&path, "x", false).unwrap_err().to_string();
    assert!(error.contains("a.csv") && error.contains(WRITTEN), "{error}");
    fs::write(&path, "mine").unwrap();
    assert_eq!(found_at(&path).unwrap(), Found::Foreign);
}

#[test]
fn a_file_elsewhere_or_without_its_note_is_somebody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    put(&one, "same", false).unwrap();
    fs::copy(&one, &two).unwrap();
    assert_eq!(found_at(&two).unwrap(), Found::Foreign);
    fs::write(folder.path().join(WRITTEN), "nonsense\n\u{fffd} \"one\" \"two\"\n").unwrap();
    assert_eq!(found_at(&one).unwrap(), Found::Foreign);
}

#[test]
fn a_long_note_is_shortened_and_still_true() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    put(&gone, "x", false).unwrap();
    fs::remove_file(&gone).unwrap();
    let path = folder.path().join("many.csv");
    for i in 0..1_000 {
        put(&path, &i.to_string(), false).unwrap();
    }
    let note = fs::read_to_string(folder.path().join(WRITTEN)).unwrap();
    assert!(note.len() < 6 << 10 && !note.contains("gone"), "{}", note.len());
    assert_eq!(found_at(&path).unwrap(), Found::Ours);
}

#[cfg(unix)]
#[test]
fn folders_devices_and_links_to_nowhere_are_no_place() {
    assert!(Output::at("/dev/null", true).unwrap_err().to_string().contains("not a regular file"));
    let folder = tempfile::tempdir().unwrap();
    assert!(Output::at(folder.path(), true).unwrap_err().to_string().contains("folder"));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    assert!(matches!(Output::at(&link, false), Err(DataError::Taken { .. })));
}
