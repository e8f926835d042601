//! Loads the page in a real browser and listens to its console.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

use foretask_report::{
    Answer, Atlas, Confusion, Draw, Embedding, Gallery, HistoryPoint, Neighbor, NeighborRow, NeighborSheet, Picture,
    PointMap, Prediction, PredictionSheet, Report, ResultRow, Role, Script, Stage, render_html,
};

/// The DOM after loading and whatever the console said; `None` where no browser is installed.
fn load(page: &Path) -> Option<(String, String)> {
    let profile = tempfile::tempdir().unwrap();
    let browser = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()))?;
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--v=0", "--dump-dom", "--virtual-time-budget=5000"])
        // So that a page can look into another one beside it.
        .arg("--allow-file-access-from-files")
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

/// One image as often as it takes.
fn atlas(file: &[u8], count: usize) -> Atlas {
    Atlas { columns: 1, cell: 4, sizes: vec![[4, 4]; count], ..Atlas::of_file(file) }
}

#[test]
fn no_console_error_and_nothing_runs_but_the_page_itself() {
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
        confusions: vec![Confusion {
            result: "r".into(),
            classes: vec![name.into(), "b".into()],
            counts: vec![vec![1, 1], vec![0, 2]],
            ..Confusion::default()
        }],
        galleries: vec![Gallery {
            result: "r".into(),
            answers: vec![Answer { name: name.into(), truth: 0, predicted: 1, ..Answer::default() }],
            atlas: atlas(png.get_ref(), 1),
            ..Gallery::default()
        }],
        embeddings: vec![Embedding {
            classes: vec![name.into()],
            labels: vec![Some(0), None],
            names: vec![name.into(), "\u{202e}b".into()],
            atlas: Some(atlas(png.get_ref(), 2)),
            maps: vec![PointMap { points: vec![[0.0, 1.0], [2.0, 3.0]], ..PointMap::default() }],
            ..Embedding::default()
        }],
        script: Some(Script { path: "s.rhai".into(), text: format!("let x = 1; // {name}") }),
        ..Report::default()
    };
    std::fs::write(&path, render_html(&report).unwrap()).unwrap();
    let (dom, console) = load(&path).unwrap();
    assert_eq!(console, "", "the console must stay silent");
    assert!(dom.contains("<title>browser · Foretask</title>"), "nothing changed the title");
    assert!(dom.contains("class=\"line\"") && dom.trim_end().ends_with("</html>"), "the whole page is there");
    // The page's own script ran, in spite of the policy that stops all others.
    assert!(dom.contains("<canvas class=\"scatter\"") && dom.contains("aria-pressed=\"true\""), "the map answers");
    assert!(dom.contains("Show images</button>") || dom.contains("Show images\""), "counts open their images");
    on_a_phone(folder.path(), &report);
}

/// At 390 pixels nothing is cut and nothing has to be scrolled sideways.
fn on_a_phone(folder: &Path, report: &Report) {
    let frame = "<!doctype html><iframe src=\"page.html\" style=\"width:390px;height:900px;border:0\"></iframe><script>\
        onload = () => { const page = frames[0].document; const wide = (e) => e.scrollWidth > e.clientWidth + 1; \
        const cut = [...page.querySelectorAll('.scroll')].filter(wide).map((e) => e.getAttribute('aria-label')); \
        document.title = `width ${page.documentElement.scrollWidth}, cut: ${cut.join()}.`; };</script>";
    std::fs::write(folder.join("frame.html"), frame).unwrap();
    let long = "a result with quite a long name";
    let row = |name: &str, role| ResultRow {
        name: name.into(),
        role,
        protocol: "logistic regression on frozen features of resnet10 after simclr".into(),
        draws: (1..=5).map(|seed| Draw { seed, accuracy: 0.7 }).collect(),
        mean: 0.7,
        sd: Some(0.1),
        labels: 100,
        seconds: Some(75.0),
        ..ResultRow::default()
    };
    let many = Confusion {
        result: "scratch".into(),
        classes: (0..24).map(|class| format!("class number {class}")).collect(),
        counts: vec![vec![123; 24]; 24],
        ..Confusion::default()
    };
    let near = || Neighbor { picture: report.predictions[0].samples[0].picture.clone(), ..Neighbor::default() };
    let report = Report {
        results: vec![row(long, Role::Pretrained), row("scratch", Role::Scratch)],
        confusions: vec![report.confusions[0].clone(), many],
        neighbors: vec![NeighborSheet {
            rows: vec![NeighborRow { query: near(), nearest: (0..8).map(|_| near()).collect() }],
            ..NeighborSheet::default()
        }],
        ..report.clone()
    };
    std::fs::write(folder.join("page.html"), render_html(&report).unwrap()).unwrap();
    let (dom, _) = load(&folder.join("frame.html")).unwrap();
    assert!(dom.contains("<title>width 390, cut: .</title>"), "{}", &dom[..dom.len().min(300)]);
}
