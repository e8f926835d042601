#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod atomic;
mod decode;
mod error;
mod gather;
mod images;
mod import;
mod manifest;
mod nearest;
mod order;
mod predicate;
mod samples;
mod table;
#[cfg(test)]
mod test_images;

pub use atomic::{write_atomically, write_atomically_with};
pub use decode::{Pixels, decode_bytes, decode_file};
pub use error::{DataError, Result};
pub use gather::{Gathered, gather};
pub use images::{BadImage, ChannelStats, Images, Leak, LoadOptions, OnBadImage, leaks};
pub use import::{ImportOptions, ImportSummary, PerClass, import};
pub use manifest::{ClassCount, ColumnInfo, Description, EVALUATION_SPLITS, ImageSizes, Manifest, SplitCount};
pub use order::epoch_order;
pub use predicate::PredicateError;
pub use samples::{Blob, Samples, Source};
pub use table::{Column, Table, write_table};
