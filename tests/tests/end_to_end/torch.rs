//! The programs beside exported weights say in `PyTorch` what foretask says: of pictures of the network's size and of others, in gray,
//! color and transparent, cut out, filled up and stretched, and of measurements. They are run where Python has torch (`cargo xtask parity
//! --install`, or `FORETASK_PYTHON`); elsewhere this is said, and only the files are looked at. Every network is held against `PyTorch`
//! by crates/models.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use foretask_tests::{Place, python_with, root};
use serde_json::Value;

/// Gray pictures of 28 pixels, among them some to make networks of.
fn place(script: &str) -> Place {
    let place = Place::new();
    place.clothes("clothes", &["t-shirt", "trouser"], [0, 1, 2, 4]);
    place.write("make.rhai", script);
    place.foretask(&["run", "make.rhai", "--device", "flex"]).exits(0);
    place
}

/// What a program prints of these files, a line each.
fn said(python: &PathBuf, place: &Place, program: &str, files: &[String]) -> Vec<String> {
    let mut run = Command::new(python);
    let done = run.current_dir(place.path(".")).arg(program).args(files).output().unwrap();
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The program answers for these files as `foretask predict` does.
fn agree(place: &Place, model: &str, program: &str, files: &[String]) {
    let Some(python) = python_with("torch, safetensors, numpy, PIL") else { return };
    // A table, so that the files keep their order.
    let table: Vec<String> = files.iter().map(|file| serde_json::json!({ "path": file }).to_string()).collect();
    place.write("files.jsonl", table.join("\n"));
    place.foretask(&["predict", model, "files.jsonl", "-o", "p.jsonl", "--force", "--device", "flex"]).exits(0);
    let rows = lines(place, "p.jsonl");
    let said = said(&python, place, program, files);
    assert_eq!((rows.len(), said.len()), (files.len(), files.len()));
    for (line, row) in said.iter().zip(&rows) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (found, wanted) = (words[2].parse::<f64>().unwrap(), row["confidence"].as_f64().unwrap());
        assert_eq!(words[1], row["label"].as_str().unwrap(), "{line}: {row}");
        assert!((found - wanted).abs() <= 1e-4, "{line} instead of {wanted}");
    }
}

/// Values by a formula, from 0 to 250.
fn value(x: usize, y: usize, channel: usize) -> u8 {
    ((x * 7 + y * 11 + channel * 50 + x * y / 9) % 251) as u8
}

/// Pictures in color and gray, of several proportions, one of them transparent.
fn pictures(place: &Place) -> Vec<String> {
    let mut files = Vec::new();
    for (width, height) in [(28, 28), (47, 31), (19, 64), (90, 91)] {
        for channels in [1, 3] {
            let places =
                (0..width * height).flat_map(|at| (0..channels).map(move |c| value(at % width, at / width, c)));
            let mut file = format!("P{}\n{width} {height}\n255\n", if channels == 1 { 5 } else { 6 }).into_bytes();
            file.extend(places);
            files.push(format!("more/{width}x{height}x{channels}.pnm"));
            place.write(files.last().unwrap(), file);
        }
    }
    for name in ["palette-transparent.png", "palette.png", "one-bit.png", "lossless.webp"] {
        files.push(format!("more/{name}"));
        place.write(files.last().unwrap(), fs::read(root().join("crates/data/fixtures").join(name)).unwrap());
    }
    files
}

#[test]
fn a_classifier_says_the_same_in_pytorch() {
    let place = place(
        "let clothes = dataset(\"clothes\");\n\
         let probe = linear_probe(random_encoder(resnet18(#{ width: 4 })), clothes.per_class(3, #{ seed: 1 }));\n\
         probe.save(\"classifier.safetensors\");\n",
    );
    place.foretask(&["export", "classifier.safetensors", "-o", "c.safetensors"]).exits(0).says(&[
        "classifier resnet18",
        "c_torch.py IMAGE",
        "needs torch",
    ]);
    let program = fs::read_to_string(place.path("c_torch.py")).unwrap();
    for words in ["WEIGHTS = \"c.safetensors\"", "\"t-shirt\",\n    \"trouser\"", "TEMPERATURE = ", "\"fit\": \"crop\""]
    {
        assert!(program.contains(words), "{words}\n{program}");
    }
    // Written again it is the same, and what somebody changed is kept.
    place.foretask(&["export", "classifier.safetensors", "-o", "c.safetensors"]).exits(0);
    assert_eq!(fs::read_to_string(place.path("c_torch.py")).unwrap(), program);
    place.write("c_torch.py", "print('mine')\n");
    let again = ["export", "classifier.safetensors", "-o", "c.safetensors"];
    place.foretask(&again).exits(2).says(&["c_torch.py", "--force"]);
    place.foretask(&[&again[..], &["--force"]].concat()).exits(0);

    let mut files = pictures(&place);
    files.extend((0..2).map(|number| format!("clothes/trouser/{number:02}.png")));
    agree(&place, "classifier.safetensors", "c_torch.py", &files);
    // A folder for the hub holds the whole model, and its program takes it.
    place.foretask(&["export", "classifier.safetensors", "--to-hub-folder", "hub"]).exits(0).says(&["model_torch.py"]);
    agree(&place, "classifier.safetensors", "hub/model_torch.py", &files);
}

