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
            ops::shift(&original, (28, 28), (x, y), Fill::Zero, &mut moved);
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
    assert_eq!(read(r#"{"flip": 0}"#).unwrap(), Augment::default().flip(0.0));
    assert_eq!(read(r#"{"pad": "auto", "fill": "edge"}"#).unwrap(), Augment::default().fill(Fill::Edge));
    let error = read(r#"{"flop": 0.5}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `flop`") && error.contains("`flip`"), "{error}");
    assert!(read("\"week\"").unwrap_err().to_string().contains("`weak`"));
    assert!(read("3").unwrap_err().to_string().contains("the name of a preset or a map of options"));
    // A map starts from the preset it names, wherever it names it.
    let gentle = read(r#"{"crop": [0.5, 1], "preset": "simclr", "jitter": 0.4}"#).unwrap();
    assert_eq!(gentle, Augment::preset("simclr").unwrap().crop([0.5, 1.0]).jitter(0.4));
    assert!(read(r#"{"preset": "week"}"#).unwrap_err().to_string().contains("`weak`"));
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
    assert!(gray(none.flip(1.5)).contains("option `flip` is 1.5, but must be a probability"));
    assert!(gray(none.flip(f64::NAN)).contains("NaN"));
    assert!(gray(none.crop([0.5, 0.2])).contains("option `crop` is [0.5, 0.2]"));
    assert!(gray(none.ratio([0.0, 1.0])).contains("option `ratio`"));
    assert!(gray(none.sigma([0.0, 1.0])).contains("option `sigma`"));
    assert!(gray(none.brightness(2.0)).contains("option `brightness`"));
    assert!(gray(none.jitter(1.3)).contains("option `jitter` is 1.3, but must be a strength from 0 to 1.25"));
    assert!(gray(none.rotate(-1.0)).contains("option `rotate` is -1, but must be an angle"));
    assert!(gray(none.bits(9)).contains("option `bits` is 9"));
    assert!(gray(none.cutout_area([0.0, 0.5])).contains("option `cutout_area`"));
    assert!(gray(none.pad(28)).contains("choose less than 28"));
    for (option, augment) in [
        ("vertical_flip", none.vertical_flip(2.0)),
        ("solarize", none.solarize(2.0)),
        ("posterize", none.posterize(2.0)),
        ("equalize", none.equalize(2.0)),
        ("cutout", none.cutout(2.0)),
    ] {
        assert!(gray(augment).contains(&format!("option `{option}` is 2, but must be a probability")));
    }
    let error = gray(none.hue(0.1));
    assert!(
        error.contains("`hue` = 0.1") && error.contains("1 channel(s)") && error.contains("leave it out"),
        "{error}"
    );
    none.hue(0.1).saturation(0.2).grayscale(1.0).check(Shape::new(3, 28, 28)).unwrap();
}

#[test]
fn presets_fit_the_image() {
    let resolved = |preset: &str, shape| Augment::preset(preset).unwrap().resolve(shape).unwrap().0;
    let (gray, small, photo) = (SHAPE, Shape::new(3, 32, 32), Shape::new(3, 224, 224));
    for (preset, _) in PRESETS {
        let on_gray = resolved(preset, gray);
        assert_eq!((on_gray.saturation, on_gray.hue, on_gray.grayscale), (Some(0.0), Some(0.0), Some(0.0)), "{preset}");
        // Nothing stays open, and what was filled holds as if it had been given.
        let written = serde_json::to_value(on_gray).unwrap();
        assert!(written.as_object().unwrap().values().all(|value| value != "auto"), "{written}");
        assert_eq!(on_gray.resolve(gray).unwrap(), (on_gray, vec![]));
    }
    for preset in ["simclr", "moco", "simsiam", "byol", "dino"] {
        assert_eq!(resolved(preset, small).blur, Some(0.0), "{preset}");
        assert!(resolved(preset, photo).blur >= Some(0.5), "{preset}");
        assert_eq!(resolved(preset, gray).brightness, Some(0.6), "{preset}");
    }
    // (brightness, contrast, saturation, hue) as published.
    let colors = |preset, shape| {
        let augment = resolved(preset, shape);
        [augment.brightness, augment.contrast, augment.saturation, augment.hue].map(Option::unwrap)
    };
    assert_eq!(colors("simclr", photo), [0.8, 0.8, 0.8, 0.2]);
    assert_eq!(colors("moco", photo), [0.4, 0.4, 0.4, 0.1]);
    assert_eq!(colors("simsiam", photo), [0.4, 0.4, 0.4, 0.1]);
    assert_eq!(colors("byol", photo), [0.4, 0.4, 0.2, 0.1]);
    assert_eq!(colors("dino", photo), [0.4, 0.4, 0.2, 0.1]);
    assert_eq!(colors("simclr", small), [0.4, 0.4, 0.4, 0.1]);
    assert_eq!((resolved("byol", photo).crop, resolved("byol", small).crop), (Some([0.08, 1.0]), Some([0.2, 1.0])));
}

#[test]
fn every_operation_happens_as_often_as_asked_and_says_so() {
    let data = picture(32, 32, 3, 3);
    let shape = Shape::new(3, 32, 32);
    let none = Augment::none();
    let original = view(image(&data, 32, 32, 3), shape);
    for (augment, word, share) in [
        (none.vertical_flip(0.3), "upside down", 0.3),
        (none.solarize(0.2), "solarized", 0.2),
        (none.posterize(0.5).bits(3), "3 bits", 0.5),
        (none.equalize(0.4), "equalized", 0.4),
        (none.cutout(0.6), "black at", 0.6),
        (none.rotate(10.0), "turned", 1.0),
        (none.grayscale(0.2), "gray", 0.2),
        (none.blur(0.5).sigma([0.5, 2.0]), "blur", 0.5),
    ] {
        let mut count = 0;
        for key in 0..1000 {
            let words = augment.words(image(&data, 32, 32, 3), Key::new(key), shape).unwrap();
            let mut out = vec![0.0; shape.len()];
            augment.apply(image(&data, 32, 32, 3), Key::new(key), shape, &mut out).unwrap();
            assert!(out.iter().all(|v| (0.0..=1.0).contains(v)));
            assert_eq!(words.contains(word), out != original, "{words}");
            count += u32::from(words.contains(word));
        }
        // Binomial: five standard deviations are at most 79.
        assert!((f64::from(count) - 1000.0 * share).abs() < 79.0, "{word}: {count}");
    }
}
