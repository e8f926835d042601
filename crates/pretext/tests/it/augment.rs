//! Supervised augmentation and its presets.

use foretask_pretext::{Augment, Fill, PRESETS, Shape, ops};
use foretask_random::Key;

use super::{image, picture, view};

const SHAPE: Shape = Shape::new(1, 28, 28);

#[test]
fn none_is_the_image_itself_where_the_size_fits() {
    let data = picture(28, 28, 1, 1);
    let exact: Vec<f32> = data.iter().map(|&v| f32::from(v) / 255.0).collect();
    assert_eq!(view(image(&data, 28, 28, 1), SHAPE), exact);
    assert_eq!(Augment::none().words(image(&data, 28, 28, 1), Key::new(1), SHAPE).unwrap(), "as it is");
}

#[test]
fn weak_moves_by_up_to_two_pixels_and_mirrors_half_of_the_time() {
    let data = picture(28, 28, 1, 1);
    let original = view(image(&data, 28, 28, 1), SHAPE);
    let mut seen = [[0_u32; 5]; 5];
    let mut mirrors = 0;
    for key in 0..2500 {
        let mut out = vec![0.0; SHAPE.len()];
        Augment::default().apply(image(&data, 28, 28, 1), Key::new(key), SHAPE, &mut out).unwrap();
        let words = Augment::default().words(image(&data, 28, 28, 1), Key::new(key), SHAPE).unwrap();
        if words.contains("mirrored") {
            mirrors += 1;
            ops::flip_horizontal(&mut out, 28);
        }
        let mut moved = vec![0.0; SHAPE.len()];
        let found = (-2..=2).flat_map(|x| (-2..=2).map(move |y| (x, y))).find(|&(x, y)| {
            ops::shift(&original, 28, 28, x, y, Fill::Zero, &mut moved);
            moved == out
        });
        let (x, y) = found.expect("a move of at most two pixels");
        seen[(x + 2) as usize][(y + 2) as usize] += 1;
        let said = [(-x, "right"), (x, "left"), (-y, "down"), (y, "up")];
        for (steps, way) in said {
            assert_eq!(steps > 0, words.contains(&format!("moved {steps} {way}")), "{words}");
        }
    }
    // 100 each of 25; five standard deviations are 49.
    assert!(seen.iter().flatten().all(|c| c.abs_diff(100) < 49), "{seen:?}");
    assert!(1250_u32.abs_diff(mirrors) < 125, "{mirrors}");
}

#[test]
fn presets_are_listed_and_found_by_name() {
    for (name, about) in PRESETS {
        let preset = Augment::preset(name).unwrap();
        assert!(!about.is_empty());
        preset.check(SHAPE).unwrap();
        preset.check(Shape::new(3, 224, 224)).unwrap();
    }
    let error = Augment::preset("week").unwrap_err().to_string();
    assert!(error.contains("`week`") && error.contains("`weak`"), "{error}");
}

#[test]
fn an_augmentation_is_read_from_a_name_or_from_options() {
    let read = |text: &str| serde_json::from_str::<Augment>(text);
    assert_eq!(read("\"none\"").unwrap(), Augment::none());
    assert_eq!(read("{}").unwrap(), Augment::default());
    assert_eq!(read(r#"{"flip": 0}"#).unwrap(), Augment { flip: 0.0, ..Augment::default() });
    assert_eq!(read(r#"{"pad": "auto", "fill": "edge"}"#).unwrap(), Augment { fill: Fill::Edge, ..Augment::default() });
    let error = read(r#"{"flop": 0.5}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `flop`") && error.contains("`flip`"), "{error}");
    assert!(read("\"week\"").unwrap_err().to_string().contains("`weak`"));
    assert!(read("3").unwrap_err().to_string().contains("the name of a preset or a map of options"));
    let strong = Augment::preset("strong").unwrap();
    assert_eq!(read(&serde_json::to_string(&strong).unwrap()).unwrap(), strong);
}

#[test]
fn the_automatic_move_grows_with_the_image() {
    for (side, pad) in [(1, 0), (2, 1), (14, 1), (28, 2), (32, 4), (96, 12), (224, 28)] {
        let (resolved, notes) = Augment::default().resolve(Shape::new(3, side, side)).unwrap();
        assert_eq!((resolved.pad, notes.len(), notes[0].name.as_str()), (Some(pad), 1, "pad"));
    }
}

#[test]
fn wrong_values_are_named() {
    let gray = |augment: Augment| augment.check(SHAPE).unwrap_err().to_string();
    let none = Augment::none();
    assert!(gray(Augment { flip: 1.5, ..none }).contains("option `flip` is 1.5, but must be a probability"));
    assert!(gray(Augment { flip: f64::NAN, ..none }).contains("NaN"));
    assert!(gray(Augment { crop: [0.5, 0.2], ..none }).contains("option `crop` is [0.5, 0.2]"));
    assert!(gray(Augment { ratio: [0.0, 1.0], ..none }).contains("option `ratio`"));
    assert!(gray(Augment { sigma: [0.0, 1.0], ..none }).contains("option `sigma`"));
    assert!(gray(Augment { brightness: 2.0, ..none }).contains("option `brightness`"));
    assert!(gray(Augment { pad: Some(28), ..none }).contains("choose less than 28"));
    let error = gray(Augment { hue: 0.1, ..none });
    assert!(
        error.contains("`hue` = 0.1") && error.contains("1 channel(s)") && error.contains("leave it out"),
        "{error}"
    );
    Augment { hue: 0.1, saturation: 0.2, grayscale: 1.0, ..none }.check(Shape::new(3, 28, 28)).unwrap();
}
