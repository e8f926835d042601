//! One round of learning: from the labels so far to answers for all images and to what should be labeled next.

use std::collections::BTreeMap;

use foretask_eval::{ChooseOptions, Chooser, Situation, densest_with_members};
use foretask_experiment::Error;
use foretask_train::{LinearProbe, ProbeOptions, linear_probe};
use rayon::prelude::*;

use super::pool::{Pool, spread_evenly};

/// Images among which the next ones are chosen; the graph of neighbors grows with the square.
const GRAPH: usize = 5000;
/// Neighbors in it, as `label_next` has it.
const NEIGHBORS: usize = 15;
/// Suggestions of a round.
pub(crate) const SUGGESTED: usize = 60;
/// Labels that are learned from, evenly chosen of each class.
const LEARNED: usize = 2000;
/// Suggestions need no better minimum.
const TOLERANCE: f64 = 1e-3;

/// Why an image is suggested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reason {
    /// It stands for a group of so many images.
    Group(usize),
    /// It may be either of two classes, by their numbers.
    Between(i64, i64),
    /// It is far from everything that has a label.
    Unlike,
}

/// An image that deserves a label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Suggestion {
    /// Its row.
    pub(crate) row: u32,
    /// Why.
    pub(crate) reason: Reason,
}

/// What a classifier says of the images of a pool, by their places.
#[derive(Debug, Default, Clone)]
pub(crate) struct Answers {
    /// The likeliest class and its share, the next one and its share.
    of: Vec<[(i64, f32); 2]>,
}

impl Answers {
    /// Of the image at a place.
    pub(crate) fn at(&self, place: u32) -> Option<[(i64, f32); 2]> {
        self.of.get(place as usize).copied()
    }

    /// Places whose likeliest class is this one, the surest first.
    pub(crate) fn surest(&self, class: i64) -> Vec<(u32, f32)> {
        let of_it = (0_u32..).zip(&self.of).filter(|(_, of)| of[0].0 == class).map(|(place, of)| (place, of[0].1));
        let mut found: Vec<(u32, f32)> = of_it.collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }
}

/// The part of a pool among which the next images are chosen.
#[derive(Debug)]
pub(crate) struct Field {
    /// Places in the pool.
    places: Vec<u32>,
    chooser: Chooser,
    /// Those that stand for all, with the sizes of their groups.
    first: Vec<(u32, usize)>,
}

impl Field {
    /// Spread evenly over the pool; images with a label (`known`, by row) are always among them.
    ///
    /// # Errors
    /// Features that cannot be compared.
    pub(crate) fn of(pool: &Pool, known: &[u32]) -> Result<Self, Error> {
        let mut taken = vec![false; pool.len()];
        let labeled = known.iter().filter_map(|row| pool.place(*row)).take(GRAPH / 2);
        let mut places: Vec<u32> = labeled.chain(spread_evenly(pool.len())).collect();
        places.retain(|place| !std::mem::replace(&mut taken[*place as usize], true));
        places.truncate(GRAPH);
        let features = pool.unit.select(&places);
        let chooser = Chooser::new(&features, NEIGHBORS)?;
        let n = SUGGESTED.min(places.len());
        let options = ChooseOptions { n, ..ChooseOptions::default() };
        let first = densest_with_members(&features, &options)?;
        // A group of the part stands for one of all images.
        let times = pool.len() as f64 / places.len().max(1) as f64;
        let first = first
            .into_iter()
            .map(|(at, members)| (places[at as usize], (members as f64 * times).round() as usize))
            .collect();
        Ok(Self { places, chooser, first })
    }
}

/// What the labels say at some moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// Rows and the numbers of their classes.
    pub(crate) labels: Vec<(u32, i64)>,
    /// Rows that are not to be suggested, in ascending order.
    pub(crate) closed: Vec<u32>,
}

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// The most valuable first.
    pub(crate) suggestions: Vec<Suggestion>,
    /// What the classifier says, where there is one.
    pub(crate) answers: Answers,
}

/// Labels of images whose features are there: places, numbers of classes, and the classes in the order of their ids.
#[derive(Debug)]
pub(super) struct Placed {
    /// Places in the pool.
    pub(super) places: Vec<u32>,
    /// The class of each, by its place among `classes`.
    pub(super) labels: Vec<u32>,
    /// The classes.
    pub(super) classes: Vec<i64>,
    /// How many labels there are in all.
    pub(super) all: usize,
}

