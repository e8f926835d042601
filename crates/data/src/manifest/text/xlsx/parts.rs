//! A spreadsheet is a zip of XML parts. They are looked through before anything that takes them at their word reads them.

use std::io::{Cursor, Read};

use zip::{ZipArchive, ZipWriter, result::ZipError};

use super::scan::Scan;
use crate::manifest::text::TableFault;

/// The same spreadsheet with its parts in XML only, of which each is known to be of a size, and to name places, that
/// spreadsheets have; unpacked, they have `left` bytes at most. Pictures and macros are left out: nothing of them is read.
pub(super) fn checked(bytes: Vec<u8>, mut left: u64) -> Result<Vec<u8>, TableFault> {
    let refuse = |error: ZipError| {
        format!("it is no .xlsx spreadsheet, or damaged ({error}); save it again as .xlsx or as CSV (UTF-8)")
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(refuse)?;
    let mut kept = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let name = String::from_utf8_lossy(archive.by_index_raw(at).map_err(refuse)?.name_raw()).into_owned();
        if !is_xml(&name) {
            continue;
        }
        let unpacked = archive.by_index(at).map_err(refuse)?;
        left = look(unpacked, left).map_err(|fault| format!("in its part {name}: {fault}"))?;
        let packed = archive.by_index_raw(at).map_err(refuse)?;
        kept.raw_copy_file(packed).map_err(refuse)?;
    }
    Ok(kept.finish().map_err(refuse)?.into_inner())
}

fn is_xml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".xml", ".rels"].iter().any(|ending| name.ends_with(ending))
}

/// Looks through a part of at most `left` bytes; how many of them it left.
fn look(mut part: impl Read, mut left: u64) -> Result<u64, TableFault> {
    let mut scan = Scan::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = part
            .read(&mut buffer)
            .map_err(|error| format!("it is damaged ({error}); save it again as .xlsx or as CSV (UTF-8)"))?;
        if read == 0 {
            return Ok(left);
        }
        left = left
            .checked_sub(read as u64)
            .ok_or("unpacked it is larger than any spreadsheet; save it as CSV (UTF-8)")?;
        scan.take(&buffer[..read])?;
    }
}
