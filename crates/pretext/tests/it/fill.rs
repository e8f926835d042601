//! What the tasks promise that spoil or hide parts of an image, or its colors.

use foretask_pretext::{
    AbBins, Autoencoding, Batch, ColorTarget, Colorization, Denoising, Example, ExampleTarget, Hole, Inpainting, Mae,
    MaskedPixels, Noise, Planes, Shape, SimMim, Targets, Task, ops,
};
use foretask_random::Key;
use proptest::prelude::*;

use super::{explain, image, picture, target_of, view};

#[test]
fn each_kind_of_noise_does_what_it_says() {
    let data = vec![128; 64 * 64];
    let shape = Shape::new(1, 64, 64);
    for noise in [Noise::Gaussian, Noise::SaltPepper, Noise::Mask] {
        let task = Denoising { noise: vec![noise], sigma: [0.1, 0.1], share: [0.3, 0.3], ..Denoising::default() };
        let example = explain(&Task::Denoising(task), &data, (64, 64), shape, 5);
        assert!(target_of(&example).iter().all(|v| *v == 128.0 / 255.0));
        let input = &example.inputs[0].data;
        let count = |level: f32| input.iter().filter(|v| **v == level).count();
        match noise {
            Noise::Gaussian => {
                let square = input.iter().map(|v| (v - 128.0 / 255.0).powi(2)).sum::<f32>() / 4096.0;
                // Standard error 0.0011.
                assert!((square.sqrt() - 0.1).abs() < 0.005, "{square}");
            }
            // 614 each, five standard deviations are 114.
            Noise::SaltPepper => assert!(count(0.0).abs_diff(614) < 114 && count(1.0).abs_diff(614) < 114),
            // 1229, five standard deviations are 147.
            Noise::Mask => assert!(count(0.0).abs_diff(1229) < 147 && count(1.0) == 0),
        }
    }
}

#[test]
fn every_kind_is_drawn_equally_often() {
    let data = picture(16, 16, 1, 1);
    let shape = Shape::new(1, 16, 16);
    let (mut noises, mut holes) = ([0_u32; 3], [0_u32; 3]);
    let all = vec![Hole::Blocks, Hole::Strokes, Hole::Center];
    for key in 0..1500 {
        let note = explain(&Task::Denoising(Denoising::default()), &data, (16, 16), shape, key).notes.remove(0);
        noises[["sigma", "black or white", "left out"].iter().position(|kind| note.contains(kind)).unwrap()] += 1;
        let task = Inpainting { holes: all.clone(), ..Inpainting::default() };
        let note = explain(&Task::Inpainting(task), &data, (16, 16), shape, key).notes.remove(0);
        holes[["(blocks)", "(strokes)", "(center)"].iter().position(|kind| note.contains(kind)).unwrap()] += 1;
    }
    // 500 each; five standard deviations are 91.
    assert!(noises.iter().chain(&holes).all(|count| count.abs_diff(500) < 91), "{noises:?} {holes:?}");
}

#[test]
fn autoencoding_asks_for_its_input() {
    let data = picture(32, 28, 3, 1);
    let task = Task::Autoencoding(Autoencoding::default());
    let example = explain(&task, &data, (32, 28), Shape::new(3, 28, 28), 3);
    assert_eq!(target_of(&example), example.inputs[0].data);
}

