//! Files of weights that are damaged, hostile, or no weights at all: an error that names them, soon, with exit code 2.

use std::fs;

use foretask_tests::{Done, Place};
use serde_json::{Value, json};

const SCRIPT: &str = r#"
let clothes = dataset("clothes");
let probe = linear_probe(random_encoder(resnet10(#{ width: 4 })), clothes.per_class(3, #{ seed: 1 }));
probe.save("model.safetensors");
"#;

/// A few pictures and a classifier of them.
fn place() -> Place {
    let place = Place::new();
    place.clothes("clothes", &["t-shirt", "trouser"], 0..4);
    place.write("make.rhai", SCRIPT);
    place.foretask(&["run", "make.rhai", "--device", "flex"]).exits(0);
    place
}

/// Every way into the program that a file of weights has.
fn everywhere(place: &Place, model: &str) -> Vec<Done> {
    place.write(
        "load.rhai",
        format!("let encoder = load_encoder(\"{model}\");\nencoder.embed(dataset(\"clothes\"), \"features.csv\");\n"),
    );
    [
        vec!["predict", model, "clothes", "-o", "out.csv"],
        vec!["embed", model, "clothes", "-o", "out.csv"],
        vec!["export", model, "-o", "out.safetensors"],
        vec!["check", "load.rhai"],
        vec!["run", "load.rhai", "--device", "flex"],
    ]
    .into_iter()
    .map(|arguments| place.foretask(&arguments))
    .collect()
}

fn refused_everywhere(place: &Place, model: &str, words: &[&str]) {
    for done in everywhere(place, model) {
        let done = done.exits(2);
        tells(&done, words);
        tells(&done, &[model]);
        assert!(!done.printed().contains("panicked"), "{}", done.printed());
    }
    assert!(!place.path("out.csv").exists() && !place.path("out.safetensors").exists());
}

/// As [`Done::says`], wherever lines were broken.
fn tells(done: &Done, words: &[&str]) {
    let printed = done.printed();
    let flat = printed.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(flat.contains(word), "`{word}` is not in:\n{printed}");
    }
}

/// The header of a safetensors file and what follows it.
fn parts(bytes: &[u8]) -> (Value, Vec<u8>) {
    let (size, rest) = bytes.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*size) as usize);
    (serde_json::from_slice(header).unwrap(), data.to_vec())
}

fn whole(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn weights_that_are_no_numbers_give_no_answers() {
    let place = place();
    let bytes = fs::read(place.path("model.safetensors")).unwrap();
    let (header, data) = parts(&bytes);
    for (tensor, value) in [("layer2.0.conv1.weight", f32::NAN), ("bn1.bias", f32::NEG_INFINITY)] {
        let mut broken = data.clone();
        let start = header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        broken[start..start + 4].copy_from_slice(&value.to_le_bytes());
        place.write("broken.safetensors", whole(&header, &broken));
        refused_everywhere(&place, "broken.safetensors", &["not finite", tensor]);
    }
    // Each weight is a number, and their products are none.
    let mut huge = data.clone();
    let offsets = &header["layer4.0.bn2.weight"]["data_offsets"];
    let (start, end) = (offsets[0].as_u64().unwrap() as usize, offsets[1].as_u64().unwrap() as usize);
    huge[start..end].as_chunks_mut::<4>().0.iter_mut().for_each(|value| *value = 3e38_f32.to_le_bytes());
    place.write("huge.safetensors", whole(&header, &huge));
    for verb in ["predict", "embed"] {
        place.foretask(&[verb, "huge.safetensors", "clothes", "-o", "out.csv", "--device", "flex"]).exits(2).says(&[
            "huge.safetensors",
            "not finite",
            "00.png",
        ]);
        assert!(!place.path("out.csv").exists());
    }
}

#[test]
fn a_description_is_not_believed() {
    let place = place();
    let bytes = fs::read(place.path("model.safetensors")).unwrap();
    let (header, data) = parts(&bytes);
    let description: Value = serde_json::from_str(header["__metadata__"]["foretask"].as_str().unwrap()).unwrap();
    for (pointer, value, field) in [
        ("/input/height", json!(1_000_000_000_000_u64), "input.height"),
        ("/config/width", json!(1_u64 << 40), "config.width"),
        ("/config/width", json!(1024), "config.width"),
        ("/config/arch", json!("resnet50"), "config"),
        ("/input/mean", json!([]), "input.mean"),
        ("/input/std", json!([0.0]), "input.std"),
        ("/input/channels", json!(3), "input"),
        ("/format_version", json!(-1), "format_version"),
        ("/origin", json!(null), "origin"),
    ] {
        let mut changed = description.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let mut header = header.clone();
        header["__metadata__"]["foretask"] = json!(changed.to_string());
        place.write("changed.safetensors", whole(&header, &data));
        refused_everywhere(&place, "changed.safetensors", &[field]);
    }
}

#[test]
fn what_is_no_file_of_weights_is_called_by_its_name() {
    let place = place();
    place.write("pointer.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n");
    refused_everywhere(&place, "pointer.safetensors", &["Git LFS pointer", "git lfs pull"]);
    place.write("page.pth", "<!DOCTYPE html>\n<html><title>Sign in</title></html>");
    refused_everywhere(&place, "page.pth", &["web page"]);
    place.write("empty.pth", "");
    refused_everywhere(&place, "empty.pth", &["is empty"]);
    place.write("archive.zip", [b"PK\x03\x04".as_slice(), &[0; 26], b"photos/1.jpg"].concat());
    refused_everywhere(&place, "archive.zip", &["ZIP archive"]);
    refused_everywhere(&place, "clothes", &["is a folder"]);
    refused_everywhere(&place, "make.rhai", &["is a text"]);
    refused_everywhere(&place, "clothes/trouser/00.png", &["an image (PNG)"]);
}

/// Weights of another program: names and sizes with values of 0.
fn foreign(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (name, shape) in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }));
    }
    whole(&Value::Object(header), &vec![0; end])
}

