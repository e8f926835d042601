//! Looks against the programs they follow, and faults that were put there.

use foretask_data::{Depth, Images, LoadOptions, Pixels, Range, Samples, Source, Values};
use foretask_random::Key;

use super::*;

fn gray(width: usize, height: usize, tone: impl Fn(usize, usize) -> usize) -> Pixels<'static> {
    let data: Vec<u8> = (0..width * height).map(|at| tone(at % width, at / width) as u8).collect();
    Pixels { width, height, channels: 1, data: data.into() }
}

fn look(pixels: &Pixels<'_>) -> Look {
    Look::at(pixels, (pixels.width, pixels.height)).unwrap()
}

#[test]
fn looks_are_those_of_cleanvision_and_imagehash() {
    // CleanVision 0.3.7 (`BrightnessProperty`) and ImageHash 4.3.2 (`phash`) with Pillow; sharpness by scipy's `convolve`.
    let color: Vec<u8> = (0..64 * 64)
        .flat_map(|at| [at % 64 * 4 % 256, at / 64 * 4 % 256, (at % 64) * (at / 64) % 256].map(|tone| tone as u8))
        .collect();
    let color = Pixels { width: 64, height: 64, channels: 3, data: color.into() };
    for (name, pixels, [darkest, brightest, contrast, sharpness], hash) in [
        (
            "wavy",
            gray(40, 30, |x, y| (x * 7 + y * 13 + x * y % 31 * 5) % 256),
            [0.043_137, 0.988_235, 0.291_846, 1.002_476],
            Some(0xe114_614c_9534_b7bf),
        ),
        ("color", color, [0.172_389, 0.915_538, 0.199_513, 0.125_265], Some(0x8002_1f3f_3f3e_7c38)),
        ("ramp", gray(32, 32, |x, _| x * 8), [0.031_373, 0.972_549, 0.289_666, 0.0], None),
        (
            "dark",
            gray(32, 32, |x, y| (x + y) % 40),
            [0.007_843, 0.152_941, 0.045_281, 0.299_298],
            Some(0xc19d_234a_5346_3deb),
        ),
    ] {
        let found = look(&pixels);
        for (found, expected) in [
            (found.darkest, darkest),
            (found.brightest, brightest),
            (found.contrast, contrast),
            (found.sharpness, sharpness),
        ] {
            assert!((found - expected).abs() < 2e-5, "{name}: {found} for {expected}");
        }
        if let Some(hash) = hash {
            assert_eq!(found.hash, hash, "{name}: {:016x}", found.hash);
        }
    }
    // A larger picture is shrunk first: nearly the same.
    let wave = |x: usize, y: usize| {
        let (x, y) = (x as f64, y as f64);
        (127.0 + 50.0 * (x / 9.0 + y / 13.0).sin() + 40.0 * (y / 7.0).cos() + 30.0 * (x * y / 700.0).sin()) as usize
    };
    let found = look(&gray(128, 96, wave));
    assert!((found.sharpness - 0.0307).abs() < 0.003 && (found.brightest - 0.925).abs() < 0.01, "{found:?}");
    assert!((found.hash ^ 0xf88f_b812_a5ea_56d0_u64).count_ones() <= 4, "{:016x}", found.hash);
}

#[test]
fn faults_of_pictures_are_found_and_only_these() {
    use IssueKind::{Blurred, Dark, Overexposed, Shape, Size, Uniform};

    let noise = |seed: u64, width: usize, height: usize, (low, range): (usize, u64)| {
        let mut rng = Key::new(seed).rng();
        let data: Vec<u8> = (0..width * height).map(|_| (low as u64 + rng.below(range)) as u8).collect();
        Pixels { width, height, channels: 1, data: data.into() }
    };
    let mut pictures: Vec<Pixels<'_>> = (0..40).map(|seed| noise(seed, 32, 32, (20, 200))).collect();
    pictures.push(noise(90, 32, 32, (0, 60)));
    pictures.push(noise(91, 32, 32, (250, 6)));
    pictures.push(gray(32, 32, |_, _| 128));
    pictures.push(gray(64, 64, |x, y| (128.0 + 50.0 * ((x + y) as f64 / 20.0).sin()) as usize));
    pictures.push(noise(92, 128, 128, (20, 200)));
    pictures.push(noise(93, 64, 16, (20, 200)));
    let looks: Vec<Look> = pictures.iter().map(look).collect();
    let found = picture_issues(&looks, &IssueOptions::default());
    let told: Vec<(IssueKind, u32)> = found.iter().map(|issue| (issue.kind, issue.image)).collect();
    assert_eq!(
        told,
        [(Blurred, 43), (Dark, 40), (Overexposed, 41), (Uniform, 42), (Uniform, 41), (Size, 44), (Shape, 45)]
    );
    let size = found.iter().find(|issue| issue.kind == Size).unwrap();
    assert!((size.value - 4.0).abs() < 1e-6);
    // One that is as usual as the others, though they all are dark, is told of by its threshold alone.
    let strict = IssueOptions { dark: 0.1, ..IssueOptions::default() };
    assert!(picture_issues(&looks, &strict).iter().all(|issue| issue.kind != Dark));
}

