//! What `label_next` gives.

use std::fmt;
use std::sync::Arc;

use super::Dataset;

/// Images chosen for labeling.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Their rows in the manifest, the most valuable first; of the first draw where there are several.
    pub rows: Arc<[u64]>,
    /// Their names, in the same order.
    pub names: Arc<[String]>,
    /// The chosen images, one view a draw.
    pub data: Dataset,
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        let first: Vec<String> = self.rows.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = if self.rows.len() > SHOWN { ", …" } else { "" };
        let draws = match self.data.views.len() {
            1 => String::new(),
            draws => format!(", {draws} draws"),
        };
        write!(f, "Chosen({} images to label: rows {}{more}{draws})", self.rows.len(), first.join(", "))
    }
}
