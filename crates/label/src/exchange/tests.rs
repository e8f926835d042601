//! What goes out comes back; what other programs wrote is read.

use serde_json::json;

use super::*;
use crate::store::{LabeledImage, LabelsFile};

/// Images of one gray tone each in a folder, one of them in a subfolder, with labels that have markup in their names.
fn example(root: &Path) -> LabelsFile {
    let photos = root.join("photos");
    std::fs::create_dir_all(photos.join("sub")).unwrap();
    let images = ["a.pgm", "b <&> ü.pgm", "c.pgm", "sub/a.pgm"];
    for (tone, name) in images.iter().enumerate() {
        std::fs::write(photos.join(name), [b"P5\n2 1\n255\n".as_slice(), &[tone as u8; 2]].concat()).unwrap();
    }
    let image = |image: &str, label: Option<&str>, status: Option<&str>| LabeledImage {
        image: image.to_owned(),
        label: label.map(str::to_owned),
        status: status.map(str::to_owned),
        by: "ann".to_owned(),
    };
    LabelsFile {
        classes: vec![("cat".to_owned(), 2), ("red \"fox\" & <owl>".to_owned(), 1)],
        unsure: 1,
        unusable: 0,
        disputed: Vec::new(),
        people: Vec::new(),
        agreement: Vec::new(),
        images: vec![
            image("a.pgm", Some("cat"), None),
            image("b <&> ü.pgm", Some("red \"fox\" & <owl>"), None),
            image("c.pgm", None, Some("unsure")),
            image("sub/a.pgm", Some("cat"), None),
        ],
        history: Vec::new(),
        acts: 4,
    }
}

fn exported(format: Exchange, root: &Path, output: &str, link: bool) -> Result<Exported, Error> {
    let labels = example(root);
    let request = ExportRequest {
        labels: &labels,
        images: Some(&root.join("photos")),
        predictions: None,
        output: &root.join(output),
        link,
        overwrite: false,
    };
    export_to(format, &request)
}

fn back(root: &Path, file: &str) -> Vec<(String, String)> {
    let mut labels = foreign_labels(&root.join(file)).unwrap().unwrap().labels;
    labels.sort();
    labels
}

fn expected() -> Vec<(String, String)> {
    let pair = |name: &str, label: &str| (name.to_owned(), label.to_owned());
    vec![pair("a.pgm", "cat"), pair("b <&> ü.pgm", "red \"fox\" & <owl>"), pair("sub/a.pgm", "cat")]
}

#[test]
fn label_studio_and_cvat_give_back_what_they_were_given() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let done = exported(Exchange::LabelStudio, root, "tasks.json", false).unwrap();
    assert_eq!((done.images, done.labeled, done.written.len()), (4, 3, 2));
    assert_eq!(back(root, "tasks.json"), expected());
    let tasks: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(root.join("tasks.json")).unwrap()).unwrap();
    assert_eq!(tasks[1]["data"]["image"], "/data/local-files/?d=photos/b%20%3C%26%3E%20%C3%BC.pgm");
    assert!(tasks[2].get("annotations").is_none());
    let config = std::fs::read_to_string(root.join("tasks.xml")).unwrap();
    assert!(config.contains("<Choice value=\"red &quot;fox&quot; &amp; &lt;owl&gt;\"/>"), "{config}");

    let done = exported(Exchange::Cvat, root, "cvat.xml", false).unwrap();
    assert_eq!((done.images, done.labeled), (4, 3));
    assert_eq!(back(root, "cvat.xml"), expected());
    let text = std::fs::read_to_string(root.join("cvat.xml")).unwrap();
    assert!(text.contains("<image id=\"0\" name=\"a.pgm\" width=\"2\" height=\"1\">"), "{text}");
    // The same in a zip, as CVAT sends it.
    let mut zip = zip::ZipWriter::new(std::fs::File::create(root.join("cvat.zip")).unwrap());
    zip.start_file("annotations.xml", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    zip.finish().unwrap();
    assert_eq!(back(root, "cvat.zip"), expected());
    // What a person wrote is not replaced.
    std::fs::write(root.join("mine.xml"), "<annotations/>").unwrap();
    assert!(exported(Exchange::Cvat, root, "mine.xml", false).is_err());
}

