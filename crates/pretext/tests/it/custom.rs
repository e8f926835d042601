//! A task whose label generator comes from outside.

use std::sync::Arc;

use foretask_pretext::{
    Batch, Custom, ExampleTarget, GeneratedPair, GeneratedTarget, Generator, ImageRef, Planes, PretextError, Refusal,
    Shape, TargetKind, Targets, Task, ops,
};
use foretask_random::Key;

use super::{image, picture, view};

/// One of four turns, drawn from the key; spoiled in a way of choice.
struct Turn(Spoil);

#[derive(Clone, Copy, PartialEq)]
enum Spoil {
    Nothing,
    Size,
    Samples,
    NotFinite,
    Label,
    Kind,
    Throws,
}

impl Generator for Turn {
    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<GeneratedPair, Refusal> {
        if self.0 == Spoil::Throws {
            return Err(Refusal { place: Some((3, 14)), ..Refusal::from("index out of range".to_owned()) });
        }
        let class = key.rng().below(4) as u32;
        let mut input = Planes::black(shape);
        ops::turn(&view(image, shape), shape.height, shape.width, class, &mut input.data);
        match self.0 {
            Spoil::Size => input.shape.width += 1,
            Spoil::Samples => input.data.truncate(5),
            Spoil::NotFinite => input.data[7] = f32::NAN,
            _ => {}
        }
        let target = match self.0 {
            Spoil::Label => GeneratedTarget::Class(4),
            Spoil::Kind => GeneratedTarget::Vector(vec![1.0]),
            _ => GeneratedTarget::Class(class),
        };
        Ok(GeneratedPair { input, target, note: Some(format!("turned {class} times")) })
    }
}

/// Mean of each channel, and the mirror image as a picture.
struct About(TargetKind);

impl Generator for About {
    fn generate(&self, image: ImageRef<'_>, _key: Key, shape: Shape) -> Result<GeneratedPair, Refusal> {
        let input = Planes { data: view(image, shape), shape };
        let target = match &self.0 {
            TargetKind::Image { shape: small, .. } => GeneratedTarget::Image(Planes::black(*small)),
            _ => GeneratedTarget::Vector(
                input.data.chunks(shape.plane()).map(|plane| plane.iter().sum::<f32>() / plane.len() as f32).collect(),
            ),
        };
        Ok(GeneratedPair { input, target, note: None })
    }
}

fn four() -> TargetKind {
    TargetKind::Classes { names: ["up", "left", "down", "right"].map(str::to_owned).to_vec(), per_image: 1 }
}

fn task(target: TargetKind, generator: Option<Arc<dyn Generator>>) -> Task {
    Task::Custom(Custom { name: "which_way".to_owned(), identity: "c0ffee".to_owned(), target, generator })
}

#[test]
fn it_works_like_any_other() {
    let data = picture(28, 28, 1, 1);
    let shape = Shape::new(1, 28, 28);
    let task = task(four(), Some(Arc::new(Turn(Spoil::Nothing)))).resolve(shape).unwrap().task;
    assert_eq!((task.name(), task.layout(shape).inputs), ("custom_task", vec![(shape, 1)]));
    let mut batch = Batch::new(&task.layout(shape), 9);
    for (i, slot) in batch.slots().into_iter().enumerate() {
        task.generate(image(&data, 28, 28, 1), Key::new(i as u64), shape, slot).unwrap();
    }
    let Targets::Classes { classes, per_image: 1 } = &batch.targets else { panic!() };
    for (i, class) in classes.iter().enumerate() {
        assert_eq!(u64::from(*class), Key::new(i as u64).rng().below(4));
        let example = task.explain(image(&data, 28, 28, 1), Key::new(i as u64), shape).unwrap();
        assert_eq!(example.inputs[0].data, batch.inputs[0].data[i * 784..][..784]);
        assert_eq!(example.notes, [format!("turned {class} times")]);
        let name = ["up", "left", "down", "right"][*class as usize].to_owned();
        assert_eq!(example.target, ExampleTarget::Classes(vec![name]));
    }
}

