//! The part of the page about what may be wrong with the data.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use foretask_report::{IssueItem, IssueSheet, Picture, Report, render_html};

const EVIL: &str = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"{{ 7 * 7 }}";

fn picture() -> Picture {
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(4, 4).write_to(&mut png, image::ImageFormat::Png).unwrap();
    Picture::from_png(png.get_ref()).unwrap()
}

#[test]
fn kinds_stand_with_their_pictures_and_texts_are_texts() {
    let item = |other| IssueItem { picture: picture(), name: EVIL.into(), value: f64::NAN, words: EVIL.into(), other };
    let sheet = IssueSheet {
        about: EVIL.into(),
        kind: "Near-duplicates".into(),
        measure: "cosine similarity".into(),
        count: 30,
        across: 2,
        images: 100,
        items: vec![item(Some((picture(), EVIL.into())))],
        beyond: vec![item(None)],
    };
    let report = Report { title: "t".into(), issues: vec![sheet], ..Report::default() };
    let page = render_html(&report).unwrap();
    let section = page.split("<section id=\"issues\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(section.matches("<img").count(), 3);
    for words in
        ["30 of 100 images, the 1 gravest shown; 2 pairs are in two splits", "cosine similarity", "Just beyond"]
    {
        assert!(section.contains(words), "{words}: {section}");
    }
    assert!(!section.contains("<script>") && !section.contains("onerror='") && section.contains("&lt;script&gt;"));
    assert!(page.contains("href=\"#issues\""), "linked");
    // Kept and read again it is the same; without any it is not there.
    let again = Report::from_json(&report.to_json().unwrap()).unwrap();
    assert_eq!(render_html(&again).unwrap(), page);
    assert!(!render_html(&Report::default()).unwrap().contains("id=\"issues\""));
}
