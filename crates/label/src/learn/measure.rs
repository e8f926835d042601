//! What is measured beside learning: how often a classifier is right on labels that it has not seen, and which labels are probably wrong.
//! It takes longer than learning, so that nobody waits for it.

use foretask_eval::{FoldOptions, cross_validate, label_issues, wilson};
use foretask_experiment::Error;
use foretask_train::fewest_per_class;

use super::pool::Pool;
use super::round::{Known, Placed};
use crate::store::CurvePoint;

/// Labels that are measured on, evenly chosen of each class.
const MEASURED: usize = 4000;
/// Labels below which nothing is measured.
const FEW: usize = 10;

/// A label that is probably wrong: the classifier that has not seen it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Doubtful {
    /// The image's row.
    pub(crate) row: u32,
    /// The class that it is likelier to be.
    pub(crate) likelier: i64,
    /// What its own label was given, 0 to 1.
    pub(crate) own: f32,
}

/// What came out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// How often the classifier is right.
    pub(crate) accuracy: Option<CurvePoint>,
    /// Labels that are probably wrong, the likeliest first.
    pub(crate) doubtful: Vec<Doubtful>,
}

/// Cross-validated on the labeled images, where each class has two.
///
/// # Errors
/// Features that are not finite; a request to stop.
pub(crate) fn measure(pool: &Pool, known: &Known) -> Result<Measured, Error> {
    let Some(placed) = Placed::of(pool, known, MEASURED) else { return Ok(Measured::default()) };
    let classes = placed.classes.len();
    if placed.labels.len() < FEW || fewest_per_class(&placed.labels, classes) < 2 {
        return Ok(Measured::default());
    }
    let some = pool.raw.select(&placed.places);
    let folds = FoldOptions { folds: 5, repeats: 1, seed: 0 };
    let found = cross_validate(&some, &placed.labels, classes, Some(&pool.statistics), folds)?;
    let right = found.right.iter().sum::<f64>() / found.right.len().max(1) as f64;
    let (low, high) = wilson(right, found.right.len() as u64);
    let point = CurvePoint { labels: placed.all as u32, right, low, high, encoder: pool.encoder.clone() };
    let issues = label_issues(&placed.labels, &found.probabilities, classes)?;
    let doubtful = issues.into_iter().map(|issue| Doubtful {
        row: some.rows[issue.index as usize] as u32,
        likelier: placed.classes[issue.likelier as usize],
        own: issue.own,
    });
    Ok(Measured { accuracy: Some(point), doubtful: doubtful.collect() })
}
