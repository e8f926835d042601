//! Two runs side by side.

use foretask_tests::Place;

const SCRIPT: &str = r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("train").per_class(3, #{ seed: 1, draws: 2 });
let pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled().take(200), #{ steps: param("steps", 4), batch_size: 32 });
let test = data.split("test").take(param("test", 100));
report("task", #{ probe: linear_probe(pre.encoder, few).evaluate(test), pixels: pixel_probe(few).evaluate(test) }, #{ baselines: false });
"#;

#[test]
fn runs_are_compared_draw_by_draw() {
    let place = Place::new();
    place.write("one.rhai", SCRIPT);
    for more in [&[][..], &["--set", "steps=8"], &["--set", "test=90"]] {
        place.foretask(&[&["run", "one.rhai", "--device", "flex"], more].concat()).exits(0);
    }
    let runs: Vec<String> = place.runs("one").iter().map(|run| run.display().to_string()).collect();
    place.foretask(&["runs"]).exits(0).says(&["steps=8", "side by side"]);
    let done = place.foretask(&["report", &runs[0], &runs[1], "-o", "pages/both.html"]).exits(0);
    done.says(&["A  one ", "B  one ", "probe", "What differs", "steps", "both.html"]);
    let page = std::fs::read_to_string(place.path("pages/both.html")).unwrap();
    for part in [
        "2 runs compared",
        "pixels: B and A are the same on every draw",
        "class=\"line s1\"",
        "http-equiv=\"Content-Security-Policy\"",
    ] {
        assert!(page.contains(part), "the page lacks {part}");
    }
    // Other evaluation images: no difference is made up.
    place.foretask(&["report", &runs[0], &runs[2]]).exits(0);
    let page = std::fs::read_to_string(place.path("comparison.html")).unwrap();
    assert!(page.contains("they were measured on different images"), "{page}");
    place.foretask(&["report", &runs[0], "runs/nothing"]).exits(2).says(&["no stored report"]);
}