impl Placed {
    /// At most about `most` of what is known; `None` where there are no two classes with features yet.
    pub(super) fn of(pool: &Pool, known: &Known, most: usize) -> Option<Self> {
        let mut classes: Vec<i64> = known.labels.iter().map(|(_, class)| *class).collect();
        classes.sort_unstable();
        classes.dedup();
        let number = |class: i64| classes.binary_search(&class).unwrap_or(0) as u32;
        let placed: Vec<(u32, u32)> =
            known.labels.iter().filter_map(|(row, class)| Some((pool.place(*row)?, number(*class)))).collect();
        let mut seen = vec![0_usize; classes.len()];
        for (_, class) in &placed {
            seen[*class as usize] += 1;
        }
        // The features of a class may still be to come.
        if classes.len() < 2 || seen.contains(&0) {
            return None;
        }
        let (places, labels) = thinned(&placed, classes.len(), most);
        Some(Self { places, labels, classes, all: placed.len() })
    }
}

/// Learns from what is known.
///
/// # Errors
/// Features that are not finite; a request to stop.
pub(crate) fn learn(pool: &Pool, field: &Field, known: &Known) -> Result<Round, Error> {
    let Some(Placed { places, labels, classes, .. }) = Placed::of(pool, known, LEARNED) else {
        return Ok(Round { suggestions: first(pool, field, known), ..Round::default() });
    };
    let options = ProbeOptions { tolerance: TOLERANCE, ..ProbeOptions::default() };
    let some = pool.raw.select(&places);
    let probe = linear_probe(&some, &labels, classes.len(), Some(&pool.statistics), &options)?;
    let answers = answers(pool, &probe, &classes);
    Ok(Round { suggestions: next(pool, field, known, (&probe, &classes))?, answers })
}

/// At most about `most` of them: every so manieth of each class, but at least two.
fn thinned(placed: &[(u32, u32)], classes: usize, most: usize) -> (Vec<u32>, Vec<u32>) {
    let step = placed.len().div_ceil(most).max(1);
    let mut seen = vec![0_usize; classes];
    let mut taken = |class: u32| {
        let count = &mut seen[class as usize];
        *count += 1;
        *count <= 2 || count.is_multiple_of(step)
    };
    placed.iter().filter(|(_, class)| taken(*class)).copied().unzip()
}

fn closed(known: &Known, row: u32) -> bool {
    known.closed.binary_search(&row).is_ok()
}

/// Before there is anything to learn from: images that stand for all.
fn first(pool: &Pool, field: &Field, known: &Known) -> Vec<Suggestion> {
    let open = field.first.iter().map(|(place, members)| (pool.row(*place), *members));
    let open = open.filter(|(row, _)| !closed(known, *row));
    let mut found: Vec<Suggestion> =
        open.map(|(row, members)| Suggestion { row, reason: Reason::Group(members) }).collect();
    if found.len() < SUGGESTED / 2 {
        // All of them are labeled: any others, spread evenly.
        let rest = field.places.iter().map(|place| pool.row(*place)).filter(|row| !closed(known, *row));
        let there: Vec<u32> = found.iter().map(|suggestion| suggestion.row).collect();
        let missing = SUGGESTED - found.len();
        let rest: Vec<u32> = rest.filter(|row| !there.contains(row)).take(missing).collect();
        found.extend(rest.into_iter().map(|row| Suggestion { row, reason: Reason::Group(1) }));
    }
    found
}

/// What the probe is in doubt of, stands for many and is not alike.
fn next(
    pool: &Pool,
    field: &Field,
    known: &Known,
    (probe, classes): (&LinearProbe, &[i64]),
) -> Result<Vec<Suggestion>, Error> {
    let by_row: BTreeMap<u32, i64> = known.labels.iter().copied().collect();
    let rows: Vec<u32> = field.places.iter().map(|place| pool.row(*place)).collect();
    let label = |row: &u32| by_row.get(row).and_then(|class| classes.binary_search(class).ok()).map(|at| at as u32);
    let labels: Vec<Option<u32>> = rows.iter().map(label).collect();
    let blocked: Vec<bool> = rows.iter().map(|row| closed(known, *row)).collect();
    let shares = probe.probabilities(&pool.raw.select(&field.places).data);
    let now = Situation { labels: &labels, shares: Some(&shares), classes: classes.len(), blocked: &blocked };
    let chosen = field.chooser.choose(&now, SUGGESTED)?;
    let suggestion = |doubt: foretask_eval::Doubt| {
        let reason = doubt.between.map_or(Reason::Unlike, |[(first, _), (second, _)]| {
            Reason::Between(classes[first as usize], classes[second as usize])
        });
        Suggestion { row: rows[doubt.row as usize], reason }
    };
    Ok(chosen.into_iter().map(suggestion).collect())
}

