//! Whether a new image is like anything that was labeled.

use foretask_data::Images;
use foretask_models::Familiar;
use foretask_train::Features;

use crate::{EvalError, nearest};

/// Of more labeled images an even part is kept: a file of weights is not to hold a dataset.
const MOST: usize = 2048;
/// Share of images like the labeled ones that may be called unlike.
const WRONGLY: f64 = 0.01;

/// How far an image is from what was labeled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearness {
    /// 1 - cosine similarity to the nearest labeled image, 0 to 2.
    pub distance: f32,
    /// Which one it is, as [`Familiar::names`] counts.
    pub nearest: u32,
    /// Whether that is too far; none where there is nothing to judge by.
    pub unlike: Option<bool>,
}

/// What a classifier knows of the labeled `images`, whose `features` its own encoder has extracted.
///
/// The threshold comes from the labeled images alone: each is left out and its distance to the nearest other one is taken. An
/// encoder that has itself learned from their labels pulls them together, so that its distances would be too small; then
/// `apart` holds distances that were found without the image in question (none at all where nobody has found any). Of n such
/// distances the ⌈0.99 (n + 1)⌉-th smallest is the threshold (the largest below 99 images), so that of images
/// drawn like the labeled ones about 1 in 100 (1 in n + 1) is called unlike.
///
/// # Errors
/// Features that are not of these images.
pub fn familiar(features: &Features, images: &Images, apart: Option<&[f32]>) -> Result<Familiar, EvalError> {
    if features.len() != images.len() {
        return Err(EvalError::Input(format!("{} features of {} labeled images", features.len(), images.len())));
    }
    let kept: Vec<u32> =
        (0..features.len().min(MOST)).map(|i| (i * features.len() / features.len().min(MOST)) as u32).collect();
    let some = features.select(&kept);
    let mut apart: Vec<f32> = match apart {
        Some(given) => given.to_vec(),
        None => left_out(&some)?,
    };
    apart.sort_by(f32::total_cmp);
    let rank = ((1.0 - WRONGLY) * (apart.len() + 1) as f64).ceil() as usize;
    let threshold = apart.get(rank.min(apart.len()).saturating_sub(1)).copied();
    let mut unit = some.data;
    for row in unit.chunks_exact_mut(some.dim.max(1)) {
        let length = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            for v in row {
                *v = (f64::from(*v) / length) as f32;
            }
        }
    }
    let names = kept.iter().map(|&i| images.name(i as usize)).collect();
    Ok(Familiar { features: unit, dim: some.dim, names, threshold })
}

/// The distance of each image to the nearest other one.
fn left_out(features: &Features) -> Result<Vec<f32>, EvalError> {
    let found = nearest(features, features, 2)?;
    let others = found.iter().enumerate().filter_map(|(i, found)| found.iter().find(|other| other.index as usize != i));
    Ok(others.map(|other| distance(other.similarity)).collect())
}

/// How far each of `queries`, features by the same encoder, is from what is familiar.
///
/// # Errors
/// Features of another length, nothing familiar.
pub fn nearness(familiar: &Familiar, queries: &Features) -> Result<Vec<Nearness>, EvalError> {
    let rows = (0..familiar.len() as u64).collect();
    let bank = Features { data: familiar.features.clone(), dim: familiar.dim, rows };
    let found = nearest(&bank, queries, 1)?;
    let one = |found: &Vec<crate::Neighbor>| {
        let Some(neighbor) = found.first() else {
            return Err(EvalError::Input("the classifier knows no labeled image".into()));
        };
        let distance = distance(neighbor.similarity);
        let unlike = familiar.threshold.map(|threshold| distance > threshold);
        Ok(Nearness { distance, nearest: neighbor.index, unlike })
    };
    found.iter().map(one).collect()
}

/// Rounding takes the cosine of a vector with itself a little off 1.
fn distance(similarity: f32) -> f32 {
    (1.0 - similarity).clamp(0.0, 2.0)
}

