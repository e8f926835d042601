//! A network that was recognized, and how the part of a file that holds it is found.

use std::collections::{BTreeMap, BTreeSet};

use foretask_backend::HostTensor;

use crate::file::{self, Shapes};
use crate::vit::{Resize, resized};
use crate::{BackboneConfig, InputSpec};

/// A network that was recognized by names and sizes.
pub(super) struct Recognized {
    pub(super) config: BackboneConfig,
    /// The network's tensors by the file's names.
    pub(super) names: BTreeMap<String, Destination>,
    /// What becomes of learned positions.
    pub(super) positions: Option<Moved>,
    /// What it takes in, unless somebody says otherwise.
    pub(super) input: InputSpec,
    /// What was found, in words.
    pub(super) notes: Vec<String>,
}

/// Where a tensor of a file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// The network's tensor.
    pub(super) name: String,
    /// Which part of it, of those that lie one behind another.
    pub(super) part: usize,
}

impl Destination {
    /// All of a tensor.
    pub(super) fn whole(name: impl Into<String>) -> Self {
        Self { name: name.into(), part: 0 }
    }
}

/// Learned positions that are not those of the network.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moved {
    /// The file's rows and columns.
    pub(super) from: [usize; 2],
    /// The network's.
    pub(super) to: [usize; 2],
    /// How this family does it.
    pub(super) how: Resize,
    /// Whether the file has no position for the class token, which is nothing then.
    pub(super) without_class: bool,
}

impl Moved {
    /// The network's `pos_embed` of the file's.
    pub(super) fn apply(&self, tensor: &HostTensor) -> HostTensor {
        let width = tensor.shape.last().copied().unwrap_or(0);
        let (class, patches) = if self.without_class {
            (vec![0.0; width], &tensor.data[..])
        } else {
            (tensor.data[..width].to_vec(), &tensor.data[width..])
        };
        let data = [class, resized(patches, width, self.from, self.to, self.how)].concat();
        HostTensor { shape: vec![1, 1 + self.to[0] * self.to[1], width], data }
    }
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