#[test]
fn networks_that_are_not_here_are_called_by_their_name() {
    let place = place();
    let mut vit: Vec<(String, Vec<usize>)> = vec![("patch_embed.proj.weight".into(), vec![192, 3, 16, 16])];
    vit.extend((0..12).map(|block| (format!("blocks.{block}.attn.qkv.weight"), vec![576, 192])));
    place.write("deit.safetensors", foreign(&vit));
    refused_everywhere(&place, "deit.safetensors", &["vision transformer (ViT-Ti/16: 12 blocks of width 192)"]);
    place.write("next.safetensors", foreign(&[("stages.0.blocks.0.conv_dw.weight".into(), vec![96, 1, 7, 7])]));
    refused_everywhere(&place, "next.safetensors", &["ConvNeXt"]);
}

#[test]
fn what_is_saved_says_how_images_are_fitted_and_it_can_be_chosen() {
    let place = place();
    let mut tall = b"P5\n28 84\n255\n".to_vec();
    // Dark in the middle, bright at both ends: what a crop sees is not what there is.
    tall.extend((0..28 * 84).map(|i| if (28..56).contains(&(i / 28)) { 10 } else { 240 }));
    place.write("scans/tall.pgm", &tall);
    let embed = |fit: &[&str]| {
        let arguments = [&["embed", "model.safetensors", "scans", "-o", "f.csv", "--device", "flex"], fit].concat();
        let done = place.foretask(&arguments).exits(0);
        (fs::read_to_string(place.path("f.csv")).unwrap(), done)
    };
    let (cropped, done) = embed(&[]);
    done.says(&["fit = crop", "all images have other proportions than the network's 28x28", "middle is cut out"]);
    assert_eq!(embed(&["--fit", "crop"]).0, cropped);
    let (padded, done) = embed(&["--fit", "pad"]);
    done.says(&["fit = pad", "filled up with mean color"]);
    let (stretched, _) = embed(&["--fit", "stretch"]);
    assert!(padded != cropped && stretched != cropped && padded != stretched);
    place
        .foretask(&["predict", "model.safetensors", "scans", "-o", "p.csv", "--fit", "stretch", "--device", "flex"])
        .exits(0)
        .says(&["fit = stretch", "learned from images under fit = crop"]);
    place.foretask(&["predict", "model.safetensors", "scans", "-o", "p.csv", "--fit", "zoom"]).exits(2).says(&["pad"]);
    // A script chooses once, and everything that builds upon the encoder keeps to it.
    place.write(
        "fit.rhai",
        "let encoder = load_encoder(\"model.safetensors\", #{ fit: \"pad\" });\n\
         let probe = linear_probe(encoder, dataset(\"clothes\").per_class(3, #{ seed: 1 }));\n\
         probe.save(\"padded.safetensors\");\nencoder.embed(dataset(\"scans\"), \"s.csv\");\n",
    );
    place.foretask(&["run", "fit.rhai", "--device", "flex"]).exits(0).says(&["fit = pad"]);
    place
        .foretask(&["predict", "padded.safetensors", "scans", "-o", "p.csv", "--device", "flex"])
        .exits(0)
        .says(&["fit = pad"]);
}
