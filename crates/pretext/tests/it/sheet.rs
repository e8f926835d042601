//! Contact sheets.

use foretask_pretext::{Example, ExampleTarget, Picture, Planes, Shape, SheetStyle, Task, Tiled, contact_sheet};

use super::{explain, picture, resolved};

fn examples_of(name: &str, channels: usize, side: usize) -> Vec<Example> {
    let data = picture(side, side, channels, 1);
    let task = Task::by_name(name).unwrap();
    (0..3).map(|key| explain(&task, &data, (side, side), Shape::new(channels, side, side), key)).collect()
}

fn examples(channels: usize, side: usize) -> Vec<Vec<Example>> {
    let tasks = resolved(Shape::new(channels, side, side));
    tasks.iter().map(|resolved| examples_of(resolved.task.name(), channels, side)).collect()
}

/// Does the picture hold `planes`, enlarged `zoom` times, with its corner at (x, y)?
fn holds(sheet: &Picture, planes: &Planes, (left, top): (usize, usize), zoom: usize) -> bool {
    let small = Picture::from_planes(planes);
    (0..small.height * zoom).all(|y| {
        (0..small.width * zoom).all(|x| {
            let at = |picture: &Picture, x: usize, y: usize| picture.data[(y * picture.width + x) * 3..][..3].to_vec();
            at(sheet, left + x, top + y) == at(&small, x / zoom, y / zoom)
        })
    })
}

#[test]
fn original_inputs_and_target_stand_in_a_row() {
    for channels in [1, 3] {
        for examples in examples(channels, 28) {
            let example = &examples[0];
            let style = SheetStyle { cell: 56, ..SheetStyle::default() };
            let sheet = contact_sheet(&examples, &style);
            let (gap, line) = (8, style.line_height());
            let tiled = example.tiled.map_or(0..0, |tiled| tiled.first..tiled.first + tiled.count);
            let mut shown = vec![Some(&example.original)];
            for (i, input) in example.inputs.iter().enumerate() {
                // Tiles share a cell, which is looked at below.
                match i {
                    _ if i == tiled.start && !tiled.is_empty() => shown.push(None),
                    _ if tiled.contains(&i) => {}
                    _ => shown.push(Some(input)),
                }
            }
            if let ExampleTarget::Image(target) = &example.target {
                shown.push(Some(target));
            }
            shown.extend(example.weights.iter().map(Some));
            // The cell is the largest picture, enlarged as often as it goes into 56.
            let cell = (sheet.width - gap) / shown.len() - gap;
            assert_eq!(sheet.width, gap + shown.len() * (cell + gap));
            assert!((29..=56).contains(&cell));
            for (column, planes) in shown.into_iter().enumerate() {
                let Some(planes) = planes else { continue };
                let side = planes.shape.height;
                let zoom = cell / side;
                let inside = (cell - side * zoom) / 2;
                let at = (gap + column * (cell + gap) + inside, gap + line + inside);
                assert!(holds(&sheet, planes, at, zoom), "column {column}");
            }
        }
    }
}

#[test]
fn tiles_lie_in_rows_and_numbers_are_written() {
    let shape = Shape::new(1, 8, 8);
    let tile = |level: f32| Planes { data: vec![level; 4], shape: Shape::new(1, 2, 2) };
    let example = Example {
        original: Planes::black(shape),
        inputs: [0.2, 0.4, 0.6, 0.8].map(tile).to_vec(),
        tiled: Some(Tiled { first: 0, count: 4, columns: 2 }),
        target: ExampleTarget::Vector(vec![0.25; 9]),
        weights: None,
        notes: Vec::new(),
        answer: Some(ExampleTarget::Vector(vec![0.5])),
    };
    let style = SheetStyle { cell: 40, ..SheetStyle::default() };
    let line = style.line_height();
    let sheet = contact_sheet(std::slice::from_ref(&example), &style);
    // Two tiles and a line of 1: a mosaic of 5x5, enlarged 8 times in the second cell.
    let at = |x: usize, y: usize| sheet.data[((8 + line + y * 8) * sheet.width + 8 + 48 + x * 8) * 3];
    assert_eq!((at(0, 0), at(3, 0), at(0, 3), at(4, 4)), (51, 102, 153, 204));
    assert_eq!((at(2, 0), at(0, 2), at(2, 4)), (255, 255, 255));
    let silent = Example { target: ExampleTarget::Views, answer: None, ..example };
    assert!(contact_sheet(&[silent], &SheetStyle { cell: 40, ..SheetStyle::default() }).height < sheet.height);
}

#[test]
fn a_sheet_is_written_as_a_png_of_the_same_pixels() {
    for examples in examples(3, 24) {
        let style = SheetStyle {
            title: "a title that is too long for one line of this sheet, surely".into(),
            ..SheetStyle::default()
        };
        let sheet = contact_sheet(&examples, &style);
        let read = image::load_from_memory(&sheet.to_png().unwrap()).unwrap().into_rgb8();
        assert_eq!((read.width() as usize, read.height() as usize), (sheet.width, sheet.height));
        assert_eq!(read.into_raw(), sheet.data);
    }
}

#[test]
fn answers_are_shown_and_colored() {
    let mut rotation = examples_of("rotation", 1, 28);
    let plain = contact_sheet(&rotation, &SheetStyle::default());
    rotation[0].answer = Some(ExampleTarget::Classes(["0 degrees"; 4].map(str::to_owned).to_vec()));
    let answered = contact_sheet(&rotation, &SheetStyle::default());
    assert!(answered.height > plain.height);
    let count = |sheet: &Picture, color: [u8; 3]| sheet.data.chunks_exact(3).filter(|pixel| **pixel == color).count();
    let (green, red) = (count(&answered, [20, 120, 50]), count(&answered, [180, 40, 30]));
    assert!(green > 0 && red == 3 * green, "one right, three wrong: {green} {red}");

    let mut coarse = examples_of("super_resolution", 1, 28);
    let plain = contact_sheet(&coarse, &SheetStyle::default());
    coarse[1].answer = Some(coarse[1].target.clone());
    let answered = contact_sheet(&coarse, &SheetStyle::default());
    assert!(answered.width > plain.width);
}

#[test]
fn large_images_are_shrunk_and_notes_can_be_left_out() {
    let examples = examples_of("simclr", 3, 90);
    let with = contact_sheet(&examples, &SheetStyle { cell: 40, ..SheetStyle::default() });
    let without = contact_sheet(&examples, &SheetStyle { cell: 40, notes: false, ..SheetStyle::default() });
    assert_eq!((with.width, without.width), (8 + 3 * 48, 8 + 3 * 48));
    assert!(without.height < with.height);
}

#[test]
fn class_names_of_any_script_are_drawn() {
    let sheet = |class: &str| {
        let mut rotation = examples_of("rotation", 1, 28);
        rotation.truncate(1);
        rotation[0].target = ExampleTarget::Classes(vec![class.to_owned(); 4]);
        contact_sheet(&rotation, &SheetStyle::default())
    };
    let names =
        ["猫", "犬", "고양이", "кошка", "γάτα", "Kätzchen", "قطة", "חתול", "แมว", "बिल्ली", "ねこ", "😀", "😁", ""];
    let drawn: Vec<Picture> = names.iter().map(|name| sheet(name)).collect();
    for (one, first) in drawn.iter().enumerate() {
        for (other, second) in drawn.iter().enumerate().skip(one + 1) {
            assert!(first != second, "{} looks like {}", names[one], names[other]);
        }
    }
}