#[test]
fn an_encoder_says_the_same_in_pytorch_and_is_a_module_to_go_on_with() {
    let place = place(
        "let images = dataset(\"clothes\").unlabeled();\n\
         let pre = pretrain(vit(#{ patch: 7 }), rotation(), images, #{ steps: 1, batch_size: 4 });\n\
         pre.encoder.save(\"e.safetensors\");\n",
    );
    place.foretask(&["export", "e.safetensors", "-o", "out.safetensors"]).exits(0).says(&["out_torch.py"]);
    let Some(python) = python_with("torch, safetensors, numpy, PIL") else { return };
    let files = ["clothes/trouser/00.png".to_owned(), "clothes/t-shirt/01.png".to_owned()];
    place.write("files.csv", format!("path\n{}\n{}\n", files[0], files[1]));
    place.foretask(&["embed", "e.safetensors", "files.csv", "-o", "f.jsonl", "--device", "flex"]).exits(0);
    for (line, row) in said(&python, &place, "out_torch.py", &files).iter().zip(lines(&place, "f.jsonl")) {
        let found: Vec<f64> = serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
        let wanted: Vec<f64> = serde_json::from_value(row["embedding"].clone()).unwrap();
        let scale = wanted.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
        assert_eq!(found.len(), wanted.len());
        assert!(
            found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= 1e-4 * scale),
            "{found:?} instead of {wanted:?}"
        );
    }
    // From another program, with a network that was in training.
    let code = "import out_torch as one\nnetwork = one.load().train()\nx = one.tensor(['clothes/trouser/00.png'])\n\
                print(tuple(x.shape), tuple(network(x).shape), tuple(one.predict([]).shape), network.training)\n\
                one.predict(['clothes/trouser/00.png'], network)\nprint(network.training)\n";
    place.write("mine.py", code);
    assert_eq!(said(&python, &place, "mine.py", &[]), ["(1, 1, 28, 28) (1, 192) (0, 192) True", "False"]);
}

#[test]
fn other_proportions_are_filled_up_or_stretched_as_here() {
    let place = place(
        "let images = dataset(\"clothes\").unlabeled();\n\
         let pre = pretrain(resnet10(#{ width: 4 }), rotation(), images, #{ steps: 1, batch_size: 4 });\n\
         pre.encoder.save(\"e.safetensors\");\n",
    );
    let files = pictures(&place);
    for fit in ["pad", "stretch"] {
        let script = format!(
            "let few = dataset(\"clothes\").per_class(3, #{{ seed: 1 }});\n\
             linear_probe(load_encoder(\"e.safetensors\", #{{ fit: \"{fit}\" }}), few).save(\"{fit}.safetensors\");\n"
        );
        place.write(format!("{fit}.rhai"), script);
        place.foretask(&["run", &format!("{fit}.rhai"), "--device", "flex"]).exits(0);
        let (model, out) = (format!("{fit}.safetensors"), format!("{fit}-out.safetensors"));
        place.foretask(&["export", &model, "-o", &out]).exits(0);
        let program = format!("{fit}-out_torch.py");
        let text = fs::read_to_string(place.path(&program)).unwrap();
        assert!(text.contains(&format!("\"fit\": \"{fit}\"")), "{text}");
        agree(&place, &model, &program, &files);
    }
}

/// An array of 16 bits as numpy writes it, `[height, width, channels]`.
fn array([height, width, channels]: [usize; 3], values: impl Iterator<Item = u16>) -> Vec<u8> {
    let about = format!("{{'descr': '<u2', 'fortran_order': False, 'shape': ({height}, {width}, {channels}), }}");
    let about = format!("{about:<117}\n");
    let mut file = b"\x93NUMPY\x01\0".to_vec();
    file.extend((about.len() as u16).to_le_bytes());
    file.extend(about.into_bytes());
    file.extend(values.flat_map(u16::to_le_bytes));
    file
}

#[test]
fn measurements_say_the_same_in_pytorch() {
    let place = Place::new();
    let mut files = Vec::new();
    for (class, scale) in [("dark", 3), ("bright", 15)] {
        // Some to learn from, and some of another size.
        for number in 0..6_usize {
            let ([height, width], folder) = if number < 4 { ([16, 16], "scans") } else { ([23, 37], "more") };
            let values = (0..height * width * 2).map(|at| scale * u16::from(value(at % 31, at / 31, number)));
            let file = format!("{folder}/{class}/{number}.npy");
            place.write(&file, array([height, width, 2], values));
            files.push(file);
        }
    }
    for (name, range) in [("whites", ""), ("pairs", ", range: [[0, 3000], [10, 4000]]")] {
        place.write(
            format!("{name}.rhai"),
            format!(
                "let scans = dataset(\"scans\", #{{ channels: 2{range} }});\n\
                 let encoder = random_encoder(resnet10(#{{ width: 4 }}));\n\
                 linear_probe(encoder, scans.per_class(2, #{{ seed: 1 }})).save(\"{name}.safetensors\");\n"
            ),
        );
        place.foretask(&["run", &format!("{name}.rhai"), "--device", "flex"]).exits(0);
        let model = format!("{name}.safetensors");
        let export = place.foretask(&["export", &model, "-o", &format!("{name}-out.safetensors")]);
        export.exits(0).says(&["ARRAY.npy"]);
        let program = format!("{name}-out_torch.py");
        let text = fs::read_to_string(place.path(&program)).unwrap();
        assert_eq!((text.contains("RANGE ="), text.contains("WHITE =")), (name == "pairs", name == "whites"), "{text}");
        agree(&place, &model, &program, &files);
    }
}
