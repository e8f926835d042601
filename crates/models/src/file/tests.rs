//! Hostile files: whatever a file says, an error that names it comes back, soon and without a panic.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use foretask_random::Key;
use serde_json::{Value, json};

use crate::{Arch, BackboneConfig, Classifier, Encoder, Familiar, Fit, ForeignOptions, InputSpec, Stem, load_weights};

fn classifier() -> Classifier {
    let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Strided);
    let encoder = Encoder::random(&config, &InputSpec::centered(1, 16, 16), 3).unwrap();
    let classes: Arc<[String]> = ["coat".to_owned(), "bag".to_owned()].into();
    let familiar = Familiar {
        features: vec![32.0_f32.sqrt().recip(); 64],
        dim: 32,
        names: vec!["a.png".to_owned(), "row 2".to_owned()],
        threshold: Some(0.25),
    };
    let classifier = Classifier::new(encoder, vec![0.5; 64], vec![0.1, -0.2], classes).unwrap();
    classifier.with_temperature(1.5, "held out").with_familiar(familiar).unwrap()
}

/// A saved file in its parts: header and the bytes of the tensors.
struct Parts {
    path: PathBuf,
    header: Value,
    data: Vec<u8>,
}

impl Parts {
    fn of(path: PathBuf) -> Self {
        classifier().save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (size, rest) = bytes.split_first_chunk().unwrap();
        let (header, data) = rest.split_at(u64::from_le_bytes(*size) as usize);
        Self { path, header: serde_json::from_slice(header).unwrap(), data: data.to_vec() }
    }

    fn description(&self) -> Value {
        serde_json::from_str(self.header["__metadata__"]["foretask"].as_str().unwrap()).unwrap()
    }

    fn write(&self, description: &str) -> &Path {
        let mut header = self.header.clone();
        header["__metadata__"]["foretask"] = json!(description);
        let header = header.to_string();
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &self.data].concat();
        std::fs::write(&self.path, bytes).unwrap();
        &self.path
    }
}

/// Every place of a value, as JSON pointers.
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| places(inner, &format!("{here}/{key}"), all)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, inner)| places(inner, &format!("{here}/{i}"), all)),
        _ => {}
    }
}

fn remove(value: &mut Value, place: &str) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.remove(name)),
        Value::Array(list) => drop(list.remove(name.parse().unwrap())),
        _ => {}
    }
}

/// Where another value is another file as good as this one.
fn harmless(place: &str, put: Option<&Value>) -> bool {
    let names =
        ["/origin", "/calibration", "/license", "/classes/0", "/classes/1", "/familiar/names/0", "/familiar/names/1"];
    match (place, put) {
        // Written since inputs can be fitted in several ways; older files have it not.
        ("/fit" | "/config/zero_init_residual" | "/calibration" | "/seen" | "/license", None) => true,
        ("/seen/sampled" | "/seen/unknown" | "/config/zero_init_residual", Some(put)) => put.is_boolean(),
        ("/seen/hashes", Some(put)) => put == "",
        ("/format_version", Some(put)) => matches!(put.as_u64(), Some(1..=3)),
        ("/input/mean/0", Some(put)) => put.as_f64().is_some_and(|number| number.abs() <= 10.0),
        ("/input/std/0", Some(put)) => put.as_f64().is_some_and(|number| number > 0.0 && number <= 10.0),
        ("/familiar/threshold", Some(put)) => {
            put.is_null() || put.as_f64().is_some_and(|number| (0.0..=2.0).contains(&number))
        }
        ("/temperature", Some(put)) => put.as_f64().is_some_and(|number| (1e-3..=1e3).contains(&number)),
        ("/input/height" | "/input/width", Some(put)) => put.as_u64().is_some_and(|side| (8..=8192).contains(&side)),
        (place, Some(put)) => names.contains(&place) && put.as_str().is_some_and(|text| text.len() <= 4096),
        _ => false,
    }
}

