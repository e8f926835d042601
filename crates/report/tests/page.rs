//! What the page holds and, above all, what it must never hold.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use foretask_report::{
    BadImage, BadImages, ClassShare, Confusion, CurvePoint, CurveSeries, DataUse, Difference, Draw, Entry, EntryGroup,
    Evaluation, HistoryPoint, Interval, LabelCount, LabelCurve, Leak, Leakage, Metric, Neighbor, NeighborRow,
    NeighborSheet, Note, NoteKind, Origin, Picture, Prediction, PredictionSheet, PretextItem, PretextSheet, Report,
    ResultRow, Role, Script, Shown, Stage, render_html, table_text,
};

const EVIL: &str = r#"</title></style></script></text><script>alert(1)</script><img src=x onerror='alert(2)'>"'{{ 7 * 7 }}{% raw %}&amp;"#;
fn evil() -> String {
    EVIL.to_owned()
}

fn picture() -> Picture {
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(4, 4).write_to(&mut png, image::ImageFormat::Png).unwrap();
    Picture::from_png(png.get_ref()).unwrap()
}

/// A report in which every text is hostile.
// Long: a single value, in which every field that holds a text stands.
fn hostile() -> Report {
    let draws = vec![Draw { seed: 1, accuracy: 0.5 }, Draw { seed: 2, accuracy: 0.6 }];
    let row = |name: String, role| ResultRow {
        name,
        role,
        protocol: evil(),
        labels: 10,
        labels_per_class: Some(5),
        draws: draws.clone(),
        mean: 0.55,
        sd: Some(0.05),
        stage: Some(evil()),
        converged: Some(false),
        ..ResultRow::default()
    };
    let scratch = format!("scratch {EVIL}");
    let mut ours = row(evil(), Role::Pretrained);
    ours.differences.push(Difference {
        reference: scratch.clone(),
        draws: draws.clone(),
        mean: 0.55,
        interval: Some(Interval { low: 0.1, high: 0.9, level: 0.95, method: evil() }),
    });
    let ends = || Some(Interval { low: 0.1, high: 0.9, level: 0.95, method: evil() });
    let curve = |name: String, row: &ResultRow| CurveSeries {
        name,
        encoder: evil(),
        method: evil(),
        role: row.role,
        scratch: (row.role == Role::Pretrained).then(|| scratch.clone()),
        headline: true,
        points: vec![CurvePoint { result: row.clone(), interval: ends(), savings: None }],
    };
    let label_curve = LabelCurve {
        name: evil(),
        counts: vec![LabelCount { name: evil(), per_class: 5.0, labels: 10 }],
        series: vec![curve(evil(), &ours), curve(scratch.clone(), &row(scratch.clone(), Role::Scratch))],
        ..LabelCurve::default()
    };
    let shown = Picture { png: format!("\" onload=\"alert(1)\" {EVIL}"), width: 3, height: 3 };
    let neighbor = || Neighbor { picture: picture(), name: evil(), label: Some(evil()), similarity: 0.5 };
    let entries = || vec![Entry { name: evil(), value: evil(), origin: Origin::Script }];
    let prediction =
        || Prediction { picture: shown.clone(), name: evil(), truth: Some(evil()), predicted: evil(), confidence: 0.9 };
    Report {
        title: evil(),
        created: evil(),
        version: evil(),
        evaluation: Some(Evaluation {
            name: evil(),
            images: 2,
            classes: vec![evil(), evil()],
            chance: Some(0.5),
            majority: Some(ClassShare { class: evil(), share: 0.5 }),
        }),
        results: vec![ours, row(scratch, Role::Scratch), row(format!("pixels {EVIL}"), Role::Baseline)],
        label_curves: vec![label_curve.clone(), label_curve],
        stages: vec![Stage {
            name: evil(),
            description: evil(),
            embedding_dim: Some(8),
            metrics: vec![Metric {
                name: evil(),
                unit: evil(),
                chance: Some(0.1),
                chance_name: evil(),
                values: vec![0.5],
            }],
            history: vec![HistoryPoint { step: 1, loss: 1.0, embedding_std: 0.001, ..HistoryPoint::default() }],
            ..Stage::default()
        }],
        confusions: vec![Confusion {
            result: evil(),
            basis: evil(),
            classes: vec![evil(), evil()],
            counts: vec![vec![1, 2], vec![3, 4]],
            intervals: vec![Some(Interval { low: 0.1, high: 0.9, level: 0.95, method: evil() })],
        }],
        pretext: vec![PretextSheet {
            stage: evil(),
            task: "other".into(),
            question: evil(),
            items: vec![
                PretextItem {
                    original: Some(shown.clone()),
                    name: evil(),
                    inputs: vec![picture(), picture()],
                    label: Shown::Text(vec![evil(), evil()]),
                    answer: Shown::Text(vec![evil()]),
                    correct: Some(true),
                    notes: vec![evil()],
                },
                PretextItem { label: Shown::Pictures(vec![picture()]), name: evil(), ..PretextItem::default() },
            ],
        }],
        predictions: vec![PredictionSheet {
            result: evil(),
            basis: evil(),
            mistakes: vec![prediction()],
            samples: vec![prediction()],
        }],
        neighbors: vec![NeighborSheet {
            encoder: evil(),
            basis: evil(),
            rows: vec![NeighborRow { query: neighbor(), nearest: vec![neighbor()] }],
        }],
        bad_images: Some(BadImages {
            checked: 5,
            count: 3,
            action: evil(),
            images: vec![BadImage { dataset: evil(), row: 1, path: Some(evil()), reason: evil() }],
        }),
        leakage: Some(Leakage {
            pool: 5,
            evaluation: 5,
            count: 2,
            examples: vec![Leak { pool: evil(), evaluation: evil() }],
            unknown: vec![evil()],
            sampled: vec![(evil(), 3)],
        }),
        notes: [NoteKind::Auto, NoteKind::Remark, NoteKind::Warning]
            .map(|kind| Note { kind, subject: evil(), value: Some(evil()), text: evil() })
            .to_vec(),
        script: Some(Script { path: evil(), text: format!("// {EVIL}\nlet x = \"{EVIL}\";\n{EVIL}") }),
        options: vec![EntryGroup { name: evil(), entries: entries() }],
        data: vec![DataUse { purpose: evil(), steps: vec![evil()], fingerprint: evil(), ..DataUse::default() }],
        environment: vec![EntryGroup { name: evil(), entries: entries() }],
        ..Report::default()
    }
}

