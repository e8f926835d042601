#![doc = include_str!("../README.md")]
// TensorBoard is a name; per_class and super_resolution are quoted words of scripts.
#![allow(clippy::doc_markdown)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod aligned;
mod comparison;
mod curve_words;
mod error;
mod headline;
mod health;
mod html;
mod label_curve;
mod plot;
mod report;
mod shown;
mod table;
mod tensorboard;
mod verdict;
mod words;

pub use error::ReportError;
pub use html::{render_comparison, render_html};
pub use report::*;
pub use shown::shown;
pub use table::{comparison_text, table_text};
pub use tensorboard::EventWriter;
pub use verdict::Verdict;
