//! What was passed over, counted by reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use super::endings::extension_of;
use crate::decode::{ARRAYS, Unread};

/// Names that are kept of each reason: the first in order.
const EXAMPLES: usize = 3;

/// Files or folders that were passed over for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Why, in words: "hidden", "HEIC, which this build cannot read: …".
    pub reason: String,
    /// How many.
    pub count: usize,
    /// The first few of them by name, relative to where was looked.
    pub examples: Vec<String>,
    /// Whether it is likely that somebody misses them: images that cannot be read, folders that were left out.
    pub missed: bool,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.count > self.examples.len() { ", …" } else { "" };
        write!(f, "{} {} ({}{more})", self.count, self.reason, self.examples.join(", "))
    }
}

/// Why something is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// An image in a format that this build does not decode.
    Unread(&'static Unread),
    /// A link to a folder above itself.
    Circle,
    /// A link to a folder that was walked already.
    Again,
    /// A pipe, a socket, a device.
    Special(&'static str),
    /// A folder that may not be read.
    Locked,
    /// A name that no table can hold.
    NoText,
    /// A label or caption in an archive that belongs to no image.
    Orphan,
    /// A JSON member that holds no label.
    Unlabeling,
    /// An archive that does not end as it should.
    NoEnd,
    /// A further image of a sample that has one.
    Further,
    /// An image or a table beside the Parquet files that are the dataset.
    Beside,
    /// Another kind of file; counted by its ending.
    NoImage,
    /// `._x`: what macOS stores beside a file on foreign disks.
    AppleDouble,
    /// Of an operating system.
    System,
    /// A name that starts with a dot.
    Hidden,
}

impl Reason {
    fn in_words(self, extension: &str) -> String {
        match self {
            Self::Unread(format) => format.in_words(),
            Self::Circle => "link to a folder above it".to_owned(),
            Self::Again => "link to a folder whose images are there already".to_owned(),
            Self::Special(what) => format!("not a file: {what}"),
            Self::Locked => "folder that may not be read".to_owned(),
            Self::NoText => "with a name that is no UTF-8 text; give it another name".to_owned(),
            Self::Orphan => "label or caption without an image of its name".to_owned(),
            Self::Unlabeling => "JSON without a label in it (`label`, `cls`, `class`, …)".to_owned(),
            Self::NoEnd => "archive without its end; something may be missing".to_owned(),
            Self::Beside => {
                "beside the Parquet files that are the dataset; name it by itself or put it elsewhere".to_owned()
            }
            Self::Further => "further image of a sample".to_owned(),
            Self::NoImage if extension.is_empty() => "no image: a file without an ending".to_owned(),
            Self::NoImage if ARRAYS.contains(&extension) => {
                format!("array beside images of other formats: .{extension}")
            }
            Self::NoImage => format!("no image: .{extension}"),
            Self::AppleDouble => "side file of macOS (._…)".to_owned(),
            Self::System => "file or folder of the operating system".to_owned(),
            Self::Hidden => "hidden".to_owned(),
        }
    }

    fn missed(self) -> bool {
        !matches!(self, Self::Further | Self::NoImage | Self::AppleDouble | Self::System | Self::Hidden)
    }
}

/// Counts while they grow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed(BTreeMap<(Reason, String), (usize, BTreeSet<String>)>);

impl Passed {
    pub(crate) fn add(&mut self, reason: Reason, name: &str) {
        // What we write ourselves beside other people's files is nothing to them.
        if name.rsplit('/').next().is_some_and(|name| name.starts_with(".foretask-")) {
            return;
        }
        let extension = if reason == Reason::NoImage { extension_of(name) } else { String::new() };
        let (count, examples) = self.0.entry((reason, extension)).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.insert(name.to_owned());
        } else if examples.last().is_some_and(|last| name < last.as_str()) {
            examples.pop_last();
            examples.insert(name.to_owned());
        }
    }

    /// What was passed over, what is likeliest to be missed first.
    pub(crate) fn finish(self) -> Vec<PassedOver> {
        let one =
            |((reason, extension), (count, examples)): ((Reason, String), (usize, BTreeSet<String>))| PassedOver {
                reason: reason.in_words(&extension),
                count,
                examples: examples.into_iter().collect(),
                missed: reason.missed(),
            };
        self.0.into_iter().map(one).collect()
    }
}
