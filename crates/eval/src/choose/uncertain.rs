//! Images that are uncertain, stand for many others, and are not alike.
//!
//! As uncertainty herding (Bae et al. 2024, "Uncertainty herding: one active learning method for all label budgets"): doubt counts where
//! no label reaches yet, by how much of it a further label would reach. Doubt alone asks again and again amid classes that cannot be told
//! apart; reach alone spends labels on what is clear.

use super::options::ChooseOptions;
use crate::EvalError;
use crate::spread::Graph;
use foretask_train::{Features, LinearProbe, ProbeOptions, Standardization, linear_probe};

/// Share of an image's doubt that comes from its neighbors at each turn.
const FLOW: f64 = 0.9;
/// Turns: how far an answer reaches.
const TURNS: usize = 8;
/// Labels whose reach is computed together.
const TOGETHER: usize = 64;
/// A row that less than this of any label reaches is unlike all that is labeled.
const UNREACHED: f64 = 0.005;

/// A row that deserves a label, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The row.
    pub row: u32,
    /// The two classes that are likeliest there with their shares, the likelier first; none where no label reaches.
    pub between: Option<[(u32, f32); 2]>,
}

/// What is known of the rows of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The class of each row that has a label.
    pub labels: &'a [Option<u32>],
    /// What a classifier that learned from these labels says, `[rows, classes]`, where there is one.
    pub shares: Option<&'a [f32]>,
    /// Classes.
    pub classes: usize,
    /// Rows that are not to be chosen.
    pub blocked: &'a [bool],
}

/// A pool that is asked again and again, while labels come in: its graph of nearest neighbors is made once.
pub struct Chooser {
    graph: Graph,
    rows: usize,
}

impl Chooser {
    /// For these features, each with so many neighbors (see [`nearest`](crate::nearest)).
    ///
    /// # Errors
    /// Features that cannot be compared; a request to stop.
    pub fn new(features: &Features, neighbors: usize) -> Result<Self, EvalError> {
        Ok(Self { graph: Graph::of(features, neighbors)?, rows: features.len() })
    }

    /// `n` of the rows that neither have a label nor are blocked, the most valuable first. A row's doubt is 1 minus the margin
    /// between its two likeliest classes (1 without a classifier), less what the labels around it reach; it flows along the graph
    /// of nearest neighbors, so that a row amid other doubtful ones counts more than one that is alone in its doubt. Each choice
    /// quenches what its answer would reach.
    ///
    /// # Errors
    /// Labels, shares or blocks of another number of rows; a request to stop.
    pub fn choose(&self, now: &Situation<'_>, n: usize) -> Result<Vec<Doubt>, EvalError> {
        let &Situation { labels, shares, classes, blocked } = now;
        if labels.len() != self.rows || blocked.len() != self.rows {
            let text = format!("{} labels and {} blocks for {} rows", labels.len(), blocked.len(), self.rows);
            return Err(EvalError::Input(text));
        }
        if let Some(shares) = shares.filter(|shares| classes == 0 || shares.len() != self.rows * classes) {
            let text = format!("{} shares for {} rows and {classes} classes", shares.len(), self.rows);
            return Err(EvalError::Input(text));
        }
        let likeliest = |row: usize| likeliest_two(&shares?[row * classes..][..classes]);
        let unreached = self.unreached(labels)?;
        let doubt = |(row, unreached): (usize, &f64)| {
            let margin = likeliest(row).map_or(0.0, |[(_, first), (_, second)]| f64::from(first - second));
            (1.0 - margin) * unreached
        };
        let doubts: Vec<f64> = unreached.iter().enumerate().map(doubt).collect();
        let mut value = self.graph.flow(&doubts, 1, FLOW, TURNS)?;
        let mut open: Vec<usize> = (0..labels.len()).filter(|&row| !blocked[row] && labels[row].is_none()).collect();
        let mut chosen = Vec::with_capacity(n);
        let mut spark = vec![0.0; labels.len()];
        while chosen.len() < n {
            let best = (0..open.len()).reduce(|best, at| if value[open[at]] > value[open[best]] { at } else { best });
            let Some(best) = best else { break };
            let row = open.remove(best);
            let between = likeliest(row).filter(|_| unreached[row] < 1.0 - UNREACHED);
            chosen.push(Doubt { row: row as u32, between });
            spark[row] = 1.0;
            let reach = self.graph.flow(&spark, 1, FLOW, TURNS)?;
            spark[row] = 0.0;
            for (value, reached) in value.iter_mut().zip(&reach) {
                *value *= 1.0 - share(*reached, reach[row]);
            }
        }
        Ok(chosen)
    }

    /// How much of each row no label reaches: 0 at a label, 1 where there is none near.
    fn unreached(&self, labels: &[Option<u32>]) -> Result<Vec<f64>, EvalError> {
        let mut open = vec![1.0; labels.len()];
        let known: Vec<usize> = (0..labels.len()).filter(|&row| labels[row].is_some()).collect();
        for some in known.chunks(TOGETHER) {
            let mut sparks = vec![0.0; labels.len() * some.len()];
            for (at, row) in some.iter().enumerate() {
                sparks[row * some.len() + at] = 1.0;
            }
            let reach = self.graph.flow(&sparks, some.len(), FLOW, TURNS)?;
            let own: Vec<f64> = some.iter().enumerate().map(|(at, row)| reach[row * some.len() + at]).collect();
            for (open, reached) in open.iter_mut().zip(reach.chunks_exact(some.len())) {
                *open *= reached.iter().zip(&own).map(|(reached, own)| 1.0 - share(*reached, *own)).product::<f64>();
            }
        }
        Ok(open)
    }
}

