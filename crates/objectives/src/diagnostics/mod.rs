//! Numbers that show whether learning is healthy, on the host and in f64.

mod assignments;
mod collapse;
mod image_quality;
mod rank;
mod retrieval;
mod similarity;
mod spectrum;
mod sphere;

pub use assignments::{PrototypeUse, mean_entropy, prototype_use};
pub use collapse::{Collapse, CollapseEvidence, CollapseRisk, collapsed};
pub use image_quality::{psnr, ssim};
pub use rank::effective_rank;
pub use retrieval::retrieval_accuracy;
pub use similarity::{Similarity, similarity};
pub use spectrum::{singular_values, symmetric_eigenvalues};
pub use sphere::{alignment, embedding_std, uniformity};

/// Rows of `data` (`d` numbers each) at length 1, in f64; rows of zeros stay zero.
fn normalized_rows(data: &[f32], d: usize) -> Vec<f64> {
    let mut rows = Vec::with_capacity(data.len());
    for row in data.chunks_exact(d.max(1)) {
        let length = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        rows.extend(row.iter().map(|&x| f64::from(x) * scale));
    }
    rows
}
