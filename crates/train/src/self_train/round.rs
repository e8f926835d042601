//! The round that is trained.

use foretask_data::Images;
use foretask_models::Classifier;

/// What a round of consistency training learns from.
#[derive(Clone, Copy, Debug)]
pub struct ConsistencyRound<'a> {
    /// Where it starts.
    pub start: &'a Classifier,
    /// Images that all need a label.
    pub few: &'a Images,
    /// Images whose labels, if there are any, are not looked at.
    pub pool: &'a Images,
    /// Shares of the classes, `[pool, classes]`, such as label spreading gives: the first steps learn from them while the
    /// teacher warms up. A row of zeros says nothing.
    pub guide: &'a [f32],
    /// Divides the teacher's answers by their running mean, which assumes that the pool holds every class alike often.
    pub balanced: bool,
    /// From 0; keeps the random choices of several rounds apart.
    pub number: u64,
}
