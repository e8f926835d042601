//! The report as a browser shows it.

use std::path::Path;
use std::process::Command;

use foretask_tests::Place;

use crate::TINY;

/// Loads a page in headless Chromium; gives the document as it is after all scripts, and what was logged to the console.
fn load(page: &Path, profile: &Path) -> (String, Vec<String>) {
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), console)
}

#[test]
fn the_report_opens_without_a_console_error() {
    if Command::new("chromium").arg("--version").output().is_err() {
        eprintln!(
            "SKIPPED: chromium is not installed (apt-get install chromium), so no browser has looked at the report"
        );
        return;
    }
    let place = Place::new();
    // That errors are seen at all:
    place.write("wrong.html", "<!doctype html><title>wrong</title><p>text</p><script>undefinedFunction();</script>\n");
    let (_, console) = load(&place.path("wrong.html"), &place.path("profile"));
    assert!(console.iter().any(|line| line.contains("undefinedFunction")), "errors are not logged: {console:?}");

    place.write("tiny.rhai", TINY);
    place.foretask(&["run", "tiny.rhai", "--device", "flex"]).exits(0);
    let (document, console) = load(&place.latest("tiny").join("report.html"), &place.path("profile"));
    assert!(console.is_empty(), "{console:#?}");
    for part in ["<svg", "pretrained", "scratch", "<img"] {
        assert!(document.contains(part), "the page lacks {part}");
    }
}