#[cfg(test)]
mod tests {
    use foretask_data::{LoadOptions, Samples, Source};

    use super::*;

    /// As many images as asked for; what is in them does not matter.
    fn images(count: usize) -> Images {
        let source = || {
            let bytes = b"P5\n1 1\n255\n\x07".as_slice();
            Source::Bytes { bytes: bytes.into(), name: None }
        };
        let samples = Samples {
            rows: (0..count as u64).collect(),
            labels: vec![None; count],
            classes: [].into(),
            sources: (0..count).map(|_| source()).collect(),
        };
        Images::load(&samples, &LoadOptions::default()).unwrap()
    }

    /// Unit vectors at these angles in degrees, times 3.
    fn at(degrees: &[f64]) -> Features {
        let data = degrees.iter().flat_map(|d| [3.0 * d.to_radians().cos() as f32, 3.0 * d.to_radians().sin() as f32]);
        Features { data: data.collect(), dim: 2, rows: (0..degrees.len() as u64).collect() }
    }

    fn gap(degrees: f64) -> f32 {
        (1.0 - degrees.to_radians().cos()) as f32
    }

    #[test]
    fn distances_and_threshold_by_hand() {
        // Nearest others: 5, 5, 10 degrees; the largest is the threshold.
        let known = familiar(&at(&[0.0, 5.0, 15.0]), &images(3), None).unwrap();
        assert!((known.threshold.unwrap() - gap(10.0)).abs() < 1e-6, "{known:?}");
        assert_eq!(known.names, ["row 0", "row 1", "row 2"]);
        assert!(known.features.chunks_exact(2).all(|v| (v[0].hypot(v[1]) - 1.0).abs() < 1e-6));
        let found = nearness(&known, &at(&[24.0, 26.0, 1.0, -90.0])).unwrap();
        assert!((found[0].distance - gap(9.0)).abs() < 1e-6 && (found[3].distance - 1.0).abs() < 1e-6);
        let told: Vec<_> = found.iter().map(|n| (n.nearest, n.unlike)).collect();
        assert_eq!(told, [(2, Some(false)), (2, Some(true)), (0, Some(false)), (0, Some(true))]);
    }

    #[test]
    fn with_many_labels_an_odd_one_does_not_set_the_threshold() {
        // 299 images a tenth of a degree apart, and one far off: the 298th of 300 distances.
        let mut degrees: Vec<f64> = (0..299).map(|i| 0.1 * f64::from(i)).collect();
        degrees.push(180.0);
        let known = familiar(&at(&degrees), &images(300), None).unwrap();
        assert!((known.threshold.unwrap() - gap(0.1)).abs() < 1e-6, "{:?}", known.threshold);
    }

    #[test]
    fn one_image_gives_a_distance_and_no_verdict() {
        let known = familiar(&at(&[0.0]), &images(1), None).unwrap();
        assert_eq!(known.threshold, None);
        assert_eq!(nearness(&known, &at(&[90.0])).unwrap()[0].unlike, None);
        // An encoder that has learned the labels, and nobody who looked at it without them.
        let learned = familiar(&at(&[0.0, 1.0]), &images(2), Some(&[])).unwrap();
        assert_eq!(learned.threshold, None);
        let learned = familiar(&at(&[0.0, 1.0]), &images(2), Some(&[0.2, 0.3])).unwrap();
        assert_eq!(learned.threshold, Some(0.3));
        assert!(familiar(&at(&[0.0, 1.0]), &images(1), None).is_err());
    }

    #[test]
    fn of_very_many_an_even_part_is_kept() {
        let degrees: Vec<f64> = (0..2 * MOST).map(|i| 0.01 * i as f64).collect();
        let known = familiar(&at(&degrees), &images(2 * MOST), None).unwrap();
        assert_eq!(known.len(), MOST);
        assert_eq!((known.names[0].as_str(), known.names[MOST - 1].as_str()), ("row 0", "row 4094"));
    }
}
