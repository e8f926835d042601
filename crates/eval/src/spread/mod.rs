//! Few labels spread over many images along the graph of nearest neighbors in feature space.

mod balance;
mod classifier;
mod compared;
mod graph;
mod opinion;
mod options;
#[cfg(test)]
mod tests;

use foretask_train::Features;

pub(crate) use classifier::together;
pub use classifier::{SpreadFit, some_of, spread_classifier};
pub(crate) use classifier::{Spreading, fit_spread};
pub(crate) use compared::compared;
pub(crate) use graph::Graph;
pub(crate) use opinion::Opinion;
pub use options::SpreadOptions;

use crate::EvalError;

/// What spreading says about each image.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The likeliest class of each row.
    pub labels: Vec<u32>,
    /// The share of that class, 0 to 1; 1 for rows whose label was given, 0 for rows that nothing reached.
    pub confidence: Vec<f32>,
    /// The share of every class, `[rows, classes]`; a row of zeros where nothing reached it.
    pub shares: Vec<f32>,
    /// Whether classes were evened out.
    pub balanced: bool,
    /// Whether a probe of the given labels was heard besides the graph.
    pub probe: bool,
    /// The smallest and the largest class before that, relative to equal parts.
    pub parts: (f64, f64),
    /// How many of the given labels came out right when they were hidden, a fifth at a time.
    pub recovered: Recovered,
}

/// Given labels that were hidden and had to be found again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Found again.
    pub right: usize,
    /// Hidden; labels that are alone in their class are not.
    pub hidden: usize,
}

impl Spread {
    /// Rows to learn from: all with a given label, and the most confident `share` of all; in the order of rows.
    pub fn confident_rows(&self, share: f64) -> Vec<u32> {
        let mut order: Vec<u32> =
            (0..self.labels.len() as u32).filter(|&i| self.confidence[i as usize] > 0.0).collect();
        order.sort_by(|&a, &b| self.confidence[b as usize].total_cmp(&self.confidence[a as usize]).then(a.cmp(&b)));
        let given = order.iter().take_while(|&&i| self.confidence[i as usize] >= 1.0).count();
        let kept = given.max((share * self.labels.len() as f64).ceil() as usize);
        order.truncate(kept);
        order.sort_unstable();
        order
    }
}

/// Label spreading (Zhou et al. 2004, "Learning with local and global consistency"): `F <- alpha S F + (1 - alpha) Y` on
/// the symmetrically normalized graph `S` of the nearest neighbors by cosine similarity (of very many rows nearly all of these, see
/// [`nearest`](crate::nearest)), edges weighing its fourth power.
///
/// `labels` holds a class below `classes` for the rows of `features` whose label is known. Every class sends out the same
/// mass, however many rows carry it. What arrives is brought to shares that make one, and evened out where classes are (or
/// look) balanced. The same numbers come out on any number of threads.
///
/// # Errors
/// Options out of range, labels that do not fit the features, no label at all; a request to stop that this thread obeys.
pub fn spread_labels(
    features: &Features,
    labels: &[Option<u32>],
    classes: usize,
    options: &SpreadOptions,
) -> Result<Spread, EvalError> {
    Spreader { features, classes, options, opinion: None }.spread(labels, &mut |_| Ok(0))
}

/// What labels spread over, and how.
#[derive(Clone, Copy)]
pub(crate) struct Spreader<'a> {
    pub(crate) features: &'a Features,
    pub(crate) classes: usize,
    pub(crate) options: &'a SpreadOptions,
    /// What is heard besides the graph.
    pub(crate) opinion: Option<&'a Opinion<'a>>,
}

/// Labels that were hidden, and what came out without them.
pub(crate) struct Hidden<'a> {
    /// Their rows.
    pub(crate) rows: &'a [usize],
    /// Whether the opinion was heard.
    pub(crate) heard: bool,
    /// What came out.
    pub(crate) spread: &'a Spread,
}

/// Called with each part of the given labels that is hidden in turn, in each way that is tried; how many of them a classifier that
/// learns from what came out tells rightly. That is asked of it only where there are two ways to choose from.
type Judge<'a> = dyn FnMut(&Hidden<'_>) -> Result<usize, EvalError> + 'a;

