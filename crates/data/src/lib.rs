#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod atomic;
mod bytes;
mod content;
mod decode;
mod error;
mod find;
mod formulas;
mod gather;
mod images;
mod import;
mod manifest;
mod nearest;
mod order;
mod output;
mod predicate;
mod quiet;
mod reading;
mod samples;
mod shard;
mod source;
mod table;
#[cfg(test)]
mod test_images;

pub use atomic::{write_atomically, write_atomically_with};
pub use bytes::parse_bytes;
pub use decode::{Depth, Pixels, Values, decode_bytes, decode_file, ending_of};
pub use error::{DataError, Result};
pub use find::{PassedOver, Scanning, watch_scans};
pub use gather::{Gathered, gather};
pub use images::{
    BadImage, ChannelStats, ImageSummary, Images, Leak, LoadOptions, OnBadImage, ReadAhead, Survey, leaks,
    settle_range, survey,
};
pub use import::{
    ClassLabeled, ImportFormat, ImportOptions, ImportSummary, PackOptions, PackSummary, PerClass, import, pack,
    write_class_labels,
};
pub use manifest::{
    ClassCount, ColumnInfo, Description, Folders, ImageSizes, Manifest, Note, OpenOptions, Row, SplitCount,
    evaluation_rank, is_evaluation_split,
};
pub use manifest::{KeptRows, ToLabel, check_to_label, content_numbers, is_held_out};
pub use order::{Windows, epoch_order};
pub use output::{Found, Output, WRITTEN, found_at};
pub use predicate::PredicateError;
pub use reading::{ChannelName, Channels, Range, Reading, Whites};
pub use samples::Samples;
pub use shard::{Shard, ShardSlice};
pub use source::{Blob, Source};
pub use table::{Column, Table, write_table};
