//! Other people's images.

use std::fs;
use std::path::Path;

use foretask_tests::{Done, Place, fixture};

/// Copies the fixture's pictures, a folder per class.
fn clothes(place: &Place, to: &str) {
    for class in ["t-shirt", "trouser", "sneaker"] {
        for number in 0..8 {
            let name = format!("{class}/{number:02}.png");
            place.write(Path::new(to).join(&name), fs::read(fixture("clothes").join(&name)).unwrap());
        }
    }
}

fn described(place: &Place, dataset: &str) -> serde_json::Value {
    let done = place.foretask(&["describe", dataset, "--json"]).exits(0);
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {}", done.stdout))
}

#[test]
fn a_folder_of_images_is_a_dataset_and_imports_whole() {
    let place = Place::new();
    clothes(&place, "clothes");
    place.foretask(&["describe", "clothes"]).exits(0).says(&["24", "sneaker", "t-shirt", "trouser"]);
    place.foretask(&["import", "clothes", "-o", "clothes.parquet"]).exits(0).says(&["clothes.parquet: 24 rows"]);
    let (folder, table) = (described(&place, "clothes"), described(&place, "clothes.parquet"));
    assert_eq!(folder["rows"], 24, "{folder:#}");
    assert_eq!(table["rows"], 24, "{table:#}");
    assert_eq!(folder["classes"], table["classes"]);

    // It moves: the images are inside.
    fs::remove_dir_all(place.path("clothes")).unwrap();
    place.write(
        "try.rhai",
        "let d = dataset(\"clothes.parquet\");\nprint(d.filter(\"label = 'sneaker'\").describe());\n",
    );
    place.foretask(&["run", "try.rhai", "--device", "flex"]).exits(0).says(&["8"]);
}

#[test]
fn idx_files_import_with_their_splits() {
    let place = Place::new();
    let source = fixture("idx");
    place.foretask(&["import", source.to_str().unwrap(), "-o", "idx/manifest.parquet"]).exits(0);
    let description = described(&place, "idx");
    assert_eq!(description["rows"], 90, "{description:#}");
    let splits = description["splits"].to_string();
    assert!(splits.contains("train") && splits.contains("test") && splits.contains("60"), "{description:#}");

    let one = source.join("train-images-idx3-ubyte.gz");
    place
        .foretask(&[
            "import",
            one.to_str().unwrap(),
            "-o",
            "some.parquet",
            "--split",
            "train",
            "--per-class",
            "2",
            "--seed",
            "1",
        ])
        .exits(0);
    let description = described(&place, "some.parquet");
    assert_eq!(description["rows"], 20, "two of each of ten classes: {description:#}");
}

#[test]
fn a_flat_folder_without_classes_is_a_dataset_to_pretrain_on() {
    let place = Place::new();
    for number in 0..8 {
        place.write(
            format!("photos/{number}.png"),
            fs::read(fixture(&format!("clothes/trouser/{number:02}.png"))).unwrap(),
        );
    }
    place.write("try.rhai", "let d = dataset(\"photos\");\n\
                             let pre = pretrain(resnet10(#{ width: 4 }), rotation(), d.unlabeled(), #{ steps: 2, batch_size: 4 });\n\
                             pre.encoder.save(\"encoder.safetensors\");\n");
    place.foretask(&["run", "try.rhai", "--device", "flex"]).exits(0);
    assert!(place.path("encoder.safetensors").is_file());
}

#[test]
fn a_pack_is_a_dataset_and_learns_the_same_on_any_number_of_threads() {
    let place = Place::new();
    clothes(&place, "clothes");
    place.foretask(&["pack", "clothes", "-o", "packed"]).exits(0).says(&["24 images", "1 file", "sneaker 8"]);
    let (folder, packed) = (described(&place, "clothes"), described(&place, "packed"));
    assert_eq!((&folder["classes"], &folder["sizes"]), (&packed["classes"], &packed["sizes"]));
    assert_eq!(packed["images"], "packed");
    place.foretask(&["pack", "clothes", "-o", "packed"]).exits(2).says(&["holds a dataset already"]);
    fs::remove_dir_all(place.path("clothes")).unwrap();

    // So little memory that images are read in windows.
    place.write("try.rhai", "let d = dataset(\"packed\", #{ memory: \"1k\" });\n\
                             let pre = pretrain(resnet10(#{ width: 4 }), rotation(), d, #{ steps: 5, batch_size: 8 });\n\
                             pre.encoder.save(\"encoder.safetensors\");\n");
    let run = |threads: &str| {
        let out = format!("runs-{threads}");
        let done = place.foretask_with(
            &[("FORETASK_LOADER_THREADS", threads)],
            &["run", "try.rhai", "--device", "flex", "--out", &out],
        );
        done.exits(0).says(&["order = windows"]);
        fs::read(place.path("encoder.safetensors")).unwrap()
    };
    assert!(run("1") == run("4"));

    // A shard that was copied by half.
    let shard = place.path("packed/images-00000.pack");
    let whole = fs::read(&shard).unwrap();
    place.write("packed/images-00000.pack", &whole[..whole.len() / 2]);
    place
        .foretask(&["run", "try.rhai", "--device", "flex"])
        .exits(2)
        .says(&["images-00000.pack is truncated", "offset"]);
    place.write("bad.rhai", "let d = dataset(\"packed\", #{ memory: \"much\" });\n");
    place.foretask(&["check", "bad.rhai"]).exits(2).says(&["memory", "4g"]);
}

