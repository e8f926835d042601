//! Which result a report is about, and which one it is compared with.

use crate::report::{Difference, Report, ResultRow, Role};

/// The result that the verdict is about, and the result it is compared with.
pub(crate) struct Comparison<'a> {
    pub(crate) ours: &'a ResultRow,
    pub(crate) scratch: Option<&'a ResultRow>,
    pub(crate) difference: Option<&'a Difference>,
    /// How many pretrained results the best was picked from without the script saying which.
    pub(crate) picked_from: usize,
}

impl Report {
    /// The named result, else the best pretrained one; `None` where there is none.
    pub(crate) fn comparison(&self) -> Option<Comparison<'_>> {
        let pretrained = || self.results.iter().filter(|row| row.role == Role::Pretrained);
        let named = self.headline.as_ref().and_then(|name| self.results.iter().find(|row| row.name == *name));
        let ours = named.or_else(|| pretrained().max_by(|a, b| a.level().total_cmp(&b.level())))?;
        let scratch = self.scratch_of(ours);
        Some(Comparison {
            ours,
            scratch,
            difference: scratch.and_then(|row| ours.difference_to(&row.name)),
            picked_from: if named.is_some() { 1 } else { pretrained().count() },
        })
    }

    /// The scratch result that a row is compared with: one it has a paired difference to, of several the best; without
    /// any, a scratch result with as many labels.
    pub(crate) fn scratch_of(&self, row: &ResultRow) -> Option<&ResultRow> {
        let best = |paired: bool| {
            self.results
                .iter()
                .filter(|other| other.role == Role::Scratch && other.name != row.name)
                .filter(
                    |other| if paired { row.difference_to(&other.name).is_some() } else { other.labels == row.labels },
                )
                .max_by(|a, b| a.level().total_cmp(&b.level()))
        };
        best(true).or_else(|| best(false))
    }
}
