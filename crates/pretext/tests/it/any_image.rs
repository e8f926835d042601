//! Any size and channel count is either worked on or refused with a reason; nothing panics.

use foretask_pretext::{Augment, Batch, ImageRef, PRESETS, PretextError, Shape, Slot, TargetKind, Targets, Task};
use foretask_random::Key;
use proptest::prelude::*;

use super::{all_tasks, image, picture};

proptest! {
    #[test]
    fn every_task_works_or_says_why_not(
        size in (1..50_usize, 1..50_usize), channels in 1..6_usize, side in (0..40_usize, 0..40_usize), seed: u64,
    ) {
        let data = picture(size.0, size.1, channels, seed);
        let image = image(&data, size.0, size.1, channels);
        let asked = Shape::new(channels, side.0, side.1);
        for task in all_tasks() {
            let resolved = match task.resolve(asked) {
                Ok(resolved) => resolved,
                Err(error) => {
                    let text = error.to_string();
                    prop_assert!(text.starts_with(task.name()) && text.contains("; use "), "{text}");
                    let gray = task.name() == "colorization" && channels != 3;
                    prop_assert!(side.0.min(side.1) < 21 || gray, "{text}");
                    continue;
                }
            };
            let mut batch = Batch::new(&resolved.task.layout(resolved.shape), 1);
            for slot in batch.slots() {
                resolved.task.generate(image, Key::new(seed), resolved.shape, slot).unwrap();
            }
            for (inputs, (shape, per_image)) in batch.inputs.iter().zip(resolved.task.layout(resolved.shape).inputs) {
                prop_assert_eq!(inputs.data.len(), per_image * shape.len());
                // Standardized tiles have mean 0.5 and deviation 0.25, so that most values lie in 0..1.
                let standardized = ["jigsaw", "relative_position"].contains(&task.name());
                let range = if standardized { -10.0..=11.0 } else { 0.0..=1.0 };
                prop_assert!(inputs.data.iter().all(|v| range.contains(v)), "{}", task.name());
            }
            match &batch.targets {
                Targets::Classes { classes, per_image } => {
                    let TargetKind::Classes { names, per_image: announced } = resolved.task.target(resolved.shape) else {
                        panic!("{}", task.name());
                    };
                    prop_assert_eq!((*per_image, classes.len()), (announced, announced));
                    prop_assert!(classes.iter().all(|class| (*class as usize) < names.len()));
                }
                Targets::Images { pixels, shape, weights } => {
                    let least = if task.name() == "colorization" { -1.0 } else { 0.0 };
                    // Patches at mean 0 and deviation 1 leave every range.
                    let standardized = task.name() == "mae";
                    prop_assert!(standardized || pixels.iter().all(|v| (least..=1.0).contains(v)), "{}", task.name());
                    prop_assert_eq!(pixels.len(), shape.len());
                    let weights = weights.as_deref().unwrap_or(&[1.0]);
                    prop_assert!(weights.iter().all(|v| (0.0..=1.0).contains(v)) && weights.contains(&1.0));
                }
                Targets::Vectors { .. } | Targets::Views => {}
            }
        }
        for (preset, _) in PRESETS {
            let mut out = vec![-1.0; asked.len()];
            match Augment::preset(preset).unwrap().apply(image, Key::new(seed), asked, &mut out) {
                Ok(()) => prop_assert!(out.iter().all(|v| (0.0..=1.0).contains(v))),
                Err(error) => prop_assert!(asked.is_empty() && error.to_string().contains("no pixels"), "{error}"),
            }
        }
    }
}

#[test]
fn images_and_buffers_that_do_not_fit_are_refused() {
    let data = picture(8, 8, 3, 1);
    let shape = Shape::new(1, 8, 8);
    assert!(matches!(ImageRef::new(&data, 8, 8, 1), Err(PretextError::Pixels { expected: 64, got: 192, .. })));
    assert!(matches!(ImageRef::new(&[0_u8; 0], 0, 8, 1), Err(PretextError::Empty { .. })));
    assert!(matches!(ImageRef::new(&data, usize::MAX, 8, 3), Err(PretextError::Pixels { .. })));
    let task = Task::by_name("rotation").unwrap();
    let mut batch = Batch::new(&task.layout(shape), 1);
    for slot in batch.slots() {
        let error = task.generate(image(&data, 8, 8, 3), Key::new(1), shape, slot).unwrap_err();
        assert_eq!(error, PretextError::Channels { expected: 1, got: 3 });
        assert!(error.to_string().contains("`channels: 1`"), "{error}");
    }
    // Public fields can be wrong without `new`.
    let broken = ImageRef { data: (&data).into(), width: 9, height: 8, channels: 1 };
    assert!(task.explain(broken, Key::new(1), shape).is_err());
    // A batch made for another task.
    let gray = picture(8, 8, 1, 1);
    for slot in Batch::new(&Task::by_name("super_resolution").unwrap().layout(shape), 1).slots() {
        let error = task.generate(image(&gray, 8, 8, 1), Key::new(1), shape, slot).unwrap_err();
        assert!(matches!(error, PretextError::Buffer { what: "inputs", .. }), "{error}");
    }
    let (mut inputs, mut classes) = (vec![0.0; 4 * 64], [0; 3]);
    let short = foretask_pretext::TargetMut::Classes(&mut classes);
    let error = task
        .generate(image(&gray, 8, 8, 1), Key::new(1), shape, Slot { inputs: vec![&mut inputs], target: short })
        .unwrap_err();
    assert!(error.to_string().contains("must hold 4 classes, but holds 3 classes"), "{error}");
}