#[test]
fn archives_are_told_by_their_names_or_by_the_user() {
    let place = Place::new();
    place.write("data_batch_1.bin", vec![3; 2 * 3073]);
    place.foretask(&["import", "data_batch_1.bin", "-o", "a.parquet"]).exits(0).says(&["2 rows", "cat 2"]);
    place.write("mine.bin", vec![3; 2 * 3073]);
    place.foretask(&["import", "mine.bin", "-o", "b.parquet", "--format", "cifar10"]).exits(0).says(&["cat 2"]);
    place
        .foretask(&["import", "mine.bin", "-o", "c.parquet", "--format", "cifar"])
        .exits(2)
        .says(&["did you mean", "cifar10"]);
    place.write("mine.bin", vec![3; 3074]);
    place.foretask(&["import", "mine.bin", "-o", "b.parquet", "--format", "cifar10"]).exits(2).says(&["3073 bytes"]);
}

/// Trains a little on a folder with one broken picture among others.
fn with_a_broken_picture(options: &str) -> (Place, Done) {
    let place = Place::new();
    clothes(&place, "clothes");
    let whole = fs::read(fixture("clothes/sneaker/03.png")).unwrap();
    place.write("clothes/sneaker/03.png", &whole[..whole.len() / 2]);
    let script = format!(
        "let d = dataset(\"clothes\", #{{ {options} }});\n\
         let few = d.per_class(4, #{{ seed: 1 }});\n\
         let votes = pixel_probe(few);\n\
         report(\"broken\", #{{ pixels: votes.evaluate(d) }});\n"
    );
    place.write("broken.rhai", script);
    let done = place.foretask(&["run", "broken.rhai", "--device", "flex"]);
    (place, done)
}

#[test]
fn a_broken_picture_is_listed_with_its_reason() {
    let (place, done) = with_a_broken_picture("max_bad_fraction: 0.1");
    let done = done.exits(0);
    done.says(&["03.png"]);
    let page = fs::read_to_string(place.latest("broken").join("report.html")).unwrap();
    assert!(page.contains("03.png"), "the report lists it as well");
}

#[test]
fn more_than_one_percent_of_broken_pictures_is_an_error_unless_asked_for() {
    let (_, done) = with_a_broken_picture("");
    done.exits(2).says(&["03.png", "max_bad_fraction"]);
    let (_, done) = with_a_broken_picture("on_bad_image: \"error\", max_bad_fraction: 0.1");
    done.exits(2).says(&["03.png"]);
}

#[test]
fn import_and_pack_leave_bad_files_out_when_they_are_told_how_many() {
    let place = Place::new();
    clothes(&place, "clothes");
    place.write("clothes/zz.png", "");
    place.write("clothes/IMG_0001.jxl", "");
    for verb in ["import", "pack"] {
        let out = if verb == "import" { "x.parquet" } else { "packed" };
        let done = place.foretask(&[verb, "clothes", "-o", out]);
        done.exits(2).says(&["1 of 25", "zz.png", "--max-bad-fraction 0.04"]);
        let done = place.foretask(&[verb, "clothes", "-o", out, "--max-bad-fraction", "0.04"]);
        done.exits(0).says(&["24", "left out: row", "zz.png", "1 JPEG XL", "djxl"]);
        let out = format!("again-{out}");
        let done =
            place.foretask(&[verb, "clothes", "-o", &out, "--max-bad-fraction", "0.9", "--on-bad-image", "error"]);
        done.exits(2).says(&["zz.png", "--on-bad-image skip"]);
    }
}

#[test]
fn describe_says_what_cannot_be_used_and_what_is_left_out() {
    let place = Place::new();
    clothes(&place, "clothes");
    let whole = fs::read(fixture("clothes/sneaker/03.png")).unwrap();
    place.write("clothes/sneaker/03.png", &whole[..whole.len() / 2]);
    place.write("clothes/sneaker/._04.png", "x");
    for more in [&[][..], &["--deep"]] {
        let done = place.foretask(&[&["describe", "clothes"], more].concat());
        done.exits(0).says(&["unusable  1 of 24", "sneaker/03.png", "left out  1 side file of macOS"]);
    }
    // Paths that lead nowhere.
    place.write("gone.csv", "path,label\nnowhere/1.png,a\nnowhere/2.png,b\n");
    place.foretask(&["describe", "gone.csv"]).exits(2).says(&["none of the 2 images", "nowhere/1.png"]);
    place.foretask(&["import", "gone.csv", "-o", "gone.parquet"]).exits(2).says(&["nowhere/1.png"]);
    // Alone, a picture that cannot be read says what it is.
    place.write("IMG_0002.jxl", b"\xFF\x0A");
    place.foretask(&["describe", "IMG_0002.jxl"]).exits(2).says(&["JPEG XL", "djxl"]);
    // One that is read where the system has what reads it; this one is cut.
    place.write("IMG_0003.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    place.foretask(&["describe", "IMG_0003.HEIC"]).exits(2).says(&["IMG_0003.HEIC", "HEIC"]);
}