#[test]
fn numbers_and_pictures_can_be_targets() {
    let data = picture(20, 20, 3, 1);
    let shape = Shape::new(3, 20, 20);
    let small = Shape::new(1, 5, 5);
    let image_kind = TargetKind::Image { shape: small, weighted: false };
    for kind in [TargetKind::Vectors { length: 3 }, image_kind] {
        let task = task(kind.clone(), Some(Arc::new(About(kind.clone()))));
        let example = task.explain(image(&data, 20, 20, 3), Key::new(0), shape).unwrap();
        match example.target {
            ExampleTarget::Vector(values) => assert_eq!(values.len(), 3),
            ExampleTarget::Image(planes) => assert_eq!(planes, Planes::black(small)),
            other => panic!("{other:?}"),
        }
    }
    let wrong = task(TargetKind::Vectors { length: 2 }, Some(Arc::new(About(TargetKind::Vectors { length: 3 }))));
    let error = wrong.explain(image(&data, 20, 20, 3), Key::new(0), shape).unwrap_err().to_string();
    assert!(error.contains("has 3 numbers instead of 2"), "{error}");
}

#[test]
fn what_it_makes_is_checked() {
    let data = picture(28, 28, 1, 1);
    let shape = Shape::new(1, 28, 28);
    for (spoil, expected) in [
        (Spoil::Size, "its input has 29x28 pixels with 1 channel(s) instead of 28x28 pixels with 1 channel(s)"),
        (Spoil::Samples, "its input holds 5 samples instead of 784"),
        (Spoil::NotFinite, "its input holds NaN at position 7"),
        (Spoil::Label, "its label is 4, but there are 4 classes, counted from 0"),
        (Spoil::Kind, "its target is numbers, but it was announced as a class"),
        (Spoil::Throws, "index out of range"),
    ] {
        let task = task(four(), Some(Arc::new(Turn(spoil))));
        let error = task.explain(image(&data, 28, 28, 1), Key::new(0), shape).unwrap_err();
        assert_eq!(error.to_string(), format!("the task `which_way` failed: {expected}"));
        let PretextError::Custom { place, .. } = error else { panic!() };
        assert_eq!(place, (spoil == Spoil::Throws).then_some((3, 14)));
    }
}

#[test]
fn it_is_written_without_its_function_and_equal_by_identity() {
    let whole = task(four(), Some(Arc::new(Turn(Spoil::Nothing))));
    let text = serde_json::to_string(&whole).unwrap();
    assert!(text.starts_with(r#"{"task":"custom_task","name":"which_way","identity":"c0ffee","target":{"#), "{text}");
    let read: Task = serde_json::from_str(&text).unwrap();
    assert_eq!(read, whole);
    let shape = Shape::new(1, 28, 28);
    let resolved = read.resolve(shape).unwrap();
    let data = picture(28, 28, 1, 1);
    let error = resolved.task.explain(image(&data, 28, 28, 1), Key::new(0), shape).unwrap_err().to_string();
    assert!(error.contains("`which_way`") && error.contains("run the script that defines it"), "{error}");
    let Task::Custom(other) = read else { panic!() };
    assert_ne!(Task::Custom(Custom { identity: "decaf".to_owned(), ..other }), whole);
}

#[test]
fn targets_that_say_nothing_are_refused() {
    let one = TargetKind::Classes { names: vec!["thing".to_owned()], per_image: 1 };
    for target in [one, TargetKind::Vectors { length: 0 }, TargetKind::Views] {
        let error = task(target, None).resolve(Shape::new(1, 8, 8)).unwrap_err().to_string();
        assert!(error.starts_with("custom_task: option `target`") && error.contains("at least two classes"), "{error}");
    }
    let error = task(four(), None).resolve(Shape::new(1, 0, 8)).unwrap_err().to_string();
    assert!(error.contains("use images of at least 1x1"), "{error}");
    assert!(Task::by_name("custom_task").is_err());
}
