//! Made-up maps and galleries: drawn images by the hundred, with places and answers.

use foretask_random::Key;
use foretask_report::{Answer, Atlas, Embedding, Gallery, PointMap};

use crate::drawing::{CLASSES, Image, SIDE, garment};

fn atlas(images: &[Image]) -> Atlas {
    let columns = (images.len() as f64).sqrt().ceil() as usize;
    let side = (columns * SIDE) as u32;
    let rows = images.len().div_ceil(columns.max(1)) * SIDE;
    let mut whole = image::GrayImage::new(side, rows as u32);
    for (place, one) in images.iter().enumerate() {
        for (at, value) in one.data.iter().enumerate() {
            let (x, y) = (place % columns * SIDE + at % SIDE, place / columns * SIDE + at / SIDE);
            whole.put_pixel(x as u32, y as u32, image::Luma([(255.0 * value.clamp(0.0, 1.0)) as u8]));
        }
    }
    let mut file = std::io::Cursor::new(Vec::new());
    #[allow(clippy::expect_used)] // Memory takes whatever is written.
    whole.write_to(&mut file, image::ImageFormat::Png).expect("a picture in memory");
    let sizes = vec![[SIDE as u32; 2]; images.len()];
    Atlas { columns: columns as u32, cell: SIDE as u32, sizes, ..Atlas::of_file(file.get_ref()) }
}

/// `count` images, each class around a place of its own, a tenth of the answers wrong.
pub(crate) fn embedding(count: usize) -> Embedding {
    let mut rng = Key::new(21).rng();
    let class = |i: usize| i % CLASSES.len();
    let images: Vec<Image> = (0..count).map(|i| garment(class(i), i as u64)).collect();
    let mut map = |name: &str, turn: f32, spread: f32| PointMap {
        name: name.into(),
        note: "Made up.".into(),
        points: (0..count)
            .map(|i| {
                let angle = turn + class(i) as f32 * 0.63;
                let near = |center: f32, rng: &mut foretask_random::Rng| center + spread * rng.normal();
                [near(6.0 * angle.cos(), &mut rng), near(6.0 * angle.sin(), &mut rng)]
            })
            .collect(),
    };
    let maps = vec![map("t-SNE", 0.0, 0.8), map("Principal components", 1.0, 2.0)];
    Embedding {
        result: "simclr".into(),
        basis: format!("{count} made-up images"),
        classes: CLASSES.map(str::to_owned).to_vec(),
        labels: (0..count).map(|i| Some(class(i) as u32)).collect(),
        names: (0..count).map(|i| format!("test/{:05}.png", 7 * i)).collect(),
        answers: (0..count).map(|i| Some(if i % 11 == 3 { (class(i) + 2) % 10 } else { class(i) } as u32)).collect(),
        atlas: Some(atlas(&images)),
        maps,
    }
}

/// Two images for every pair of classes that were confused.
pub(crate) fn gallery(result: &str) -> Gallery {
    let pairs = (0..10_u32).flat_map(|truth| (0..10).map(move |predicted| (truth, predicted)));
    let pairs: Vec<(u32, u32)> = pairs.flat_map(|pair| [pair, pair]).collect();
    let images: Vec<Image> = pairs.iter().enumerate().map(|(i, pair)| garment(pair.0 as usize, i as u64)).collect();
    let answer = |(i, (truth, predicted)): (usize, &(u32, u32))| Answer {
        name: format!("test/{i:05}.png"),
        truth: *truth,
        predicted: *predicted,
        confidence: 0.9 - i as f64 / 400.0,
    };
    Gallery {
        result: result.into(),
        basis: "Made up; two images of each pair of classes.".into(),
        answers: pairs.iter().enumerate().map(answer).collect(),
        atlas: atlas(&images),
    }
}
