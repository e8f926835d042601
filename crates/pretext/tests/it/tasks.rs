//! What each task promises.

use foretask_pretext::{
    ExampleTarget, Factor, Kernel, PixelLoss, Rotation, Shape, SimClr, SuperResolution, TargetKind, Task, ops,
};
use proptest::prelude::*;

use super::{explain, image, picture, target_of, view};

proptest! {
    #[test]
    fn turned_inputs_turn_back_into_the_first_one(width in 4..30_usize, height in 4..30_usize, channels in 1..4_usize, key: u64) {
        let data = picture(width, height, channels, key);
        let resolved = Task::by_name("rotation").unwrap().resolve(Shape::new(channels, height, width)).unwrap();
        let side = width.min(height);
        prop_assert_eq!(resolved.shape, Shape::new(channels, side, side));
        let example = explain(&resolved.task, &data, (width, height), resolved.shape, key);
        for (quarters, input) in example.inputs.iter().enumerate() {
            let mut back = vec![0.0; input.data.len()];
            ops::turn(&input.data, side, side, 4 - quarters as u32, &mut back);
            prop_assert_eq!(&back, &example.inputs[0].data);
        }
        let names = ["0 degrees", "90 degrees", "180 degrees", "270 degrees"].map(str::to_owned).to_vec();
        prop_assert_eq!(&example.target, &ExampleTarget::Classes(names.clone()));
        prop_assert_eq!(resolved.task.target(resolved.shape), TargetKind::Classes { names, per_image: 4 });
    }

    #[test]
    fn an_even_image_stays_even_through_every_kernel(factor in 2..9_u32, side in 24..40_usize, value: u8, key: u64) {
        let data = vec![value; side * side];
        for kernel in Kernel::ALL {
            let task = SuperResolution { factor: factor.into(), kernels: vec![kernel], noise: 0.0, ..SuperResolution::default() };
            let task = Task::SuperResolution(task);
            let example = explain(&task, &data, (side, side), Shape::new(1, side, side), key);
            prop_assert!(example.inputs[0].data.iter().all(|v| (v - f32::from(value) / 255.0).abs() < 2e-5));
        }
    }
}

#[test]
fn without_moves_the_first_turn_is_the_image_itself() {
    let data = picture(28, 28, 1, 4);
    let task = Task::Rotation(Rotation { pad: Some(0), flip: 0.0, ..Rotation::default() });
    let shape = Shape::new(1, 28, 28);
    assert_eq!(explain(&task, &data, (28, 28), shape, 9).inputs[0].data, view(image(&data, 28, 28, 1), shape));
}

#[test]
fn the_target_of_super_resolution_is_the_original() {
    for (channels, width, height) in [(1, 28, 28), (3, 32, 32), (3, 50, 30), (1, 21, 33)] {
        let data = picture(width, height, channels, 8);
        let shape = Shape::new(channels, height, width);
        let original = view(image(&data, width, height, channels), shape);
        let exact: Vec<f32> = foretask_pretext::Planes::from(image(&data, width, height, channels)).data;
        assert_eq!(original, exact);
        let mut mirrored = original.clone();
        ops::flip_horizontal(&mut mirrored, width);
        let still = Task::SuperResolution(SuperResolution { flip: 0.0, ..SuperResolution::default() });
        let usual = Task::by_name("super_resolution").unwrap();
        let mut mirrors = 0;
        for key in 0..40 {
            assert_eq!(target_of(&explain(&still, &data, (width, height), shape, key)), original);
            let example = explain(&usual, &data, (width, height), shape, key);
            let target = target_of(&example);
            assert!(target == original || target == mirrored);
            mirrors += u32::from(target == mirrored);
            assert_eq!(target == mirrored, example.notes[0].starts_with("mirrored"), "{:?}", example.notes);
        }
        // Binomial(40, 0.5): 4 standard deviations are 12.6.
        assert!((8..=32).contains(&mirrors), "{mirrors}");
    }
}

