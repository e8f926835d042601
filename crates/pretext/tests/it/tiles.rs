//! What the tasks that cut images into tiles, and those that copy them, promise.

use foretask_pretext::{
    Augment, Counting, ExampleTarget, Exemplar, Jigsaw, Kernel, RelativePosition, Shape, TargetKind, Task, ops,
};
use foretask_random::Key;
use proptest::prelude::*;

use super::{explain, image, picture, view};

/// Cuts that touch, nothing changed: tiles can be put together again.
fn bare(grid: u32) -> Jigsaw {
    Jigsaw {
        grid: Some(grid),
        gap: Some(0),
        jitter: Some(0),
        standardize: false,
        grayscale: Some(0.0),
        flip: 0.0,
        ..Jigsaw::default()
    }
}

proptest! {
    #[test]
    fn a_jigsaw_can_be_put_together(grid in 2..=3_usize, cell in 4..14_usize, channels in 1..4_usize, key: u64) {
        let side = grid * cell;
        let data = picture(side, side, channels, key);
        let shape = Shape::new(channels, side, side);
        let task = Task::Jigsaw(bare(grid as u32));
        let example = explain(&task, &data, (side, side), shape, key);
        let ExampleTarget::Classes(classes) = &example.target else { panic!() };
        let order: Vec<usize> = classes[0].split(' ').map(|tile| tile.parse().unwrap()).collect();
        let mut whole = vec![-1.0; shape.len()];
        for (tile, place) in example.inputs.iter().zip(order) {
            prop_assert_eq!(tile.shape, Shape::new(channels, cell, cell));
            let (left, top) = ((place - 1) % grid * cell, (place - 1) / grid * cell);
            for (i, value) in tile.data.iter().enumerate() {
                let (channel, y, x) = (i / (cell * cell), i / cell % cell, i % cell);
                whole[(channel * side + top + y) * side + left + x] = *value;
            }
        }
        prop_assert_eq!(whole, view(image(&data, side, side, channels), shape));
    }

    #[test]
    fn the_whole_and_its_tiles_show_the_same(grid in 2..=3_u32, cell in 8..14_usize, more in 0..2_usize, key: u64) {
        let (side, cells) = (grid as usize * cell + more, grid as usize);
        let data = picture(side, side, 1, key);
        let shape = Shape::new(1, side, side);
        let task = Counting { grid, kernels: vec![Kernel::Box], flip: 0.0, ..Counting::default() };
        let example = explain(&Task::Counting(task), &data, (side, side), shape, key);
        prop_assert_eq!(example.inputs.len(), 1 + cells * cells);
        // Shrunk by the mean, each pixel of the whole is the mean of grid x grid pixels of a tile.
        let original = view(image(&data, side, side, 1), shape);
        for (i, value) in example.inputs[0].data.iter().enumerate() {
            let (top, left) = (i / cell * cells, i % cell * cells);
            let mean = (0..cells * cells).map(|k| original[(top + k / cells) * side + left + k % cells]).sum::<f32>();
            prop_assert!((mean / (cells * cells) as f32 - value).abs() < 1e-5);
        }
        for (i, tile) in example.inputs[1..].iter().enumerate() {
            let (top, left) = (i / cells * cell, i % cells * cell);
            for (k, value) in tile.data.iter().enumerate() {
                prop_assert_eq!(*value, original[(top + k / cell) * side + left + k % cell]);
            }
        }
    }
}

#[test]
fn every_order_is_asked_for_equally_often() {
    let data = picture(28, 28, 1, 1);
    let shape = Shape::new(1, 28, 28);
    let task = Task::by_name("jigsaw").unwrap().resolve(shape).unwrap().task;
    let TargetKind::Classes { names, per_image: 1 } = task.target(shape) else { panic!() };
    assert_eq!((names.len(), names[0].as_str()), (24, "1 2 3 4"));
    let mut counts = vec![0.0_f64; names.len()];
    for key in 0..4800 {
        let ExampleTarget::Classes(classes) = explain(&task, &data, (28, 28), shape, key).target else { panic!() };
        counts[names.iter().position(|name| *name == classes[0]).unwrap()] += 1.0;
    }
    // Chi-square with 23 degrees of freedom: above 49.7 once in a thousand.
    let chi_square: f64 = counts.iter().map(|count| (count - 200.0).powi(2) / 200.0).sum();
    assert!(chi_square < 49.7, "{chi_square}");
}

