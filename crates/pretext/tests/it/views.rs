//! The views of joint embedding.

use foretask_pretext::{Augment, Byol, Dino, Example, ExampleTarget, Shape, SimClr, Task, Views};
use foretask_random::Key;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{all_tasks, image, picture};

const COLOR: Shape = Shape::new(3, 32, 32);
const PHOTO: Shape = Shape::new(3, 96, 128);

fn read(value: Value) -> Views {
    serde_json::from_value(value).unwrap()
}

fn explain(task: &Task, shape: Shape, key: u64) -> Example {
    let data = picture(shape.width, shape.height, shape.channels, 6);
    task.explain(image(&data, shape.width, shape.height, shape.channels), Key::new(key), shape).unwrap()
}

#[test]
fn two_views_differ_and_are_each_a_function_of_their_own_key() {
    let data = picture(32, 32, 3, 6);
    let task = SimClr::default();
    let example = explain(&Task::SimClr(task), COLOR, 4);
    assert_eq!(example.target, ExampleTarget::Views);
    assert_ne!(example.inputs[0], example.inputs[1]);
    let augment = Task::SimClr(task).views(COLOR).unwrap().first;
    for (i, input) in example.inputs.iter().enumerate() {
        let mut out = vec![0.0; COLOR.len()];
        let key = Key::new(4).with(i as u64);
        augment.apply(image(&data, 32, 32, 3), key, COLOR, &mut out).unwrap();
        assert_eq!(&out, &input.data);
        let words = augment.words(image(&data, 32, 32, 3), key, COLOR).unwrap();
        assert_eq!(example.notes[i], format!("view {}: {words}", i + 1));
    }
}

#[test]
fn views_are_read_from_a_name_an_augmentation_or_a_map() {
    let byol = Augment::preset("byol").unwrap();
    assert_eq!(read(json!("byol")), Views::from(byol));
    assert_eq!(read(json!("auto")), Views::default());
    assert_eq!(read(serde_json::to_value(byol.jitter(0.4)).unwrap()), Views::from(byol.jitter(0.4)));
    let views = read(json!({
        "second": {"solarize": 0.5}, "preset": "dino", "crop": [0.5, 1], "flip": 0, "local": 3, "local_size": 12,
        "local_view": {"crop": [0.1, 0.2]},
    }));
    let all = Augment::preset("dino").unwrap().flip(0.0);
    assert_eq!(views.first, all.crop([0.5, 1.0]));
    assert_eq!(views.second, all.crop([0.5, 1.0]).solarize(0.5));
    assert_eq!(views.local_view, all.crop([0.1, 0.2]));
    assert_eq!((views.local, views.local_size), (Some(3), Some(12)));
    assert_eq!(read(serde_json::to_value(views).unwrap()), views);
    let error = serde_json::from_value::<Views>(json!({"lokal": 2})).unwrap_err().to_string();
    assert!(
        error.contains("unknown field `lokal`") && error.contains("`local`") && error.contains("`crop`"),
        "{error}"
    );
}

#[test]
fn shorthands_go_before_the_views() {
    let read = |options| Task::from_options("simclr", options).unwrap();
    let (short, long) = (
        read(
            json!({"views": {"crop": [0.1, 0.9], "hue": 0.0}, "crop": [0.5, 1], "jitter": 0.4, "flip": 0, "blur": 0.3}),
        ),
        read(json!({"views": {"crop": [0.5, 1], "jitter": 0.4, "hue": 0.0, "flip": 0, "blur": 0.3}})),
    );
    for key in 0..20 {
        assert_eq!(explain(&short, COLOR, key), explain(&long, COLOR, key));
    }
    let (short, long) = (short.resolve(COLOR).unwrap(), long.resolve(COLOR).unwrap());
    assert_eq!(short, long);
}

#[test]
fn the_second_view_of_byol_is_made_differently() {
    let views = Task::Byol(Byol::default()).views(PHOTO).unwrap();
    assert_eq!((views.first.blur, views.second.blur), (Some(1.0), Some(0.1)));
    assert_eq!((views.first.solarize, views.second.solarize), (Some(0.0), Some(0.2)));
    let resolved = Task::by_name("byol").unwrap().resolve(PHOTO).unwrap();
    assert!(
        resolved.notes.iter().any(|note| note.name == "second.blur" && note.value == "0.1"),
        "{:?}",
        resolved.notes
    );
    assert_eq!(resolved.notes.iter().filter(|note| note.name.ends_with("jitter")).count(), 1);
    let (mut blurred, mut solarized) = ([0; 2], [0; 2]);
    for key in 0..300 {
        for (view, words) in explain(&resolved.task, Shape::new(3, 72, 72), key).notes.iter().enumerate() {
            blurred[view] += u32::from(words.contains("blur"));
            solarized[view] += u32::from(words.contains("solarized"));
        }
    }
    // Binomial(300, 0.1) and (300, 0.2): five standard deviations are 26 and 35.
    assert!(blurred[0] == 300 && blurred[1].abs_diff(30) < 26, "{blurred:?}");
    assert!(solarized[0] == 0 && solarized[1].abs_diff(60) < 35, "{solarized:?}");
}

