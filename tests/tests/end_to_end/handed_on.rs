//! What the program brings along: the quickstart with its images, and manual pages.

use std::fs;

use foretask_tests::{Place, root};

#[test]
fn the_quickstart_travels_inside_the_program() {
    let place = Place::new();
    fs::remove_file(place.path("datasets")).unwrap();
    place.foretask(&["new", "--example"]).exits(0).says(&["quickstart.rhai", "foretask run quickstart.rhai"]);
    let there = |name: &str| fs::read(place.path("datasets/fashion-mini").join(name)).unwrap();
    for name in ["manifest.parquet", "README.md", "LICENSE"] {
        assert!(there(name) == fs::read(root().join("datasets/fashion-mini").join(name)).unwrap(), "{name}");
    }
    // The whole script is planned, images and all.
    place.foretask(&["check", "quickstart.rhai"]).exits(0).says(&["10,000 images, no labels used", "2,000 labeled"]);
    // A second time is as good as the first, and what somebody has changed stays.
    place.foretask(&["new", "--example"]).exits(0);
    place.write("quickstart.rhai", "print(1);\n");
    place.foretask(&["new", "--example"]).exits(2).says(&["quickstart.rhai", "--force"]);
    assert_eq!(fs::read_to_string(place.path("quickstart.rhai")).unwrap(), "print(1);\n");
    place.foretask(&["new"]).exits(2).says(&["FOLDER"]);
    place.foretask(&["new", "photos", "--example"]).exits(2).says(&["--example"]);
}

#[test]
fn manual_pages_are_written() {
    let place = Place::new();
    place.foretask(&["man", "-o", "man/man1"]).exits(0).says(&["foretask.1"]);
    let page = fs::read_to_string(place.path("man/man1/foretask-run.1")).unwrap();
    assert!(page.starts_with(".ie") || page.starts_with(".TH"), "{page}");
    assert!(page.contains("foretask\\-run") || page.contains("foretask run"), "{page}");
    place.write("file", "");
    place.foretask(&["man", "-o", "file"]).exits(1).says(&["file"]);
}