impl Spreader<'_> {
    /// As [`spread_labels`]; of the graph alone and the graph with an opinion the way is taken by which `judge` tells more labels
    /// rightly, among equals the graph alone.
    pub(crate) fn spread(&self, labels: &[Option<u32>], judge: &mut Judge<'_>) -> Result<Spread, EvalError> {
        let Self { features, classes, options, .. } = *self;
        check(features, labels, classes, options)?;
        let graph = Graph::of(features, options.neighbors)?;
        let (found, balanced, parts) = shares(&graph, labels, classes, options.balanced, options)?;
        // Of the graph alone, and with the opinion.
        let (mut recovered, mut told) = ([Recovered::default(); 2], [0; 2]);
        for rows in hidden_in_turn(labels, classes) {
            let mut rest = labels.to_vec();
            for &row in &rows {
                rest[row] = None;
            }
            let (arrived, ..) = shares(&graph, &rest, classes, Some(balanced), options)?;
            for &heard in self.ways() {
                let shares = self.joined(arrived.clone(), &rest, heard, balanced)?;
                let right =
                    |row: &&usize| labels[**row] == Some(likeliest(&shares[**row * classes..][..classes]) as u32);
                let recovered = &mut recovered[usize::from(heard)];
                recovered.right += rows.iter().filter(right).count();
                recovered.hidden += rows.len();
                let spread = of_shares(&shares, &rest, classes);
                told[usize::from(heard)] += judge(&Hidden { rows: &rows, heard, spread: &spread })?;
            }
        }
        let heard = match *self.ways() {
            [only] => only,
            _ => told[1] > told[0],
        };
        let shares = self.joined(found, labels, heard, balanced)?;
        let recovered = recovered[usize::from(heard)];
        Ok(Spread { balanced, probe: heard, parts, recovered, ..of_shares(&shares, labels, classes) })
    }

    /// Whether the opinion is heard, in each way to try.
    pub(crate) fn ways(&self) -> &'static [bool] {
        match (self.opinion, self.options.probe) {
            (None, _) | (_, Some(false)) => &[false],
            (_, Some(true)) => &[true],
            (_, None) => &[false, true],
        }
    }

    /// What arrived along the graph, and what the opinion makes of it where it is `heard`.
    fn joined(
        &self,
        mut shares: Vec<f64>,
        labels: &[Option<u32>],
        heard: bool,
        balanced: bool,
    ) -> Result<Vec<f64>, EvalError> {
        if let Some(opinion) = self.opinion.filter(|_| heard) {
            opinion::join(&mut shares, &opinion(labels)?, &occurring(labels, self.classes), balanced);
        }
        Ok(shares)
    }
}

/// Rows of every fifth label of each class, in turn; a label that is alone in its class is never hidden.
fn hidden_in_turn(labels: &[Option<u32>], classes: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for (row, label) in labels.iter().enumerate() {
        if let Some(label) = label {
            members[*label as usize].push(row);
        }
    }
    members.retain(|rows| rows.len() > 1);
    let part = move |part| members.iter().flat_map(|rows| rows.iter().skip(part).step_by(PARTS)).copied().collect();
    (0..PARTS).map(part).filter(|rows: &Vec<usize>| !rows.is_empty())
}

fn check(
    features: &Features,
    labels: &[Option<u32>],
    classes: usize,
    options: &SpreadOptions,
) -> Result<(), EvalError> {
    options.check()?;
    if features.rows.len() != labels.len() {
        return Err(EvalError::Input(format!("{} features for {} labels", features.rows.len(), labels.len())));
    }
    if let Some(wrong) = labels.iter().flatten().find(|&&label| label as usize >= classes) {
        return Err(EvalError::Input(format!("label {wrong} is not one of {classes} classes")));
    }
    if labels.iter().all(Option::is_none) {
        return Err(EvalError::Input("there is no label to spread; label at least one image of each class".into()));
    }
    Ok(())
}

/// Labels and confidence by the shares `[rows, classes]`; given labels stay as they are.
fn of_shares(shares: &[f64], labels: &[Option<u32>], classes: usize) -> Spread {
    let mut found = Spread {
        labels: Vec::new(),
        confidence: Vec::new(),
        shares: Vec::new(),
        balanced: false,
        probe: false,
        parts: (0.0, 0.0),
        recovered: Recovered::default(),
    };
    for (row, given) in shares.chunks_exact(classes).zip(labels) {
        let best = likeliest(row);
        let (label, confidence) = match given {
            Some(label) => (*label, 1.0),
            None => (best as u32, row[best].min(ALMOST_SURE) as f32),
        };
        found.labels.push(label);
        found.confidence.push(confidence);
        match given {
            Some(label) => found.shares.extend((0..classes as u32).map(|class| f32::from(u8::from(class == *label)))),
            None => found.shares.extend(row.iter().map(|share| *share as f32)),
        }
    }
    found
}

/// Just below the confidence of a given label.
const ALMOST_SURE: f64 = 1.0 - f32::EPSILON as f64;
/// Parts that the given labels are hidden in.
const PARTS: usize = 5;

/// Shares `[rows, classes]`, whether they were evened out, and the least and the largest part of a class before that.
pub(crate) type Shares = (Vec<f64>, bool, (f64, f64));

/// How much of each class the rows have, from the labels of some.
pub(crate) fn shares(
    graph: &Graph,
    labels: &[Option<u32>],
    classes: usize,
    balanced: Option<bool>,
    options: &SpreadOptions,
) -> Result<Shares, EvalError> {
    let mut members = vec![0_u32; classes];
    for &label in labels.iter().flatten() {
        members[label as usize] += 1;
    }
    let occur = occurring(labels, classes);
    let mut source = vec![0.0_f64; labels.len() * classes];
    for (row, label) in labels.iter().enumerate() {
        if let Some(label) = *label {
            source[row * classes + label as usize] = 1.0 / f64::from(members[label as usize]);
        }
    }
    let mut mass = graph.flow(&source, classes, options.alpha, options.iterations)?;
    balance::rows_to_one(&mut mass, classes);
    let parts = balance::extremes(&mass, &occur);
    let balanced = balanced.unwrap_or_else(|| balance::looks_balanced(parts));
    if balanced {
        balance::even_out(&mut mass, &occur);
    }
    Ok((mass, balanced, parts))
}

/// Whether each class labels a row.
fn occurring(labels: &[Option<u32>], classes: usize) -> Vec<bool> {
    let mut occur = vec![false; classes];
    for &label in labels.iter().flatten() {
        occur[label as usize] = true;
    }
    occur
}

/// The place of the largest share, the first among equals.
fn likeliest(row: &[f64]) -> usize {
    (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
}
