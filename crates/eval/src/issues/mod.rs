//! What is wrong with a dataset: labels, images that are there twice, images that no camera should have made.

mod copies;
mod kind;
mod labels;
mod look;
mod outliers;
mod pictures;
#[cfg(test)]
mod tests;

use foretask_train::{Features, Standardization};
use serde::{Deserialize, Serialize};

pub use self::copies::{altered, altered_copies, copies_similarity};
pub use self::kind::IssueKind;
pub use self::labels::{LabelIssue, label_issues};
pub use self::look::{LOOK_SIDE, Look, looks};
pub use self::pictures::picture_issues;
use crate::{EvalError, FoldOptions, cross_validate};

/// Gray levels that vary by less than this are none (standard deviation, 0 to 0.5).
pub(crate) const UNIFORM: f64 = 0.02;

/// Something that may be wrong with an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// What.
    pub kind: IssueKind,
    /// The image, by its place among those given.
    pub image: u32,
    /// How much of it; what it counts is said by [`IssueKind::measure`].
    pub value: f64,
    /// The other image of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<u32>,
    /// Bits in which the perceptual hashes of a pair differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// The class that it is likelier to be; of a turned image the quarter turns to the left that it seems to have made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<u32>,
}

impl Issue {
    /// One without further particulars.
    pub(crate) fn new(kind: IssueKind, image: usize, value: f64) -> Self {
        Self { kind, image: image as u32, value, other: None, bits: None, instead: None }
    }
}

/// From where on something is an issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IssueOptions {
    /// Cosine similarity from which two images are near-duplicates; `None` = as alike as nine in ten altered copies of these very
    /// images are to the originals, and more alike than hardly any image is to the last of its neighbors.
    pub similarity: Option<f64>,
    /// Bits (of 64) in which the perceptual hashes of near-duplicates may differ.
    pub bits: u32,
    /// Brightness of the brightest pixels below which an image is dark, 0 to 1.
    pub dark: f64,
    /// Brightness of the darkest pixels above which an image is overexposed, 0 to 1.
    pub overexposed: f64,
    /// Sharpness below which an image is blurred, 0 to 1.
    pub blurred: f64,
    /// Standard deviation of gray levels below which an image is uniform, 0 to 0.5.
    pub uniform: f64,
    /// Shorter side over longer side below which a shape is odd, 0 to 1.
    pub shape: f64,
    /// Interquartile ranges beyond the quartiles from which a size is odd.
    pub size: f64,
    /// Interquartile ranges beyond the upper quartile (of logarithms of distances) from which an image is an outlier.
    pub outlier: f64,
    /// Probability from which an image counts as turned, 0 to 1.
    pub turned: f64,
    /// Neighbors that an image is compared with.
    pub neighbors: usize,
    /// Images that all are compared with, evenly chosen where there are more; of very many nearly all neighbors are found, see
    /// [`nearest`](crate::nearest).
    pub most: usize,
    /// Parts of the cross-validation that looks for wrong labels.
    pub folds: usize,
    /// Deals the parts.
    pub seed: u64,
}

impl Default for IssueOptions {
    fn default() -> Self {
        Self {
            similarity: None,
            bits: 8,
            dark: 0.32,
            overexposed: 0.95,
            blurred: 0.08,
            uniform: UNIFORM,
            shape: 0.35,
            size: 3.0,
            outlier: 3.0,
            turned: 0.8,
            neighbors: 10,
            most: 1_000_000,
            folds: 5,
            seed: 0,
        }
    }
}

impl IssueOptions {
    /// Refuses values that cannot work.
    ///
    /// # Errors
    /// [`EvalError::Option`] names the value at fault.
    pub fn check(&self) -> Result<(), EvalError> {
        let share = |option: &'static str, value: f64| {
            if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(EvalError::option(option, value, "0 to 1")) }
        };
        if let Some(similarity) = self.similarity {
            share("similarity", similarity)?;
        }
        share("dark", self.dark)?;
        share("overexposed", self.overexposed)?;
        share("blurred", self.blurred)?;
        share("uniform", self.uniform)?;
        share("shape", self.shape)?;
        share("turned", self.turned)?;
        for (option, value) in [("size", self.size), ("outlier", self.outlier)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(EvalError::option(option, value, "a number above 0, for example 3"));
            }
        }
        if self.bits > 32 {
            return Err(EvalError::option("bits", self.bits, "0 to 32; other pictures differ in about 32 of 64"));
        }
        if self.neighbors == 0 || self.neighbors > 1000 {
            return Err(EvalError::option("neighbors", self.neighbors, "1 to 1000, for example 10"));
        }
        if self.most < 2 {
            return Err(EvalError::option("most", self.most, "at least 2, for example 50000"));
        }
        if self.folds < 2 {
            return Err(EvalError::option("folds", self.folds, "at least 2, for example 5"));
        }
        Ok(())
    }
}