proptest! {
    #[test]
    fn only_holes_are_hidden_and_nothing_shows_through(
        kind in 0..6_usize, channels in 1..4_usize, width in 9..40_usize, height in 9..40_usize, key: u64,
    ) {
        let data = picture(width, height, channels, key);
        let shape = Shape::new(channels, height, width);
        let (task, elsewhere) = match kind {
            3 => (Task::MaskedPixels(MaskedPixels::default()), 0.0),
            4 => (Task::Mae(Mae { ratio: 0.7, patch: Some(4), ..Mae::default() }), 0.0),
            5 => (Task::SimMim(SimMim { unit: Some(4), ..SimMim::default() }), 0.0),
            _ => {
                let hole = [Hole::Blocks, Hole::Strokes, Hole::Center][kind];
                (Task::Inpainting(Inpainting { holes: vec![hole], elsewhere: 0.25, ..Inpainting::default() }), 0.25)
            }
        };
        let example = explain(&task, &data, (width, height), shape, key);
        let weights = &example.weights.as_ref().unwrap().data;
        prop_assert!(weights.iter().all(|weight| *weight == 1.0 || *weight == elsewhere));
        let share = weights.iter().filter(|weight| **weight == 1.0).count() as f32 / weights.len() as f32;
        prop_assert!(share > 0.15 && share < 0.9, "{share}");
        let planes = example.inputs[0].data.chunks(shape.plane()).zip(target_of(&example).chunks(shape.plane()));
        for (input, target) in planes {
            let visible: Vec<f32> = target.iter().zip(weights).filter(|(_, w)| **w < 1.0).map(|(v, _)| *v).collect();
            let mean = visible.iter().sum::<f32>() / visible.len() as f32;
            for ((input, target), weight) in input.iter().zip(target).zip(weights) {
                if *weight < 1.0 {
                    prop_assert_eq!(input, target);
                } else {
                    prop_assert!((input - mean).abs() < 1e-4);
                }
            }
        }
    }

    #[test]
    fn normalized_squares_can_be_brought_back(mae: bool, channels in 1..4_usize, side in 8..40_usize, key: u64) {
        let data = picture(side, side, channels, key);
        let shape = Shape::new(channels, side, side);
        let task = |normalize| if mae {
            Task::Mae(Mae { normalize, patch: Some(4), ..Mae::default() })
        } else {
            Task::MaskedPixels(MaskedPixels { normalize, unit: Some(4), ..MaskedPixels::default() })
        };
        let plain = explain(&task(false), &data, (side, side), shape, key);
        let example = explain(&task(true), &data, (side, side), shape, key);
        // Shown, both are the picture; in the batch one is normalized.
        prop_assert_eq!((&plain.target, &plain.inputs), (&example.target, &example.inputs));
        let mut batch = Batch::new(&task(true).layout(shape), 1);
        for slot in batch.slots() {
            task(true).generate(image(&data, side, side, channels), Key::new(key), shape, slot).unwrap();
        }
        let Targets::Images { pixels, .. } = batch.targets else { panic!() };
        let first: Vec<f32> = (0..channels)
            .flat_map(|channel| (0..16).map(move |i| (channel * side + i / 4) * side + i % 4))
            .map(|place| pixels[place])
            .collect();
        let n = first.len() as f32;
        let mean = first.iter().sum::<f32>() / n;
        let variance = first.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / (n - 1.0);
        prop_assert!(mean.abs() < 1e-3 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        let back = task(true).shown_answer(&example, Planes { data: pixels, shape });
        for (back, truth) in back.data.iter().zip(target_of(&example)) {
            prop_assert!((back - truth).abs() < 1e-4);
        }
    }
}

#[test]
fn the_hidden_squares_are_counted_and_told() {
    let data = picture(28, 28, 1, 1);
    let shape = Shape::new(1, 28, 28);
    let task = Task::by_name("masked_pixels").unwrap().resolve(shape).unwrap().task;
    for key in 0..20 {
        let example = explain(&task, &data, (28, 28), shape, key);
        // 0.6 of 49 squares are 29.
        assert_eq!(example.weights.unwrap().data.iter().sum::<f32>(), 29.0 * 16.0);
        assert!(example.notes[0].ends_with("29 of 49 squares of 4x4 pixels hidden"), "{}", example.notes[0]);
    }
}

#[test]
fn as_many_patches_are_hidden_in_every_image_and_the_network_decides_how_large_they_are() {
    let data = picture(32, 32, 3, 1);
    let shape = Shape::new(3, 32, 32);
    let hidden = |task: &Task, key: u64| {
        let example = explain(task, &data, (32, 32), shape, key);
        (example.weights.unwrap().data.iter().sum::<f32>(), example.notes[0].clone())
    };
    let (mae, simmim) = (Task::by_name("mae").unwrap(), Task::by_name("simmim").unwrap());
    for key in 0..20 {
        let (pixels, note) = hidden(&mae, key);
        assert!(pixels == 48.0 * 16.0 && note.ends_with("48 of 64 squares of 4x4 pixels hidden"), "{note}");
        let (pixels, note) = hidden(&simmim, key);
        // 0.6 of 16 squares are 10.
        assert!(pixels == 10.0 * 64.0 && note.ends_with("10 of 16 squares of 8x8 pixels hidden"), "{note}");
    }
    // Seen by a network of other patches; what was given stays.
    assert!(hidden(&mae.for_patches(8, shape), 1).1.ends_with("12 of 16 squares of 8x8 pixels hidden"));
    assert!(hidden(&simmim.for_patches(8, shape), 1).1.ends_with("2 of 4 squares of 16x16 pixels hidden"));
    let given = Task::Mae(Mae { patch: Some(2), ..Mae::default() });
    assert_eq!(given.for_patches(8, shape), given);
    let given = Task::SimMim(SimMim { unit: Some(4), ..SimMim::default() });
    assert_eq!(given.for_patches(2, shape), given);
}

/// An even picture of one color.
fn plain(rgb: [u8; 3], side: usize) -> Vec<u8> {
    rgb.repeat(side * side)
}

/// What the batch holds of it.
fn raw_target(task: &Task, data: &[u8], side: usize) -> Vec<f32> {
    let shape = Shape::new(3, side, side);
    let mut batch = Batch::new(&task.layout(shape), 1);
    for slot in batch.slots() {
        task.generate(image(data, side, side, 3), Key::new(1), shape, slot).unwrap();
    }
    match batch.targets {
        Targets::Images { pixels, .. } => pixels,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lightness_goes_in_and_colors_come_out() {
    let task = Task::Colorization(Colorization::default());
    // Published Lab of sRGB red and of mid gray.
    for (rgb, [l, a, b]) in [([255, 0, 0], [53.24, 80.09, 67.20]), ([119, 119, 119], [50.03, 0.0, 0.0])] {
        let data = plain(rgb, 16);
        let example = explain(&task, &data, (16, 16), Shape::new(3, 16, 16), 1);
        assert!(example.inputs[0].data.iter().all(|v| (v * 100.0 - l).abs() < 0.02));
        let target = raw_target(&task, &data, 16);
        assert_eq!(target.len(), 2 * 4 * 4);
        assert!(target[..16].iter().all(|v| (v * 110.0 - a).abs() < 0.02));
        assert!(target[16..].iter().all(|v| (v * 110.0 - b).abs() < 0.02));
        // What is shown as the target is the picture again.
        let shown = target_of(&example);
        for (channel, plane) in shown.chunks(256).enumerate() {
            assert!(plane.iter().all(|v| (v - f32::from(rgb[channel]) / 255.0).abs() < 2e-3));
        }
    }
}

#[test]
fn answers_in_both_modes_become_pictures() {
    let side = 16;
    let data = plain([200, 60, 50], side);
    let shape = Shape::new(3, side, side);
    let [_, a, b] = ops::lab_of_rgb([200, 60, 50].map(|v: u8| f32::from(v) / 255.0));
    let near = |task: &Task, example: &Example, answer: Planes, tolerance: f32| {
        let shown = task.shown_answer(example, answer);
        assert_eq!(shown.shape, shape);
        let worst = shown.data.iter().zip(target_of(example)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < tolerance, "{worst}");
    };
    let task = Task::Colorization(Colorization { target: ColorTarget::Regression, ..Colorization::default() });
    let example = explain(&task, &data, (side, side), shape, 1);
    let answer = Planes { data: raw_target(&task, &data, side), shape: Shape::new(2, 4, 4) };
    near(&task, &example, answer, 2e-3);

    let task = Task::Colorization(Colorization::default());
    let bins = AbBins::get();
    let (soft, _) = bins.soft_targets(&raw_target(&task, &data, side), Shape::new(2, 4, 4), &[]);
    let logits: Vec<f32> = soft.iter().map(|p| (p + 1e-9).ln()).collect();
    // Five squares at temperature 1 stand within a few units of the color.
    let mild = Task::Colorization(Colorization { temperature: 1.0, ..Colorization::default() });
    near(&mild, &example, Planes { data: logits, shape: Shape::new(bins.len(), 4, 4) }, 0.06);
    assert!(matches!(&example.target, ExampleTarget::Image(_)), "{a} {b}");
}

#[test]
fn soft_targets_stand_in_planes() {
    let bins = AbBins::get();
    let shape = Shape::new(2, 1, 2);
    let at = |ab: [f32; 2]| bins.middles().iter().position(|middle| *middle == ab).unwrap();
    // Two pictures of two places: (20, 10), (0, 0) and (0, 0), (-30, 40).
    let pixels = [20.0, 0.0, 10.0, 0.0, 0.0, -30.0, 0.0, 40.0].map(|v: f32| v / 110.0);
    let mut rebalancing = vec![1.0; bins.len()];
    rebalancing[at([20.0, 10.0])] = 3.0;
    let (soft, counts) = bins.soft_targets(&pixels, shape, &rebalancing);
    assert_eq!(soft.len(), 2 * bins.len() * 2);
    let most = |picture: usize, place: usize| {
        let column = |i: usize| soft[(picture * bins.len() + i) * 2 + place];
        (0..bins.len()).max_by(|i, j| column(*i).total_cmp(&column(*j))).unwrap()
    };
    assert_eq!((most(0, 0), most(0, 1)), (at([20.0, 10.0]), at([0.0, 0.0])));
    assert_eq!((most(1, 0), most(1, 1)), (at([0.0, 0.0]), at([-30.0, 40.0])));
    assert_eq!(counts, [3.0, 1.0, 1.0, 1.0]);
}

#[test]
fn without_crop_and_flip_targets_are_the_image() {
    let data = picture(28, 28, 3, 4);
    let shape = Shape::new(3, 28, 28);
    let original = view(image(&data, 28, 28, 3), shape);
    let tasks = [
        Task::Denoising(Denoising { flip: 0.0, ..Denoising::default() }),
        Task::Inpainting(Inpainting { flip: 0.0, ..Inpainting::default() }),
        Task::MaskedPixels(MaskedPixels { crop: [1.0, 1.0], flip: 0.0, ..MaskedPixels::default() }),
        Task::Mae(Mae { crop: [1.0, 1.0], flip: 0.0, ..Mae::default() }),
        Task::SimMim(SimMim { crop: [1.0, 1.0], flip: 0.0, ..SimMim::default() }),
        Task::Autoencoding(Autoencoding { crop: [1.0, 1.0], flip: 0.0, ..Autoencoding::default() }),
    ];
    for task in tasks {
        assert_eq!(target_of(&explain(&task, &data, (28, 28), shape, 9)), original);
    }
}