/// Pictures of blobs at random places, with the copies named: (of which, how).
fn with_copies(count: usize) -> (Vec<Look>, Features) {
    let picture = |seed: u64, moved: usize, brighter: usize| {
        let mut rng = Key::new(seed).rng();
        let blobs: Vec<(f64, f64, f64)> =
            (0..6).map(|_| (rng.below(64) as f64, rng.below(64) as f64, 40.0 + rng.below(80) as f64)).collect();
        gray(64, 64, |x, y| {
            let at = |(cx, cy, tone): &(f64, f64, f64)| {
                tone * (-((x + moved) as f64 - cx).powi(2) / 90.0 - (y as f64 - cy).powi(2) / 90.0).exp()
            };
            (blobs.iter().map(at).sum::<f64>() as usize + 20 + brighter).min(255)
        })
    };
    let features = |seed: u64, off: f32| {
        let mut rng = Key::new(seed).named("features").rng();
        (0..16).map(|_| rng.normal() + off * 0.02).collect::<Vec<f32>>()
    };
    let mut looks: Vec<Look> = (0..count as u64).map(|seed| look(&picture(seed, 0, 0))).collect();
    let mut data: Vec<f32> = (0..count as u64).flat_map(|seed| features(seed, 0.0)).collect();
    // Of the third one: brighter; of the fifth: moved by a pixel; of the seventh: other content that looks the same.
    for (seed, moved, brighter, of) in [(3, 0, 12, 3), (5, 1, 0, 5), (7, 0, 0, 900)] {
        looks.push(look(&picture(seed, moved, brighter)));
        data.extend(features(of, 1.0));
    }
    let rows = (0..looks.len() as u64).collect();
    (looks, Features { data, dim: 16, rows })
}

#[test]
fn copies_are_found_by_looks_and_features_together() {
    let (looks, features) = with_copies(60);
    let options = IssueOptions::default();
    let found = find_issues(&looks, &features, 0.98, &options).unwrap();
    let mut pairs: Vec<(u32, u32)> = found
        .issues
        .iter()
        .filter(|issue| issue.kind == IssueKind::Duplicate)
        .map(|issue| (issue.other.unwrap(), issue.image))
        .collect();
    pairs.sort_unstable();
    assert_eq!(pairs, [(3, 60), (5, 61)]);
    assert!(found.issues.iter().all(|issue| issue.bits.is_none_or(|bits| bits <= options.bits)));
    // With a stricter threshold they are just beyond it.
    let strict =
        find_issues(&looks, &features, 0.98, &IssueOptions { similarity: Some(0.999_99), ..options.clone() }).unwrap();
    assert!(strict.issues.iter().all(|issue| issue.kind != IssueKind::Duplicate));
    assert!(find_issues(&looks[1..], &features, 0.9, &options).is_err());
}

#[test]
fn of_a_group_of_copies_all_but_the_first_are_told() {
    let one = look(&gray(32, 32, |x, y| (x * 7 + y * 13 + x * y % 31 * 5) % 256));
    let looks = vec![one; 5];
    let features = Features { data: [1.0, 2.0].repeat(5), dim: 2, rows: (0..5).collect() };
    let found = find_issues(&looks, &features, 0.99, &IssueOptions::default()).unwrap();
    let pairs: Vec<(u32, Option<u32>)> = found.issues.iter().map(|issue| (issue.image, issue.other)).collect();
    assert_eq!(pairs, [(1, Some(0)), (2, Some(0)), (3, Some(0)), (4, Some(0))]);
    // Pictures of one tone look alike, whatever they are of.
    let plain = vec![look(&gray(32, 32, |_, _| 9)); 5];
    let found = find_issues(&plain, &features, 0.99, &IssueOptions::default()).unwrap();
    assert!(found.issues.iter().all(|issue| issue.kind != IssueKind::Duplicate));
}