#[test]
fn predictions_go_out_beside_labels() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let labels = example(root);
    let table = root.join("photos/predictions.csv");
    std::fs::write(&table, "path,label,confidence\na.pgm,cat,0.75\nc.pgm,owl,0.5\n").unwrap();
    let output = root.join("tasks.json");
    let request = ExportRequest {
        labels: &labels,
        images: None,
        predictions: Some(&table),
        output: &output,
        link: false,
        overwrite: false,
    };
    export_to(Exchange::LabelStudio, &request).unwrap();
    let tasks: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&output).unwrap()).unwrap();
    assert_eq!(tasks[0]["predictions"][0]["score"], 0.75);
    assert_eq!(tasks[0]["predictions"][0]["result"][0]["value"]["choices"], json!(["cat"]));
    assert_eq!(tasks[2]["predictions"][0]["result"][0]["value"]["choices"], json!(["owl"]));
    assert!(tasks[1].get("predictions").is_none());
    std::fs::write(&table, "path,label\na.pgm,cat\n").unwrap();
    assert!(export_to(Exchange::LabelStudio, &ExportRequest { overwrite: true, ..request }).is_err());
}

#[test]
fn folders_fiftyone_and_parquet_hold_the_images() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let done = exported(Exchange::FiftyOne, root, "fiftyone", false).unwrap();
    assert_eq!((done.images, done.labeled), (3, 3));
    let names: Vec<(String, String)> = back(root, "fiftyone");
    assert_eq!(names.iter().map(|pair| pair.1.as_str()).collect::<Vec<_>>(), ["cat", "red \"fox\" & <owl>", "cat"]);
    assert!(names.iter().all(|(name, _)| root.join("fiftyone").join(name).is_file()), "{names:?}");

    // A class with a quote or a slash is no folder.
    let error = exported(Exchange::Folders, root, "folders", false).unwrap_err();
    assert!(error.message.contains("red \"fox\"") && error.help.unwrap().contains("hf"));
    assert!(
        std::fs::read_dir(root).unwrap().flatten().all(|file| !file.file_name().to_string_lossy().starts_with('.'))
    );
    let mut labels = example(root);
    labels.classes[1].0 = "fox".to_owned();
    labels.images[1].label = Some("fox".to_owned());
    for (output, link) in [("copies", false), ("links", true)] {
        let request = ExportRequest {
            labels: &labels,
            images: Some(&root.join("photos")),
            predictions: None,
            output: &root.join(output),
            link,
            overwrite: false,
        };
        export_to(Exchange::Folders, &request).unwrap();
        assert_eq!(std::fs::read(root.join(output).join("cat/sub-a.pgm")).unwrap().last(), Some(&3));
        assert_eq!(root.join(output).join("fox/b -&- ü.pgm").is_symlink(), link && cfg!(unix));
        assert!(export_to(Exchange::Folders, &request).is_err(), "it is there");
    }

    exported(Exchange::HuggingFace, root, "x.parquet", false).unwrap();
    let samples = foretask_data::Manifest::open(root.join("x.parquet")).unwrap().samples().unwrap();
    assert_eq!(samples.labels, [Some(0), Some(1), Some(0)]);
    assert_eq!(samples.classes.to_vec(), ["cat", "red \"fox\" & <owl>"]);
    assert!(exported(Exchange::HuggingFace, root, "x.csv", false).is_err());
    let labels = example(root);
    let request = ExportRequest {
        labels: &labels,
        images: None,
        predictions: None,
        output: &root.join("y.parquet"),
        link: false,
        overwrite: false,
    };
    assert!(export_to(Exchange::HuggingFace, &request).unwrap_err().help.unwrap().contains("--images"));
}

