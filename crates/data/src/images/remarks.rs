//! What was assumed of images, counted.

use serde::{Deserialize, Serialize};

use crate::decode::Notes;

/// How many images each remark holds for.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Remarks([usize; Notes::ALL.len()]);

impl Remarks {
    pub(crate) fn add(&mut self, notes: Notes) {
        for (count, (note, _)) in self.0.iter_mut().zip(Notes::ALL) {
            *count += usize::from(notes.contains(note));
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }

    /// "12 images: values of 16 bits that …", for each that holds for any.
    pub(crate) fn in_words(self) -> Vec<String> {
        let counted = self.0.into_iter().zip(Notes::ALL).filter(|(count, _)| *count > 0);
        counted
            .map(|(count, (_, words))| format!("{count} image{}: {words}", if count == 1 { "" } else { "s" }))
            .collect()
    }
}
