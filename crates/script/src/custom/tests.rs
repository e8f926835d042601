//! Label generators from the script's text to what they make.

use std::sync::Arc;

use foretask_experiment::values::Task;
use foretask_experiment::{Experiment, ImageCache, Mode, Settings};
use foretask_pretext::{
    Batch, Custom, GeneratedPair, GeneratedTarget, ImageRef, Planes, PretextError, Refusal, Shape, Targets,
    Task as Pretext,
};
use foretask_random::Key;

use crate::errors::Source;
use crate::explain::refusal;
use crate::host::Host;

const SIDE: usize = 6;

/// The custom task that a script ends with.
fn custom(script: &str) -> Custom {
    let source = Arc::new(Source { name: "own.rhai".into(), text: script.to_owned() });
    let experiment = Arc::new(Experiment::new(Mode::Plan, &Settings::new("runs"), &ImageCache::default(), None));
    let host = Host::new(experiment, Arc::clone(&source), refusal);
    let engine = crate::engine::engine(&host);
    let mut ast = engine.compile(script).unwrap();
    ast.set_source("own.rhai");
    host.sources().put(source, Some(Arc::new(ast.clone())));
    let task: Task = engine.eval_ast(&ast).unwrap();
    match &task.mix.tasks[0].0 {
        Pretext::Custom(custom) => custom.clone(),
        other => panic!("another task: {}", other.name()),
    }
}

fn identity(script: &str) -> String {
    custom(script).identity
}

fn pixels() -> Vec<u8> {
    (0..SIDE * SIDE).map(|at| (at * 7) as u8).collect()
}

fn made(custom: &Custom, key: Key) -> Result<Batch, PretextError> {
    let (pixels, shape) = (pixels(), Shape::new(1, SIDE, SIDE));
    let task = Pretext::Custom(custom.clone());
    let mut batch = Batch::new(&task.layout(shape), 1);
    let image = ImageRef::new(&pixels, SIDE, SIDE, 1).unwrap();
    for slot in batch.slots() {
        task.generate(image, key, shape, slot)?;
    }
    Ok(batch)
}

