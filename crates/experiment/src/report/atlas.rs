//! Small images side by side in one picture, for pages that show hundreds of them.

use foretask_data::Images;
use foretask_pretext::Picture as Pixels;
use foretask_report::{Answer, Atlas, Gallery};

use crate::error::Error;
use crate::experiment::Experiment;
use crate::stages;
use crate::values::Evaluation;

/// Images no larger than this are kept to the pixel; larger ones are shrunk and stored as a JPEG.
const SMALL: usize = 32;
/// Side of a shrunk image.
const SHRUNK: usize = 56;
const QUALITY: u8 = 82;
/// Results with images behind their counts, each with so many, and so many of them behind one count.
const GALLERIES: usize = 3;
const MOST: usize = 400;
const MOST_OF_A_KIND: usize = 8;

/// The images at `indices`, in that order.
pub(super) fn atlas(images: &Images, indices: &[usize]) -> Result<Atlas, Error> {
    let jpeg = images.largest_side() > SMALL;
    let cell = if jpeg { SHRUNK } else { images.largest_side().max(1) };
    let columns = ((indices.len() as f64).sqrt().ceil() as usize).max(1);
    let rows = indices.len().div_ceil(columns);
    let mut whole =
        Pixels { width: columns * cell, height: rows * cell, data: vec![0; columns * cell * rows * cell * 3] };
    let mut sizes = Vec::with_capacity(indices.len());
    for (place, index) in indices.iter().enumerate() {
        let one = Pixels::from_planes(&stages::shrunk(images, *index, cell)?);
        let (left, top) = (place % columns * cell, place / columns * cell);
        for (y, row) in one.data.chunks_exact(one.width.max(1) * 3).enumerate() {
            whole.data[((top + y) * whole.width + left) * 3..][..row.len()].copy_from_slice(row);
        }
        sizes.push([one.width as u32, one.height as u32]);
    }
    let file = if indices.is_empty() {
        Vec::new()
    } else if jpeg {
        whole.to_jpeg(QUALITY)?
    } else {
        whole.to_png()?
    };
    Ok(Atlas { columns: columns as u32, cell: cell as u32, sizes, ..Atlas::of_file(&file) })
}

/// Images behind the counts of the confusion matrices: of every pair of true class and answer the most confident, mistakes
/// first. The headline comes first, then the others in their order.
pub(super) fn galleries(
    experiment: &Experiment,
    results: &[(String, Evaluation)],
    headline: Option<&str>,
) -> Result<Vec<Gallery>, Error> {
    let mut ordered: Vec<&(String, Evaluation)> = results.iter().collect();
    ordered.sort_by_key(|(name, _)| Some(name.as_str()) != headline);
    let mut galleries = Vec::new();
    for (name, evaluation) in ordered.into_iter().take(GALLERIES) {
        let Some(measured) = evaluation.draws.first().and_then(|draw| draw.measured.as_ref()) else { continue };
        let images = experiment.images_of(&evaluation.test, &evaluation.test.views[0])?;
        let mut known: Vec<_> =
            measured.predictions.iter().filter_map(|answer| Some((answer.label?, answer))).collect();
        known.sort_by(|a, b| {
            let right = |(label, answer): &(u32, &foretask_eval::Prediction)| *label == answer.predicted;
            right(a).cmp(&right(b)).then(b.1.confidence().total_cmp(&a.1.confidence())).then(a.1.index.cmp(&b.1.index))
        });
        let mut counts = std::collections::BTreeMap::<(u32, u32), usize>::new();
        known.retain(|(label, answer)| {
            let count = counts.entry((*label, answer.predicted)).or_default();
            *count += 1;
            *count <= MOST_OF_A_KIND
        });
        known.truncate(MOST);
        let indices: Vec<usize> = known.iter().map(|(_, answer)| answer.index as usize).collect();
        let draw = if evaluation.draws.len() > 1 { "Label draw 1" } else { "The only label draw" };
        galleries.push(Gallery {
            result: name.clone(),
            basis: format!(
                "{draw}; of each pair of classes at most {MOST_OF_A_KIND} images, the most confident first."
            ),
            atlas: atlas(&images, &indices)?,
            answers: known
                .into_iter()
                .map(|(truth, answer)| Answer {
                    name: answer.name.clone(),
                    truth,
                    predicted: answer.predicted,
                    confidence: f64::from(answer.confidence()),
                })
                .collect(),
        });
    }
    Ok(galleries)
}
