//! What `check` prints is what `run` does.

use foretask_tests::{Place, json};

/// A picture of noise-free waves; `color` makes three channels of it.
fn picture(width: usize, height: usize, color: bool, seed: usize) -> Vec<u8> {
    let value = |x: usize, y: usize| ((x * (3 + seed % 5) + y * (2 + seed % 7)) % 251) as u8;
    let mut bytes = format!("{}\n{width} {height}\n255\n", if color { "P6" } else { "P5" }).into_bytes();
    for at in 0..width * height {
        let (x, y) = (at % width, at / width);
        bytes.push(value(x, y));
        if color {
            bytes.extend([value(y, x), 255 - value(x, y)]);
        }
    }
    bytes
}

const SCRIPT: &str = r#"
let data = dataset("photos");
let pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled(), #{ epochs: 1, batch_size: 16 });
let few = data.per_class(2, #{ seed: 1 });
let scratch = finetune(resnet10(#{ width: 4 }), few, #{ steps: 2 });
"#;

/// What goes on from there needs labeled images of as many channels.
const FURTHER: &str = r#"let ours = finetune(pre.encoder, few, #{ steps: 2, keep: "finetuned" });"#;

/// Checks, runs and checks again.
fn same_plan(place: &Place, script: &str, expected: &[&str]) {
    place.write("plan.rhai", script);
    let check = || place.foretask(&["check", "plan.rhai", "--device", "flex"]).exits(0);
    let before = check();
    before.says(expected);
    let run = place.foretask(&["run", "plan.rhai", "--device", "flex"]).exits(0);
    let after = check();
    // Every stage that was planned is the stage that was run, by everything that decides its result.
    let planned = before.stdout.matches(": to do").count();
    assert!(planned >= 2, "{}", before.stdout);
    assert_eq!(after.stdout.matches("done before, will be loaded").count(), planned, "{}", after.stdout);
    assert_eq!(after.stdout.replace("done before, will be loaded", "to do"), before.stdout);
    // And what training itself settles when it sees the images is what was said.
    let pretraining = before.stdout.split("\n  2. ").next().unwrap();
    let autos: Vec<&str> = pretraining.lines().filter_map(|line| line.trim().strip_prefix("auto ")).collect();
    assert!(autos.len() >= 3, "{pretraining}");
    for auto in autos {
        run.says(&[auto]);
    }
    let about = json(&place.latest("plan").join("run.json"));
    for stage in about["stages"].as_array().unwrap() {
        let key = stage["key"].as_str().unwrap();
        assert!(place.path("runs/.stages").join(key).join("done.json").is_file(), "{key}");
    }
    // Warned once of each image, whether the script is checked or run.
    for line in before.stdout.lines().filter(|line| line.contains("left out")) {
        let text = line.trim_start_matches("Warning").trim();
        assert_eq!(run.printed().matches(text).count(), 1, "{text}\n{}", run.printed());
    }
}

#[test]
fn for_a_folder_of_mixed_sizes() {
    let place = Place::new();
    for i in 0..60 {
        let class = ["a", "b"][i % 2];
        // The one small picture stands where a sample would not look.
        let (width, height) = if i == 37 { (68, 70) } else { (371 + i, 400 - i) };
        place.write(format!("photos/{class}/{i:02}.ppm"), picture(width, height, true, i));
    }
    let expected = ["image_size = 128", "9 of 10 have a shorter side of at least 3", "the smallest 68", "enlarged"];
    same_plan(&place, &format!("{SCRIPT}{FURTHER}"), &expected);
}

#[test]
fn for_gray_images_with_a_single_colored_one() {
    let place = Place::new();
    for i in 0..60 {
        let class = ["a", "b"][i % 2];
        place.write(format!("photos/{class}/{i:02}.ppm"), picture(24, 24, i == 41, i));
    }
    same_plan(&place, SCRIPT, &["60 images"]);
    // What the run would refuse, the plan does.
    place.write("further.rhai", format!("{SCRIPT}{FURTHER}"));
    for verb in ["check", "run"] {
        place.foretask(&[verb, "further.rhai", "--device", "flex"]).exits(2).says(&["channels: 3"]);
    }
}

#[test]
fn for_images_alike_but_for_one_and_some_that_are_none() {
    let place = Place::new();
    for i in 0..300 {
        let class = ["a", "b"][i % 2];
        place.write(format!("photos/{class}/{i:03}.pgm"), picture(if i == 101 { 30 } else { 28 }, 28, false, i));
    }
    place.write("photos/a/broken.png", "no picture");
    let cut = picture(28, 28, false, 1);
    place.write("photos/b/cut.pgm", &cut[..5]);
    let expected = ["300 images", "images differ in size", "broken.png", "cut.pgm", "left out"];
    same_plan(&place, &format!("{SCRIPT}{FURTHER}"), &expected);
}
