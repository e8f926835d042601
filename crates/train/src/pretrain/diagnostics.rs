//! What one batch shows of the representation.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use foretask_backend::{HostTensor, host_tensor};
use foretask_objectives::{effective_rank, embedding_std, prototype_use, psnr, retrieval_accuracy, similarity, ssim};
use foretask_pretext::Shape;

use super::methods::Views;
use crate::health::{Diagnostics, Metric};
use crate::largest;

/// Rows that the effective rank is computed of: its cost grows with their cube.
const RANK_ROWS: usize = 256;
/// Images whose quality is measured.
const QUALITY_IMAGES: usize = 32;
/// What an exact restoration counts as, in decibel, so that means stay finite.
const BEST_PSNR: f64 = 100.0;

/// What the encoder's features alone show.
pub(super) fn of_features(features: &HostTensor) -> Diagnostics {
    let d = features.shape.get(1).copied().unwrap_or(1).max(1);
    let rows = (features.data.len() / d).min(RANK_ROWS);
    Diagnostics {
        effective_rank: Some(effective_rank(&features.data[..rows * d], d)),
        effective_rank_limit: Some(rows.min(d) as f64),
        ..spread(&features.data, d)
    }
}

fn spread(embeddings: &[f32], d: usize) -> Diagnostics {
    Diagnostics {
        embedding_std: Some(embedding_std(embeddings, d)),
        embedding_std_even: Some(1.0 / (d as f64).sqrt()),
        ..Diagnostics::default()
    }
}

/// The spread is that of the compared embeddings, the rank that of the features below them. `None` where nothing was
/// measured.
pub(super) fn of_views(views: &Views) -> Option<Diagnostics> {
    let features = views.features.as_ref()?;
    let [first, second] = views.pair().ok()?.map(Tensor::inner);
    let [n, d]: [usize; 2] = first.dims();
    let (one, two) = (host_tensor(first.clone()).data, host_tensor(second.clone()).data);
    let alike = similarity(&one, &two, d);
    let chance = 1.0 / (2 * n).saturating_sub(1).max(1) as f64;
    let metrics = vec![
        Metric::new("contrastive_accuracy", retrieval_accuracy(first, second)).against("chance", chance),
        Metric::new("positive_similarity", alike.positive).against("others", alike.negative),
    ];
    let Diagnostics { embedding_std, embedding_std_even, .. } = spread(&[one, two].concat(), d);
    Some(Diagnostics { embedding_std, embedding_std_even, metrics, ..of_features(features) })
}

/// How many prototypes are in use, on average, given their scores `[n, k]`.
pub(super) fn prototype_perplexity(scores: &Tensor<2>, temperature: f64) -> Metric {
    let scores = host_tensor(softmax(scores.clone().inner().div_scalar(temperature), 1));
    let k = scores.shape.get(1).copied().unwrap_or(1);
    Metric::new("prototype_perplexity", prototype_use(&scores.data, k).perplexity).against("all", k as f64)
}

/// Accuracy against chance.
pub(super) fn of_classes(features: &HostTensor, logits: &HostTensor, classes: &[u32]) -> Diagnostics {
    let count = logits.shape.get(1).copied().unwrap_or(1).max(1);
    let right =
        logits.data.chunks_exact(count).zip(classes).filter(|(row, class)| largest(row) == **class as usize).count();
    let accuracy = right as f64 / classes.len().max(1) as f64;
    let accuracy = Metric::new("accuracy", accuracy).against("chance", 1.0 / count as f64);
    Diagnostics { metrics: vec![accuracy], ..of_features(features) }
}

/// Images that a network restored, `[count, channels, height, width]` as the other two.
#[derive(Clone, Copy)]
pub(super) struct Restored<'a> {
    pub(super) answer: &'a [f32],
    /// What they were to become, 0..1.
    pub(super) target: &'a [f32],
    /// What the network was given, 0..1.
    pub(super) input: &'a [f32],
    pub(super) shape: Shape,
}

/// Quality of what was restored, against that of the input as it was given.
pub(super) fn of_images(features: &HostTensor, images: Restored<'_>) -> Diagnostics {
    let Restored { answer, target, input, shape } = images;
    let restored: Vec<f32> = answer.iter().map(|x| x.clamp(0.0, 1.0)).collect();
    let (ours, plain) = (quality(&restored, target, shape), quality(input, target, shape));
    let metrics = vec![
        Metric::new("psnr", ours.0).against("input", plain.0),
        Metric::new("ssim", ours.1).against("input", plain.1),
    ];
    Diagnostics { metrics, ..of_features(features) }
}

