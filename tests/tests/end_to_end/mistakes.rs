//! What a person sees who made a typical mistake. All of these are found before anything is trained.

use foretask_tests::Place;

/// Checks a script that has one mistake and compares what is printed; then makes sure that `run` says the same.
#[track_caller]
fn mistake(name: &str, script: &str) {
    let place = Place::new();
    place.write("try.rhai", script.trim_start());
    let checked = place.foretask(&["check", "try.rhai"]).exits(2);
    assert_eq!(checked.stdout, "", "errors go to standard error");
    insta::assert_snapshot!(name, checked.stderr);
    let ran = place.foretask(&["run", "try.rhai"]).exits(2);
    assert_eq!(ran.stderr, checked.stderr, "`run` and `check` tell the same");
    assert!(!place.path("runs/.stages").exists(), "nothing was begun");
}

#[test]
fn a_misspelt_word() {
    mistake(
        "misspelt_word",
        r#"
let data = dataset("datasets/fashion-mini");
let net = resnet10();
let pre = pretrian(net, simclr(), data.unlabeled(), #{ steps: 5 });
"#,
    );
}

#[test]
fn a_misspelt_option() {
    mistake(
        "misspelt_option",
        r#"
let data = dataset("datasets/fashion-mini");
let net = resnet10(#{ widht: 16 });
"#,
    );
}

#[test]
fn a_value_of_the_wrong_type() {
    mistake(
        "wrong_type",
        r#"
let data = dataset("datasets/fashion-mini");
let pre = pretrain(resnet10(), simclr(), data.unlabeled(), #{ steps: "many" });
"#,
    );
}

#[test]
fn a_value_out_of_range() {
    mistake(
        "out_of_range",
        r"
let task = simclr(#{ temperature: -1.0 });
",
    );
}

#[test]
fn an_unknown_split() {
    mistake(
        "unknown_split",
        r#"
let data = dataset("datasets/fashion-mini");
let test = data.split("tets");
"#,
    );
}

#[test]
fn a_missing_dataset() {
    mistake(
        "missing_dataset",
        r#"
let data = dataset("datasets/fashion-mimi");
"#,
    );
}

#[test]
fn a_wrong_predicate() {
    mistake(
        "wrong_predicate",
        r#"
let data = dataset("datasets/fashion-mini").filter("lable = 3");
"#,
    );
}

#[test]
fn too_many_labels_asked_for() {
    mistake(
        "too_many_labels",
        r#"
let data = dataset("datasets/fashion-mini");
let few = data.split("test").per_class(100000);
"#,
    );
}

#[test]
fn a_script_that_does_not_parse() {
    mistake(
        "syntax",
        r#"
let data = dataset("datasets/fashion-mini";
"#,
    );
}

#[test]
fn arguments_in_the_wrong_order() {
    mistake(
        "wrong_order",
        r#"
let data = dataset("datasets/fashion-mini");
let pre = pretrain(simclr(), resnet10(), data.unlabeled(), #{ steps: 5 });
"#,
    );
}

#[test]
fn images_too_small_for_the_task() {
    mistake(
        "too_small",
        r#"
let data = dataset("datasets/fashion-mini");
let task = super_resolution(#{ factor: 8 });
let pre = pretrain(resnet10(), task, data.unlabeled(), #{ steps: 5, image_size: 8 });
"#,
    );
}

#[test]
fn a_mistake_in_the_last_line_is_found_before_the_first_is_run() {
    mistake(
        "last_line",
        r#"
let data = dataset("datasets/fashion-mini");
let pre = pretrain(resnet10(), simclr(), data.unlabeled(), #{ epochs: 1000 });
let few = data.split("train").per_class(10);
let ours = finetune(pre.encodr, few);
"#,
    );
}

#[test]
fn a_param_that_is_not_declared() {
    let place = Place::new();
    place.write("try.rhai", "let lr = param(\"lr\", 0.05);\n");
    let done = place.foretask(&["check", "try.rhai", "--set", "rl=0.1"]).exits(2);
    insta::assert_snapshot!("undeclared_param", done.stderr);
}

#[test]
fn a_script_that_is_not_there() {
    let place = Place::new();
    let done = place.foretask(&["run", "quick"]).exits(2);
    insta::assert_snapshot!("missing_script", done.stderr);
}

#[test]
fn a_device_that_is_not_there() {
    let place = Place::new();
    place.write("try.rhai", crate::TINY);
    let done = place.foretask(&["check", "try.rhai", "--device", "fle"]).exits(2);
    insta::with_settings!({ filters => vec![(r"(?m)^.*this build.*$", "[what this build has]")] }, {
        insta::assert_snapshot!("unknown_device", done.stderr);
    });
}

#[test]
fn a_script_cannot_write_outside_of_its_folder() {
    mistake(
        "outside",
        r#"
let data = dataset("datasets/fashion-mini");
let pre = pretrain(resnet10(), simclr(), data.unlabeled(), #{ steps: 5 });
pre.encoder.save("../escaped.safetensors");
"#,
    );
}

#[test]
fn programs_are_told_the_same_as_data() {
    let place = Place::new();
    place.write("try.rhai", "let net = resnet10();\nlet ours = finetuen(net);\n");
    let text = place.foretask(&["check", "try.rhai"]).exits(2).stderr;
    let data = |arguments: &[&str], code: i32| {
        let done = place.foretask(arguments).exits(code);
        assert_eq!(done.stdout, "");
        let value: serde_json::Value = serde_json::from_str(done.stderr.lines().last().unwrap()).unwrap();
        assert_eq!(value["code"], code);
        value
    };
    for arguments in [["--errors", "json", "check", "try.rhai"], ["run", "try.rhai", "--errors", "json"]] {
        let said = data(&arguments, 2);
        let place = (&said["path"], &said["line"], &said["column"], &said["word"]);
        let expected = ("try.rhai".into(), 2.into(), 12.into(), "finetuen".into());
        assert_eq!(place, (&expected.0, &expected.1, &expected.2, &expected.3), "{said}");
        assert_eq!((&said["text"], &said["kind"]), (&text.clone().into(), &"usage".into()));
        assert!(said["help"].as_str().unwrap().starts_with("did you mean `finetune`?"), "{said}");
    }
    let said = data(&["--errors=json", "run", "nowhere.rhai"], 2);
    assert!(said["message"].as_str().unwrap().contains("cannot be read") && said["line"].is_null(), "{said}");
    let said = data(&["run", "--errors", "json", "try.rhai", "--stes"], 2);
    assert!(said["message"].as_str().unwrap().contains("--stes") && said["help"].is_string(), "{said}");
}