/// Every start tag, with quoted attribute values skipped: what a browser would see as elements.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quote = None;
        let end = rest
            .find(|c| match quote {
                Some(open) if c == open => {
                    quote = None;
                    false
                }
                None if c == '"' || c == '\'' => {
                    quote = Some(c);
                    false
                }
                open => open.is_none() && c == '>',
            })
            .unwrap_or(rest.len());
        tags.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    tags
}

/// The names of a tag's attributes.
fn attributes(tag: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (i, part) in tag.split('"').enumerate() {
        // Even parts lie outside quotes: ` name=` or the tag's own name.
        if i % 2 == 0 {
            names.extend(part.split_whitespace().filter_map(|word| word.strip_suffix('=')));
        }
    }
    names
}

#[test]
fn hostile_text_stays_text() {
    let page = render_html(&hostile()).unwrap();
    // The page's own script and what it reads, at its very end, and no other.
    let own = page.find("<script type=\"application/json\"").unwrap();
    assert_eq!((page.matches("<script").count(), page[own..].matches("<script").count()), (2, 2), "a script got in");
    assert!(page[own..].starts_with("<script type=\"application/json\" id=\"explore-data\">{"));
    let page = &page[..own];
    assert_eq!(page.matches("7 * 7").count(), page.matches("{{ 7 * 7 }}").count(), "templates in the data are not run");
    assert!(page.contains("{{ 7 * 7 }}{% raw %}"));
    let allowed_attributes = [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "rel",
        "href",
        "class",
        "data-head",
        "data-group",
        "data-gallery",
        "data-name",
        "download",
        "id",
        "aria-labelledby",
        "aria-label",
        "aria-hidden",
        "role",
        "tabindex",
        "scope",
        "colspan",
        "style",
        "title",
        "src",
        "width",
        "height",
        "alt",
        "loading",
        "decoding",
        "transform",
        "viewBox",
        "d",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
    ];
    let mut images = 0;
    for tag in tags(page) {
        for attribute in attributes(&tag) {
            assert!(allowed_attributes.contains(&attribute), "attribute {attribute} in <{tag}>");
        }
        if tag.starts_with("img") {
            images += 1;
            assert!(tag.contains(r#"src="data:image/png;base64,"#), "<{tag}>");
        }
    }
    assert!(images >= 8, "the pictures are there: {images}");
    // A hostile "PNG" is shown as an empty picture.
    assert!(page.contains(r#"src="data:image/png;base64,""#));
    assert_eq!(page.matches("<title>").count(), page.matches("</title>").count());
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let page = render_html(&hostile()).unwrap();
    for tag in tags(&page) {
        for scheme in ["http://", "https://", "\"//", "file:"] {
            assert!(!tag.contains(scheme), "<{tag}>");
        }
    }
    let style = &page[page.find("<style>").unwrap()..page.find("</style>").unwrap()];
    assert!(!style.contains("url(") && !style.contains("@import"), "the style sheet loads something");
    assert!(page.contains(r#"http-equiv="Content-Security-Policy" content="default-src 'none'"#));
}

#[test]
fn an_empty_report_says_why_it_is_empty() {
    let page = render_html(&Report::default()).unwrap();
    for reason in ["No result was reported", "Nothing was trained", "Nothing was evaluated"] {
        assert!(page.contains(reason), "{reason}");
    }
    assert!(!page.contains("id=\"neighbors\""), "left out");
    assert_eq!(table_text(&Report::default(), None).trim(), "No result was reported, so there is nothing to judge.");
}

#[test]
fn stored_reports_render_the_same_page() {
    let report = hostile();
    let again = Report::from_json(&report.to_json().unwrap()).unwrap();
    assert_eq!(render_html(&again).unwrap(), render_html(&report).unwrap());
}

#[test]
fn sections_stand_in_order_and_are_linked() {
    let page = render_html(&hostile()).unwrap();
    let ids = [
        "results",
        "labels",
        "training",
        "confusion",
        "pretext",
        "predictions",
        "neighbors",
        "bad-images",
        "leakage",
        "notes",
        "script",
        "settings",
    ];
    let places: Vec<usize> = ids.iter().map(|id| page.find(&format!("<section id=\"{id}\"")).expect(id)).collect();
    assert!(places.is_sorted(), "{places:?}");
    for id in ids {
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id} is not linked");
    }
    assert!(page.find("Pretraining helped: +55.0").unwrap() < places[0], "the verdict comes first");
}

#[test]
fn the_terminal_table_is_aligned_and_tame() {
    let mut report = hostile();
    for row in &mut report.results {
        row.name = row.name.replace(EVIL, "x\u{1b}[2J\ny");
        for difference in &mut row.differences {
            difference.reference = difference.reference.replace(EVIL, "x\u{1b}[2J\ny");
        }
    }
    let text = table_text(&report, None);
    assert!(!text.contains('\u{1b}'), "control characters reach the terminal");
    let column = |line: &str, word: &str| line.find(word).map(|at| line[..at].chars().count());
    let lines: Vec<&str> = text.lines().collect();
    let header = column(lines[0], "accuracy").unwrap();
    for line in &lines[1..4] {
        assert_eq!(column(line, "55.0 ± 5.0"), Some(header), "{text}");
    }
    assert!(lines[4].contains("chance") && column(lines[4], "50.0") == Some(header), "{text}");
    assert!(text.contains("Pretraining helped: +55.0 points"), "{text}");
    assert!(text.contains("! "), "cautions are marked: {text}");
}

#[test]
fn differences_are_titled_by_what_they_are_to() {
    let row = |name: &str, role: Role, to: Option<&str>| ResultRow {
        name: name.into(),
        role,
        mean: 0.5,
        differences: to
            .map(|reference| Difference {
                reference: reference.into(),
                draws: [1, 2].map(|seed| Draw { seed, accuracy: 0.1 }).to_vec(),
                mean: 0.1,
                interval: None,
            })
            .into_iter()
            .collect(),
        ..ResultRow::default()
    };
    let report = |results: Vec<ResultRow>| Report { title: "t".into(), results, ..Report::default() };
    let pixels = || row("raw pixels", Role::Baseline, None);

    let scratch = row("scratch", Role::Scratch, None);
    let usual = report(vec![row("ours", Role::Pretrained, Some("scratch")), scratch, pixels()]);
    assert!(table_text(&usual, None).contains("  to scratch"), "{}", table_text(&usual, None));
    assert!(render_html(&usual).unwrap().contains("Difference to scratch, points"));

    let one = report(vec![row("ours", Role::Pretrained, Some("raw pixels")), pixels()]);
    let (text, page) = (table_text(&one, None), render_html(&one).unwrap());
    assert!(text.contains("  to raw pixels") && !text.contains("scratch  "), "{text}");
    assert!(page.contains(">To raw pixels</th>") && page.contains("Difference to raw pixels, points"));

    let two = vec![row("ours", Role::Pretrained, Some("raw pixels")), row("b", Role::Pretrained, Some("random"))];
    let mixed = report([two, vec![pixels(), row("random", Role::Baseline, None)]].concat());
    let (text, page) = (table_text(&mixed, None), render_html(&mixed).unwrap());
    assert!(text.contains("  difference") && text.contains("  to  better"), "{text}");
    assert!(text.contains("+10.0  raw pixels") && text.contains("+10.0      random"), "{text}");
    assert!(page.contains(">Difference</th>") && page.contains("to <bdi>raw pixels</bdi></span>"));
    assert!(page.contains("ours − raw pixels"), "the plot says what is subtracted");
}

#[test]
fn a_narrow_terminal_gets_fewer_columns() {
    let draws = [1, 2, 3].map(|seed| Draw { seed, accuracy: 0.7 });
    let row = |name: &str, role: Role| ResultRow {
        name: name.into(),
        role,
        draws: draws.to_vec(),
        mean: 0.7,
        sd: Some(0.01),
        labels: 100,
        seconds: Some(75.0),
        ..ResultRow::default()
    };
    let results = vec![row("a result of a somewhat longer name", Role::Pretrained), row("scratch", Role::Scratch)];
    let report = Report { results, ..Report::default() };
    let (wide, narrow) = (table_text(&report, None), table_text(&report, Some(70)));
    assert!(wide.contains("1 min 15 s") && wide.contains("labels"), "{wide}");
    assert!(!narrow.contains("1 min 15 s") && narrow.contains("70.0 70.0 70.0"), "{narrow}");
    let longest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest(&wide) <= 96 && longest(&narrow) <= 78, "{narrow}");
    assert!(table_text(&report, Some(40)).lines().take(3).all(|line| line.chars().count() <= 40));
}
