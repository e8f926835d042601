//! A person's own folder: looked at, a script written for it, checked, run.

use std::fs;

use foretask_tests::Place;

/// A picture of its own, gray (P5) or colored (P6): a bright bar on dark ground, lying or standing.
fn picture(side: usize, channels: usize, class: usize, number: usize) -> Vec<u8> {
    let mut bytes = format!("P{}\n{side} {side}\n255\n", if channels == 3 { 6 } else { 5 }).into_bytes();
    let at = side / 4 + number % (side / 2);
    for y in 0..side {
        for x in 0..side {
            let on = if class == 0 { x } else { y }.abs_diff(at) < side / 8;
            let tone = if on { 200 } else { 30 } + ((x * 7 + y * 13 + number * 5) % 23) as u8;
            bytes.extend((0..channels).map(|channel| tone.saturating_sub(20 * channel as u8)));
        }
    }
    bytes
}

/// `foretask new`, `check` and a first impression of `run`, in a folder that holds `photos`; gives what the run printed.
fn from_folder_to_result(place: &Place, found: &[&str]) -> String {
    place.foretask(&["new", "photos"]).exits(0).says(found).says(&["photos.rhai"]);
    let script = fs::read_to_string(place.path("photos.rhai")).unwrap();
    place.foretask(&["check", "photos.rhai"]).exits(0).says(&["The script is fine"]);
    let done = place.foretask(&["run", "photos.rhai", "--set", "quick=true", "--device", "flex"]);
    assert_eq!(done.code, Some(0), "{script}\n{}", done.printed());
    done.printed()
}

#[test]
fn gray_images_in_folders_of_classes() {
    let place = Place::new();
    place.clothes("photos", &["t-shirt", "trouser", "sneaker"], 0..8);
    let printed = from_folder_to_result(
        &place,
        &["24 images, gray, 28x28", "all labeled, 3 classes", "20 % of the labeled ones are held out"],
    );
    assert!(
        printed.contains("scratch") && printed.contains("raw pixels") && !printed.contains("also learned from"),
        "{printed}"
    );
    assert!(place.path("photos.safetensors").exists());
    // Once more: it is as it was written. Then the script is the person's.
    let written = fs::read_to_string(place.path("photos.rhai")).unwrap();
    place.foretask(&["new", "photos"]).exits(0);
    let own = format!("{written}// mine\n");
    place.write("photos.rhai", &own);
    place.foretask(&["new", "photos"]).exits(2).says(&["photos.rhai", "changed", "--force"]);
    assert_eq!(fs::read_to_string(place.path("photos.rhai")).unwrap(), own);
    place.foretask(&["new", "nowhere"]).exits(2).says(&["nowhere"]);
}

#[test]
fn color_images_of_which_some_are_labeled_and_one_is_broken() {
    let place = Place::new();
    for number in 0..30 {
        let class = number % 2;
        let name = if number < 20 { format!("{}/{number}", ["lying", "standing"][class]) } else { number.to_string() };
        place.write(format!("photos/{name}.ppm"), picture(24, 3, class, number));
    }
    place.write("photos/broken.jpg", "not a picture");
    let printed = from_folder_to_result(&place, &["31 images, color", "20 labeled, 2 classes", "broken.jpg"]);
    assert!(printed.contains("photos-labels.csv"), "{printed}");
    let table = fs::read_to_string(place.path("photos-labels.csv")).unwrap();
    assert_eq!(table.lines().count(), 11, "a heading and the ten that had no label: {table}");
}

#[test]
fn a_flat_folder_without_any_label() {
    let place = Place::new();
    for number in 0..70 {
        place.write(format!("photos/{number}.pgm"), picture(20, 1, number % 2, number));
    }
    from_folder_to_result(&place, &["70 images, gray, 20x20", "no labels"]);
    assert!(place.path("photos-encoder.safetensors").exists());
    assert!(fs::read(place.path("photos-features.parquet")).unwrap().starts_with(b"PAR1"));
    // What to label first, as a table to fill in and as a sheet of pictures.
    let table = fs::read_to_string(place.path("photos-to-label.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 35, "{table}");
    assert!(fs::read(place.path("photos-to-label.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn large_photos_with_folders_for_training_and_test() {
    let place = Place::new();
    for number in 0..12 {
        let (class, split) = (number % 2, if number < 8 { "train" } else { "test" });
        let name = ["lying", "standing"][class];
        place.write(format!("photos/{split}/{name}/{number}.ppm"), picture(300 + number, 3, class, number));
    }
    let printed = from_folder_to_result(&place, &["sides of 300 to 311 pixels", "split \"test\""]);
    assert!(printed.contains("scratch"), "{printed}");
}
