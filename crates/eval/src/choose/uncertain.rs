//! Images that are uncertain, stand for many others, and are not alike.

use crate::spread::{Graph, shares};
use crate::{EvalError, SpreadOptions};
use foretask_train::Features;

/// Share of an image's uncertainty that comes from its neighbors at each turn.
const FLOW: f64 = 0.9;
/// Turns: how far an answer reaches.
const TURNS: usize = 8;

/// `n` of the rows that are not `blocked`, the most valuable first. The labels spread over the graph of nearest neighbors;
/// uncertainty is 1 minus the margin between the two likeliest classes; it flows along the graph, so that an image amid
/// other uncertain ones counts more than one that is alone in its doubt. Each choice quenches what its answer would reach.
pub(super) fn uncertain(
    features: &Features,
    labels: &[Option<u32>],
    classes: usize,
    blocked: &[bool],
    n: usize,
    neighbors: usize,
) -> Result<Vec<u32>, EvalError> {
    let options = SpreadOptions { neighbors, ..SpreadOptions::default() };
    let graph = Graph::of(features, neighbors)?;
    let (found, ..) = shares(&graph, labels, classes, options.balanced, &options)?;
    let doubts: Vec<f64> = found
        .chunks_exact(classes)
        .zip(labels)
        .map(|(row, label)| if label.is_some() { 0.0 } else { 1.0 - margin(row) })
        .collect();
    let mut value = graph.flow(&doubts, 1, FLOW, TURNS)?;
    let mut open: Vec<usize> = (0..labels.len()).filter(|&row| !blocked[row] && labels[row].is_none()).collect();
    let mut chosen = Vec::with_capacity(n);
    let mut spark = vec![0.0; labels.len()];
    while chosen.len() < n {
        let best = (0..open.len()).reduce(|best, at| if value[open[at]] > value[open[best]] { at } else { best });
        let Some(best) = best else { break };
        let row = open.remove(best);
        chosen.push(row as u32);
        spark[row] = 1.0;
        let reach = graph.flow(&spark, 1, FLOW, TURNS)?;
        spark[row] = 0.0;
        let own = reach[row];
        for (value, reach) in value.iter_mut().zip(&reach) {
            *value *= 1.0 - (reach / own).clamp(0.0, 1.0);
        }
    }
    Ok(chosen)
}

/// What the likeliest class is ahead of the second; 0 where nothing arrived.
fn margin(shares: &[f64]) -> f64 {
    let (first, second) =
        shares.iter().fold(
            (0.0_f64, 0.0_f64),
            |(first, second), &share| {
                if share > first { (share, first) } else { (first, second.max(share)) }
            },
        );
    first - second
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;

    #[test]
    fn margins_by_hand() {
        assert!((margin(&[0.2, 0.5, 0.3]) - 0.2).abs() < 1e-12);
        assert!((margin(&[0.7, 0.3]) - 0.4).abs() < 1e-12);
        assert_eq!(margin(&[0.5, 0.5]), 0.0);
        assert_eq!(margin(&[0.0, 0.0, 0.0]), 0.0);
    }

    /// Four groups of 30 around four axes; the first two have a label each.
    fn groups() -> (Features, Vec<Option<u32>>) {
        let mut rng = Key::new(2).rng();
        let data = (0..120 * 6).map(|at| {
            let (row, axis) = (at / 6, at % 6);
            f32::from(u8::from(axis == row / 30)) + 0.1 * rng.normal()
        });
        let features = Features { data: data.collect(), dim: 6, rows: (0..120).collect() };
        let mut labels = vec![None; 120];
        (labels[0], labels[30]) = (Some(0), Some(1));
        (features, labels)
    }

    #[test]
    fn groups_without_a_label_come_first_and_one_after_the_other() {
        let (features, labels) = groups();
        let chosen = uncertain(&features, &labels, 2, &[false; 120], 4, 8).unwrap();
        let of: Vec<u32> = chosen.iter().map(|row| row / 30).collect();
        let mut first = of[..2].to_vec();
        first.sort_unstable();
        assert_eq!(first, [2, 3], "{chosen:?}");
        assert_eq!(chosen.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn a_request_to_stop_is_obeyed() {
        let (features, labels) = groups();
        let graph = Graph::of(&features, 8).unwrap();
        let asked = foretask_train::Interrupt::new();
        let options = SpreadOptions::default();
        assert!(asked.obeyed(|| shares(&graph, &labels, 2, None, &options)).is_ok());
        asked.request();
        assert!(asked.obeyed(|| shares(&graph, &labels, 2, None, &options)).is_err());
        assert!(asked.obeyed(|| uncertain(&features, &labels, 2, &[false; 120], 4, 8)).is_err());
    }

    #[test]
    fn neither_labeled_nor_blocked_rows_are_asked_for() {
        let (features, labels) = groups();
        let mut blocked = vec![false; 120];
        blocked[60..].fill(true);
        let chosen = uncertain(&features, &labels, 2, &blocked, 58, 8).unwrap();
        assert_eq!(chosen.len(), 58);
        assert!(chosen.iter().all(|&row| row < 60 && row != 0 && row != 30));
    }
}
