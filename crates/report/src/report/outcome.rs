//! What a difference says.

/// What the experiment says about pretraining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The whole interval of the paired difference lies above 0.
    Helped,
    /// The whole interval lies below 0.
    Hurt,
    /// The interval holds 0, or there is none.
    Unclear,
    /// There is nothing to compare.
    Unknown,
}