fn refused(script: &str) -> (String, Option<(usize, usize)>) {
    match made(&custom(script), Key::new(1)).unwrap_err() {
        PretextError::Custom { message, help, place, .. } => {
            (help.map_or_else(|| message.clone(), |help| format!("{message}; {help}")), place)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_rotation_in_the_script_is_the_rotation_written_natively() {
    let own = custom(
        "custom_task(|image, rng| { let n = rng.below(4); #{ input: image.rotate90(n), label: n } }, #{ classes: 4 })",
    );
    let mut seen = [0; 4];
    for seed in 0..40 {
        let batch = made(&own, Key::new(seed)).unwrap();
        let Targets::Classes { classes, .. } = &batch.targets else { panic!("no classes") };
        let plain: Vec<f32> = pixels().iter().map(|&sample| f32::from(sample) / 255.0).collect();
        let mut turned = vec![0.0; plain.len()];
        foretask_pretext::ops::turn(&plain, SIDE, SIDE, classes[0], &mut turned);
        assert_eq!(batch.inputs[0].data, turned);
        seen[classes[0] as usize] += 1;
    }
    assert!(seen.iter().all(|&count| count > 2), "{seen:?}");
}

#[test]
fn threads_draw_what_one_thread_draws() {
    let own = custom(
        "fn shake(image, rng) { image.noise(rng, 0.2) }\n\
         let low = 0.25;\n\
         custom_task(|image, rng| { let first = rng.below(3); low += 0.0; let noisy = shake(image, rng) * rng.uniform(low, 1.0);\n\
         #{ input: noisy, label: first } }, #{ classes: 3 })",
    );
    let alone: Vec<Batch> = (0..64).map(|row| made(&own, Key::new(row)).unwrap()).collect();
    let together: Vec<Batch> = std::thread::scope(|scope| {
        let own = &own;
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                scope.spawn(move || {
                    (worker * 8..worker * 8 + 8).map(|row| made(own, Key::new(row)).unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
    assert_ne!(alone[0], alone[1]);
}

#[test]
fn a_stream_handed_to_a_helper_goes_on_for_the_caller() {
    let own = custom(
        "fn draw(rng) { rng.uniform() }\n\
         let task = custom_task(|image, rng| #{ input: image, target: [draw(rng), rng.uniform(), draw(rng)] });\n\
         task",
    );
    let pixels = pixels();
    let image = ImageRef::new(&pixels, SIDE, SIDE, 1).unwrap();
    let made = own.generator.as_ref().unwrap().generate(image, Key::new(3), Shape::new(1, SIDE, SIDE)).unwrap();
    let GeneratedTarget::Vector(values) = made.target else { panic!("no numbers") };
    assert!(values[0] != values[1] && values[1] != values[2] && values[0] != values[2], "{values:?}");
}

#[test]
fn code_and_captured_values_decide_and_nothing_else() {
    let plain = identity("let n = 3; custom_task(|image, rng| #{ input: image.blur(n), label: 0 }, #{ classes: 2 })");
    let same = "// A comment\nlet other = 9;\nlet n = 1 + 2; // three\n\
                custom_task(|image, rng| #{ input: image.blur( n ), /* no */\n label: 0 }, #{ classes: 2 })";
    assert_eq!(plain, identity(same));
    for other in [
        "let n = 4; custom_task(|image, rng| #{ input: image.blur(n), label: 0 }, #{ classes: 2 })",
        "let n = 3.0; custom_task(|image, rng| #{ input: image.blur(n), label: 0 }, #{ classes: 2 })",
        "let n = 3; custom_task(|image, rng| #{ input: image.blur(n), label: 1 }, #{ classes: 2 })",
        "let n = 3; custom_task(|image, rng| #{ input: image.blur(n).flip(), label: 0 }, #{ classes: 2 })",
    ] {
        assert_ne!(plain, identity(other), "{other}");
    }
}

#[test]
fn functions_that_can_be_called_decide_too() {
    let script = |helper: &str, unused: &str| {
        identity(&format!(
            "fn deep(image) {{ {helper} }}\nfn helper(image) {{ deep(image) }}\nfn unused() {{ {unused} }}\n\
             let task = custom_task(|image, rng| #{{ input: helper(image), label: 0 }}, #{{ classes: 2 }});\ntask"
        ))
    };
    assert_eq!(script("image.flip()", "1"), script("image.flip()", "2"));
    assert_ne!(script("image.flip()", "1"), script("image.gray()", "1"));
    let named =
        |body: &str| identity(&format!("fn own(image, rng) {{ {body} }}\ncustom_task(Fn(\"own\"), #{{ classes: 2 }})"));
    assert_eq!(named("#{ input: image, label: 0 }"), named("#{ input: image, /* c */ label: 0 }"));
    assert_ne!(named("#{ input: image, label: 0 }"), named("#{ input: image, label: 1 }"));
    let held = |body: &str| {
        identity(&format!(
            "let change = |image| {body};\ncustom_task(|image, rng| #{{ input: change.call(image), label: 0 }}, #{{ classes: 2 }})"
        ))
    };
    assert_ne!(held("image.flip()"), held("image.gray()"));
}

#[test]
fn errors_stand_at_their_place() {
    let script = "let task = custom_task(|image, rng| {\n    let part = image.crop(3, 3, 9, 9);\n    #{ input: part, label: 0 }\n}, #{ classes: 2 });\ntask";
    let (message, place) = refused(script);
    assert!(message.starts_with("a crop of 9x9 pixels at (3, 3) does not lie inside of the image"), "{message}");
    assert_eq!(place.map(|(line, _)| line), Some(2));
    let (message, place) =
        refused("fn own(image, rng) {\n    image.flipp()\n}\ncustom_task(Fn(\"own\"), #{ classes: 2 })");
    assert_eq!(message, "a label generator has no `flipp`; did you mean `flip`?");
    assert_eq!(place.map(|(line, _)| line), Some(2));
    for (body, expected) in [
        ("#{ label: 0 }", "gives no `input`"),
        ("#{ input: image }", "gives no `label`"),
        ("#{ input: image, label: 2 }", "its `label` is 2, but there are 2 classes; labels go from 0 to 1"),
        ("#{ input: image, label: 0.5 }", "its `label` is a decimal number"),
        ("#{ input: image, label: \"c\" }", "none of the classes"),
        ("#{ input: image, labl: 0 }", "`labl`, which means nothing; did you mean `label`?"),
        ("#{ input: image, target: 0 }", "announced with `classes`"),
        ("#{ input: 3, label: 0 }", "its `input` is a whole number instead of an image"),
        ("#{ input: image.resize(4, 4), label: 0 }", "its `input` has 4x4 pixels with 1 channel instead of 6x6 pixels"),
        ("#{ input: image * 1e300, label: 0 }", "its input holds"),
        ("image", "gives an image instead of an object map"),
        ("print(1); #{ input: image, label: 0 }", "cannot print"),
        ("let n = 0; while true { n += 1; } #{ input: image, label: n }", "too many steps"),
        ("image.blur(\"a\")", "`sigma` expects a number, not a text"),
        ("image.crop(0.5, 0, 1, 1)", "`crop` does not work on an image with a decimal number"),
        ("rotation()", "`rotation` is a word of the script"),
        ("image.get(9, 9)", "a pixel of 1x1 pixels at (9, 9)"),
        ("let a = [1]; a[3]", "there is no item 3 in an array of 1"),
    ] {
        let script = format!("custom_task(|image, rng| {{ {body} }}, #{{ classes: [\"a\", \"b\"] }})");
        let (message, place) = refused(&script);
        assert!(message.contains(expected), "{body}\n{message}");
        assert!(place.is_some(), "{body}");
    }
}

/// What the script's form of a task costs against the same task in Rust: run with
/// `cargo test --release -p foretask-script --lib -- --ignored --nocapture labels_per_second`.
#[test]
#[ignore = "a measurement"]
fn labels_per_second() {
    struct Native;
    impl foretask_pretext::Generator for Native {
        fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<GeneratedPair, Refusal> {
            let mut view = Planes::black(shape);
            foretask_pretext::ops::center_view(image, shape, &mut view.data);
            let turn = key.rng().below(4) as u32;
            let mut input = Planes::black(shape);
            foretask_pretext::ops::turn(&view.data, shape.height, shape.width, turn, &mut input.data);
            Ok(GeneratedPair { input, target: GeneratedTarget::Class(turn), note: None })
        }
    }
    /// Seconds that this thread has computed, whatever else the machine does.
    fn computed() -> f64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
    }
    let script = custom(
        "custom_task(|image, rng| { let n = rng.below(4); #{ input: image.rotate90(n), label: n } }, #{ classes: 4 })",
    );
    let native = Custom { generator: Some(Arc::new(Native)), ..script.clone() };
    for (side, channels) in [(28, 1), (32, 3), (96, 3), (224, 3)] {
        let shape = Shape::new(channels, side, side);
        let pixels: Vec<u8> = (0..shape.len()).map(|at| (at * 7) as u8).collect();
        let image = ImageRef::new(&pixels, side, side, channels).unwrap();
        let rotation = Pretext::by_name("rotation").unwrap().resolve(shape).unwrap().task;
        let tasks = [
            ("script", Pretext::Custom(script.clone()), 1.0),
            ("the same in Rust", Pretext::Custom(native.clone()), 1.0),
            ("rotation()", rotation, 4.0),
        ];
        for (name, task, labels) in tasks {
            let mut batch = Batch::new(&task.layout(shape), 1);
            let (begin, mut calls) = (computed(), 0_u32);
            while computed() - begin < 1.0 {
                for _ in 0..50 {
                    calls += 1;
                    let key = Key::new(u64::from(calls));
                    batch.slots().into_iter().for_each(|slot| task.generate(image, key, shape, slot).unwrap());
                }
            }
            let rate = f64::from(calls) * labels / (computed() - begin);
            println!("{side}x{side}x{channels} {name}: {rate:.0} labels a second and core");
        }
    }
}

#[test]
fn images_that_are_held_have_a_limit_together() {
    for keep in [
        "for k in 0..1000 { a.push(blank(4000, 4000, 3)); }",
        "a.push(blank(4000, 4000, 3)); for k in 0..1000 { a.push(a[0] * 0.5); }",
        "a.push(blank(4000, 4000, 3)); for k in 0..1000 { a.push(a[0].flip()); }",
        "for k in 0..1000 { a.push(image.resize(6000, 6000)); }",
        "a = [0, 1, 2, 3, 4, 5, 6, 7].map(|k| blank(4000, 4000, 1));",
        "for k in 0..1000 { try { a.push(blank(4000, 4000, 1)); a[0] + a[0]; } catch {} a.push(a[0] + k); }",
    ] {
        let script = format!(
            "custom_task(|image, rng| {{\n    let a = [];\n    {keep}\n    #{{ input: image, label: 0 }}\n}}, #{{ classes: 2 }})"
        );
        let (message, place) = refused(&script);
        assert!(message.contains("more than 67,108,864 samples"), "{keep}: {message}");
        assert_eq!(place.map(|place| place.0), Some(3), "{keep}: {message}");
    }
    // One after the other they are no more than one, however many images are labeled.
    let script = "custom_task(|image, rng| {
        for k in 0..3 { let large = blank(4000, 4000, 1); large.mean(); }
        #{ input: image, label: 0 }
    }, #{ classes: 2 })";
    let task = custom(script);
    for seed in 0..3 {
        made(&task, Key::new(seed)).unwrap();
    }
}