fn answers(pool: &Pool, probe: &LinearProbe, classes: &[i64]) -> Answers {
    const ROWS: usize = 512;
    let dim = pool.raw.dim.max(1);
    let two = |shares: &[f32]| {
        let mut best = [(0_usize, f32::MIN), (0, f32::MIN)];
        for (class, &share) in shares.iter().enumerate() {
            if share > best[0].1 {
                best = [(class, share), best[0]];
            } else if share > best[1].1 {
                best[1] = (class, share);
            }
        }
        best.map(|(class, share)| (classes[class], share))
    };
    let part = |data: &[f32]| -> Vec<[(i64, f32); 2]> {
        probe.probabilities(data).chunks_exact(classes.len()).map(two).collect()
    };
    let parts: Vec<Vec<[(i64, f32); 2]>> = pool.raw.data.par_chunks(ROWS * dim).map(part).collect();
    Answers { of: parts.concat() }
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;
    use foretask_train::Features;

    use super::super::measure::measure;
    use super::*;

    /// Three groups of images around three axes.
    fn pool() -> Pool {
        let mut rng = Key::new(5).rng();
        let data = (0..90 * 6).map(|at| {
            let (row, axis) = (at / 6, at % 6);
            3.0 * f32::from(u8::from(axis == row % 3)) + 0.3 * rng.normal()
        });
        let raw = Features { data: data.collect(), dim: 6, rows: (0..90).collect() };
        let scale = foretask_train::Standardization::of(&raw.data, 6);
        Pool::new("x".to_owned(), raw, 100, scale)
    }

    fn known(labels: &[(u32, i64)]) -> Known {
        let mut closed: Vec<u32> = labels.iter().map(|(row, _)| *row).collect();
        closed.sort_unstable();
        Known { labels: labels.to_vec(), closed }
    }

    #[test]
    fn groups_come_first_then_what_is_told_and_doubted() {
        let pool = pool();
        let field = Field::of(&pool, &[]).unwrap();
        let round = learn(&pool, &field, &Known::default()).unwrap();
        assert!(matches!(round.suggestions[0].reason, Reason::Group(members) if members >= 1));
        assert_eq!(round.suggestions.len(), SUGGESTED);

        // Twelve of each of two classes, one of them wrong; the third group has no label, and is what is asked for.
        let mut labels: Vec<(u32, i64)> =
            (0..36).filter(|row| row % 3 < 2).map(|row| (row, [7, 4][row as usize % 3])).collect();
        labels[5].1 = if labels[5].1 == 7 { 4 } else { 7 };
        let wrong = labels[5];
        let round = learn(&pool, &field, &known(&labels)).unwrap();
        assert!(round.suggestions[..3].iter().all(|suggestion| suggestion.row % 3 == 2), "{:?}", round.suggestions);
        assert!(round.suggestions.iter().all(|suggestion| labels.iter().all(|(row, _)| *row != suggestion.row)));
        let measured = measure(&pool, &known(&labels)).unwrap();
        let accuracy = measured.accuracy.unwrap();
        assert!(accuracy.right > 0.9 && accuracy.low < accuracy.right && accuracy.labels == 24);
        assert_eq!(
            measured.doubtful.iter().map(|doubt| (doubt.row, doubt.likelier)).collect::<Vec<_>>(),
            [(wrong.0, 11 - wrong.1)]
        );
        // The wrong label costs a little.
        let told = |row: &u32| round.answers.at(pool.place(*row).unwrap()).unwrap()[0].0 == [7, 4][*row as usize % 3];
        let others: Vec<u32> = (40..90).filter(|row| row % 3 < 2).collect();
        assert!(others.iter().filter(|row| told(row)).count() * 10 >= others.len() * 9);
        let surest = round.answers.surest(4);
        assert!(surest.windows(2).all(|two| two[0].1 >= two[1].1) && surest.len() >= 30);
    }

    #[test]
    fn one_class_or_labels_elsewhere_teach_nothing() {
        let pool = pool();
        let field = Field::of(&pool, &[1]).unwrap();
        for labels in [vec![(1, 7)], vec![(1, 7), (2, 7)], vec![(1, 7), (95, 4)]] {
            let round = learn(&pool, &field, &known(&labels)).unwrap();
            let measured = measure(&pool, &known(&labels)).unwrap();
            assert!(measured.accuracy.is_none() && round.answers.at(0).is_none());
            assert!(round.suggestions.iter().all(|suggestion| suggestion.row != 1));
        }
    }
}
