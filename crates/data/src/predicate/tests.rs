//! Predicates against rows chosen by hand.

use crate::{
    Manifest,
    test_images::{fixture, write},
};

fn table() -> (tempfile::TempDir, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.csv");
    write(
        &path,
        "path,label,width,score,ok,Größe\n\
         a.png,coat,10,0.5,true,1\n\
         b.png,dress,20,1.5,false,2\n\
         c.png,ankle boot,30,,true,3\n\
         d.png,,40,2.5,true,4\n\
         e.png,100%,50,-1.0,false,5\n",
    );
    let data = Manifest::open(&path).unwrap();
    (folder, data)
}

/// The rows for which a predicate is true.
#[track_caller]
fn check(data: &Manifest, predicate: &str, rows: &[u64]) {
    let view = data.filter(predicate).unwrap_or_else(|error| panic!("{predicate}: {error}"));
    let found = if view.count().unwrap() == 0 { Vec::new() } else { view.samples().unwrap().rows };
    assert_eq!(found, rows, "{predicate}");
}

#[test]
fn comparisons_logic_and_arithmetic() {
    let (_folder, data) = table();
    check(&data, "label = 'coat'", &[0]);
    check(&data, "label <> 'coat'", &[1, 2, 4]);
    check(&data, "NOT label = 'coat'", &[1, 2, 4]);
    check(&data, "width > 10 AND width <= 30", &[1, 2]);
    check(&data, "width = 10 OR width = 50 AND ok", &[0]);
    check(&data, "(width = 10 OR width = 50) AND NOT ok", &[4]);
    check(&data, "width / 4 = 2.5", &[0]);
    check(&data, "width - 30 < 0", &[0, 1]);
    check(&data, "-score > 0.5", &[4]);
    check(&data, "width % 20 = 0", &[1, 3]);
    check(&data, "score + width * 2 > 60 AND 1 = 1", &[3, 4]);
    check(&data, "\"Größe\" >= 4", &[3, 4]);
    check(&data, "WIDTH = 20", &[1]);
    check(&data, "row < 2", &[0, 1]);
    check(&data, "ok", &[0, 2, 3]);
    check(&data, "ok IS FALSE", &[1, 4]);
}

#[test]
fn lists_ranges_patterns_and_nulls() {
    let (_folder, data) = table();
    check(&data, "label IN ('coat', 'dress')", &[0, 1]);
    check(&data, "label NOT IN ('coat', 'dress')", &[2, 4]);
    check(&data, "width IN (10, 3 * 10, 7)", &[0, 2]);
    check(&data, "score IN (0.5, 2.5)", &[0, 3]);
    check(&data, "score IN (1, 1.5, 5 / 2)", &[1, 3]);
    check(&data, "width IN (10.0, 20.5)", &[0]);
    check(&data, "width BETWEEN 20 AND 40", &[1, 2, 3]);
    check(&data, "width NOT BETWEEN 20 AND 40", &[0, 4]);
    check(&data, "label LIKE 'ankle%'", &[2]);
    check(&data, "label LIKE '%o%t'", &[0, 2]);
    check(&data, "label LIKE 'c_at'", &[0]);
    check(&data, "label LIKE '100\\%'", &[4]);
    check(&data, "label ILIKE 'COAT'", &[0]);
    check(&data, "label NOT LIKE '%o%'", &[1, 4]);
    check(&data, "label IS NULL", &[3]);
    check(&data, "score IS NOT NULL", &[0, 1, 3, 4]);
    check(&data, "upper(label) = 'COAT' OR length(label) = 10", &[0, 2]);
}

#[test]
fn class_names_stand_for_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("hub.parquet"), fixture("hub.parquet"));
    let data = Manifest::open(folder.path()).unwrap();
    check(&data, "label = 'zebra'", &[0, 4]);
    check(&data, "'cat' = label", &[1]);
    check(&data, "label = 2", &[0, 4]);
    check(&data, "label IN ('cat', 'dog')", &[1, 2]);
    check(&data, "label LIKE '%o%'", &[2]);
    check(&data, "label IS NULL", &[3, 5]);
    let error = data.filter("label = 'zerba'").unwrap_err().to_string();
    assert!(error.contains("no class 'zerba'") && error.contains("did you mean 'zebra'"), "{error}");
}

#[test]
fn errors_name_the_place_and_the_way_out() {
    let (_folder, data) = table();
    for (predicate, place, words) in [
        ("widht > 3", 1, vec!["no column `widht`", "did you mean `width`"]),
        ("width > 3 AND zzz = 1", 15, vec!["no column `zzz`", "the columns are path, label"]),
        ("width = 'x'", 9, vec!["`width` is a number, but `'x'` is text"]),
        ("label = 3", 9, vec!["text stands in single quotes: '3'"]),
        ("label = \"coat\"", 9, vec!["text stands in single quotes: 'coat'"]),
        ("label = NULL", 9, vec!["IS NULL"]),
        ("width", 1, vec!["a condition is true or false, but this is a number"]),
        ("width + 1", 1, vec!["a condition is true or false"]),
        ("width > ", 9, vec!["label = 'coat'"]),
        ("width > 3 width", 11, vec!["ends before \"width\"", "AND or OR"]),
        ("lowr(label) = 'x'", 1, vec!["no function `lowr`", "did you mean `lower`"]),
        ("lower(width) = 'x'", 7, vec!["takes text"]),
        ("label LIKE width", 12, vec!["a pattern in single quotes"]),
        ("größer > 3 AND 1 = 1", 1, vec!["no column `größer`"]),
        ("'é' = 'é' AND widht = 1", 15, vec!["did you mean `width`"]),
        ("width IN ('a')", 11, vec!["is a number"]),
        ("width > (SELECT 1)", 10, vec!["not supported"]),
        ("'abc", 1, vec!["Unterminated"]),
    ] {
        let error = data.filter(predicate).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{predicate}: {error}");
        }
        assert!(error.contains(&format!("(character {place} of")), "{predicate}: {error}");
    }
}

#[test]
fn endless_predicates_are_refused() {
    let (_folder, data) = table();
    let deep = format!("{}width = 1{}", "(".repeat(500), ")".repeat(500));
    assert!(data.filter(&deep).unwrap_err().to_string().contains("nested too deep"));
    let chain = vec!["width = 1"; 1000].join(" OR ");
    assert!(data.filter(&chain).unwrap_err().to_string().contains("IN ("));
    assert!(data.filter(&"x".repeat(20_000)).unwrap_err().to_string().contains("longer than"));
    let list = (0..2000).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    check(&data, &format!("width IN ({list})"), &[0, 1, 2, 3, 4]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
    #[test]
    fn any_text_is_a_predicate_or_an_error(text in "[a-z0-9'\"()<>=%_. ANDORILKE,+*/-]{0,40}") {
        let (_folder, data) = table();
        if let Err(crate::DataError::Predicate(error)) = data.filter(&text) {
            // The place lies inside the text.
            if let Some(span) = &error.span {
                proptest::prop_assert!(text.get(span.clone()).is_some());
            }
        }
    }
}