#[test]
fn what_is_far_from_everything_is_an_outlier() {
    let mut rng = Key::new(4).rng();
    let mut data: Vec<f32> = (0..200 * 8).map(|at| f32::from(u8::from(at % 8 == 0)) * 5.0 + rng.normal()).collect();
    data.extend([-9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let features = Features { data, dim: 8, rows: (0..201).collect() };
    let looks = vec![look(&gray(32, 32, |_, _| 9)); 201];
    let found = find_issues(&looks, &features, 0.99, &IssueOptions::default()).unwrap();
    let outliers: Vec<&Issue> = found.issues.iter().filter(|issue| issue.kind == IssueKind::Outlier).collect();
    assert_eq!((outliers.len(), outliers[0].image), (1, 200));
    assert!(outliers[0].value > 5.0, "{}", outliers[0].value);
    // Compared with a part of them only, it still is.
    let some = IssueOptions { most: 60, ..IssueOptions::default() };
    let found = find_issues(&looks, &features, 0.99, &some).unwrap();
    assert!(found.issues.iter().any(|issue| issue.kind == IssueKind::Outlier && issue.image == 200));
}

#[test]
fn wrong_labels_are_found_and_lone_classes_left_out() {
    let mut rng = Key::new(6).rng();
    let data = (0..91 * 6).map(|at| 3.0 * f32::from(u8::from(at % 6 == at / 6 % 3)) + 0.3 * rng.normal());
    let features = Features { data: data.collect(), dim: 6, rows: (0..91).collect() };
    // The third class is not labeled, the fourth has one image.
    let mut labels: Vec<Option<u32>> = (0..90).map(|row| [Some(0), Some(1), None][row % 3]).collect();
    labels.push(Some(3));
    labels[9] = Some(1);
    let labeled = Labeled { labels: &labels, classes: 4, statistics: None };
    let found = wrong_labels(&features, &labeled, &IssueOptions::default()).unwrap();
    let told: Vec<(u32, Option<u32>)> = found.issues.iter().map(|issue| (issue.image, issue.instead)).collect();
    assert_eq!(told, [(9, Some(0))]);
    assert!(found.notes[0].contains("1 classes have a single image"), "{:?}", found.notes);
    let alone = vec![Some(0); 91];
    let found = wrong_labels(&features, &Labeled { labels: &alone, ..labeled }, &IssueOptions::default()).unwrap();
    assert!(found.issues.is_empty() && found.notes[0].contains("two classes"));
    assert!(wrong_labels(&features, &Labeled { labels: &labels[1..], ..labeled }, &IssueOptions::default()).is_err());
}

#[test]
fn copies_of_deep_images_are_as_deep() {
    const SIDES: (usize, usize, usize) = (12, 10, 5);
    let (height, width, channels) = SIDES;
    let value = |at: usize| (at * 137 % 60_000) as u16;
    let header = format!("{{'descr': '<u2', 'fortran_order': False, 'shape': ({height}, {width}, {channels}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend((0..height * width * channels).flat_map(|at| value(at).to_le_bytes()));
    let sources = vec![Source::Bytes { bytes: bytes.as_slice().into(), name: None }];
    let samples = Samples { rows: vec![0], labels: vec![None], classes: [].into(), sources };
    let range = Range::Between(vec![[0.0, 65_535.0]]);
    let images = Images::load(&samples, &LoadOptions { range, ..LoadOptions::default() }).unwrap();
    let (_, copies) = altered_copies(&images, 1).unwrap();
    assert_eq!((copies.channels(), copies.depth(), copies.size(0)), (5, Depth::Words, (8, 10)));
    let copy = copies.get(0).unwrap();
    let Values::Words(copy) = &copy.data else { panic!("not of 16 bits") };
    // One row and one column are cut off at each side.
    let first = f32::from(value((width + 1) * channels)) * 1.1;
    assert_eq!((copy.len(), f32::from(copy[0])), (10 * 8 * 5, first.round()));
}

#[test]
fn altered_copies_say_how_alike_copies_are() {
    let sources: Vec<Source> = (0..30_usize)
        .map(|seed| {
            let mut bytes = b"P5\n48 32\n255\n".to_vec();
            bytes.extend((0..48 * 32).map(|at| ((at % 48 * seed + at / 48 * 5) % 200) as u8));
            Source::Bytes { bytes: bytes.as_slice().into(), name: None }
        })
        .collect();
    let samples = Samples { rows: (0..30).collect(), labels: vec![None; 30], classes: [].into(), sources };
    let images = Images::load(&samples, &LoadOptions::default()).unwrap();
    let (places, copies) = altered_copies(&images, 10).unwrap();
    assert_eq!((places.as_slice(), copies.len()), (&[0, 3, 6, 9, 12, 15, 18, 21, 24, 27][..], 10));
    assert_eq!(copies.size(0), (44, 30));
    let (own, copy) = (images.get(3).unwrap(), copies.get(1).unwrap());
    let (copy, own) = (copy.data.bytes().unwrap(), own.data.bytes().unwrap());
    assert_eq!(u32::from(copy[0]), (f32::from(own[48 + 2]) * 1.1).round() as u32);
    let features = |data: &[f32]| Features { data: data.to_vec(), dim: 2, rows: (0..data.len() as u64 / 2).collect() };
    let (one, other) = (features(&[1.0, 0.0, 0.0, 2.0]), features(&[3.0, 0.0, 1.0, 1.0]));
    assert!((copies_similarity(&one, &other).unwrap() - 0.5_f64.sqrt()).abs() < 1e-6);
    assert!(copies_similarity(&one, &features(&[1.0, 0.0])).is_err());
    assert_eq!(copies_similarity(&one, &one).unwrap(), 0.9999);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let wrong = |change: fn(&mut IssueOptions)| {
        let mut options = IssueOptions::default();
        change(&mut options);
        options.check().unwrap_err().to_string()
    };
    assert!(wrong(|options| options.similarity = Some(1.5)).contains("similarity"));
    assert!(wrong(|options| options.size = 0.0).contains("size"));
    assert!(wrong(|options| options.bits = 40).contains("bits"));
    assert!(wrong(|options| options.folds = 1).contains("folds"));
    IssueOptions::default().check().unwrap();
    for kind in IssueKind::ALL {
        assert_eq!(IssueKind::of_name(kind.name()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}
