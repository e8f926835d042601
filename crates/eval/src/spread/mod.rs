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
    Spreader { features, classes, options, opinion: None }.spread(labels, &mut |_, _| Ok(()))
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

impl Spreader<'_> {
    /// As [`spread_labels`]; `watch` is told of every part of the given labels that is hidden: of its rows, and of what comes out
    /// when the others are spread without it.
    pub(crate) fn spread(&self, labels: &[Option<u32>], watch: &mut Listener<'_>) -> Result<Spread, EvalError> {
        let Self { features, classes, options, opinion } = *self;
        check(features, labels, classes, options)?;
        let graph = Graph::of(features, options.neighbors)?;
        let alone = Spreader { opinion: None, ..*self };
        let heard = match (opinion, options.probe) {
            (None, _) | (_, Some(false)) => false,
            (_, Some(true)) => true,
            (_, None) => opinion::helps(&alone.recovered(&graph, labels)?, &self.recovered(&graph, labels)?),
        };
        let (shares, balanced, parts) = shares(&graph, labels, classes, options.balanced, options)?;
        let options = SpreadOptions { balanced: Some(balanced), ..options.clone() };
        let chosen = Spreader { options: &options, opinion: opinion.filter(|_| heard), ..*self };
        let shares = chosen.joined(shares, labels, balanced)?;
        let recovered = chosen.recovered_watched(&graph, labels, watch)?;
        let recovered = Recovered { right: recovered.iter().filter(|right| **right).count(), hidden: recovered.len() };
        Ok(Spread { balanced, probe: heard, parts, recovered, ..of_shares(&shares, labels, classes) })
    }

    /// What arrived along the graph, and what the opinion makes of it.
    fn joined(&self, mut shares: Vec<f64>, labels: &[Option<u32>], balanced: bool) -> Result<Vec<f64>, EvalError> {
        if let Some(opinion) = self.opinion {
            opinion::join(&mut shares, &opinion(labels)?, &occurring(labels, self.classes), balanced);
        }
        Ok(shares)
    }

    /// Whether each given label comes out right when it is hidden.
    fn recovered(&self, graph: &Graph, labels: &[Option<u32>]) -> Result<Vec<bool>, EvalError> {
        self.recovered_watched(graph, labels, &mut |_, _| Ok(()))
    }

    /// Hides every fifth label of each class in turn, and spreads the others.
    fn recovered_watched(
        &self,
        graph: &Graph,
        labels: &[Option<u32>],
        watch: &mut Listener<'_>,
    ) -> Result<Vec<bool>, EvalError> {
        let classes = self.classes;
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes];
        for (row, label) in labels.iter().enumerate() {
            if let Some(label) = label {
                members[*label as usize].push(row);
            }
        }
        members.retain(|rows| rows.len() > 1);
        let mut found = Vec::new();
        for part in 0..PARTS {
            let hidden: Vec<usize> =
                members.iter().flat_map(|rows| rows.iter().skip(part).step_by(PARTS)).copied().collect();
            if hidden.is_empty() {
                continue;
            }
            let mut rest = labels.to_vec();
            for &row in &hidden {
                rest[row] = None;
            }
            let (shares, balanced, _) = shares(graph, &rest, classes, self.options.balanced, self.options)?;
            let shares = self.joined(shares, &rest, balanced)?;
            let likeliest = |row: usize| likeliest(&shares[row * classes..][..classes]) as u32;
            found.extend(hidden.iter().map(|&row| labels[row] == Some(likeliest(row))));
            watch(&hidden, of_shares(&shares, &rest, classes))?;
        }
        Ok(found)
    }
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

/// Called with the rows that were hidden and with what came out without them.
type Listener<'a> = dyn FnMut(&[usize], Spread) -> Result<(), EvalError> + 'a;

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