#[test]
fn the_neighbors_lie_where_they_are_said_to() {
    let side = 27;
    let data = picture(side, side, 1, 3);
    let shape = Shape::new(1, side, side);
    let task = RelativePosition {
        gap: Some(2),
        jitter: Some(0),
        standardize: false,
        flip: 0.0,
        ..RelativePosition::default()
    };
    let example = explain(&Task::RelativePosition(task), &data, (side, side), shape, 1);
    let ExampleTarget::Classes(names) = &example.target else { panic!() };
    assert_eq!((names.len(), example.inputs.len()), (8, 9));
    let original = view(image(&data, side, side, 1), shape);
    let places = names.iter().map(String::as_str).chain(["middle"]);
    for (name, tile) in places.zip(&example.inputs) {
        let row = if name.contains("above") {
            0
        } else if name.contains("below") {
            2
        } else {
            1
        };
        let column = if name.contains("left") {
            0
        } else if name.contains("right") {
            2
        } else {
            1
        };
        let mut expected = vec![0.0; 49];
        let rect = ops::Rect { x: 1 + 9 * column, y: 1 + 9 * row, width: 7, height: 7 };
        ops::cut(&original, shape, rect, &mut expected);
        assert_eq!(tile.data, expected, "{name}");
    }
}

#[test]
fn standardized_tiles_tell_nothing_by_brightness_or_tint() {
    let data = picture(96, 96, 3, 3);
    let shape = Shape::new(3, 96, 96);
    for task in [Task::Jigsaw(Jigsaw::default()), Task::RelativePosition(RelativePosition::default())] {
        let example = explain(&task, &data, (96, 96), shape, 5);
        for tile in &example.inputs {
            for plane in tile.data.chunks(tile.shape.plane()) {
                let n = plane.len() as f32;
                let mean = plane.iter().sum::<f32>() / n;
                let deviation = (plane.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt();
                assert!((mean - 0.5).abs() < 1e-4 && (deviation - 0.25).abs() < 1e-3, "{mean} {deviation}");
            }
        }
    }
}

#[test]
fn remedies_against_colored_fringes_are_drawn_as_often_as_said() {
    let data = picture(32, 32, 3, 3);
    let shape = Shape::new(3, 32, 32);
    let task = RelativePosition { drop_channels: Some(0.5), standardize: false, ..RelativePosition::default() };
    let (mut gray, mut dropped) = (0_u32, 0_u32);
    for key in 0..1000 {
        let example = explain(&Task::RelativePosition(task), &data, (32, 32), shape, key);
        let tile = &example.inputs[4];
        let planes: Vec<&[f32]> = tile.data.chunks(tile.shape.plane()).collect();
        let range =
            |plane: &[f32]| plane.iter().fold(0.0_f32, |a, b| a.max(*b)) - plane.iter().fold(1.0_f32, |a, b| a.min(*b));
        if example.notes[0].contains("gray") {
            gray += 1;
            assert!(planes[0] == planes[1] && planes[1] == planes[2]);
        } else if example.notes[0].contains("alone kept") {
            dropped += 1;
            let lively = planes.iter().filter(|plane| range(plane) > 0.05).count();
            assert_eq!(lively, 1, "{}", example.notes[0]);
        } else {
            assert!(planes[0] != planes[1]);
        }
    }
    // 660 and half of the other 340: five standard deviations are 75 and 59.
    assert!(gray.abs_diff(660) < 75 && dropped.abs_diff(170) < 59, "{gray} {dropped}");
}

#[test]
fn copies_are_views_of_simclr_each_by_its_own_key() {
    let data = picture(32, 32, 3, 6);
    let shape = Shape::new(3, 32, 32);
    let task = Exemplar { copies: 3, ..Exemplar::default() };
    let example = explain(&Task::Exemplar(task), &data, (32, 32), shape, 4);
    assert_eq!((example.inputs.len(), example.notes.len()), (3, 3));
    let simclr = Augment::preset("simclr").unwrap();
    assert_eq!(task.copy().resolve(shape).unwrap().0, simclr.resolve(shape).unwrap().0);
    for (i, input) in example.inputs.iter().enumerate() {
        let mut out = vec![0.0; shape.len()];
        task.copy().apply(image(&data, 32, 32, 3), Key::new(4).with(i as u64), shape, &mut out).unwrap();
        assert_eq!(out, input.data);
    }
    let resolved = Task::Exemplar(task).resolve(shape).unwrap();
    let names: Vec<_> = resolved.notes.iter().map(|note| note.name.as_str()).collect();
    assert_eq!(names, ["jitter", "grayscale", "blur"]);
}

#[test]
fn grids_are_chosen_by_size() {
    for (side, tiles, tile) in [(28, 4, 10), (32, 4, 10), (64, 9, 14), (96, 9, 22), (224, 9, 51)] {
        let shape = Shape::new(1, side, side);
        let resolved = Task::by_name("jigsaw").unwrap().resolve(shape).unwrap();
        assert_eq!(resolved.task.layout(shape).inputs, [(Shape::new(1, tile, tile), tiles)], "{side}");
    }
}
