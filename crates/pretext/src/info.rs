//! What the script reference says about a task.

/// One pretext task for the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskInfo {
    /// The word.
    pub name: &'static str,
    /// What kind of label is made up.
    pub family: Family,
    /// One line.
    pub summary: &'static str,
    /// Which images and aims it suits.
    pub use_when: &'static str,
    /// Where it fails, and what to take instead.
    pub avoid_when: &'static str,
    /// Where the idea comes from.
    pub paper: &'static str,
    /// Every option.
    pub options: &'static [OptionInfo],
}

/// One option for the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionInfo {
    /// The key.
    pub name: &'static str,
    /// What a value is and what is allowed.
    pub kind: &'static str,
    /// The default as one would write it.
    pub default: &'static str,
    /// What it does.
    pub description: &'static str,
}

impl OptionInfo {
    /// An option from plain texts.
    pub const fn new(name: &'static str, kind: &'static str, default: &'static str, description: &'static str) -> Self {
        Self { name, kind, default, description }
    }
}

/// What kind of label is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// The image itself is the target.
    Restore,
    /// A made-up class is the target.
    Classify,
    /// Views of one image are to agree.
    Agree,
    /// What another network says of the image is the target.
    Imitate,
    /// What was hidden of an image is the target.
    Fill,
    /// The user's own function makes the label.
    Own,
}

impl Family {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Restore => "restore the image",
            Self::Classify => "predict a made-up class",
            Self::Agree => "agree across views",
            Self::Imitate => "be like a larger network",
            Self::Fill => "fill in what was masked",
            Self::Own => "a label of your own",
        }
    }
}

/// Shorthand for the tables.
pub(crate) const fn option(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    description: &'static str,
) -> OptionInfo {
    OptionInfo::new(name, kind, default, description)
}
