//! What is wrong with a dataset: faults that were put there are found, written down, and shown.

use foretask_tests::Place;

/// Pictures of two kinds, stripes one way and the other, with grain of their own, as PNM.
fn picture(seed: usize, up: bool, (low, range): (usize, usize)) -> Vec<u8> {
    let mut bytes = b"P5\n32 32\n255\n".to_vec();
    bytes.extend((0..32 * 32_usize).map(|at| {
        let (x, y) = (at % 32, at / 32);
        let along = if up { x } else { y };
        // A hash of place and seed, so that no two pictures have the same grain.
        let grain = (at.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)).wrapping_mul(2_246_822_519) >> 16 & 63;
        let stripe = (along + seed) / 4 % 2 * 100;
        (low + (stripe + grain) * range / 164).min(255) as u8
    }));
    bytes
}

/// A folder with two splits and, one each: a wrong label, a copy across splits, a dark, an overexposed, an empty and a large picture.
fn faulty(place: &Place) {
    for index in 0..60_usize {
        let up = index % 2 == 0;
        let class = if up { "up" } else { "across" };
        let split = if index < 45 { "train" } else { "test" };
        place.write(format!("photos/{split}/{class}/{index:02}.pgm"), picture(index, up, (30, 164)));
    }
    place.write("photos/train/across/wrong.pgm", picture(200, true, (30, 164)));
    place.write("photos/test/up/copy.pgm", picture(2, true, (36, 164)));
    place.write("photos/train/up/dark.pgm", picture(201, true, (0, 40)));
    place.write("photos/train/up/bright.pgm", picture(202, true, (250, 5)));
    place.write("photos/train/up/empty.pgm", [b"P5\n32 32\n255\n".as_slice(), &[128; 32 * 32]].concat());
    let large: Vec<u8> = picture(203, true, (30, 164)).split_off(13).iter().flat_map(|tone| [*tone; 16]).collect();
    place.write("photos/train/up/large.pgm", [b"P5\n128 128\n255\n".as_slice(), &large].concat());
}

#[test]
fn faults_that_were_put_there_are_found() {
    let place = Place::new();
    faulty(&place);
    place.write(
        "find.rhai",
        "let data = dataset(\"photos\");\n\
         let pre = pretrain(resnet10(#{ width: 4 }), rotation(), data.unlabeled(), #{ steps: 30, batch_size: 16 });\n\
         let issues = find_issues(data, pre.encoder, #{ table: \"out/issues.csv\", sheet: \"out/issues.png\" });\n\
         print(`clean: ${issues.clean.count} of ${data.count}`);\n\
         // `check` has looked at no image, and finds nothing.\n\
         for row in issues.table { print(`first: ${row.issue} ${row.name}`); break; }\n\
         report(\"first look\", #{ issues: issues });\n",
    );
    place.foretask(&["check", "find.rhai", "--device", "flex"]).exits(0).says(&["find_issues"]);
    let done = place.foretask(&["run", "find.rhai", "--device", "flex"]).exits(0);
    done.says(&["may have something wrong", "out/issues.csv", "out/issues.png", "clean: ", "first: "]);
    let table = std::fs::read_to_string(place.path("out/issues.csv")).unwrap();
    let row = |issue: &str, file: &str| {
        let found = table.lines().find(|line| line.contains(&format!(",{issue},")) && line.contains(file));
        found.unwrap_or_else(|| panic!("no {issue} at {file}:\n{table}")).to_owned()
    };
    assert!(row("label", "wrong.pgm").contains("across,up"), "{table}");
    // The split of learning and that of measuring are named.
    let copy = row("duplicate", "02.pgm");
    assert!(copy.contains("copy.pgm") && copy.contains("train") && copy.contains("test"), "{copy}");
    for (issue, file) in
        [("dark", "dark.pgm"), ("overexposed", "bright.pgm"), ("uniform", "empty.pgm"), ("size", "large.pgm")]
    {
        row(issue, file);
    }
    assert!(std::fs::read(place.path("out/issues.png")).unwrap().starts_with(b"\x89PNG"));
    let page = std::fs::read_to_string(place.latest("find").join("report.html")).unwrap();
    for words in ["What may be wrong with the data", "Near-duplicates", "Probably wrong labels", "overexposed"] {
        assert!(page.contains(words), "{words}");
    }
    // The second run finds everything; what a person wrote meanwhile stays.
    place.foretask(&["run", "find.rhai", "--device", "flex"]).exits(0).says(&["done before"]);
    place.write("out/issues.csv", format!("{table}mine\n"));
    place.foretask(&["run", "find.rhai", "--device", "flex"]).exits(2).says(&["out/issues.csv", "table"]);
}

#[test]
fn what_cannot_work_is_said_before_anything_is_trained() {
    let place = Place::new();
    let script = |options: &str| {
        place.write(
            "find.rhai",
            format!(
                "let data = dataset(\"datasets/fashion-mini\");\n\
                 let pre = pretrain(resnet10(#{{ width: 4 }}), rotation(), data.unlabeled(), #{{ steps: 3 }});\n\
                 find_issues(data, pre.encoder, {options});\n"
            ),
        );
        place.foretask(&["run", "find.rhai", "--device", "flex"]).exits(2)
    };
    script("#{ similarity: 2.0 }").says(&["similarity", "0 to 1"]);
    script("#{ darkk: 0.3 }").says(&["darkk", "dark"]);
    script("#{ table: \"issues.txt\" }").says(&["table", ".csv"]);
    script("data.split(\"train\").per_class(3, #{ draws: 2 })").says(&["find_issues", "2 label draws"]);
}
