//! What words that look for neighbors say of very many images.

use foretask_eval::EXACT_ROWS;
use foretask_experiment::thousands;

/// Half a sentence: up to where neighbors are exact.
pub(super) fn nearly_all() -> String {
    format!(
        "among more than {} images about 98 in 100 neighbors are found, up to there all",
        thousands(EXACT_ROWS as u64)
    )
}
