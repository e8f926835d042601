//! One experiment from the script to the report.

use foretask_tests::{Place, json, weights};

use crate::TINY;

#[test]
fn a_script_becomes_a_report_with_every_baseline() {
    let place = Place::new();
    place.write("tiny.rhai", TINY);
    let done = place.foretask(&["run", "tiny.rhai", "--device", "flex"]).exits(0);
    done.says(&["pretrained", "scratch", "chance", "report.html"]);

    let run = place.latest("tiny");
    assert_eq!(std::fs::read_to_string(run.join("script.rhai")).unwrap(), TINY, "the script as it was run");

    let results = json(&run.join("results.json"));
    let result = |name: &str| {
        let list = results["tiny"]["results"].as_array().unwrap();
        list.iter().find(|result| result["name"] == name).unwrap_or_else(|| panic!("no {name} in {results:#}")).clone()
    };
    for name in ["pretrained", "scratch"] {
        let draws = result(name)["draws"].as_array().unwrap().len();
        assert_eq!(draws, 2, "one accuracy for each draw of the labels: {:#}", result(name));
    }
    assert!(
        (results["tiny"]["evaluation"]["chance"].as_f64().unwrap() - 0.1).abs() < 1e-9,
        "{:#}",
        results["tiny"]["evaluation"]
    );

    let about = json(&run.join("run.json"));
    assert_eq!(about["status"], "done", "{about:#}");
    assert!(about["device"].as_str().unwrap().contains("flex"), "{about:#}");
    let stages = about["stages"].as_array().unwrap();
    assert!(stages.len() >= 3 && stages.iter().all(|stage| stage["reused"] == false), "{about:#}");

    let metrics = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let losses: Vec<f64> = metrics
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|line| line["loss"].as_f64())
        .collect();
    assert!(!losses.is_empty() && losses.iter().all(|loss| loss.is_finite()), "{metrics}");

    let names: Vec<String> = weights(&run).into_keys().collect();
    assert!(
        names.iter().any(|name| name.contains("encoder")) && names.iter().any(|name| name.contains("pretrained")),
        "{names:?}"
    );

    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    for part in ["pretrained", "scratch", "chance", "simclr(", "<svg", "data:image/png;base64,"] {
        assert!(page.contains(part), "the page lacks `{part}`");
    }
    let outside = ["http://", "https://"].iter().flat_map(|start| page.match_indices(start)).filter(|(at, _)| {
        // Namespaces and links are addresses that nothing loads.
        let before = &page[..*at];
        ["src=\"", "href=\"", "url(", "@import \""].iter().any(|start| before.ends_with(start))
    });
    assert_eq!(outside.count(), 0, "the page loads something from elsewhere");
}

#[test]
fn running_again_serves_every_stage_from_memory() {
    let place = Place::new();
    place.write("tiny.rhai", TINY);
    place.foretask(&["run", "tiny.rhai", "--device", "flex"]).exits(0);
    let first_weights = weights(&place.latest("tiny"));
    place.foretask(&["run", "tiny.rhai", "--device", "flex"]).exits(0);
    assert_eq!(place.runs("tiny").len(), 2);
    let about = json(&place.latest("tiny").join("run.json"));
    let stages = about["stages"].as_array().unwrap();
    assert!(!stages.is_empty() && stages.iter().all(|stage| stage["reused"] == true), "{about:#}");
    assert_eq!(weights(&place.latest("tiny")), first_weights);

    // Something that decides the result: done anew, while what it does not touch is still served.
    place.foretask(&["run", "tiny.rhai", "--device", "flex", "--set", "steps=7"]).exits(0);
    let changed = weights(&place.latest("tiny"));
    assert!(changed["encoder-simclr.safetensors"] != first_weights["encoder-simclr.safetensors"]);
    assert!(changed["scratch-draw1.safetensors"] == first_weights["scratch-draw1.safetensors"]);
    let about = json(&place.latest("tiny").join("run.json"));
    let stages = about["stages"].as_array().unwrap();
    let reused = |part: &str| {
        let stage = stages.iter().find(|stage| stage["title"].as_str().unwrap().contains(part));
        stage.unwrap_or_else(|| panic!("no stage `{part}` in {about:#}"))["reused"].as_bool().unwrap()
    };
    assert!(!reused("simclr"), "{about:#}");
    assert!(reused("scratch"), "{about:#}");
}
