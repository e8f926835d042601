//! Contact sheets.

use foretask_pretext::{Example, ExampleTarget, Picture, Shape, SheetStyle, contact_sheet};
use foretask_random::Key;

use super::{all_tasks, image, picture};

fn examples(channels: usize, side: usize) -> Vec<Vec<Example>> {
    let data = picture(side, side, channels, 1);
    let shape = Shape::new(channels, side, side);
    let explain = |task: foretask_pretext::Task| {
        (0..3).map(|key| task.explain(image(&data, side, side, channels), Key::new(key), shape).unwrap()).collect()
    };
    all_tasks().into_iter().map(explain).collect()
}

/// Does the picture hold `planes`, enlarged `zoom` times, with its corner at (x, y)?
fn holds(sheet: &Picture, planes: &foretask_pretext::Planes, (left, top): (usize, usize), zoom: usize) -> bool {
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
            let sheet = contact_sheet(&examples, &SheetStyle { cell: 56, ..SheetStyle::default() });
            let (gap, line) = (8, 9);
            let mut shown = vec![&examples[0].original];
            shown.extend(&examples[0].inputs);
            if let ExampleTarget::Image(target) = &examples[0].target {
                shown.push(target);
            }
            assert_eq!(sheet.width, gap + shown.len() * (56 + gap));
            for (column, planes) in shown.into_iter().enumerate() {
                assert!(holds(&sheet, planes, (gap + column * (56 + gap), gap + line), 2), "column {column}");
            }
        }
    }
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
    let mut rotation = examples(1, 28).remove(1);
    let plain = contact_sheet(&rotation, &SheetStyle::default());
    rotation[0].answer = Some(ExampleTarget::Classes(["0 degrees"; 4].map(str::to_owned).to_vec()));
    let answered = contact_sheet(&rotation, &SheetStyle::default());
    assert!(answered.height > plain.height);
    let count = |sheet: &Picture, color: [u8; 3]| sheet.data.chunks_exact(3).filter(|pixel| **pixel == color).count();
    let (green, red) = (count(&answered, [20, 120, 50]), count(&answered, [180, 40, 30]));
    assert!(green > 0 && red == 3 * green, "one right, three wrong: {green} {red}");

    let mut coarse = examples(1, 28).remove(0);
    let plain = contact_sheet(&coarse, &SheetStyle::default());
    coarse[1].answer = Some(coarse[1].target.clone());
    let answered = contact_sheet(&coarse, &SheetStyle::default());
    assert!(answered.width > plain.width);
}

#[test]
fn large_images_are_shrunk_and_notes_can_be_left_out() {
    let examples = examples(3, 90).remove(2);
    let with = contact_sheet(&examples, &SheetStyle { cell: 40, ..SheetStyle::default() });
    let without = contact_sheet(&examples, &SheetStyle { cell: 40, notes: false, ..SheetStyle::default() });
    assert_eq!((with.width, without.width), (8 + 3 * 48, 8 + 3 * 48));
    assert!(without.height < with.height);
}
