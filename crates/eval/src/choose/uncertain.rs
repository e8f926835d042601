//! Images that are uncertain, stand for many others, and are not alike.

use super::options::ChooseOptions;
use crate::spread::{Graph, shares};
use crate::{EvalError, SpreadOptions};
use foretask_train::Features;

/// Share of an image's uncertainty that comes from its neighbors at each turn.
const FLOW: f64 = 0.9;
/// Turns: how far an answer reaches.
const TURNS: usize = 8;

/// A row that deserves a label, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The row.
    pub row: u32,
    /// The two classes that are likeliest there with their shares, the likelier first; none where no label arrives.
    pub between: Option<[(u32, f64); 2]>,
}

/// A pool that is asked again and again, while labels come in: its graph of nearest neighbors is made once.
pub struct Chooser {
    graph: Graph,
    rows: usize,
    neighbors: usize,
}

impl Chooser {
    /// For these features; the cost grows with the square of their number.
    ///
    /// # Errors
    /// Features that cannot be compared; a request to stop.
    pub fn new(features: &Features, neighbors: usize) -> Result<Self, EvalError> {
        Ok(Self { graph: Graph::of(features, neighbors)?, rows: features.len(), neighbors })
    }

    /// `n` of the rows that are not `blocked`, the most valuable first. The labels spread over the graph of nearest neighbors;
    /// uncertainty is 1 minus the margin between the two likeliest classes; it flows along the graph, so that an image amid
    /// other uncertain ones counts more than one that is alone in its doubt. Each choice quenches what its answer would reach.
    ///
    /// # Errors
    /// Labels or blocks of another number of rows, a label that is none of the classes; a request to stop.
    pub fn choose(
        &self,
        labels: &[Option<u32>],
        classes: usize,
        blocked: &[bool],
        n: usize,
    ) -> Result<Vec<Doubt>, EvalError> {
        if labels.len() != self.rows || blocked.len() != self.rows {
            let text = format!("{} labels and {} blocks for {} rows", labels.len(), blocked.len(), self.rows);
            return Err(EvalError::Input(text));
        }
        if let Some(wrong) = labels.iter().flatten().find(|&&label| label as usize >= classes) {
            return Err(EvalError::Input(format!("label {wrong} is not one of {classes} classes")));
        }
        if classes == 0 {
            return Err(EvalError::Input("there is no class to choose by".into()));
        }
        let options = SpreadOptions { neighbors: self.neighbors, ..SpreadOptions::default() };
        let (found, ..) = shares(&self.graph, labels, classes, options.balanced, &options)?;
        let doubts: Vec<f64> = found
            .chunks_exact(classes)
            .zip(labels)
            .map(|(row, label)| if label.is_some() { 0.0 } else { 1.0 - margin(row) })
            .collect();
        let mut value = self.graph.flow(&doubts, 1, FLOW, TURNS)?;
        let mut open: Vec<usize> = (0..labels.len()).filter(|&row| !blocked[row] && labels[row].is_none()).collect();
        let mut chosen = Vec::with_capacity(n);
        let mut spark = vec![0.0; labels.len()];
        while chosen.len() < n {
            let best = (0..open.len()).reduce(|best, at| if value[open[at]] > value[open[best]] { at } else { best });
            let Some(best) = best else { break };
            let row = open.remove(best);
            chosen.push(Doubt { row: row as u32, between: likeliest_two(&found[row * classes..][..classes]) });
            spark[row] = 1.0;
            let reach = self.graph.flow(&spark, 1, FLOW, TURNS)?;
            spark[row] = 0.0;
            let own = reach[row];
            for (value, reach) in value.iter_mut().zip(&reach) {
                *value *= 1.0 - (reach / own).clamp(0.0, 1.0);
            }
        }
        Ok(chosen)
    }
}

impl std::fmt::Debug for Chooser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chooser").field("rows", &self.rows).field("neighbors", &self.neighbors).finish_non_exhaustive()
    }
}

/// As [`Chooser::choose`], of a pool that is asked once.
pub(super) fn uncertain(
    features: &Features,
    labels: &[Option<u32>],
    classes: usize,
    blocked: &[bool],
    options: &ChooseOptions,
) -> Result<Vec<u32>, EvalError> {
    let chosen = Chooser::new(features, options.neighbors)?.choose(labels, classes, blocked, options.n)?;
    Ok(chosen.into_iter().map(|doubt| doubt.row).collect())
}

/// The two largest shares with their classes, the larger first; none where nothing arrived or there is one class only.
fn likeliest_two(shares: &[f64]) -> Option<[(u32, f64); 2]> {
    let mut order: Vec<u32> = (0..shares.len() as u32).collect();
    order.sort_by(|&a, &b| shares[b as usize].total_cmp(&shares[a as usize]));
    let with_share = |at: usize| order.get(at).map(|&class| (class, shares[class as usize]));
    let (first, second) = (with_share(0)?, with_share(1)?);
    (first.1 > 0.0).then_some([first, second])
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

    fn asking_for(n: usize) -> ChooseOptions {
        ChooseOptions { n, neighbors: 8, ..ChooseOptions::default() }
    }

    #[test]
    fn groups_without_a_label_come_first_and_one_after_the_other() {
        let (features, labels) = groups();
        let chosen = uncertain(&features, &labels, 2, &[false; 120], &asking_for(4)).unwrap();
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
        assert!(asked.obeyed(|| uncertain(&features, &labels, 2, &[false; 120], &asking_for(4))).is_err());
    }

    #[test]
    fn a_choice_says_what_it_wavers_between() {
        assert_eq!(likeliest_two(&[0.2, 0.5, 0.3]), Some([(1, 0.5), (2, 0.3)]));
        assert_eq!((likeliest_two(&[0.0, 0.0]), likeliest_two(&[1.0])), (None, None));
        // A row halfway between two labeled axes.
        let (mut features, labels) = groups();
        let halfway = [0.7, 0.7, 0.0, 0.0, 0.0, 0.0];
        features.data[5 * 6..6 * 6].copy_from_slice(&halfway);
        let mut blocked = vec![true; 120];
        blocked[5] = false;
        let chooser = Chooser::new(&features, 8).unwrap();
        let chosen = chooser.choose(&labels, 2, &blocked, 3).unwrap();
        assert_eq!(chosen.len(), 1);
        let mut between = chosen[0].between.unwrap().map(|(class, _)| class);
        between.sort_unstable();
        assert_eq!((chosen[0].row, between), (5, [0, 1]));
        assert!(
            chooser.choose(&labels[1..], 2, &blocked, 3).is_err() && chooser.choose(&labels, 1, &blocked, 3).is_err()
        );
    }

    #[test]
    fn neither_labeled_nor_blocked_rows_are_asked_for() {
        let (features, labels) = groups();
        let mut blocked = vec![false; 120];
        blocked[60..].fill(true);
        let chosen = uncertain(&features, &labels, 2, &blocked, &asking_for(58)).unwrap();
        assert_eq!(chosen.len(), 58);
        assert!(chosen.iter().all(|&row| row < 60 && row != 0 && row != 30));
    }
}