/// Labels of some of the images.
#[derive(Clone, Copy, Debug)]
pub struct Labeled<'a> {
    /// The classes, `None` where an image has none.
    pub labels: &'a [Option<u32>],
    /// How many there are.
    pub classes: usize,
    /// What features are standardized with.
    pub statistics: Option<&'a Standardization>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Issues {
    /// Issues, kind by kind, the gravest of each kind first.
    pub issues: Vec<Issue>,
    /// Pairs that are just not alike enough, the most alike first: where the threshold lies.
    pub beyond: Vec<Issue>,
    /// From which cosine similarity on pairs were near-duplicates.
    pub similarity: f64,
    /// Why something was not looked for.
    pub notes: Vec<String>,
}

/// What `looks` and `features` of the same images tell without labels: picture faults, outliers, and near-duplicates. `copies` is the
/// similarity that altered copies have (see [`copies_similarity`]); it counts where the options give none.
///
/// # Errors
/// Looks and features that are not of as many images; a request to stop that this thread obeys.
pub fn find_issues(
    looks: &[Look],
    features: &Features,
    copies: f64,
    options: &IssueOptions,
) -> Result<Issues, EvalError> {
    options.check()?;
    if looks.len() != features.len() {
        return Err(EvalError::Input(format!("{} looks at {} images with features", looks.len(), features.len())));
    }
    let around = outliers::neighbors(features, options)?;
    let similarity = options.similarity.unwrap_or_else(|| copies.max(outliers::crowded(&around)).min(copies::RANGE.1));
    let (mut issues, beyond) = copies::near_duplicates(looks, features, &around, (similarity, options.bits));
    issues.extend(outliers::outliers(&around, options.outlier));
    issues.extend(picture_issues(looks, options));
    Ok(Issues { issues, beyond, similarity, notes: Vec::new() })
}

/// Labels that are probably wrong, by a classifier that has not seen them (`folds` parts, dealt once), the likeliest faults first. Classes
/// with a single image are left out, and said so.
///
/// # Errors
/// Labels that are not of as many images as features; features that are not finite; a request to stop.
pub fn wrong_labels(features: &Features, labeled: &Labeled<'_>, options: &IssueOptions) -> Result<Issues, EvalError> {
    options.check()?;
    if labeled.labels.len() != features.len() {
        return Err(EvalError::Input(format!("{} labels of {} images", labeled.labels.len(), features.len())));
    }
    let mut found = Issues::default();
    let mut counts = vec![0_usize; labeled.classes];
    for label in labeled.labels.iter().flatten() {
        if let Some(count) = counts.get_mut(*label as usize) {
            *count += 1;
        }
    }
    // A class whose only image is held out cannot be known.
    let kept: Vec<u32> = (0..counts.len() as u32).filter(|class| counts[*class as usize] >= 2).collect();
    let alone = counts.iter().filter(|count| **count == 1).count();
    if alone > 0 {
        found.notes.push(format!("{alone} classes have a single image each, whose label nothing can be held against"));
    }
    if kept.len() < 2 {
        found
            .notes
            .push("wrong labels were not looked for: that takes two classes with two labeled images each".into());
        return Ok(found);
    }
    let number = |class: u32| kept.binary_search(&class).ok().map(|at| at as u32);
    let known = (0_u32..).zip(labeled.labels).filter_map(|(place, label)| Some((place, number((*label)?)?)));
    let (places, labels): (Vec<u32>, Vec<u32>) = known.unzip();
    let some = features.select(&places);
    let folds = FoldOptions { folds: options.folds, repeats: 1, seed: options.seed };
    let told = cross_validate(&some, &labels, kept.len(), labeled.statistics, folds)?;
    let agrees = 100.0 * told.right.iter().sum::<f64>() / told.right.len().max(1) as f64;
    found.notes.push(format!(
        "wrong labels: a classifier that has not seen them agrees with {agrees:.0} % of the labels; the fewer, the less its doubts mean"
    ));
    let issues = label_issues(&labels, &told.probabilities, kept.len())?;
    found.issues.extend(issues.into_iter().map(|issue| Issue {
        instead: Some(kept[issue.likelier as usize]),
        ..Issue::new(IssueKind::Label, places[issue.index as usize] as usize, f64::from(issue.own))
    }));
    Ok(found)
}