#[test]
fn no_field_of_a_description_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let parts = Parts::of(folder.path().join("model.safetensors"));
    let description = parts.description();
    assert_eq!(description["fit"], json!("crop"));
    let mut all = Vec::new();
    places(&description, "", &mut all);
    assert!(all.len() > 25, "{all:?}");
    let puts: Vec<Value> = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(7),
        json!(1_000_000_000_u64),
        json!(u64::MAX),
        json!(0.5),
        json!(1e-30),
        json!(1e300),
        json!(""),
        json!("auto"),
        json!("x".repeat(100_000)),
        json!([]),
        json!([0.5, 0.5]),
        json!(vec![0.5; 10_000]),
        json!({}),
    ];
    let check = |text: &str, place: &str, put: Option<&Value>| {
        let path = parts.write(text);
        for found in [
            Classifier::load(path).map(|_| ()),
            Encoder::load(path).map(|_| ()),
            load_weights(path, &ForeignOptions::default()).map(|_| ()),
        ] {
            match found {
                Ok(()) => assert!(harmless(place, put), "{place} = {put:?} was believed"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains("model.safetensors"), "{place}: {error}");
                    assert!(error.len() < 600, "{place}: {error}");
                }
            }
        }
    };
    for place in &all {
        for put in &puts {
            let mut changed = description.clone();
            *changed.pointer_mut(place).unwrap() = put.clone();
            // Encoders do not look at what belongs to classifiers: taking it away makes an encoder's file.
            if changed != description {
                check(&changed.to_string(), place, Some(put));
            }
        }
        if !place.is_empty() && !place.starts_with("/classes") {
            let mut changed = description.clone();
            remove(&mut changed, place);
            check(&changed.to_string(), place, None);
        }
    }
    for text in ["", "NaN", "{", "[1]", "\u{0}", "{\"format_version\": NaN}", &"[".repeat(100_000)] {
        check(text, "", None);
    }
    parts.write(&description.to_string());
    assert_eq!(Classifier::load(&parts.path).unwrap(), classifier());
}

#[test]
fn sizes_of_tensors_are_held_against_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut parts = Parts::of(folder.path().join("model.safetensors"));
    let (description, whole) = (parts.description().to_string(), parts.header.clone());
    for (name, shape, offsets) in [
        ("conv1.weight", json!([1_000_000, 1, 3, 3]), None),
        ("conv1.weight", json!([u64::MAX, u64::MAX, 3, 3]), None),
        ("conv1.weight", json!([4, 3, 3, 1]), None),
        ("conv1.weight", json!([36]), None),
        ("fc.bias", json!([1, 2]), None),
        ("fc.bias", json!([]), None),
        ("fc.weight", json!([2, 32]), Some(json!([0, u64::MAX]))),
        ("familiar.features", json!([32, 2]), None),
        ("layer4.0.bn2.running_var", json!([0]), None),
    ] {
        parts.header = whole.clone();
        parts.header[name]["shape"] = shape.clone();
        if let Some(offsets) = offsets {
            parts.header[name]["data_offsets"] = offsets;
        }
        let error = Classifier::load(parts.write(&description)).unwrap_err().to_string();
        assert!(error.contains("model.safetensors"), "{name} {shape}: {error}");
    }
    parts.header = whole;
    parts.header["more"] =
        json!({ "dtype": "F32", "shape": [0], "data_offsets": [parts.data.len(), parts.data.len()] });
    assert!(Classifier::load(parts.write(&description)).is_err());
}

#[test]
fn no_flipped_bit_and_no_cut_makes_it_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    classifier().save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize;
    for number in 0..1500 {
        let mut rng = Key::new(5).with(number).rng();
        let mut bytes = whole.clone();
        if number % 3 == 0 {
            bytes.truncate(rng.below(whole.len() as u64) as usize);
        } else {
            for _ in 0..=number % 4 {
                bytes[rng.below(header as u64) as usize] ^= 1 << rng.below(8);
            }
        }
        std::fs::write(&path, bytes).unwrap();
        for error in [Classifier::load(&path).err(), load_weights(&path, &ForeignOptions::default()).err()] {
            let named = error.is_none_or(|error| error.to_string().contains("model.safetensors"));
            assert!(named, "{number}");
        }
    }
}

#[test]
fn how_images_are_fitted_travels_with_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    for fit in Fit::ALL {
        let mut saved = classifier();
        saved.encoder.input.fit = fit;
        saved.save(&path).unwrap();
        assert_eq!(Classifier::load(&path).unwrap(), saved);
        let parts = Parts { path: path.clone(), header: Value::Null, data: Vec::new() };
        let bytes = std::fs::read(&parts.path).unwrap();
        let text = String::from_utf8_lossy(&bytes[..2000]).into_owned();
        assert!(text.contains(&format!("\\\"fit\\\":\\\"{}\\\"", fit.name())), "{text}");
        // Programs that would crop must not read what is not cropped.
        assert_eq!(text.contains("\\\"format_version\\\":3"), fit != Fit::Crop, "{text}");
    }
}
