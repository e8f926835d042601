//! Few labels spread over many images along the graph of nearest neighbors in feature space.

use foretask_train::Features;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{EvalError, nearest};

/// How labels spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpreadOptions {
    /// Neighbors of each image in the graph; 5 to 30 gave the same within a point.
    pub neighbors: usize,
    /// Share of an image's label that comes from its neighbors at each turn, above 0 and below 1.
    pub alpha: f64,
    /// Turns.
    pub iterations: usize,
    /// Share of the images, the most confident ones, that a classifier learns from, above 0, at most 1.
    pub confident: f64,
}

impl Default for SpreadOptions {
    fn default() -> Self {
        Self { neighbors: 15, alpha: 0.95, iterations: 60, confident: 0.7 }
    }
}

impl SpreadOptions {
    /// Whether every value can work.
    ///
    /// # Errors
    /// [`EvalError::Option`] naming the option and its range.
    pub fn check(&self) -> Result<(), EvalError> {
        if self.neighbors == 0 {
            return Err(EvalError::option("neighbors", self.neighbors, "a whole number from 1"));
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(EvalError::option("alpha", self.alpha, "a number above 0 and below 1"));
        }
        if self.iterations == 0 {
            return Err(EvalError::option("iterations", self.iterations, "a whole number from 1"));
        }
        if !(self.confident > 0.0 && self.confident <= 1.0) {
            return Err(EvalError::option("confident", self.confident, "a number above 0, at most 1"));
        }
        Ok(())
    }
}

/// What spreading says about each image.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The likeliest class of each row.
    pub labels: Vec<u32>,
    /// The share of that class in all that reached the row, 0 to 1; 1 for rows whose label was given, 0 for rows that
    /// nothing reached.
    pub confidence: Vec<f32>,
}

impl Spread {
    /// Rows to learn from: all with a given label, and the most confident `share` of the others; in the order of rows.
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
/// the symmetrically normalized graph `S` of the nearest neighbors by cosine similarity, edges weighing its fourth power.
///
/// `labels` holds a class below `classes` for the rows of `features` whose label is known. Every class sends out the same
/// mass, however many rows carry it. The same numbers come out on any number of threads.
///
/// # Errors
/// Options out of range, labels that do not fit the features, no label at all.
pub fn spread_labels(
    features: &Features,
    labels: &[Option<u32>],
    classes: usize,
    options: &SpreadOptions,
) -> Result<Spread, EvalError> {
    options.check()?;
    let rows = labels.len();
    if features.rows.len() != rows {
        return Err(EvalError::Input(format!("{} features for {rows} labels", features.rows.len())));
    }
    if let Some(wrong) = labels.iter().flatten().find(|&&label| label as usize >= classes) {
        return Err(EvalError::Input(format!("label {wrong} is not one of {classes} classes")));
    }
    let mut members = vec![0_u32; classes];
    for &label in labels.iter().flatten() {
        members[label as usize] += 1;
    }
    if members.iter().all(|&count| count == 0) {
        return Err(EvalError::Input("there is no label to spread; label at least one image of each class".into()));
    }

    let graph = graph(features, options.neighbors)?;
    let mut source = vec![0.0_f64; rows * classes];
    for (row, label) in labels.iter().enumerate() {
        if let Some(label) = *label {
            source[row * classes + label as usize] = 1.0 / f64::from(members[label as usize]);
        }
    }
    let mut mass = source.clone();
    for _ in 0..options.iterations {
        let mut next = vec![0.0; mass.len()];
        next.par_chunks_mut(classes).enumerate().with_min_len(256).for_each(|(row, out)| {
            for &(other, weight) in &graph[row] {
                let from = &mass[other as usize * classes..][..classes];
                for (sum, value) in out.iter_mut().zip(from) {
                    *sum += options.alpha * weight * value;
                }
            }
            for (sum, value) in out.iter_mut().zip(&source[row * classes..]) {
                *sum += (1.0 - options.alpha) * value;
            }
        });
        mass = next;
    }

    let (labels, confidence) = mass
        .chunks_exact(classes)
        .zip(labels)
        .map(|(row, given)| match given {
            Some(label) => (*label, 1.0),
            None => likeliest(row),
        })
        .unzip();
    Ok(Spread { labels, confidence })
}

/// Just below the confidence of a given label.
const ALMOST_SURE: f64 = 1.0 - f32::EPSILON as f64;

fn likeliest(row: &[f64]) -> (u32, f32) {
    let total: f64 = row.iter().sum();
    let mut best = 0;
    for (class, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = class;
        }
    }
    let share = if total > 0.0 { (row[best] / total).min(ALMOST_SURE) } else { 0.0 };
    (best as u32, share as f32)
}

