//! Shortcut watch: what it finds, and that it is silent where there is nothing.

use foretask_pretext::{ImageRef, Shape, Suspicion, Task, suspicions};
use foretask_random::Key;

use super::picture;

const SIDE: usize = 48;

fn look(images: &[Vec<u8>], side: usize, channels: usize, name: &str) -> Vec<Suspicion> {
    let shape = Shape::new(channels, SIDE, SIDE);
    let task = Task::by_name(name).unwrap().resolve(shape).unwrap().task;
    let images = images.iter().map(|data| ImageRef::new(data, side, side, channels).unwrap());
    suspicions(images, &task, shape)
}

/// Bright sky above dark ground with something on it, different in each.
fn scenes(channels: usize) -> Vec<Vec<u8>> {
    let scene = |seed: u64| {
        let mut data = picture(SIDE, SIDE, channels, seed);
        for (i, value) in data.iter_mut().enumerate() {
            let (y, channel) = (i / channels / SIDE, i % channels);
            let light = if y < SIDE / 3 { 60 } else { 0 };
            *value = value.saturating_add(light).saturating_sub(40 * (channel as u8));
        }
        data
    };
    (0..100).map(scene).collect()
}

fn has(found: &[Suspicion], words: &str) -> bool {
    found.iter().any(|suspicion| suspicion.what.contains(words))
}

#[test]
fn ordinary_images_raise_no_suspicion() {
    for task in foretask_pretext::TASKS {
        let found = look(&scenes(3), SIDE, 3, task.name);
        assert_eq!(found, [], "{}", task.name);
    }
    // Too few to say anything.
    assert_eq!(look(&vec![vec![0; SIDE * SIDE]; 7], SIDE, 1, "rotation"), []);
}

#[test]
fn letterboxes_and_padding_are_found() {
    for (upright, channels) in [(true, 1), (false, 3)] {
        let mut images = scenes(channels);
        for data in images.iter_mut().take(30) {
            for (i, value) in data.iter_mut().enumerate() {
                let (x, y) = (i / channels % SIDE, i / channels / SIDE);
                let at = if upright { y } else { x };
                if !(6..SIDE - 6).contains(&at) {
                    *value = 16;
                }
            }
        }
        let found = look(&images, SIDE, channels, "rotation");
        assert!(has(&found, "30 % of the images have even bars"), "{found:?}");
    }
    // A thing on even ground has free ends on all sides or touches only some lines.
    let mut things = vec![vec![0; SIDE * SIDE]; 40];
    for (k, data) in things.iter_mut().enumerate() {
        for y in 10..38 {
            for x in 0..SIDE {
                let inside = x.abs_diff(24) * 2 < 20 + (y * (k + 3)) % 12 || (y == 20 && k % 2 == 0);
                data[y * SIDE + x] = if inside { 90 + (y * 3 + x) as u8 } else { 0 };
            }
        }
    }
    assert!(!has(&look(&things, SIDE, 1, "rotation"), "bars"));
}

#[test]
fn a_mark_at_a_fixed_place_is_found() {
    let mut images = scenes(1);
    for data in &mut images {
        for y in 40..46 {
            for x in 30..46 {
                data[y * SIDE + x] = if (x + y) % 4 < 2 { 250 } else { 10 };
            }
        }
    }
    let found = look(&images, SIDE, 1, "rotation");
    assert!(has(&found, "hold the same edge in all 100 images"), "{found:?}");
}

#[test]
fn images_that_look_alike_whichever_way_up_are_found() {
    // Rings: each image is its own turn.
    let ring = |k: usize| -> Vec<u8> {
        (0..SIDE * SIDE)
            .map(|i| {
                let (x, y) = ((i % SIDE) as f32 - 23.5, (i / SIDE) as f32 - 23.5);
                (128.0 + 90.0 * (x.hypot(y) * (0.2 + 0.02 * k as f32)).sin()) as u8
            })
            .collect()
    };
    let rings: Vec<_> = (0..20).map(ring).collect();
    let found = look(&rings, SIDE, 1, "rotation");
    assert!(has(&found, "correlate by 1.00 with their own turns"), "{found:?}");
    // Spots anywhere: no image is like its turns, but nothing tells which way is up.
    let spots = |seed: u64| {
        let mut rng = Key::new(seed).rng();
        let mut data = vec![40_u8; SIDE * SIDE];
        for _ in 0..12 {
            let (x, y) = (rng.below(SIDE as u64) as usize, rng.below(SIDE as u64) as usize);
            for (i, value) in data.iter_mut().enumerate() {
                if (i % SIDE).abs_diff(x).pow(2) + (i / SIDE).abs_diff(y).pow(2) < 12 {
                    *value = 200;
                }
            }
        }
        data
    };
    let found = look(&(0..600).map(spots).collect::<Vec<_>>(), SIDE, 1, "rotation");
    assert!(has(&found, "chance is 25 %") && !has(&found, "correlate"), "{found:?}");
}

#[test]
fn what_tasks_need_and_images_lack_is_found() {
    let pale: Vec<Vec<u8>> =
        scenes(1).iter().map(|data| data.iter().flat_map(|v| [*v, *v, v.saturating_add(2)]).collect()).collect();
    let found = look(&pale, SIDE, 3, "colorization");
    assert!(has(&found, "100 % of the images are nearly gray"), "{found:?}");

    // A small thing in the middle of nothing.
    let lonely: Vec<Vec<u8>> = (0..20_usize)
        .map(|k| {
            (0..SIDE * SIDE)
                .map(|i| {
                    if (i % SIDE).abs_diff(24) < 4 && (i / SIDE).abs_diff(24) < 4 {
                        100 + (i * k % 100) as u8
                    } else {
                        0
                    }
                })
                .collect()
        })
        .collect();
    assert!(has(&look(&lonely, SIDE, 1, "relative_position"), "89 % of the tiles of 10x10 pixels show nothing"));
    assert!(has(&look(&lonely, SIDE, 1, "inpainting"), "of the area is even"));
    for task in ["masked_pixels", "mae", "simmim"] {
        assert!(has(&look(&lonely, SIDE, 1, task), "of the area is even"), "{task}");
    }

    let small: Vec<Vec<u8>> = (0..20).map(|seed| picture(20, 20, 1, seed)).collect();
    for task in ["jigsaw", "relative_position", "counting", "super_resolution"] {
        let found = look(&small, 20, 1, task);
        assert!(has(&found, "fewer pixels than the inputs of 48x48"), "{task}: {found:?}");
        assert!(found.iter().any(|suspicion| suspicion.instead.contains("`image_size` to at most 20")));
    }
    let smooth: Vec<Vec<u8>> =
        (0..20).map(|k| (0..SIDE * SIDE).map(|i| (i % SIDE * 3 + i / SIDE * 2 + k) as u8).collect()).collect();
    assert!(has(&look(&smooth, SIDE, 1, "super_resolution"), "lose next to nothing"));
}
