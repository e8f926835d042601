//! Images that are no photographs: thirteen bands of 16 bits, as satellites send them, and one channel of 12, as X-rays have it,
//! through pretraining, probe, pack and prediction.

use std::fs;

use foretask_tests::{Place, json};
use serde_json::Value;

const SIDE: usize = 16;
const BANDS: usize = 13;
const CLASSES: [&str; 3] = ["crop", "lake", "town"];

/// An even number from 0 to 1 for every place, without a generator's state.
fn noise(seed: usize, at: usize) -> f64 {
    let mut mixed = (seed as u64) << 32 | at as u64;
    for _ in 0..3 {
        mixed = (mixed ^ mixed >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    (mixed >> 40) as f64 / (1 << 24) as f64
}

/// A little-endian TIFF of one strip of `channels` values of 16 bits a pixel.
fn tiff(width: usize, height: usize, channels: usize, values: &[u16]) -> Vec<u8> {
    let strip: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let directory = 8 + strip.len();
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 4, 1, width as u32),
        (257, 4, 1, height as u32),
        // Depths of all channels follow the directory.
        (258, 3, channels as u32, (directory + 2 + 10 * 12 + 4) as u32),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, channels as u32),
        (278, 4, 1, height as u32),
        (279, 4, 1, strip.len() as u32),
        (284, 3, 1, 1),
    ];
    let mut file = b"II*\0".to_vec();
    file.extend((directory as u32).to_le_bytes());
    file.extend(strip);
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend([16_u16; BANDS].iter().take(channels).flat_map(|bits| bits.to_le_bytes()));
    file
}

/// A scene: every class reflects in its own way from band to band, and every scene is lit in its own way.
fn scene(class: usize, number: usize) -> Vec<u8> {
    let light = 0.8 + 0.4 * noise(number, class);
    let reflects = |band: usize| match class {
        // Plants are bright in the near infrared, water is dark there, roofs are even.
        0 => {
            if band >= 6 {
                0.8
            } else {
                0.2
            }
        }
        1 => {
            if band >= 4 {
                0.05
            } else {
                0.4
            }
        }
        _ => 0.5,
    };
    let values: Vec<u16> = (0..SIDE * SIDE * BANDS)
        .map(|at| {
            let band = at % BANDS;
            // Bands have ranges of their own: hundreds here, thousands there.
            let full = 300.0 + 400.0 * band as f64;
            let noise = 0.9 + 0.2 * noise(1000 * class + number, at);
            (full * reflects(band) * light * noise) as u16
        })
        .collect();
    tiff(SIDE, SIDE, BANDS, &values)
}

/// 10 scenes a class to learn from, 4 to measure on, and 2 without a label.
fn satellite() -> Place {
    let place = Place::new();
    for (class, name) in CLASSES.iter().enumerate() {
        for number in 0..16 {
            let folder = match number {
                0..10 => format!("bands/train/{name}"),
                10..14 => format!("bands/test/{name}"),
                _ => "new".to_owned(),
            };
            place.write(format!("{folder}/{name}-{number}.tif"), scene(class, number));
        }
    }
    place
}

