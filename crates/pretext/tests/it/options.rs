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
        Task::SimClr(SimClr { temperature: Some(1.0), crop: Some([0.5, 1.0]), ..SimClr::default() })
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

// Long: a table of cases, one a line.
#[test]
fn wrong_values_name_option_value_and_range() {
    for (task, options, expected) in [
        ("super_resolution", json!({"factor": 1}), "option `factor` is 1, but must be a whole number from 2 to 16"),
        ("super_resolution", json!({"factor": 17}), "option `factor` is 17"),
        ("super_resolution", json!({"factor": -2}), "-2"),
        ("super_resolution", json!({"factor": 2.5}), "2.5"),
        ("super_resolution", json!({"factor": [4, 2]}), "option `factor` is [4, 2]"),
        ("super_resolution", json!({"factor": [2, 3, 4]}), "invalid length 3, expected a whole number from 2 to 16"),
        ("super_resolution", json!({"kernels": []}), "option `kernels` is []"),
        (
            "super_resolution",
            json!({"kernels": ["gauss"]}),
            "unknown variant `gauss`, expected one of `box`, `bilinear`",
        ),
        ("super_resolution", json!({"noise": 0.6}), "option `noise` is 0.6"),
        ("super_resolution", json!({"blur": -1}), "option `blur` is -1,"),
        ("super_resolution", json!({"loss": "l3"}), "`l3`"),
        ("super_resolution", json!({"decoder_width": 2}), "option `decoder_width` is 2"),
        ("rotation", json!({"flip": 2}), "option `flip` is 2, but must be a probability from 0 to 1"),
        ("rotation", json!({"crop": [0, 1]}), "option `crop` is [0, 1],"),
        ("rotation", json!({"crop": 0.5}), "0.5"),
        ("rotation", json!({"pad": "much"}), "much"),
        ("simclr", json!({"temperature": 0}), "option `temperature` is 0, but must be a number from 0.01 to 2"),
        ("simclr", json!({"jitter": 3}), "option `jitter` is 3,"),
        ("simclr", json!({"views": {"hue": 0.7}}), "option `hue` is 0.7"),
        ("simclr", json!({"views": {"ratio": [2, 1]}}), "option `ratio` is [2, 1],"),
        ("simclr", json!({"views": {"local": 40}}), "option `local` is 40"),
        ("simclr", json!({"views": {"local_size": 2}}), "option `local_size` is 2"),
        ("simclr", json!({"views": "weack"}), "there is no augmentation preset `weack`; there are `none`, `weak`"),
        ("simclr", json!({"views": 3}), "the name of a preset, a map of options"),
        ("simclr", json!({"decoupled": "half"}), "false, true or \"weighted\""),
        ("moco", json!({"version": 4}), "option `version` is 4, but must be 2 or 3"),
        ("nnclr", json!({"queue": 0}), "option `queue` is 0"),
        ("byol", json!({"momentum": 1.5}), "option `momentum` is 1.5, but must be a number from 0 to 1"),
        ("barlow_twins", json!({"lambda": 2}), "option `lambda` is 2,"),
        ("vicreg", json!({"variance": -1}), "option `variance` is -1, but must be a weight from 0 to 1000"),
        ("swav", json!({"prototypes": 1}), "option `prototypes` is 1"),
        ("swav", json!({"epsilon": 0}), "option `epsilon` is 0,"),
        ("dino", json!({"outputs": 1}), "option `outputs` is 1"),
        ("dino", json!({"student_temperature": 0}), "option `student_temperature` is 0,"),
        ("deepcluster", json!({"heads": 0}), "option `heads` is 0"),
        ("lejepa", json!({"slices": 0}), "option `slices` is 0"),
        ("supcon", json!({"temperature": 3}), "option `temperature` is 3,"),
        ("distill", json!({"loss": "kl"}), "unknown variant `kl`, expected one of `likeness`, `cosine`, `mse`"),
        ("distill", json!({"views": 65}), "option `views` is 65, but must be a whole number from 0 to 64"),
        ("distill", json!({"temperature": 0}), "option `temperature` is 0,"),
        ("distill", json!({"queue": 0}), "option `queue` is 0"),
        ("distill", json!({"places": -1}), "option `places` is -1, but must be a weight from 0 to 1000"),
        ("distill", json!({"crop": [0, 1]}), "option `crop` is [0, 1],"),
        ("simclr", json!({"projector_out": 4}), "option `projector_out` is 4"),
        ("denoising", json!({"noise": []}), "option `noise` is []"),
        ("denoising", json!({"noise": ["salt"]}), "unknown variant `salt`, expected one of `gaussian`, `salt_pepper`"),
        ("denoising", json!({"sigma": [0, 0.5]}), "option `sigma` is [0, 0.5], but must be [low, high]"),
        ("denoising", json!({"share": [0.5, 1.5]}), "option `share` is [0.5, 1.5]"),
        ("inpainting", json!({"area": [0.5, 0.9]}), "option `area` is [0.5, 0.9], but must be [low, high], shares"),
        ("inpainting", json!({"holes": []}), "option `holes` is []"),
        ("inpainting", json!({"elsewhere": 2}), "option `elsewhere` is 2,"),
        ("colorization", json!({"target": "rgb"}), "unknown variant `rgb`, expected `classes` or `regression`"),
        ("colorization", json!({"rebalance": 2}), "option `rebalance` is 2,"),
        ("colorization", json!({"temperature": 0}), "option `temperature` is 0,"),
        ("autoencoding", json!({"decoder_width": 2}), "option `decoder_width` is 2"),
        ("jigsaw", json!({"grid": 4}), "option `grid` is 4, but must be 2 or 3"),
        ("jigsaw", json!({"permutations": 1}), "option `permutations` is 1"),
        ("jigsaw", json!({"grayscale": 2}), "option `grayscale` is 2,"),
        ("relative_position", json!({"drop_channels": -1}), "option `drop_channels` is -1,"),
        ("relative_position", json!({"hidden": 1}), "option `hidden` is 1"),
        ("exemplar", json!({"copies": 1}), "option `copies` is 1, but must be a whole number from 2 to 16"),
        ("exemplar", json!({"mode": "pair"}), "unknown variant `pair`, expected `triplet` or `softmax`"),
        ("exemplar", json!({"jitter": 3}), "option `jitter` is 3,"),
        ("exemplar", json!({"margin": 5}), "option `margin` is 5,"),
        ("counting", json!({"margin": 0}), "option `margin` is 0,"),
        ("counting", json!({"grid": 1}), "option `grid` is 1"),
        ("masked_pixels", json!({"ratio": 1}), "option `ratio` is 1,"),
        ("masked_pixels", json!({"unit": 0}), "option `unit` is 0"),
        ("mae", json!({"ratio": 1}), "option `ratio` is 1, but must be a number from 0.05 to 0.95"),
        ("mae", json!({"crop": [0, 1]}), "option `crop` is [0, 1],"),
        ("mae", json!({"decoder_width": 48}), "option `decoder_width` is 48, but must be a multiple of 32"),
        ("mae", json!({"decoder_depth": 0}), "option `decoder_depth` is 0"),
        ("mae", json!({"patch": 65}), "option `patch` is 65"),
        ("mae", json!({"normalize": "yes"}), "yes"),
        ("simmim", json!({"ratio": 0}), "option `ratio` is 0,"),
        ("simmim", json!({"unit": 257}), "option `unit` is 257"),
        ("simmim", json!({"flip": 2}), "option `flip` is 2,"),
        ("simmim", json!({"loss": "l3"}), "`l3`"),
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
    let coarse =
        |factor: u32| Task::SuperResolution(SuperResolution { factor: factor.into(), ..SuperResolution::default() });
    let error = refuse(coarse(8), Shape::new(1, 16, 20));
    assert!(
        error.contains("`factor` = 8") && error.contains("a factor of at most 5 or an image_size of at least 24"),
        "{error}"
    );
    coarse(8).resolve(GRAY).unwrap();
    for option in ["saturation", "hue", "grayscale"] {
        let task = read("simclr", json!({"views": {option: 0.2}})).unwrap();
        let error = refuse(task.clone(), GRAY);
        assert!(error.contains(&format!("`{option}` = 0.2")) && error.contains("red, green and blue"), "{error}");
        task.resolve(COLOR).unwrap();
    }
    for (name, options, shape, expected) in [
        ("jigsaw", json!({"grid": 2, "permutations": 25}), GRAY, "2x2 tiles have only 24 orders; use at most 24"),
        (
            "jigsaw",
            json!({"grid": 3, "gap": 4, "jitter": 1}),
            GRAY,
            "would keep 3x3; use less gap and jitter, or an image_size of at least 30",
        ),
        ("jigsaw", json!({"gap": 4_294_967_295_u32}), GRAY, "would keep 0x0"),
        ("jigsaw", json!({"grayscale": 0.5}), GRAY, "it needs red, green and blue"),
        ("relative_position", json!({}), Shape::new(1, 20, 28), "would keep 6x3; use less gap"),
        ("relative_position", json!({"drop_channels": 0.5}), GRAY, "it needs red, green and blue"),
        ("exemplar", json!({"grayscale": 0.5}), GRAY, "`grayscale` = 0.5 does not suit these images"),
        ("counting", json!({"grid": 3}), Shape::new(1, 20, 20), "an image_size of at least 24"),
        ("masked_pixels", json!({"unit": 15}), GRAY, "use at most 14 or a larger image_size"),
        (
            "colorization",
            json!({}),
            GRAY,
            "1-channel inputs of 28x28 pixels: there is no color to tell; use color images",
        ),
        ("colorization", json!({}), Shape::new(3, 7, 9), "use images of at least 8x8 pixels"),
    ] {
        let error = refuse(read(name, options).unwrap(), shape);
        assert!(error.starts_with(name) && error.contains(expected), "{error}");
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
        let view = task.views.first;
        assert_eq!(view, task.views.second);
        assert_eq!((view.jitter, view.hue, view.blur), (Some(jitter), Some(hue), Some(blur)));
        assert!((view.brightness.unwrap() - 0.8 * jitter).abs() < 1e-9);
        assert_eq!((task.temperature, task.views.local), (Some(0.2), Some(0)));
        let written = serde_json::to_value(task).unwrap();
        let open: Vec<_> = written.as_object().unwrap().iter().filter(|(_, v)| *v == "auto").map(|(k, _)| k).collect();
        assert_eq!(open, ["crop", "jitter", "flip", "blur", "projector_width", "projector_out"]);
        assert_eq!(resolved.notes.len(), 9);
        for note in &resolved.notes {
            let value: f64 = note.value.parse().unwrap();
            let place = match note.name.as_str() {
                "temperature" => &written["temperature"],
                "local" => &written["views"]["local"],
                name => &written["views"]["first"][name],
            };
            assert_eq!(place.as_f64(), Some(value), "{note:?}");
            assert!(!note.reason.is_empty());
        }
        // What the user set is left alone and not told.
        let own = Task::SimClr(SimClr { jitter: Some(0.25), ..SimClr::default() }).resolve(shape).unwrap();
        let Task::SimClr(task) = own.task else { panic!() };
        assert_eq!((task.views.second.jitter, task.views.second.brightness), (Some(0.25), Some(0.2)));
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