#[test]
fn local_views_are_smaller_parts_in_a_block_of_their_own() {
    let task = Task::by_name("dino").unwrap();
    let layout = task.layout(PHOTO);
    assert_eq!(layout.inputs, [(PHOTO, 2), (Shape::new(3, 48, 64), 8)]);
    let example = explain(&task, PHOTO, 1);
    assert_eq!(example.inputs.len(), 10);
    assert!(example.notes[9].starts_with("local view 8: crop "), "{:?}", example.notes);
    assert!(example.inputs[2..].iter().all(|view| view.shape == Shape::new(3, 48, 64)));
    // Photographs of the usual size get the usual local views, small images none.
    assert_eq!(task.layout(Shape::new(3, 224, 224)).inputs[1], (Shape::new(3, 96, 96), 8));
    assert_eq!(task.layout(COLOR).inputs, [(COLOR, 2)]);
    let asked = Task::Dino(Dino { views: read(json!({"local": 3})), ..Dino::default() });
    assert_eq!(asked.layout(Shape::new(1, 28, 28)).inputs[1], (Shape::new(1, 16, 16), 3));
}

#[test]
fn views_can_be_used_by_themselves() {
    let data = picture(40, 40, 3, 2);
    let picture = image(&data, 40, 40, 3);
    let views = Views { local: Some(2), ..Views::preset("simclr").unwrap() };
    let blocks = views.resolve(COLOR).unwrap().0.blocks(COLOR);
    let mut buffers: Vec<Vec<f32>> = blocks.iter().map(|(shape, count)| vec![-1.0; shape.len() * count]).collect();
    let mut slots: Vec<&mut [f32]> = buffers.iter_mut().map(Vec::as_mut_slice).collect();
    views.apply(picture, Key::new(3), COLOR, &mut slots).unwrap();
    assert!(views.apply(picture, Key::new(3), COLOR, &mut slots[..1]).unwrap_err().to_string().contains("2 block(s)"));
    slots.reverse();
    assert!(views.apply(picture, Key::new(3), COLOR, &mut slots).is_err());
    assert!(buffers.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
    assert_eq!(views.words(picture, Key::new(3), COLOR).unwrap().len(), 4);
}

#[test]
fn what_is_drawn_can_be_carried_out_elsewhere() {
    let data = picture(40, 40, 3, 2);
    let picture = image(&data, 40, 40, 3);
    for task in all_tasks() {
        let views = task.views(COLOR);
        assert_eq!(views.is_some(), task.info().options[0].name == "views", "{}", task.name());
        let Some(views) = views else { continue };
        let drawn = views.draw(picture, Key::new(3), COLOR).unwrap();
        assert_eq!(drawn.len(), task.layout(COLOR).inputs_per_image());
        assert_eq!(drawn, views.draw(picture, Key::new(3), COLOR).unwrap());
        let lines = views.words(picture, Key::new(3), COLOR).unwrap();
        for (drawn, line) in drawn.iter().zip(lines) {
            assert_eq!((drawn.flip, drawn.solarize), (line.contains("mirror"), line.contains("solarize")), "{line}");
        }
    }
    let gray = image(&data[..1600], 40, 40, 1);
    assert!(Views::preset("simclr").unwrap().draw(gray, Key::new(3), COLOR).is_err());
}

proptest! {
    #[test]
    fn resolved_views_are_the_same_views(
        (height, width) in (4..80_usize, 4..80_usize), channels in 1..4_usize, local in 0..3_u32, key: u64,
    ) {
        let shape = Shape::new(channels, height, width);
        for task in all_tasks() {
            if task.info().options[0].name != "views" {
                continue;
            }
            let name = task.name();
            let task = Task::from_options(name, json!({"views": {"local": local}})).unwrap();
            let resolved = task.resolve(shape).unwrap();
            prop_assert_eq!(resolved.task.layout(shape), task.layout(shape));
            let (before, after) = (explain(&task, shape, key), explain(&resolved.task, shape, key));
            prop_assert_eq!(before.inputs.len(), 2 + local as usize);
            prop_assert_eq!(before, after);
            // Nothing is left open and nothing told twice.
            prop_assert!(resolved.task.resolve(shape).unwrap().notes.is_empty());
        }
    }
}
