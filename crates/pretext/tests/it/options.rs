//! Options as scripts write them.

use foretask_pretext::{PretextError, Rotation, Shape, SimClr, SuperResolution, TASKS, Task};
use serde_json::{Value, json};

const GRAY: Shape = Shape::new(1, 28, 28);
const COLOR: Shape = Shape::new(3, 32, 32);

fn read(name: &str, options: Value) -> Result<Task, PretextError> {
    Task::from_options(name, options)
}

fn message(name: &str, options: Value) -> String {
    read(name, options).unwrap_err().to_string()
}

#[test]
fn no_options_are_the_defaults() {
    for info in TASKS {
        assert_eq!(read(info.name, json!({})).unwrap(), Task::by_name(info.name).unwrap());
    }
    assert_eq!(
        read("rotation", json!({"pad": 3, "flip": 0})).unwrap(),
        Task::Rotation(Rotation { pad: Some(3), flip: 0.0, ..Rotation::default() })
    );
    assert_eq!(
        read("simclr", json!({"temperature": 1, "blur": "auto", "crop": [0.5, 1]})).unwrap(),
        Task::SimClr(SimClr { temperature: Some(1.0), crop: [0.5, 1.0], ..SimClr::default() })
    );
}

#[test]
fn unknown_keys_name_the_known_ones() {
    for info in TASKS {
        let error = message(info.name, json!({"flup": 1}));
        assert!(error.starts_with(info.name) && error.contains("unknown field `flup`"), "{error}");
        assert!(info.options.iter().all(|option| error.contains(&format!("`{}`", option.name))), "{error}");
    }
    let error = message("simsalabim", json!({}));
    assert!(error.contains("`simsalabim`") && TASKS.iter().all(|info| error.contains(info.name)), "{error}");
}

#[test]
fn wrong_values_name_option_value_and_range() {
    for (task, options, expected) in [
        ("super_resolution", json!({"factor": 1}), "option `factor` is 1, but must be a whole number from 2 to 16"),
        ("super_resolution", json!({"factor": 17}), "option `factor` is 17"),
        ("super_resolution", json!({"factor": -2}), "-2"),
        ("super_resolution", json!({"factor": 2.5}), "2.5"),
        ("super_resolution", json!({"kernels": []}), "option `kernels` is []"),
        (
            "super_resolution",
            json!({"kernels": ["gauss"]}),
            "unknown variant `gauss`, expected one of `box`, `bilinear`",
        ),
        ("super_resolution", json!({"noise": 0.6}), "option `noise` is 0.6"),
        ("super_resolution", json!({"blur": -1}), "option `blur` is -1.0"),
        ("super_resolution", json!({"loss": "l3"}), "`l3`"),
        ("super_resolution", json!({"decoder_width": 2}), "option `decoder_width` is 2"),
        ("rotation", json!({"flip": 2}), "option `flip` is 2.0, but must be a probability from 0 to 1"),
        ("rotation", json!({"crop": [0, 1]}), "option `crop` is [0.0, 1.0]"),
        ("rotation", json!({"crop": 0.5}), "0.5"),
        ("rotation", json!({"pad": "much"}), "much"),
        ("simclr", json!({"temperature": 0}), "option `temperature` is 0.0, but must be a number from 0.01 to 2"),
        ("simclr", json!({"jitter": 3}), "option `jitter` is 3.0"),
        ("simclr", json!({"hue": 0.7}), "option `hue` is 0.7"),
        ("simclr", json!({"ratio": [2, 1]}), "option `ratio` is [2.0, 1.0]"),
        ("simclr", json!({"projector_out": 4}), "option `projector_out` is 4"),
    ] {
        let error = message(task, options);
        assert!(error.starts_with(task) && error.contains(expected), "{error}");
    }
    // A value set from Rust is checked as well.
    let task = Task::SimClr(SimClr { blur: Some(f64::NAN), ..SimClr::default() });
    assert!(task.resolve(GRAY).unwrap_err().to_string().contains("option `blur` is NaN"));
}

#[test]
fn what_does_not_suit_the_images_says_what_to_do() {
    let refuse = |task: Task, shape| task.resolve(shape).unwrap_err().to_string();
    let coarse = |factor| Task::SuperResolution(SuperResolution { factor, ..SuperResolution::default() });
    let error = refuse(coarse(8), Shape::new(1, 16, 20));
    assert!(
        error.contains("`factor` = 8") && error.contains("a factor of at most 5 or an image_size of at least 24"),
        "{error}"
    );
    coarse(8).resolve(GRAY).unwrap();
    for option in ["saturation", "hue", "grayscale"] {
        let task = read("simclr", json!({option: 0.2})).unwrap();
        let error = refuse(task.clone(), GRAY);
        assert!(error.contains(&format!("`{option}` = 0.2")) && error.contains("red, green and blue"), "{error}");
        task.resolve(COLOR).unwrap();
    }
    let task = read("rotation", json!({"pad": 28})).unwrap();
    assert!(refuse(task, GRAY).contains("choose less than 28"));
}

#[test]
fn every_auto_value_is_filled_and_told() {
    for (shape, jitter, hue, blur) in
        [(GRAY, 0.75, 0.0, 0.5), (COLOR, 0.5, 0.1, 0.0), (Shape::new(3, 224, 224), 1.0, 0.2, 0.5)]
    {
        let resolved = Task::by_name("simclr").unwrap().resolve(shape).unwrap();
        let Task::SimClr(task) = resolved.task else { panic!() };
        assert_eq!((task.jitter, task.hue, task.blur), (Some(jitter), Some(hue), Some(blur)));
        assert!((task.brightness.unwrap() - 0.8 * jitter).abs() < 1e-9);
        assert_eq!(task.temperature, Some(0.2));
        let written = serde_json::to_value(task).unwrap();
        let open: Vec<_> = written.as_object().unwrap().iter().filter(|(_, v)| *v == "auto").map(|(k, _)| k).collect();
        assert_eq!(open, ["projector_width", "projector_out"]);
        assert_eq!(resolved.notes.len(), 8);
        for note in &resolved.notes {
            let value: f64 = note.value.parse().unwrap();
            assert_eq!(written[&note.name], value, "{note:?}");
            assert!(!note.reason.is_empty());
        }
        // What the user set is left alone and not told.
        let own = Task::SimClr(SimClr { jitter: Some(0.25), ..SimClr::default() }).resolve(shape).unwrap();
        let Task::SimClr(task) = own.task else { panic!() };
        assert_eq!((task.jitter, task.brightness), (Some(0.25), Some(0.2)));
        assert!(own.notes.iter().all(|note| note.name != "jitter"));
    }
    let wide = Task::by_name("rotation").unwrap().resolve(Shape::new(1, 20, 30)).unwrap();
    assert_eq!((wide.notes[0].name.as_str(), wide.notes[0].value.as_str()), ("image_size", "20"));
}

#[test]
fn a_task_survives_being_written_and_read() {
    for info in TASKS {
        let task = Task::by_name(info.name).unwrap().resolve(COLOR).unwrap().task;
        let text = serde_json::to_string(&task).unwrap();
        assert!(text.starts_with(&format!(r#"{{"task":"{}""#, info.name)), "{text}");
        assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task);
    }
    let error = serde_json::from_str::<Task>(r#"{"task": "rotation", "flup": 1}"#).unwrap_err().to_string();
    assert!(error.contains("flup"), "{error}");
}
