//! Images and tables of labels as one dataset.

use std::{fs, path::Path};

use foretask_tests::{Place, fixture};

/// Pictures in folders that are no classes.
fn photos(place: &Place) {
    for (number, class) in ["t-shirt", "trouser", "sneaker"].into_iter().cycle().take(12).enumerate() {
        let picture = fs::read(fixture("clothes").join(class).join(format!("{:02}.png", number / 3))).unwrap();
        place.write(Path::new("photos").join(format!("{}/{number:02}.png", 2023 + number % 2)), picture);
    }
}

/// A script that prints what is in the dataset.
fn script(place: &Place, options: &str) {
    let text = format!("let data = dataset(\"photos\", #{{ {options} }});\nprint(data.labeled().describe());\n");
    place.write("look.rhai", text);
}

#[test]
fn labels_are_joined_and_what_is_lost_is_said() {
    let place = Place::new();
    photos(&place);
    // As Excel writes it where commas are decimal points, and as label_next writes paths.
    let rows =
        "path;label\r\n..\\photos\\2023\\00.png;007\r\nphotos/2024/01.png;7\r\n02.png;7\r\n03.png;-1\r\ngone.png;7\r\n";
    place.write("work/labels.csv", rows);
    script(&place, "labels: \"work/labels.csv\"");
    for verb in ["check", "run", "run"] {
        place.foretask(&[verb, "look.rhai"]).exits(0).says(&["name no image", "gone.png (row 4)", "-1 in `label`"]);
    }
    place.foretask(&["run", "look.rhai"]).exits(0).says(&["rows      3 (3 labeled)", "classes   2: 007 1, 7 2"]);
    script(&place, "labels: \"work/lables.csv\"");
    place.foretask(&["check", "look.rhai"]).exits(2).says(&["no table of labels at `work/lables.csv`", "did you mean"]);
    place.write("work/labels.csv", "path,label\n2023/00.png\n");
    script(&place, "labels: \"work/labels.csv\"");
    place.foretask(&["check", "look.rhai"]).exits(2).says(&["labels.csv: line 2: 1 cell for 2 columns"]);
}

#[test]
fn subfolders_are_classes_unless_they_are_not() {
    let place = Place::new();
    photos(&place);
    script(&place, "folders: \"ignore\"");
    place.foretask(&["check", "look.rhai"]).exits(2).says(&["no labels"]);
    place.foretask(&["describe", "photos"]).exits(0).says(&["2023 6, 2024 6", "subfolders are classes"]);
    place.write("photos/metadata.csv", "file_name,label\n2023/00.png,a\n2024/01.png,b\n");
    place.foretask(&["describe", "photos"]).exits(0).says(&["(2 labeled)", "classes   2: a 1, b 1"]);
}
