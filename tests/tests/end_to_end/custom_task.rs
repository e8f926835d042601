//! Label generators written in the script.

use foretask_tests::{Place, weights};

/// A short pretraining by a function of the script, which says `BODY`.
fn script(body: &str) -> String {
    format!(
        r#"let data = dataset("datasets/fashion-mini");
let most = 4;
fn turned(image, n) {{
    image.rotate90(n)
}}
let task = custom_task(|image, rng| {{
    {body}
}}, #{{ classes: 4 }});
let pre = pretrain(resnet10(#{{ width: 4 }}), task, data.unlabeled().take(300), #{{ steps: 6, batch_size: 32 }});
"#
    )
}

const ROTATION: &str = "let n = rng.below(most);\n    #{ input: turned(image, n).noise(rng, 0.1), label: n }";

fn run(place: &Place, threads: &str) -> foretask_tests::Done {
    place.foretask_with(&[("FORETASK_LOADER_THREADS", threads)], &["run", "own.rhai", "--device", "flex"])
}

#[test]
fn one_thread_and_eight_learn_the_same_and_a_second_run_loads_it() {
    let encoder = |threads: &str| {
        let place = Place::new();
        place.write("own.rhai", script(ROTATION));
        run(&place, threads).exits(0);
        // Spaces and comments, in the function and around it, make no other task.
        place.write("own.rhai", format!("// Again.\n{}", script(&ROTATION.replace("; ", ";  /* same */ "))));
        run(&place, threads).exits(0).says(&["done before"]);
        (weights(&place.latest("own")), place)
    };
    let (one, place) = encoder("1");
    let (eight, _) = encoder("8");
    assert!(one == eight, "the weights differ");
    // Another function is another task.
    place.write("own.rhai", script(&ROTATION.replace("0.1", "0.2")));
    run(&place, "2").exits(0);
    assert!(weights(&place.latest("own")) != one, "a changed function was not run anew");
}

#[test]
fn its_preview_is_a_picture() {
    let place = Place::new();
    place.write("own.rhai", script(ROTATION));
    place.foretask(&["preview", "own.rhai", "-o", "sheet.png", "--images", "3"]).exits(0);
    assert!(std::fs::read(place.path("sheet.png")).unwrap().starts_with(b"\x89PNG\r\n"));
}

#[test]
fn images_and_numbers_can_be_targets() {
    let place = Place::new();
    let line = "pretrain(net, TASK, data, #{ steps: 2, batch_size: 16 });\n";
    let tasks = [
        "custom_task(|image, rng| #{ input: image.noise(rng, 0.3), target: image })",
        "custom_task(|image, rng| #{ input: image, target: [image.mean(), image.std()] })",
        "multi_task([rotation(), [custom_task(|image, rng| #{ input: image.flip(), target: image }), 0.5]])",
    ];
    let head =
        "let data = dataset(\"datasets/fashion-mini\").unlabeled().take(64);\nlet net = resnet10(#{ width: 4 });\n";
    let text: String = tasks.iter().map(|task| line.replace("TASK", task)).collect();
    place.write("targets.rhai", format!("{head}{text}"));
    place.foretask(&["run", "targets.rhai", "--device", "flex"]).exits(0);
}

/// Mistakes of a function are found while planning, on the images it will get, and told with its own line.
#[track_caller]
fn mistake(name: &str, body: &str) {
    let place = Place::new();
    place.write("own.rhai", script(body));
    let checked = place.foretask(&["check", "own.rhai"]).exits(2);
    insta::assert_snapshot!(name, checked.stderr);
    assert!(!place.path("runs").exists());
}

#[test]
fn a_mistake_inside_of_the_function() {
    mistake("custom_crop", "let part = image.crop(20, 20, 14, 14);\n    #{ input: part, label: 0 }");
}

#[test]
fn a_label_out_of_range() {
    mistake("custom_label", "#{ input: image, label: 1 + rng.below(most) }");
}

#[test]
fn an_image_of_another_size() {
    mistake(
        "custom_size",
        "let n = rng.below(2);\n    #{ input: if n == 0 { image } else { image.resize(14, 14) }, label: n }",
    );
}

#[test]
fn a_misspelt_method() {
    mistake("custom_method", "#{ input: image.rotat90(1), label: 1 }");
}

#[test]
fn a_word_inside_of_the_function() {
    mistake("custom_word", "let data = dataset(\"datasets/fashion-mini\");\n    #{ input: image, label: 1 }");
}

#[test]
fn a_failure_on_a_later_image_names_it() {
    // Planning tries a few images; this one fails on bright ones only.
    let place = Place::new();
    let text = script("if image.mean() > 0.6 { throw \"too bright\"; }\n    #{ input: image, label: 1 }");
    place.write("own.rhai", text.replace("take(300)", "take(3000)").replace("steps: 6", "steps: 200"));
    let done = place.foretask(&["run", "own.rhai", "--device", "flex"]).exits(2);
    done.says(&["too bright", "own.rhai:7", "row"]);
}

/// What `multi_task` refuses, with the part of the list at fault.
#[test]
fn lists_of_tasks_are_checked_part_by_part() {
    let place = Place::new();
    for (list, said) in [
        ("[]", "at least one task"),
        ("[rotation(), 3]", "not a whole number"),
        ("[[rotation(), 0.0]]", "must be above 0"),
        ("[[rotation()]]", "is a pair"),
        ("[[rotation(), \"much\"]]", "not a text"),
        ("[rotation(), multi_task([rotation(), simclr()])]", "cannot be part of another"),
    ] {
        place.write("list.rhai", format!("let task = multi_task({list});\n"));
        place.foretask(&["check", "list.rhai"]).exits(2).says(&[said, "list.rhai:1"]);
    }
}

#[test]
fn check_warns_of_what_spoils_a_task() {
    let place = Place::new();
    let head =
        "let data = dataset(\"datasets/fashion-mini\").unlabeled().take(300);\nlet net = resnet10(#{ width: 4 });\n";
    let check = |rest: &str| {
        place.write("doubt.rhai", format!("{head}{rest}"));
        place.foretask(&["check", "doubt.rhai"]).exits(0)
    };
    let enlarged = check("pretrain(net, super_resolution(), data, #{ steps: 2, image_size: 64 });");
    enlarged.says(&["Warning", "enlarged", "`image_size`"]);
    let task =
        "custom_task(|image, rng| #{ input: image, label: rng.below(3) }, #{ classes: [\"a\", \"b\", \"c\", \"d\"] })";
    let missing = check(&format!("pretrain(net, {task}, data, #{{ steps: 2 }});"));
    missing.says(&["Warning", "only 3 came up", "\"d\""]);
    let fine = check("pretrain(net, rotation(), data, #{ steps: 2 });");
    assert!(!fine.printed().contains("Warning"), "{}", fine.stdout);
}