#[test]
fn what_annotators_said_is_read_with_its_faults() {
    let said = |choices: &[&str]| json!({ "result": [{ "type": "choices", "value": { "choices": choices } }] });
    let cancelled = json!({ "was_cancelled": true, "result": [{ "value": { "choices": ["dog"] } }] });
    let task =
        |image: &str, annotations: serde_json::Value| json!({ "data": { "image": image }, "annotations": annotations });
    let tasks = json!([
        task("/data/upload/3/1a2b3c4d-my%20cat.png", json!([said(&["cat"]), cancelled])),
        task("https://example.org/x/dog.png?size=3", json!([said(&["dog"]), said(&["dog"]), said(&["cat"])])),
        task("a.png", json!([said(&["dog"]), said(&["cat"])])),
        task("b.png", json!([said(&["dog", "cat"])])),
        task("c.png", json!([])),
        { "id": 7, "image": "/data/local-files/?d=photos/e.png", "choice": "owl", "annotator": 1, "created_at": "2026-01-01T00:00:00.0Z" },
    ]);
    let found = label_studio::read(&tasks).unwrap();
    let pair = |name: &str, label: &str| (name.to_owned(), label.to_owned());
    assert_eq!(found.labels, [pair("my cat.png", "cat"), pair("x/dog.png", "dog"), pair("photos/e.png", "owl")]);
    assert_eq!((found.unlabeled, found.notes.len()), (2, 2));
    assert!(label_studio::read(&json!([{ "id": 3 }])).is_err() && label_studio::read(&json!([1])).is_err());

    let text = "<?xml version=\"1.0\"?><annotations><image id=\"0\" name=\"a&amp;b.png\"><tag label=\"x &lt; y\"/></image>\
                <image name=\"c.png\"/><image name=\"d.png\"><tag label=\"a\"></tag><tag label=\"b\"></tag></image>\
                <image name=\"e.png\"><box label=\"a\" xtl=\"1\"/></image></annotations>";
    let found = cvat::read(text).unwrap();
    assert_eq!(found.labels, [pair("a&b.png", "x < y")]);
    assert_eq!((found.unlabeled, found.notes.len()), (2, 2));
    for wrong in
        ["", "<annotations/>", "<image/>", "<annotations><image name=\"a\"><tag/></image></annotations>", "<a><b></a>"]
    {
        assert!(cvat::read(wrong).is_err(), "{wrong}");
    }

    let found = fiftyone::read(
        &json!({ "classes": ["a", "b"], "labels": { "x": 1, "y": null, "z": { "label": "c", "confidence": 0.5 } } }),
    );
    assert_eq!(found.unwrap().labels, [pair("x", "b"), pair("z", "c")]);
    assert!(fiftyone::read(&json!({ "classes": ["a"], "labels": { "x": 4 } })).is_err());
    assert!(fiftyone::read(&json!({ "labels": { "x": [1] } })).is_err() && fiftyone::read(&json!({})).is_err());
}

#[test]
fn files_of_their_own_libraries_are_read() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let read = |name: &str| foreign_labels(&fixtures.join(name)).unwrap().unwrap();
    let pair = |name: &str, label: &str| (name.to_owned(), label.to_owned());
    // label-studio-sdk 2.1.2: `LabelInterface.generate_sample_annotation` and `generate_sample_prediction`.
    let found = read("label_studio.json");
    assert_eq!(found.labels, [pair("a.png", "cat"), pair("photos/b c.png", "red fox")]);
    assert_eq!((found.unlabeled, found.notes.len()), (1, 0));
    // datumaro 1.13.12: `Dataset.export(…, "cvat")`.
    let found = read("cvat.xml");
    assert_eq!(found.labels, [pair("a.jpg", "cat"), pair("sub/b & c.jpg", "red \"fox\"")]);
    assert_eq!((found.unlabeled, found.notes.len()), (1, 0));
    // datasets: `Dataset.to_parquet` with `Image` and `ClassLabel`; -1 is no label.
    let samples = foretask_data::Manifest::open(fixtures.join("hugging_face.parquet")).unwrap().samples().unwrap();
    assert_eq!(
        (samples.labels, samples.classes.to_vec()),
        (vec![Some(0), Some(1), None], vec!["cat".to_owned(), "red fox".to_owned()])
    );
    // As FiftyOne 1.22 writes it (`FiftyOneImageClassificationDatasetExporter`): names without endings, also in folders.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("data/sub")).unwrap();
    for file in ["data/a.png", "data/sub/b.jpg"] {
        std::fs::write(folder.path().join(file), "").unwrap();
    }
    let text =
        r#"{"classes": ["cat", "dog"], "labels": {"a": 1, "sub/b": {"label": 0, "confidence": 0.5}, "c": null}}"#;
    std::fs::write(folder.path().join("labels.json"), text).unwrap();
    for path in [folder.path().to_owned(), folder.path().join("labels.json")] {
        let found = foreign_labels(&path).unwrap().unwrap();
        assert_eq!(found.labels, [pair("data/a.png", "dog"), pair("data/sub/b.jpg", "cat")]);
    }
    assert_eq!(foreign_labels(&folder.path().join("labels.csv")).unwrap(), None);
}
