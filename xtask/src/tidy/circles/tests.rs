//! Small crates of a few lines each.

use super::*;

fn crate_of(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<File> = files
        .iter()
        .map(|(path, text)| File { path: format!("crates/x/src/{path}"), text: Some((*text).to_owned()) })
        .collect();
    check_crate(&files, "crates/x/src/")
}

#[test]
fn a_circle_is_named_with_its_lines() {
    let problems = crate_of(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\n"),
        ("a.rs", "//! A.\n\nuse crate::b::B;\npub struct A(B);\n"),
        ("b.rs", "use std::fmt;\n\npub struct B;\n\nfn f(_: crate::c::C) {}\n"),
        ("c.rs", "use super::{\n    a::{A, X as Y},\n};\npub struct C(A);\n"),
    ]);
    assert_eq!(
        problems,
        [
            "crates/x/src/: the files use each other in a circle: a.rs:3 -> b.rs:5 -> c.rs:1 -> a.rs; move what both ends need \
          into a file below them"
        ]
    );
}

#[test]
fn one_direction_is_none() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\npub use b::B;\nfn main() { a::run(); }\n"),
        ("a.rs", "use crate::b::B;\npub fn run() {}\n"),
        ("b.rs", "pub struct B;\n"),
    ];
    assert_eq!(crate_of(&files), [""; 0]);
}

#[test]
fn re_exports_are_followed_to_the_file_that_holds_the_item() {
    let parent = (
        "m/mod.rs",
        "//! M.\n#[rustfmt::skip]\nmod a;\nmod b;\npub(crate) use a::A;\npub(crate) use b::B as Second;\n",
    );
    let child = ("m/a.rs", "use super::Second;\npub struct A(Second);\n");
    assert_eq!(crate_of(&[("lib.rs", "mod m;\n"), parent, child, ("m/b.rs", "pub struct B;\n")]), [""; 0]);
    let problems =
        crate_of(&[("lib.rs", "mod m;\n"), parent, child, ("m/b.rs", "use crate::m::A;\npub struct B(A);\n")]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("m/a.rs:1 -> m/b.rs:1 -> m/a.rs"), "{problems:?}");
}

#[test]
fn a_parent_that_works_with_its_children_counts() {
    let child = ("m/a.rs", "use super::Shared;\npub fn work(_: Shared) {}\n");
    let parent = |text| crate_of(&[("lib.rs", "mod m;\n"), ("m/mod.rs", text), child]);
    assert_eq!(parent("mod a;\npub use a::work;\npub struct Shared;\n"), [""; 0]);
    assert_eq!(parent("mod a;\nuse a::work;\npub struct Shared;\nfn f() { work(Shared) }\n").len(), 1);
    // A module with a body belongs to its file.
    assert_eq!(parent("mod a;\nmod names {\n    use super::a::work;\n}\npub struct Shared;\n").len(), 1);
    assert_eq!(parent("mod a;\npub mod names {\n    pub fn f(_: super::Shared) {}\n}\npub struct Shared;\n"), [""; 0]);
}

#[test]
fn tests_comments_and_quotes_do_not_count() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::B;\npub struct A(B);\n"),
        (
            "b.rs",
            "//! Beside [`crate::a::A`]. /* not open\npub struct B<'a>(&'a u8);\n/* use crate::a::A; /* twice */ */\n\
             const Q: char = '\"';\nconst S: &str = \"\\\" use crate::a::A;\";\nconst R: &str = r#\"crate::a::A \" \"#;\n\
             #[cfg(test)]\n#[allow(dead_code)]\nfn f(_: [u8; 2]) { crate::a::A; }\n\
             #[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n",
        ),
        ("b/tests.rs", "use crate::a::A;\n"),
    ];
    assert_eq!(crate_of(&files), [""; 0]);
    let mut counted = files;
    counted[2].1 = "const Q: char = '\"';\n#[cfg(not(test))]\nuse crate::a::A;\n";
    assert_eq!(crate_of(&counted).len(), 1);
}

#[test]
fn groups_that_do_not_touch_are_told_apart() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\nmod e;\n"),
        ("a.rs", "use crate::b::B;\npub struct A;\n"),
        ("b.rs", "use crate::{a::A, c};\npub struct B;\n"),
        ("c.rs", "use crate::b::B;\nuse crate::d;\npub struct C;\n"),
        ("d.rs", "pub(crate) use crate::e::E;\npub struct D;\n"),
        ("e.rs", "use super::d::{self, D};\npub struct E;\n"),
    ];
    let problems = crate_of(&files);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("a.rs:1 -> b.rs:1 -> a.rs (1 more files take part)"), "{problems:?}");
    assert!(problems[1].contains("d.rs:1 -> e.rs:1 -> d.rs;"), "{problems:?}");
}