/// Quality of what was restored where it was hidden (weight above a half), against the input as it was given. `weights` are
/// `[count, height, width]`.
pub(super) fn of_holes(features: &HostTensor, images: Restored<'_>, weights: &[f32]) -> Diagnostics {
    let Restored { answer, target, input, shape } = images;
    let hidden = |images: &[f32]| -> f64 {
        let images = images.chunks_exact(shape.len()).zip(target.chunks_exact(shape.len()));
        let (mut sum, mut count) = (0.0, 0_usize);
        for ((image, target), weights) in images.zip(weights.chunks_exact(shape.plane())).take(QUALITY_IMAGES) {
            let mut of_hole = (Vec::new(), Vec::new());
            for (place, (x, y)) in image.iter().zip(target).enumerate() {
                if weights[place % shape.plane()] > 0.5 {
                    of_hole.0.push(x.clamp(0.0, 1.0));
                    of_hole.1.push(*y);
                }
            }
            if !of_hole.0.is_empty() {
                sum += psnr(&of_hole.0, &of_hole.1).min(BEST_PSNR);
                count += 1;
            }
        }
        sum / count.max(1) as f64
    };
    let quality = Metric::new("psnr_hidden", hidden(answer)).against("input", hidden(input));
    Diagnostics { metrics: vec![quality], ..of_features(features) }
}

/// Share of what varies in hidden places (weight above a half) that was restored, where pictures were brought to mean 0 square by
/// square: who paints every square even restores none of it.
pub(super) fn of_standardized_holes(features: &HostTensor, images: Restored<'_>, weights: &[f32]) -> Diagnostics {
    let Restored { answer, target, shape, .. } = images;
    let (mut left, mut all) = (0.0, 0.0);
    for (place, (answer, target)) in answer.iter().zip(target).enumerate() {
        let (image, within) = (place / shape.len().max(1), place % shape.plane().max(1));
        if weights.get(image * shape.plane() + within).is_some_and(|weight| *weight > 0.5) {
            left += (f64::from(*target) - f64::from(*answer)).powi(2);
            all += f64::from(*target).powi(2);
        }
    }
    let restored = if all > 0.0 { 1.0 - left / all } else { 0.0 };
    let metrics = vec![Metric::new("restored_variance", restored).against("even squares", 0.0)];
    Diagnostics { metrics, ..of_features(features) }
}

/// Mean PSNR and SSIM of the first images.
fn quality(images: &[f32], target: &[f32], shape: Shape) -> (f64, f64) {
    let images = images.chunks_exact(shape.len()).zip(target.chunks_exact(shape.len())).take(QUALITY_IMAGES);
    let (mut sum, mut count) = ((0.0, 0.0), 0_usize);
    for (image, target) in images {
        let planes = image.chunks_exact(shape.plane()).zip(target.chunks_exact(shape.plane()));
        let similarity: f64 = planes.map(|(a, b)| ssim(a, b, shape.width, shape.height)).sum();
        sum.0 += psnr(image, target).min(BEST_PSNR);
        sum.1 += similarity / shape.channels as f64;
        count += 1;
    }
    let count = count.max(1) as f64;
    (sum.0 / count, sum.1 / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_counts_the_first_of_the_largest() {
        let features = HostTensor { shape: vec![2, 2], data: vec![1.0, 0.0, 0.0, 1.0] };
        let logits = HostTensor { shape: vec![2, 4], data: vec![0.0, 3.0, 3.0, 1.0, -5.0, -6.0, -7.0, -4.0] };
        let diagnostics = of_classes(&features, &logits, &[1, 0]);
        assert_eq!(diagnostics.metrics, [Metric::new("accuracy", 0.5).against("chance", 0.25)]);
        assert!((diagnostics.effective_rank.unwrap() - 2.0).abs() < 1e-4);
        assert_eq!(diagnostics.effective_rank_limit, Some(2.0));
    }

    #[test]
    fn only_hidden_places_count_in_what_was_restored() {
        let features = HostTensor { shape: vec![2, 2], data: vec![1.0, 0.0, 0.0, 1.0] };
        // Two images of two channels and two places, of which the first is hidden in one and the second in the other.
        let target = [1.0, 5.0, -1.0, 5.0, 5.0, 2.0, 5.0, -2.0];
        let answer = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, -2.0];
        let images = Restored { answer: &answer, target: &target, input: &target, shape: Shape::new(2, 1, 2) };
        let found = of_standardized_holes(&features, images, &[1.0, 0.0, 0.0, 1.0]).metrics;
        // By hand: errors 0, 1, 1, 0 of 1 + 1 + 4 + 4.
        assert_eq!(found, [Metric::new("restored_variance", 0.8).against("even squares", 0.0)]);
    }

    #[test]
    fn quality_is_the_mean_over_images_and_planes() {
        let shape = Shape::new(2, 1, 1);
        let (psnr, ssim) = quality(&[0.1, 0.1, 0.5, 0.5], &[0.0, 0.0, 0.5, 0.5], shape);
        assert!((psnr - f64::midpoint(20.0, BEST_PSNR)).abs() < 1e-5, "{psnr}");
        // By hand: means only (a window of one pixel has no variance): (0 + C1) / (0.01 + C1).
        assert!((ssim - f64::midpoint(1e-4 / (0.01 + 1e-4), 1.0)).abs() < 1e-5, "{ssim}");
    }
}
