//! A network that was recognized, and how the part of a file that holds it is found.

use std::collections::{BTreeMap, BTreeSet};

use foretask_backend::{HostTensor, StateDict};

use crate::file::Shapes;
use crate::vit::{Resize, resized};
use crate::{BackboneConfig, InputSpec};

/// A network that was recognized by names and sizes.
pub(super) struct Recognized {
    pub(super) config: BackboneConfig,
    /// The network's tensors by the file's names.
    pub(super) names: BTreeMap<String, Destination>,
    /// What becomes of learned positions.
    pub(super) positions: Option<Moved>,
    /// What else is done with the network's tensors once they are read.
    pub(super) finish: fn(&mut StateDict),
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
    /// Whether the network has a position for the class token, in front of the others.
    pub(super) class: bool,
    /// Whether the file has none of it, which is nothing then.
    pub(super) without_class: bool,
}

impl Moved {
    /// The network's `pos_embed` of the file's.
    pub(super) fn apply(&self, tensor: &HostTensor) -> HostTensor {
        let width = tensor.shape.last().copied().unwrap_or(0);
        let (class, patches) = match (self.class, self.without_class) {
            (false, _) => (Vec::new(), &tensor.data[..]),
            (true, true) => (vec![0.0; width], &tensor.data[..]),
            (true, false) => (tensor.data[..width].to_vec(), &tensor.data[width..]),
        };
        let data = [class, resized(patches, width, self.from, self.to, self.how)].concat();
        HostTensor { shape: vec![1, data.len() / width.max(1), width], data }
    }
}

/// Why a file is not taken.
pub(super) enum Refusal {
    /// What is wanted of it is not there, or left open: "nothing under the prefix …".
    Choice(String),
    /// It is of no network that this program has; what is to be said besides its name.
    Unlike(String),
}

/// Two copies of a network in one file, of which the first is the one that their authors measure.
const PAIRS: [(&str, &str); 5] = [
    // DINO and DINOv2.
    ("teacher", "student"),
    // I-JEPA.
    ("target_encoder", "encoder"),
    // MoCo v3, and before.
    ("base_encoder", "momentum_encoder"),
    ("encoder_q", "encoder_k"),
    // lightly.
    ("backbone", "backbone_momentum"),
];

/// Which of two copies is meant.
fn of_pair<'a>(found: &BTreeSet<&'a str>) -> Option<&'a str> {
    let both: Vec<&str> = found.iter().copied().collect();
    let &[one, two] = both.as_slice() else { return None };
    let has = |prefix: &str, part: &str| prefix.split('.').any(|here| here == part);
    PAIRS.iter().find_map(|(first, second)| {
        [(one, two), (two, one)].into_iter().find(|(a, b)| has(a, first) && has(b, second)).map(|(a, _)| a)
    })
}

/// What stands before the names of the network to take; none where there is no such network. A network is where all of the
/// `marks` are. Of a teacher and its student, or the like, the one that is usually measured is taken, and `notes` say so.
pub(super) fn choose_prefix(
    shapes: &Shapes,
    marks: [&str; 2],
    wanted: Option<&str>,
    notes: &mut Vec<String>,
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
            if let Some(prefix) = of_pair(&found) {
                notes.push(format!("taken: \"{prefix}\" of the two networks {prefixes}; `prefix` takes the other"));
                return Ok(Some(prefix.to_owned()));
            }
            Err(Refusal::Choice(format!("several networks; `load_encoder` takes one with prefix: {prefixes}")))
        }
    }
}

fn list(prefixes: &BTreeSet<&str>) -> String {
    prefixes.iter().map(|prefix| format!("\"{prefix}\"")).collect::<Vec<_>>().join(", ")
}

/// The network's tensors by its own names, as the file's parts make them.
pub(super) fn placed_shapes(shapes: &Shapes, names: &BTreeMap<String, Destination>) -> Shapes {
    let mut placed = Shapes::new();
    for (name, place) in names {
        let Some(shape) = shapes.get(name) else { continue };
        match (placed.get_mut(&place.name), shape.first()) {
            (Some(whole), Some(more)) => {
                if let Some(first) = whole.first_mut() {
                    *first = first.saturating_add(*more);
                }
            }
            _ => {
                placed.insert(place.name.clone(), shape.clone());
            }
        }
    }
    placed
}

/// A shape without the sizes of 1 at its end: 1x1 convolutions are linear layers.
pub(super) fn without_ones(shape: &[usize], least: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    while shape.len() > least && shape.last() == Some(&1) {
        shape.pop();
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_copies_the_one_that_is_measured_is_taken() {
        let choose = |prefixes: &[&str]| {
            let names = prefixes.iter().flat_map(|prefix| [format!("{prefix}a"), format!("{prefix}b")]);
            let shapes: Shapes = names.map(|name| (name, vec![1])).collect();
            let mut notes = Vec::new();
            let found = choose_prefix(&shapes, ["a", "b"], None, &mut notes).ok().flatten();
            (found, notes.len())
        };
        assert_eq!(choose(&["student.module.backbone.", "teacher.backbone."]), (Some("teacher.backbone.".into()), 1));
        assert_eq!(choose(&["encoder.module.", "target_encoder.module."]), (Some("target_encoder.module.".into()), 1));
        assert_eq!(
            choose(&["module.momentum_encoder.", "module.base_encoder."]),
            (Some("module.base_encoder.".into()), 1)
        );
        assert_eq!(choose(&["one."]), (Some("one.".into()), 0));
        assert_eq!(choose(&["one.", "two."]), (None, 0));
        assert_eq!(choose(&["one.", "student.", "teacher."]), (None, 0));
    }
}
