//! Where the pixels of a table's rows come from.

use std::{path::Path, sync::Arc};

use polars::prelude::{Column, DataFrame};

use super::{
    columns::{BYTES, CHECKSUM, DEEP, LEN, LOOK, OFFSET, PATH, Packed, SHARD},
    table::Table,
};
use crate::{
    error::Result,
    images::ImageSummary,
    shard::{Shard, ShardSlice, check_ends},
    source::{Blob, Source},
};

/// Where a row's image lies, and what is known of it; none where a coordinate is missing.
type Known = Option<(ShardSlice, Option<ImageSummary>)>;

impl Table {
    /// Bytes where a row has them, else its part of a shard, else the file its path names.
    pub(super) fn sources(&self, data: &DataFrame) -> Result<Vec<Source>> {
        let image = &self.columns.image;
        let bytes = match &image.bytes {
            Some(_) => Some(Arc::new(self.checked(data.column(BYTES).and_then(Column::binary))?.clone())),
            None => None,
        };
        let paths = match &image.path {
            Some(_) => Some(self.texts(data, PATH)?),
            None => None,
        };
        let mut places = match image.packed {
            Some(packed) => self.places(packed, data)?,
            None => Vec::new(),
        };
        let folder: Arc<Path> = self.folder.as_path().into();
        Ok((0..data.height())
            .map(|index| {
                let name = paths.as_ref().and_then(|paths| paths.get(index)).filter(|name| !name.is_empty());
                if let Some(column) = &bytes
                    && column.get(index).is_some()
                {
                    return Source::Bytes { bytes: Blob::new(column.clone(), index), name: name.map(str::to_owned) };
                }
                if let Some((place, look)) = places.get_mut(index).and_then(Option::take) {
                    return Source::Packed { place, look: look.map(Box::new), name: name.map(Into::into) };
                }
                match name {
                    Some(name) => Source::File { folder: folder.clone(), name: with_slashes(&folder, name) },
                    None => Source::Missing,
                }
            })
            .collect())
    }

    /// Where each row's image lies, and what is known of it.
    fn places(&self, packed: Packed, data: &DataFrame) -> Result<Vec<Known>> {
        let names = self.texts(data, SHARD)?;
        let number = |name: &str| self.checked(data.column(name).and_then(Column::u64));
        let (offsets, lens) = (number(OFFSET)?, number(LEN)?);
        let checksums = if packed.checksum { Some(number(CHECKSUM)?) } else { None };
        let looks = if packed.look { Some(self.checked(data.column(LOOK).and_then(Column::binary))?) } else { None };
        let deep = if packed.deep { Some(self.checked(data.column(DEEP).and_then(Column::bool))?) } else { None };
        let mut last: Option<(&str, Arc<Shard>)> = None;
        let mut places = Vec::with_capacity(data.height());
        for index in 0..data.height() {
            let row = (names.get(index), offsets.get(index), lens.get(index).and_then(|len| u32::try_from(len).ok()));
            let (Some(name), Some(offset), Some(len)) = row else {
                places.push(None);
                continue;
            };
            let shard = match &last {
                Some((known, shard)) if *known == name => shard.clone(),
                _ => self.shards.get(&self.folder, name),
            };
            last = Some((name, shard.clone()));
            let checksum = checksums.and_then(|checksums| checksums.get(index));
            let looks = looks.filter(|_| deep.and_then(|deep| deep.get(index)) != Some(true));
            let look = looks.and_then(|looks| looks.get(index)).and_then(ImageSummary::from_bytes);
            places.push(Some((ShardSlice { shard, offset, len, checksum }, look)));
        }
        let rows = self.row_numbers(data)?;
        let known = rows.iter().zip(&places).filter_map(|(&row, place)| Some((row, &place.as_ref()?.0)));
        check_ends(&self.name, known)?;
        Ok(places)
    }
}

/// A path as it is written; one of Windows with the slashes of other systems, where there is no file of that very name.
fn with_slashes(folder: &Path, name: &str) -> String {
    if cfg!(windows) || !name.contains('\\') || folder.join(name).exists() {
        name.to_owned()
    } else {
        name.replace('\\', "/")
    }
}
