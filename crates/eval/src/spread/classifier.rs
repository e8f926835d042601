//! From spread labels to a classifier.

use foretask_data::Images;
use foretask_models::{Classifier, Encoder};
use foretask_train::{
    Context, Features, HeldOut, LEAST_HELD_OUT, LinearProbe, ProbeOptions, Standardization, extract_features,
    labels_of, largest, linear_probe, soft_probe,
};

use super::compared::compared;
use super::{Hidden, Spread, SpreadOptions, Spreader};
use crate::EvalError;

/// A classifier that learned from spread labels, and the labels.
#[derive(Clone, Debug)]
pub struct SpreadFit {
    /// Logistic regression on the encoder's features.
    pub classifier: Classifier,
    /// Whether its search ended.
    pub converged: bool,
    /// What was spread: first the rows of the few, then those of the pool.
    pub spread: Spread,
    /// Number of the few.
    pub few: usize,
    /// Answers for the few, hidden a fifth at a time, by classifiers that learned from the others spread: what a temperature is
    /// fitted to. None where nobody asked.
    pub held_out: Option<HeldOut>,
    /// Features of the few by the encoder.
    pub features: Features,
}

impl SpreadFit {
    /// Shares of the classes for the images of the pool, `[pool, classes]`.
    pub fn of_pool(&self) -> &[f32] {
        &self.spread.shares[self.few * self.classifier.classes.len()..]
    }

    /// What spreading decided and found, in a sentence.
    pub fn in_words(&self) -> String {
        let Spread { balanced, probe, parts: (low, high), recovered, .. } = &self.spread;
        let evened = if *balanced { "evened out" } else { "left as they are" };
        let heard = if *probe { "; a probe is heard besides" } else { "" };
        let text = format!("classes came out at {low:.2} to {high:.2} times an equal part and are {evened}{heard}");
        match recovered.hidden {
            0 => text,
            hidden => format!("{text}; of {hidden} given labels, hidden in turn, {} came back", recovered.right),
        }
    }
}

/// Spreads the labels of `few` over the frozen features of `pool`, hears a probe of the few besides
/// ([`SpreadOptions::probe`]), and fits logistic regression to the shares of the rows that are most confident. Features are
/// standardized with those of the pool. The pool's own labels, if there are any, are not looked at; the pool is taken as it is,
/// whatever [`SpreadOptions::most`] says (see [`some_of`]).
///
/// # Errors
/// Options out of range, few images without labels or of one class, a pool no larger than the number of neighbors.
pub fn spread_classifier(
    encoder: &Encoder,
    few: &Images,
    pool: &Images,
    options: &SpreadOptions,
    cx: &Context<'_>,
) -> Result<SpreadFit, EvalError> {
    fit_spread(&Spreading { encoder, few, pool, options, held_out: true }, cx)
}

/// What [`fit_spread`] does with what.
#[derive(Clone, Copy)]
pub(crate) struct Spreading<'a> {
    pub(crate) encoder: &'a Encoder,
    pub(crate) few: &'a Images,
    pub(crate) pool: &'a Images,
    pub(crate) options: &'a SpreadOptions,
    /// Whether answers of classifiers without a part of the few are found, too.
    pub(crate) held_out: bool,
}

