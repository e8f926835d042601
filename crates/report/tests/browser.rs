//! Loads the page in a real browser and listens to its console.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

use foretask_report::{
    HistoryPoint, Picture, Prediction, PredictionSheet, Report, ResultRow, Role, Script, Stage, render_html,
};

/// The DOM after loading and whatever the console said; `None` where no browser is installed.
fn load(page: &Path) -> Option<(String, String)> {
    let profile = tempfile::tempdir().unwrap();
    let browser = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()))?;
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--v=0", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let console = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect::<Vec<_>>()
        .join("\n");
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), console))
}

#[test]
fn no_console_error_and_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");

    // First that errors would be heard.
    std::fs::write(&path, "<script>console.error('heard')</script>").unwrap();
    let Some((_, console)) = load(&path) else {
        println!("no Chromium here: the page was not loaded");
        return;
    };
    assert!(console.contains("heard"), "the console cannot be heard: {console}");

    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(4, 4).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let name = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">";
    let report = Report {
        title: "browser".into(),
        results: vec![ResultRow { name: name.into(), role: Role::Pretrained, mean: 0.7, ..ResultRow::default() }],
        stages: vec![Stage {
            name: name.into(),
            history: (1..9)
                .map(|step| HistoryPoint { step, loss: 1.0 / step as f64, ..HistoryPoint::default() })
                .collect(),
            ..Stage::default()
        }],
        predictions: vec![PredictionSheet {
            samples: vec![Prediction {
                picture: Picture::from_png(png.get_ref()).unwrap(),
                predicted: name.into(),
                ..Prediction::default()
            }],
            ..PredictionSheet::default()
        }],
        script: Some(Script { path: "s.rhai".into(), text: format!("let x = 1; // {name}") }),
        ..Report::default()
    };
    std::fs::write(&path, render_html(&report).unwrap()).unwrap();
    let (dom, console) = load(&path).unwrap();
    assert_eq!(console, "", "the console must stay silent");
    assert!(dom.contains("<title>browser · Foretask</title>"), "nothing changed the title");
    assert!(dom.contains("class=\"line\"") && dom.trim_end().ends_with("</html>"), "the whole page is there");
}
