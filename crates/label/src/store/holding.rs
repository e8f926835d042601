//! What holds for every image, kept up to date with every change: counted and listed at once, however many labels there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::answer::{Answer, Mark, Verdict, verdict};

/// Images by what holds for them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Of each class, by its number.
    pub(crate) classes: BTreeMap<i64, usize>,
    /// That nobody could tell.
    pub(crate) unsure: usize,
    /// Of no use.
    pub(crate) unusable: usize,
    /// Of which people say different things.
    pub(crate) disputed: usize,
}

impl Counts {
    /// Images of any class.
    pub(crate) fn labeled(&self) -> usize {
        self.classes.values().sum()
    }

    fn change(&mut self, verdict: Verdict, more: bool) {
        let count = match verdict {
            Verdict::Open => return,
            Verdict::Class(id) => self.classes.entry(id).or_default(),
            Verdict::Unsure => &mut self.unsure,
            Verdict::Unusable => &mut self.unusable,
            Verdict::Disputed => &mut self.disputed,
        };
        if more {
            *count += 1;
        } else {
            *count = count.saturating_sub(1);
        }
    }
}

/// What changed since somebody asked last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Changed {
    /// These rows.
    Rows(BTreeSet<u32>),
    /// Anything: a class has another name, or is gone.
    All,
}

impl Default for Changed {
    fn default() -> Self {
        Self::Rows(BTreeSet::new())
    }
}

/// See above.
#[derive(Debug, Default)]
pub(super) struct Holding {
    verdicts: BTreeMap<u32, Verdict>,
    counts: Counts,
    by: HashMap<Arc<str>, usize>,
    changed: Changed,
}

impl Holding {
    /// What holds for an image.
    pub(super) fn verdict(&self, row: u32) -> Verdict {
        self.verdicts.get(&row).copied().unwrap_or(Verdict::Open)
    }

    /// What holds for every image for which anything does, in row order.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = (u32, Verdict)> {
        self.verdicts.iter().map(|(row, verdict)| (*row, *verdict))
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Images that somebody has said something of.
    pub(super) fn by(&self, who: &str) -> usize {
        self.by.get(who).copied().unwrap_or(0)
    }

    /// What changed since this was asked last.
    pub(super) fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// Somebody has said something of one more image, or takes it back.
    pub(super) fn said(&mut self, who: &Arc<str>, more: bool) {
        let count = self.by.entry(Arc::clone(who)).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
    }

    /// The marks of an image have changed; `living` says whether a class is there.
    pub(super) fn look_at(&mut self, row: u32, marks: &[Mark], living: impl Fn(i64) -> bool) {
        // Of a class whose making was taken back nothing holds; what was said of it waits for its return.
        let known = |answer: Answer| match answer {
            Answer::Class(id) => living(id),
            Answer::Unsure | Answer::Unusable => true,
        };
        let now = verdict(marks.iter().map(|mark| (&*mark.who, mark.answer)).filter(|(_, answer)| known(*answer)));
        let before = self.verdict(row);
        self.counts.change(before, false);
        self.counts.change(now, true);
        if now == Verdict::Open {
            self.verdicts.remove(&row);
        } else {
            self.verdicts.insert(row, now);
        }
        if let Changed::Rows(rows) = &mut self.changed {
            rows.insert(row);
        }
    }

    /// Names or classes have changed: everything is to be looked at again by whoever lists it.
    pub(super) fn all_changed(&mut self) {
        self.changed = Changed::All;
    }
}