const BANDS_SCRIPT: &str = r#"
let data = dataset("bands");
let few = data.split("train").per_class(4, #{ seed: 1 });
let test = data.split("test");
let pre = pretrain(resnet10(#{ width: 4 }), simclr(), data.unlabeled(), #{ steps: 20, batch_size: 16 });
let ours = linear_probe(pre.encoder, few);
let pixels = pixel_probe(few);
report("bands", #{ ours: ours.evaluate(test), pixels: pixels.evaluate(test) }, #{ baselines: false });
ours.save("bands.safetensors");
ours.predict(test, "inside.jsonl");
"#;

fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The class and its probability for every image, by the end of its path.
fn answers(rows: &[Value]) -> Vec<(String, String, f64)> {
    let name = |row: &Value| row["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let one = |row: &Value| (name(row), row["label"].to_string(), row["confidence"].as_f64().unwrap());
    let mut found: Vec<_> = rows.iter().map(one).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn thirteen_bands_go_all_the_way() {
    let place = satellite();
    place.write("bands.rhai", BANDS_SCRIPT);
    place.foretask(&["check", "bands.rhai", "--device", "flex"]).exits(0).says(&[
        "read with 13 channels",
        "channel by channel",
        "are black and white",
        "channel_drop = 0.2",
    ]);
    place.foretask(&["run", "bands.rhai", "--device", "flex"]).exits(0);
    let results = json(&place.latest("bands").join("results.json"));
    let accuracy = |name: &str| {
        let all = results["bands"]["results"].as_array().unwrap();
        all.iter().find(|result| result["name"] == name).unwrap()["mean"].as_f64().unwrap()
    };
    // Chance is a third; what lies in the bands is plain to see, and only there.
    assert!(accuracy("ours") >= 0.75 && accuracy("pixels") >= 0.75, "{results}");

    // A second run makes nothing anew.
    place.foretask(&["run", "bands.rhai", "--device", "flex"]).exits(0);
    let again = json(&place.latest("bands").join("run.json"));
    let stages = again["stages"].as_array().unwrap();
    assert!(!stages.is_empty() && stages.iter().all(|stage| stage["reused"] == true), "{again}");

    // New images are read as those that were learned from: alone, in company, and as the script read them.
    let predict = |images: &[&str], output: &str| {
        let arguments = [&["predict", "bands.safetensors"], images, &["-o", output, "--device", "flex"]].concat();
        place.foretask(&arguments)
    };
    predict(&["new"], "new.jsonl").exits(0).says(&["6 images", "as in the images that the model learned from"]);
    let all = answers(&lines(&place, "new.jsonl"));
    predict(&["new/lake-14.tif"], "one.jsonl").exits(0);
    let one = answers(&lines(&place, "one.jsonl"));
    assert_eq!(one[..], all[2..3]);
    let right = all.iter().filter(|(name, label, _)| label.contains(name.split('-').next().unwrap())).count();
    assert!(right >= 5, "{all:?}");
    predict(&["bands/test"], "test.jsonl").exits(0);
    assert_eq!(answers(&lines(&place, "test.jsonl")), answers(&lines(&place, "inside.jsonl")));

    // A pack holds the same files; made smaller, they are arrays of the same values.
    place.foretask(&["pack", "bands", "-o", "packed"]).exits(0).says(&["42 images"]);
    predict(&["packed"], "packed.jsonl").exits(0);
    predict(&["bands"], "unpacked.jsonl").exits(0);
    assert_eq!(answers(&lines(&place, "packed.jsonl")), answers(&lines(&place, "unpacked.jsonl")));
    place.foretask(&["pack", "bands", "-o", "small", "--max-side", "14"]).exits(0).says(&["42 were made smaller"]);
    predict(&["small"], "small.jsonl").exits(0).says(&["42 images"]);

    // Photographs have other channels.
    place.write("photo/a.ppm", b"P6\n2 2\n255\n123456789012");
    predict(&["photo"], "photo.jsonl").exits(2).says(&["3 channels", "asks for 13"]);
}

#[test]
fn what_thirteen_bands_cannot_do_is_refused_in_a_sentence() {
    let place = satellite();
    let check = |options: &str, task: &str| {
        let script = format!(
            "let data = dataset(\"bands\"{options});\npretrain(resnet10(#{{ width: 4 }}), {task}, data.unlabeled(), #{{ steps: 1 }});"
        );
        place.write("one.rhai", script);
        place.foretask(&["check", "one.rhai", "--device", "flex"])
    };
    check("", "colorization()").exits(2).says(&["there is no color to tell", "channels: 3"]);
    check("", "simclr(#{ views: #{ hue: 0.1 } })").exits(2).says(&["red, green and blue", "13 channel"]);
    // Three of the bands are colors.
    check(", #{ channels: [4, 3, 2] }", "colorization()").exits(0).says(&["channels [4, 3, 2]"]);
    check(", #{ channels: [8, 4] }", "simclr()").exits(0).says(&["channels [8, 4]"]);
    check(", #{ channels: [14] }", "rotation()").exits(2).says(&["no channel 14", "13 channels"]);
    check(", #{ channels: [\"nir\"] }", "rotation()").exits(2).says(&["no channel \"nir\"", "numbers count from 1"]);
    check(", #{ channels: 5 }", "rotation()").exits(2).says(&["13 channels", "asks for 5", "channels: [1, 2, 3]"]);
    check(", #{ channels: 0 }", "rotation()").exits(2).says(&["from 1 to 1024"]);
    check(", #{ channels: \"pages\" }", "rotation()").exits(2).says(&["page 1", "more than one channel"]);
    check(", #{ range: [5, 1] }", "rotation()").exits(2).says(&["low < high"]);
    check(", #{ range: \"minmax\" }", "rotation()").exits(2).says(&["percentile"]);
    check(", #{ range: [[0, 1], [0, 2]] }", "rotation()").exits(2).says(&["2 pairs", "13 channel"]);
    check(", #{ range: [0, 10000] }", "rotation()").exits(0).says(&["0 and 10000 are black and white"]);
}

#[test]
fn weights_of_color_go_onto_thirteen_bands() {
    let place = satellite();
    place.write(
        "color.rhai",
        "let data = dataset(\"datasets/fashion-mini\", #{ channels: 3 });\n\
         let pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled().take(32), #{ steps: 2, batch_size: 16 });\n\
         pre.encoder.save(\"color.safetensors\");",
    );
    place.foretask(&["run", "color.rhai", "--device", "flex"]).exits(0);
    place.write(
        "onto.rhai",
        "let data = dataset(\"bands\");\nlet few = data.split(\"train\").per_class(4, #{ seed: 1 });\n\
         let ours = linear_probe(load_encoder(\"color.safetensors\"), few);\n\
         report(\"onto\", #{ ours: ours.evaluate(data.split(\"test\")) }, #{ baselines: false });\n\
         ours.save(\"onto.safetensors\");",
    );
    let said = ["first layer's weights of 3 channel(s) are repeated for 13 channels and scaled by 3/13"];
    place.foretask(&["check", "onto.rhai", "--device", "flex"]).exits(0).says(&said);
    place.foretask(&["run", "onto.rhai", "--device", "flex"]).exits(0);
    place
        .foretask(&["predict", "onto.safetensors", "new", "-o", "onto.csv", "--device", "flex"])
        .exits(0)
        .says(&["6 images"]);
    // They teach others about thirteen bands in the same way.
    place.write(
        "taught.rhai",
        "let color = load_encoder(\"color.safetensors\");\n\
         let small = pretrain(resnet10(#{ width: 4 }), distill(color), dataset(\"bands\").unlabeled(), #{ steps: 3, batch_size: 16 });",
    );
    place.foretask(&["check", "taught.rhai", "--device", "flex"]).exits(0).says(&said);
    place.foretask(&["run", "taught.rhai", "--device", "flex"]).exits(0);
    // The other way round nothing can be spread.
    place.write(
        "back.rhai",
        "let data = dataset(\"datasets/fashion-mini\", #{ channels: 3 });\n\
         linear_probe(load_encoder(\"onto.safetensors\"), data.split(\"train\").per_class(2, #{ seed: 1 }));",
    );
    place.foretask(&["run", "back.rhai", "--device", "flex"]).exits(2).says(&["13 channel", "channels: 13"]);
}

/// A chest of 12 bits in words, of which few images use all: a bright disk where `ill`.
fn xray(ill: bool, number: usize) -> Vec<u8> {
    let mut file = b"P5\n20 20\n65535\n".to_vec();
    let (x, y) = (6 + number % 8, 6 + number / 8 % 8);
    for at in 0..400_usize {
        let (dx, dy) = ((at % 20).abs_diff(x), (at / 20).abs_diff(y));
        let disk = if ill && dx * dx + dy * dy <= 10 { 1800.0 } else { 0.0 };
        let value = 120.0 + 40.0 * noise(number, at) + disk;
        file.extend((value as u16).to_be_bytes());
    }
    file
}

#[test]
fn one_channel_of_twelve_bits_keeps_its_depth_and_its_white() {
    let place = Place::new();
    for number in 0..24 {
        for (ill, class) in [(false, "clear"), (true, "nodule")] {
            let split = if number < 16 { "train" } else { "test" };
            place.write(format!("scans/{split}/{class}/{number:02}.pgm"), xray(ill, number));
        }
    }
    let script = |range: &str| {
        format!(
            "let data = dataset(\"scans\"{range});\nlet few = data.split(\"train\").per_class(6, #{{ seed: 1 }});\n\
             let pre = pretrain(resnet10(#{{ width: 4 }}), rotation(), data.unlabeled(), #{{ steps: 4, batch_size: 16 }});\n\
             let ours = finetune(pre.encoder, few, #{{ steps: 4 }});\n\
             report(\"scans\", #{{ ours: ours.evaluate(data.split(\"test\")) }}, #{{ baselines: false }});\n\
             ours.save(\"scans.safetensors\");\nours.predict(data.split(\"test\"), \"inside.jsonl\");"
        )
    };
    place.write("scans.rhai", script(""));
    let check = place.foretask(&["check", "scans.rhai", "--device", "flex"]).exits(0);
    check.says(&["more than 8 bits, of which 0 is black and 4095 white"]);
    place.foretask(&["run", "scans.rhai", "--device", "flex"]).exits(0).says(&["use 12 bits only"]);
    let predict = |images: &str, output: &str| {
        place.foretask(&["predict", "scans.safetensors", images, "-o", output, "--device", "flex"])
    };
    predict("scans/test", "all.jsonl").exits(0);
    let all = answers(&lines(&place, "all.jsonl"));
    assert_eq!(all, answers(&lines(&place, "inside.jsonl")));
    // Alone, a clear scan uses 8 bits, and would be taken for a bright one.
    predict("scans/test/clear/20.pgm", "one.jsonl").exits(0);
    let one = answers(&lines(&place, "one.jsonl"));
    assert!(all.contains(&one[0]), "{one:?} {all:?}");

    // A graph takes numbers, since bytes would round them, and the program beside it the scans' own values.
    let export = |more: &[&str]| place.foretask(&[&["export", "scans.safetensors", "-o", "scans.onnx"], more].concat());
    export(&[]).exits(2).says(&["more than 8 bits", "--input planes"]);
    export(&["--input", "planes"]).exits(0).says(&["channels: 1, range: [0, 4095]", "scans.onnx.py ARRAY.npy"]);
    let program = fs::read_to_string(place.path("scans.onnx.py")).unwrap();
    assert!(program.contains("numpy.float32([0.0]), numpy.float32([4095.0])"), "{program}");

    // The same range by its numbers is the same to the model; another one is refused with the way out.
    let further = |range: &str| {
        format!(
            "let data = dataset(\"scans\"{range});\n\
             linear_probe(load_encoder(\"scans.safetensors\"), data.split(\"train\").per_class(6, #{{ seed: 1 }}));"
        )
    };
    place.write("same.rhai", further(", #{ range: [0, 4095] }"));
    place.foretask(&["run", "same.rhai", "--device", "flex"]).exits(0);
    place.write("other.rhai", further(", #{ range: \"percentile\" }"));
    place
        .foretask(&["run", "other.rhai", "--device", "flex"])
        .exits(2)
        .says(&["range: [0, 4095]", "open their dataset"]);
}