/// What reaches a row, as a share of what stays where it comes from.
fn share(reached: f64, own: f64) -> f64 {
    (reached / own).clamp(0.0, 1.0)
}

impl std::fmt::Debug for Chooser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chooser").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// Rows of a pool that is asked once, by a probe on the rows that have a label.
pub(super) fn uncertain(
    features: &Features,
    labels: &[Option<u32>],
    classes: usize,
    blocked: &[bool],
    options: &ChooseOptions,
) -> Result<Vec<u32>, EvalError> {
    let shares = fitted(features, labels, classes)?.map(|probe| probe.probabilities(&features.data));
    let now = Situation { labels, shares: shares.as_deref(), classes, blocked };
    let chosen = Chooser::new(features, options.neighbors)?.choose(&now, options.n)?;
    Ok(chosen.into_iter().map(|doubt| doubt.row).collect())
}

/// A probe on those that have a label; none where these are of one class.
fn fitted(features: &Features, labels: &[Option<u32>], classes: usize) -> Result<Option<LinearProbe>, EvalError> {
    let (rows, known): (Vec<u32>, Vec<u32>) =
        (0_u32..).zip(labels).filter_map(|(row, label)| Some((row, (*label)?))).unzip();
    if known.iter().all(|class| *class == known[0]) {
        return Ok(None);
    }
    let statistics = Standardization::of(&features.data, features.dim);
    let options = ProbeOptions::default();
    Ok(Some(linear_probe(&features.select(&rows), &known, classes, Some(&statistics), &options)?))
}

/// The two largest shares with their classes, the larger first; none where there is one class only.
fn likeliest_two(shares: &[f32]) -> Option<[(u32, f32); 2]> {
    let mut order: Vec<u32> = (0..shares.len() as u32).collect();
    order.sort_by(|&a, &b| shares[b as usize].total_cmp(&shares[a as usize]));
    let with_share = |at: usize| order.get(at).map(|&class| (class, shares[class as usize]));
    Some([with_share(0)?, with_share(1)?])
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;
    use crate::SpreadOptions;
    use crate::spread::shares;

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
        assert_eq!(likeliest_two(&[1.0]), None);
        // A row halfway between two labeled axes.
        let (mut features, labels) = groups();
        let halfway = [0.7, 0.7, 0.0, 0.0, 0.0, 0.0];
        features.data[5 * 6..6 * 6].copy_from_slice(&halfway);
        let mut blocked = vec![true; 120];
        (blocked[5], blocked[100]) = (false, false);
        let chooser = Chooser::new(&features, 8).unwrap();
        let shares = fitted(&features, &labels, 2).unwrap().unwrap().probabilities(&features.data);
        let now = Situation { labels: &labels, shares: Some(&shares), classes: 2, blocked: &blocked };
        let chosen = chooser.choose(&now, 3).unwrap();
        let of = |row: u32| chosen.iter().find(|doubt| doubt.row == row).unwrap().between;
        let mut between = of(5).unwrap().map(|(class, _)| class);
        between.sort_unstable();
        // No label reaches the fourth group, whatever the classifier says of it.
        assert_eq!((chosen.len(), between, of(100)), (2, [0, 1], None));
        let other = |now: Situation<'_>| chooser.choose(&now, 3).unwrap_err().to_string();
        assert!(other(Situation { labels: &labels[1..], ..now }).contains("119 labels"));
        assert!(other(Situation { classes: 3, ..now }).contains("240 shares"));
    }

    #[test]
    fn doubt_that_labels_reach_already_counts_less() {
        // Two groups that cannot be told apart; the first one has labels in plenty.
        let (features, _) = groups();
        let labels: Vec<Option<u32>> = (0..120).map(|row| (row < 20).then_some(row % 2)).collect();
        let shares = vec![0.5; 240];
        let now = Situation { labels: &labels, shares: Some(&shares), classes: 2, blocked: &[false; 120] };
        let chosen = Chooser::new(&features, 8).unwrap().choose(&now, 3).unwrap();
        assert!(chosen.iter().all(|doubt| doubt.row >= 30), "{chosen:?}");
    }

    #[test]
    fn the_reach_of_labels_by_hand() {
        // Labels one by one, or together: the same; at a label nothing is open.
        let (features, _) = groups();
        let chooser = Chooser::new(&features, 8).unwrap();
        let at = |rows: &[usize]| {
            let labels: Vec<Option<u32>> = (0..120).map(|row| rows.contains(&row).then_some(0)).collect();
            chooser.unreached(&labels).unwrap()
        };
        let (first, second, both) = (at(&[3]), at(&[70]), at(&[3, 70]));
        assert_eq!((first[3], both[70]), (0.0, 0.0));
        for row in 0..120 {
            assert!((both[row] - first[row] * second[row]).abs() < 1e-12);
        }
        assert!(first[70] > 0.995 && first[4] < 0.9, "{} {}", first[70], first[4]);
        let mut spark = vec![0.0; 120];
        spark[3] = 1.0;
        let reach = chooser.graph.flow(&spark, 1, FLOW, TURNS).unwrap();
        assert!((first[4] - (1.0 - reach[4] / reach[3])).abs() < 1e-12);
    }

    #[test]
    fn labels_of_one_class_are_enough_to_go_on() {
        let (features, labels) = groups();
        let labels: Vec<Option<u32>> = labels.into_iter().map(|label| label.filter(|class| *class == 0)).collect();
        let chosen = uncertain(&features, &labels, 1, &[false; 120], &asking_for(3)).unwrap();
        assert!(chosen.iter().all(|&row| row >= 30), "{chosen:?}");
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
