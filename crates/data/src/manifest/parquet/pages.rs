//! Headers of pages, read before the pages are: a damaged one that announces more values than its column has would make the
//! decoder allocate what it announces, and a failed allocation ends the process.

use std::io::{self, BufReader, Read, Seek};

use polars::io::parquet::metadata::FileMetadataRef;

/// Thrift's structs in a page header are no deeper.
const DEPTH: usize = 8;

/// What a page says of itself; sizes in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    is_dictionary: bool,
    uncompressed: i64,
    compressed: i64,
    values: i64,
}

/// The first page of the file that does not fit its column, in words.
pub(crate) fn damage(file: impl Read + Seek, metadata: &FileMetadataRef) -> Option<String> {
    let mut file = BufReader::with_capacity(1 << 10, file);
    for group in &metadata.row_groups {
        for column in group.parquet_columns() {
            let range = column.byte_range();
            let (size, values) = (column.uncompressed_size(), column.num_values());
            if let Err(what) = column_pages(&mut file, range, size, values) {
                let name = column.descriptor().path_in_schema.join(".");
                return Some(format!("damaged: in its column \"{name}\" {what}; copy or write it again"));
            }
        }
    }
    None
}

/// Walks from header to header.
fn column_pages<R: Read + Seek>(
    file: &mut BufReader<R>,
    range: std::ops::Range<u64>,
    size: i64,
    values: i64,
) -> Result<(), String> {
    let cut = |error: io::Error| format!("a page's header cannot be read ({error})");
    let mut at = range.start;
    let mut seen = 0;
    while at < range.end && seen < values {
        let here = file.stream_position().map_err(cut)?;
        file.seek_relative(at as i64 - here as i64).map_err(cut)?;
        let page = page(file).map_err(cut)?;
        let end = file.stream_position().map_err(cut)?.saturating_add_signed(page.compressed);
        if page.compressed < 0 || end > range.end {
            return Err(format!("a page of {} bytes goes beyond its end", page.compressed));
        }
        if page.uncompressed < 0 || page.uncompressed > size {
            return Err(format!("a page announces {} bytes of {size}", page.uncompressed));
        }
        // A dictionary's values take a bit at least.
        let most = if page.is_dictionary { page.uncompressed.saturating_mul(8) } else { values };
        if page.values < 0 || page.values > most {
            return Err(format!("a page announces {} values of {most}", page.values));
        }
        seen += if page.is_dictionary { 0 } else { page.values };
        at = end;
    }
    Ok(())
}

/// Reads a page's header in Thrift's compact protocol: `PageHeader` of the Parquet format.
fn page<R: Read + Seek>(file: &mut BufReader<R>) -> io::Result<Page> {
    let mut page = Page::default();
    fields(file, &mut |file, field, kind| {
        match (field, kind) {
            (1, 5) => page.is_dictionary = zigzag(file)? == 2,
            (2, 5) => page.uncompressed = zigzag(file)?,
            (3, 5) => page.compressed = zigzag(file)?,
            // Of a data page, a dictionary, a data page of version 2: the number of values comes first in each.
            (5 | 7 | 8, 12) => fields(file, &mut |file, field, kind| match (field, kind) {
                (1, 5) => {
                    page.values = zigzag(file)?;
                    Ok(())
                }
                _ => skip(file, kind, DEPTH),
            })?,
            _ => skip(file, kind, DEPTH)?,
        }
        Ok(())
    })?;
    Ok(page)
}

type Field<'a, R> = dyn FnMut(&mut BufReader<R>, i64, u8) -> io::Result<()> + 'a;

/// Calls `each` with the number and the type of every field of a struct.
fn fields<R: Read + Seek>(file: &mut BufReader<R>, each: &mut Field<'_, R>) -> io::Result<()> {
    let mut field = 0_i64;
    loop {
        let byte = byte(file)?;
        if byte == 0 {
            return Ok(());
        }
        field = match byte >> 4 {
            0 => zigzag(file)?,
            step => field.saturating_add(i64::from(step)),
        };
        each(file, field, byte & 15)?;
    }
}

/// Passes over a value of a type.
fn skip<R: Read + Seek>(file: &mut BufReader<R>, kind: u8, depth: usize) -> io::Result<()> {
    let depth = depth.checked_sub(1).ok_or_else(damaged)?;
    match kind {
        1 | 2 => Ok(()),
        3 => byte(file).map(drop),
        4..=6 => varint(file).map(drop),
        7 => file.seek_relative(8),
        8 => {
            let length = i64::try_from(varint(file)?).map_err(|_| damaged())?;
            file.seek_relative(length)
        }
        9 | 10 => {
            let head = byte(file)?;
            let count = if head >> 4 == 15 { varint(file)? } else { u64::from(head >> 4) };
            // Nothing in such a header is long; booleans in lists take a byte each.
            let item = if matches!(head & 15, 1 | 2) { 3 } else { head & 15 };
            (0..count.min(1 << 16)).try_for_each(|_| skip(file, item, depth))
        }
        12 => fields(file, &mut |file, _, kind| skip(file, kind, depth)),
        _ => Err(damaged()),
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is damaged")
}

fn byte(file: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn varint(file: &mut impl Read) -> io::Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte(file)?;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Ok(value);
        }
    }
    Err(damaged())
}

fn zigzag(file: &mut impl Read) -> io::Result<i64> {
    let value = varint(file)?;
    Ok((value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{Column, Manifest, Table, write_table};

    #[test]
    fn a_header_is_read_as_the_format_says() {
        // PageHeader { 1: DATA_PAGE, 2: 40, 3: 30, 5: { 1: 7, 2: PLAIN, 3: RLE, 4: RLE, 5: { 5: "max" } } }, by hand.
        let bytes = [
            0x15, 0, 0x15, 80, 0x15, 60, 0x2C, 0x15, 14, 0x15, 0, 0x15, 6, 0x15, 6, 0x1C, 0x58, 3, b'm', b'a', b'x', 0,
            0, 0,
        ];
        let mut file = BufReader::new(Cursor::new(bytes));
        let expected = Page { is_dictionary: false, uncompressed: 40, compressed: 30, values: 7 };
        assert_eq!(page(&mut file).unwrap(), expected);
        assert_eq!(file.stream_position().unwrap(), bytes.len() as u64);
        assert!(page(&mut BufReader::new(Cursor::new([0x1C; 64]))).is_err(), "endless structs");
        assert!(page(&mut BufReader::new(Cursor::new([0x15]))).is_err(), "a cut header");
    }

    #[test]
    fn no_flipped_bit_of_a_table_ends_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let names = (0..40).map(|row| format!("{row}.png")).collect();
        let table = Table::new().with("path", Column::Text(names)).with("label", Column::U64((0..40).collect()));
        write_table(&path, &table).unwrap();
        let whole = std::fs::read(&path).unwrap();
        Manifest::open(&path).unwrap();
        for at in 4..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 3;
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = Manifest::open(&path).and_then(|manifest| manifest.describe()) {
                assert!(error.to_string().contains("table.parquet"), "byte {at}: {error}");
            }
        }
    }
}