/// Neighbors of each row with their weights in `D^-1/2 W D^-1/2`, `W` made symmetric; neighbors in ascending order.
fn graph(features: &Features, neighbors: usize) -> Result<Vec<Vec<(u32, f64)>>, EvalError> {
    let mut graph: Vec<Vec<(u32, f64)>> = vec![Vec::new(); features.rows.len()];
    for (row, found) in nearest(features, features, neighbors + 1)?.into_iter().enumerate() {
        let others = found.into_iter().filter(|neighbor| neighbor.index as usize != row).take(neighbors);
        for neighbor in others {
            let weight = f64::from(neighbor.similarity.max(0.0)).powi(4);
            graph[row].push((neighbor.index, weight));
            graph[neighbor.index as usize].push((row as u32, weight));
        }
    }
    graph.par_iter_mut().with_min_len(256).for_each(|edges| {
        // An edge found from both sides stands twice, with one weight; it counts once.
        edges.sort_by_key(|edge| edge.0);
        edges.dedup_by_key(|edge| edge.0);
    });
    let scale: Vec<f64> = graph
        .iter()
        .map(|edges| edges.iter().map(|edge| edge.1).sum::<f64>())
        .map(|degree| if degree > 0.0 { degree.sqrt().recip() } else { 0.0 })
        .collect();
    for (row, edges) in graph.iter_mut().enumerate() {
        for (other, weight) in edges {
            *weight *= scale[row] * scale[*other as usize];
        }
    }
    Ok(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(rows: &[[f32; 2]]) -> Features {
        Features { data: rows.concat(), dim: 2, rows: (0..rows.len() as u64).collect() }
    }

    #[test]
    fn a_graph_of_two_worked_by_hand() {
        // One edge of weight 1, so S = [[0, 1], [1, 0]]. With alpha 1/2 and F0 = Y = (1, 0) the second row's mass
        // after two turns is 1/2 * (1/2 * 0 + 1/2 * 1) = 1/4 of class 1, and nothing else reaches it.
        let options = SpreadOptions { neighbors: 1, alpha: 0.5, iterations: 2, confident: 1.0 };
        let found = spread_labels(&features(&[[1.0, 0.0], [2.0, 0.0]]), &[Some(1), None], 3, &options).unwrap();
        assert_eq!(found.labels, [1, 1]);
        assert_eq!(found.confidence[0], 1.0);
        assert!(found.confidence[1] < 1.0 && found.confidence[1] > 0.999);
    }

    #[test]
    fn labels_follow_the_arc_they_lie_on() {
        // Two arcs of a circle, one label at the end of each; the far ends belong to their own arcs.
        let point = |degrees: f32| [degrees.to_radians().cos(), degrees.to_radians().sin()];
        let rows: Vec<[f32; 2]> =
            (0..40).map(|i| point(i as f32)).chain((0..40).map(|i| point(60.0 + i as f32))).collect();
        let mut labels = vec![None; 80];
        labels[0] = Some(0);
        labels[79] = Some(1);
        let options = SpreadOptions { neighbors: 4, ..SpreadOptions::default() };
        let found = spread_labels(&features(&rows), &labels, 2, &options).unwrap();
        assert!(found.labels[..40].iter().all(|&label| label == 0), "{:?}", found.labels);
        assert!(found.labels[40..].iter().all(|&label| label == 1), "{:?}", found.labels);
    }

    #[test]
    fn the_confident_are_the_given_and_the_best_of_the_rest() {
        let spread = Spread { labels: vec![0, 1, 0, 1, 0], confidence: vec![0.4, 1.0, 0.9, 0.0, 0.6] };
        assert_eq!(spread.confident_rows(0.6), [1, 2, 4]);
        assert_eq!(spread.confident_rows(0.01), [1]);
        assert_eq!(spread.confident_rows(1.0), [0, 1, 2, 4]);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let two = features(&[[1.0, 0.0], [0.0, 1.0]]);
        let options = SpreadOptions::default();
        assert!(spread_labels(&two, &[None, None], 2, &options).unwrap_err().to_string().contains("no label"));
        assert!(spread_labels(&two, &[Some(2), None], 2, &options).is_err());
        assert!(spread_labels(&two, &[Some(0)], 2, &options).is_err());
        let wrong = SpreadOptions { alpha: 1.0, ..options };
        assert!(spread_labels(&two, &[Some(0), None], 2, &wrong).unwrap_err().to_string().contains("alpha"));
    }
}
