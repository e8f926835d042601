//! A network that was recognized, and how the part of a file that holds it is found.

use std::collections::{BTreeMap, BTreeSet};

use crate::file::{self, Shapes};
use crate::{BackboneConfig, InputSpec};

/// A network that was recognized by names and sizes.
pub(super) struct Recognized {
    pub(super) config: BackboneConfig,
    /// The network's names of its tensors by those of the file.
    pub(super) names: BTreeMap<String, String>,
    /// What it takes in, unless somebody says otherwise.
    pub(super) input: InputSpec,
    /// What was found, in words.
    pub(super) notes: Vec<String>,
}

/// Why a file is not taken.
pub(super) enum Refusal {
    /// What is wanted of it is not there, or left open: "nothing under the prefix …".
    Choice(String),
    /// It is of no network that this program has; what is to be said besides its name.
    Unlike(String),
}

/// What stands before the names of the network to take; none where there is no such network. A network is where all of the
/// `marks` are.
pub(super) fn choose_prefix(
    shapes: &Shapes,
    marks: [&str; 2],
    wanted: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let heads = shapes.keys().filter_map(|name| name.strip_suffix(marks[0]));
    let heads = heads.filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
    let found: BTreeSet<&str> = heads.filter(|prefix| shapes.contains_key(&format!("{prefix}{}", marks[1]))).collect();
    match (wanted, found.len()) {
        (_, 0) => Ok(None),
        (Some(wanted), _) if found.contains(wanted) => Ok(Some(wanted.to_owned())),
        (Some(wanted), _) => {
            let prefixes = list(&found);
            Err(Refusal::Choice(format!("nothing under the prefix \"{wanted}\"; its prefixes are {prefixes}")))
        }
        (None, 1) => Ok(found.first().map(ToString::to_string)),
        (None, _) => {
            let prefixes = list(&found);
            Err(Refusal::Choice(format!("several networks; `load_encoder` takes one with prefix: {prefixes}")))
        }
    }
}

fn list(prefixes: &BTreeSet<&str>) -> String {
    prefixes.iter().map(|prefix| format!("\"{prefix}\"")).collect::<Vec<_>>().join(", ")
}

/// How many numbers these tensors have.
pub(super) fn numbers<'a>(shapes: impl IntoIterator<Item = &'a Vec<usize>>) -> u64 {
    shapes.into_iter().map(|shape| file::numbers(shape)).fold(0, u64::saturating_add)
}
