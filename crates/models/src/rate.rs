//! A share of branches that are left out while training.

use serde::{Deserialize, Serialize};

/// How many residual branches of the last block are left out while training, from 0 to 0.9, in thousandths; those of the first are
/// never, and between them it grows evenly (Huang et al. 2016, <https://arxiv.org/abs/1603.09382>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct DropPath(u16);

/// Thousandths beyond which next to nothing would be learned.
const MOST: f64 = 900.0;

impl DropPath {
    /// The rate of block `number` of `depth` blocks.
    pub(crate) fn of_block(self, number: usize, depth: usize) -> f32 {
        let last = depth.saturating_sub(1).max(1);
        f32::from(self.0) / 1000.0 * number as f32 / last as f32
    }

    /// Whether nothing is left out.
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl TryFrom<f64> for DropPath {
    type Error = String;

    fn try_from(rate: f64) -> Result<Self, String> {
        let thousandths = (rate * 1000.0).round();
        if !(0.0..=MOST).contains(&thousandths) || (thousandths - rate * 1000.0).abs() > 1e-6 {
            return Err("expected a number from 0 to 0.9 with up to three decimal places, such as 0.1".to_owned());
        }
        Ok(Self(thousandths as u16))
    }
}

impl From<DropPath> for f64 {
    fn from(rate: DropPath) -> Self {
        f64::from(rate.0) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_grow_from_block_to_block_and_nonsense_is_refused() {
        let rate = DropPath::try_from(0.3).unwrap();
        let found = [0, 1, 2, 3].map(|number| rate.of_block(number, 4));
        assert!(
            found.iter().zip([0.0, 0.1, 0.2, 0.3]).all(|(found, wanted)| (found - wanted).abs() < 1e-6),
            "{found:?}"
        );
        assert_eq!(rate.of_block(0, 1), 0.0);
        assert_eq!(serde_json::to_string(&rate).unwrap(), "0.3");
        assert_eq!(serde_json::from_str::<DropPath>("0.3").unwrap(), rate);
        for wrong in ["-0.1", "0.95", "1e300", "0.12345", "null", "\"much\""] {
            assert!(serde_json::from_str::<DropPath>(wrong).is_err(), "{wrong}");
        }
    }
}