#[test]
fn the_input_of_super_resolution_is_coarser_but_not_darker() {
    let data = picture(32, 32, 3, 2);
    let shape = Shape::new(3, 32, 32);
    let roughness = |planes: &[f32]| planes.windows(2).map(|pair| (pair[0] - pair[1]).abs()).sum::<f32>();
    let mean = |planes: &[f32]| planes.iter().sum::<f32>() / planes.len() as f32;
    let mut before = f32::INFINITY;
    for factor in [2, 4, 8] {
        let task = SuperResolution { factor: factor.into(), noise: 0.0, flip: 0.0, ..SuperResolution::default() };
        let example = explain(&Task::SuperResolution(task), &data, (32, 32), shape, 3);
        let (input, target) = (&example.inputs[0].data, target_of(&example));
        assert_eq!(input.len(), target.len());
        assert!(roughness(input) < 0.6 * roughness(target).min(before), "{factor}");
        assert!((mean(input) - mean(target)).abs() < 0.01);
        before = roughness(input) / 0.6;
    }
}

#[test]
fn every_kernel_is_drawn_equally_often() {
    let data = picture(28, 28, 1, 1);
    let task = Task::by_name("super_resolution").unwrap();
    let mut counts = [0_u32; 4];
    for key in 0..2000 {
        let example = explain(&task, &data, (28, 28), Shape::new(1, 28, 28), key);
        let drawn = Kernel::ALL.iter().position(|k| example.notes[0].contains(&format!("7x7 ({})", k.name()))).unwrap();
        counts[drawn] += 1;
    }
    // 500 each; five standard deviations are 97.
    assert!(counts.iter().all(|&c| c.abs_diff(500) < 97), "{counts:?}");
}

#[test]
fn noise_lies_on_the_coarse_image_only() {
    let data = vec![128; 32 * 32];
    let shape = Shape::new(1, 32, 32);
    let task = SuperResolution { noise: 0.1, upsample: Kernel::Box, factor: 4.into(), ..SuperResolution::default() };
    let example = explain(&Task::SuperResolution(task), &data, (32, 32), shape, 5);
    let input = &example.inputs[0].data;
    // Enlarged by copying: blocks of 4x4 are even, and they differ.
    for y in 0..32 {
        for x in 0..32 {
            assert!((input[y * 32 + x] - input[y / 4 * 4 * 32 + x / 4 * 4]).abs() < 1e-6);
        }
    }
    assert_ne!(input[0], input[4]);
    assert!(target_of(&example).iter().all(|&v| v == 128.0 / 255.0));
}

#[test]
fn resolving_changes_no_input() {
    let data = picture(40, 32, 3, 6);
    let shape = Shape::new(3, 32, 32);
    for task in super::all_tasks() {
        let resolved = task.resolve(shape).unwrap().task;
        let (before, after) =
            (explain(&task, &data, (40, 32), shape, 4), explain(&resolved, &data, (40, 32), shape, 4));
        assert_eq!(before, after);
    }
}

#[test]
fn projector_and_loss_come_with_the_options() {
    let (projector, notes) = SimClr::default().projector(128);
    assert_eq!((projector.width, projector.out, notes.len()), (128, 128, 2));
    let chosen = SimClr { projector_width: Some(64), projector_out: Some(32), ..SimClr::default() };
    let (projector, notes) = chosen.projector(512);
    assert_eq!((projector.width, projector.out, notes.len()), (64, 32, 0));
    assert_eq!(SuperResolution::default().loss, PixelLoss::L1);
}

#[test]
fn factors_of_a_range_are_drawn_equally_often_and_change_nothing_else() {
    let data = picture(28, 28, 1, 1);
    let shape = Shape::new(1, 28, 28);
    let task = |factor| Task::SuperResolution(SuperResolution { factor, ..SuperResolution::default() });
    let mut counts = [0_u32; 3];
    for key in 0..900 {
        let note = explain(&task(Factor { low: 2, high: 4 }), &data, (28, 28), shape, key).notes.remove(0);
        let factor = (2..=4).find(|factor| note.contains(&format!("shrunk {factor} times"))).unwrap();
        counts[factor as usize - 2] += 1;
        assert_eq!(note, explain(&task(factor.into()), &data, (28, 28), shape, key).notes[0]);
    }
    // 300 each; five standard deviations are 71.
    assert!(counts.iter().all(|count| count.abs_diff(300) < 71), "{counts:?}");
}