/// As [`spread_classifier`].
pub(crate) fn fit_spread(spreading: &Spreading<'_>, cx: &Context<'_>) -> Result<SpreadFit, EvalError> {
    let Spreading { encoder, few, pool, options, held_out: watched } = *spreading;
    options.check()?;
    let labels = labels_of(few)?;
    let classes = few.classes();
    if pool.len() <= options.neighbors {
        let expected = format!("fewer than the {} unlabeled images", pool.len());
        return Err(EvalError::option("neighbors", options.neighbors, &expected));
    }
    let around = extract_features(encoder, pool, cx)?;
    let statistics = Standardization::of(&around.data, around.dim);
    let features = extract_features(encoder, few, cx)?;
    let all = together(&features, &around);
    let compared = compared(encoder, &[few, pool], all.clone(), options.mirror, cx)?;
    // One of the few that is among the unlabeled, too, is its own closest neighbor.
    let known: Vec<Option<u32>> =
        labels.iter().copied().map(Some).chain(std::iter::repeat_n(None, pool.len())).collect();
    let pupil = Pupil { all: &all, statistics: &statistics, classes: classes.len(), options };
    let opinion = |known: &[Option<u32>]| pupil.opinion(known);
    let spreader = Spreader { features: &compared, classes: classes.len(), options, opinion: Some(&opinion) };
    let (chosen_by_it, held_out) = (spreader.ways().len() > 1, watched && labels.len() >= LEAST_HELD_OUT);
    let mut answers = [HeldOut::default(), HeldOut::default()];
    let spread = spreader.spread(&known, &mut |hidden| {
        if !chosen_by_it && !held_out {
            return Ok(0);
        }
        let rows: Vec<u32> = hidden.rows.iter().map(|&row| row as u32).collect();
        let given: Vec<u32> = hidden.rows.iter().map(|&row| labels[row]).collect();
        let (probe, asked) = (pupil.learn_without(hidden)?, all.select(&rows));
        if held_out {
            answers[usize::from(hidden.heard)].add(&probe, &asked.data, &given);
        }
        let told = probe.logits(&asked.data);
        let right =
            told.chunks_exact(classes.len()).zip(&given).filter(|(row, class)| largest(row) == **class as usize);
        Ok(right.count())
    })?;
    let fitted = pupil.learn(&spread)?;
    let encoder = encoder.clone().with_seen(encoder.seen.with(pool.content_hashes()));
    let classifier = Classifier::new(encoder, fitted.weight, fitted.bias, classes.clone())?;
    let [alone, heard] = answers;
    let how = "the labels spread without a fifth of them at a time".to_owned();
    let held_out = watched.then_some(HeldOut { how, ..if spread.probe { heard } else { alone } });
    Ok(SpreadFit { classifier, converged: fitted.converged, spread, few: labels.len(), held_out, features })
}

/// Who learns from spread labels.
struct Pupil<'a> {
    /// Features of the few, then of the pool.
    all: &'a Features,
    statistics: &'a Standardization,
    classes: usize,
    options: &'a SpreadOptions,
}

impl Pupil<'_> {
    /// From the rows that are most confident.
    fn learn(&self, spread: &Spread) -> Result<LinearProbe, EvalError> {
        self.fit(spread, &spread.confident_rows(self.options.confident), ProbeOptions::default().tolerance)
    }

    /// Roughly, from some of these rows and none of the hidden ones.
    fn learn_without(&self, hidden: &Hidden<'_>) -> Result<LinearProbe, EvalError> {
        let rows = hidden.spread.confident_rows(self.options.confident);
        let step = rows.len().div_ceil(ROWS_WITHOUT).max(1);
        let is_hidden = |row: &u32| hidden.rows.contains(&(*row as usize));
        let rows: Vec<u32> = rows.into_iter().step_by(step).filter(|row| !is_hidden(row)).collect();
        self.fit(hidden.spread, &rows, ROUGHLY)
    }

    fn fit(&self, spread: &Spread, rows: &[u32], tolerance: f64) -> Result<LinearProbe, EvalError> {
        let of_row = |&row: &u32| spread.shares[row as usize * self.classes..][..self.classes].iter().copied();
        let shares: Vec<f32> = rows.iter().flat_map(of_row).collect();
        let probe = ProbeOptions { strength: Some(self.options.strength), tolerance, ..ProbeOptions::default() };
        Ok(soft_probe(&self.all.select(rows), &shares, self.classes, Some(self.statistics), &probe)?)
    }

    /// What a probe of the known labels says of all rows.
    fn opinion(&self, known: &[Option<u32>]) -> Result<Vec<f32>, EvalError> {
        let (rows, labels): (Vec<u32>, Vec<u32>) =
            (0..).zip(known).filter_map(|(row, label)| Some((row, (*label)?))).unzip();
        let options = ProbeOptions { tolerance: ROUGHLY, ..ProbeOptions::default() };
        let probe = linear_probe(&self.all.select(&rows), &labels, self.classes, Some(self.statistics), &options)?;
        Ok(probe.probabilities(&self.all.data))
    }
}

/// Neither a temperature, a choice nor an opinion needs a better minimum.
const ROUGHLY: f64 = 1e-3;
/// Nor more rows to learn from than these.
const ROWS_WITHOUT: usize = 4096;

/// At most `most` images, evenly chosen over all.
pub fn some_of(images: &Images, most: usize) -> Images {
    let count = images.len();
    if count <= most {
        return images.clone();
    }
    let indices: Vec<u32> = (0..most).map(|i| (i * count / most) as u32).collect();
    images.select(&indices)
}

/// The rows of both, one after the other.
pub(crate) fn together(first: &Features, second: &Features) -> Features {
    Features {
        data: [first.data.as_slice(), second.data.as_slice()].concat(),
        dim: first.dim,
        rows: [first.rows.as_slice(), second.rows.as_slice()].concat(),
    }
}
