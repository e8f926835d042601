//! What `cross_validate` gives.

use std::fmt;

use foretask_data::Samples;
use serde::Serialize;

/// How many images like these a classifier would name rightly. In a planning pass without its numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// Labeled images.
    pub count: usize,
    /// Parts in which they were held out.
    pub parts: usize,
    /// Share that was named rightly while held out, 0 to 1.
    pub mean: f64,
    /// Lower end of its 95 % interval over images.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Each class that has labels, in their order.
    pub classes: Vec<ClassEstimate>,
}

/// The same of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassEstimate {
    /// Its name.
    pub class: String,
    /// Labeled images of it.
    pub count: usize,
    /// Share of them that was named rightly while held out, 0 to 1.
    pub recall: f64,
    /// Lower end of its 95 % interval over images.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl ClassEstimate {
    /// The classes that label some of these images, each at the chance level with an interval that says nothing: what stands in while
    /// planning.
    pub(crate) fn unknown(samples: &Samples, chance: f64) -> Vec<Self> {
        let count = |class: u32| samples.labels.iter().filter(|label| **label == Some(class)).count();
        let classes = samples.classes.iter().zip(0..).map(|(class, number)| Self {
            class: class.clone(),
            count: count(number),
            recall: chance,
            low: 0.0,
            high: 1.0,
        });
        classes.filter(|class| class.count > 0).collect()
    }
}

/// Classes that are worth a word of their own.
const WEAKEST: usize = 3;

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return f.write_str("nothing is estimated yet");
        }
        let Self { count, parts, mean, low, high, .. } = self;
        write!(
            f,
            "about {:.1} % of images like these would be named rightly (95 % interval {:.1} to {:.1}): {count} labeled images, held out \
             in {parts} parts; each probe learned from the other parts only, so that all labels together do a little better",
            100.0 * mean,
            100.0 * low,
            100.0 * high
        )?;
        let mut weakest: Vec<&ClassEstimate> = self.classes.iter().filter(|class| class.recall < *mean).collect();
        weakest.sort_by(|one, other| one.recall.total_cmp(&other.recall));
        for (place, class) in weakest.iter().take(WEAKEST).enumerate() {
            let ClassEstimate { class, count, recall, low, high } = class;
            write!(
                f,
                "{} {class} {:.1} % of {count} ({:.1} to {:.1})",
                if place == 0 { "; weakest:" } else { "," },
                100.0 * recall,
                100.0 * low,
                100.0 * high
            )?;
        }
        Ok(())
    }
}
