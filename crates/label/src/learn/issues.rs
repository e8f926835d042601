//! What may be wrong with the images themselves, looked for when all of them have been looked at.

use std::collections::HashMap;

use foretask_eval::{Issue, IssueKind, IssueOptions, Look, find_issues};
use foretask_experiment::{Error, Interrupt};

use super::pool::Pool;

/// Products of rows that looking for outliers and copies may cost; of very many images each is compared with a part.
const PRODUCTS: usize = 400_000_000;
/// As many as are compared at least and at most.
const COMPARED: (usize, usize) = (1000, 20_000);

/// Something that may be wrong with an image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// The image's row.
    pub(crate) row: u32,
    /// How much of it, as [`IssueKind::measure`] says.
    pub(crate) value: f64,
    /// The other image of a pair, by its row.
    pub(crate) other: Option<u32>,
    /// Bits of 64 in which the perceptual hashes of a pair differ.
    pub(crate) bits: Option<u32>,
}

/// Faults by their kind, the gravest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<(IssueKind, Vec<Fault>)>,
    /// From which similarity on images counted as copies.
    pub(crate) similarity: f64,
}

impl Faults {
    /// Of the images of a pool; `looks` are by row, `copies` is how alike altered copies are.
    ///
    /// # Errors
    /// A request to stop; features that cannot be compared.
    pub(crate) fn of(
        pool: &Pool,
        looks: &HashMap<u32, Look>,
        copies: f64,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let known = |place: &u32| looks.contains_key(&pool.row(*place));
        let places: Vec<u32> = (0..pool.len() as u32).filter(known).collect();
        let looks: Vec<Look> = places.iter().filter_map(|place| looks.get(&pool.row(*place)).copied()).collect();
        let some = if places.len() == pool.len() { None } else { Some(pool.unit.select(&places)) };
        let most = (PRODUCTS / places.len().max(1)).clamp(COMPARED.0, COMPARED.1);
        let options = IssueOptions { most, ..IssueOptions::default() };
        let features = some.as_ref().unwrap_or(&pool.unit);
        let found = interrupt.obeyed(|| find_issues(&looks, features, copies, &options))?;
        let row = |at: u32| pool.row(places[at as usize]);
        let mut list: Vec<(IssueKind, Vec<Fault>)> = Vec::new();
        for Issue { kind, image, value, other, bits, .. } in found.issues {
            let fault = Fault { row: row(image), value, other: other.map(row), bits };
            match list.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, faults)) => faults.push(fault),
                None => list.push((kind, vec![fault])),
            }
        }
        Ok(Self { list, similarity: found.similarity })
    }

    /// The kinds there are, with their faults.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (IssueKind, &[Fault])> {
        self.list.iter().map(|(kind, faults)| (*kind, faults.as_slice()))
    }

    /// Those of a kind, the gravest first.
    pub(crate) fn kind(&self, kind: IssueKind) -> &[Fault] {
        self.list.iter().find(|(known, _)| *known == kind).map_or(&[], |(_, faults)| faults)
    }
}
