//! Colors by number.

use dicom_object::{DefaultDicomObject, Tag};

use super::numbers::Numbers;
use crate::decode::Values;

const DESCRIPTORS: [Tag; 3] = [Tag(0x0028, 0x1101), Tag(0x0028, 0x1102), Tag(0x0028, 0x1103)];
const TABLES: [Tag; 3] = [Tag(0x0028, 0x1201), Tag(0x0028, 0x1202), Tag(0x0028, 0x1203)];

/// A table of one color.
struct Table {
    /// The number of its first entry.
    first: i64,
    colors: Vec<u8>,
}

impl Table {
    fn of(object: &DefaultDicomObject, color: usize) -> Option<Self> {
        let descriptor: Vec<i32> = object.get(DESCRIPTORS[color])?.to_multi_int().ok()?;
        let &[count, first, bits] = &descriptor[..] else { return None };
        // 65536 does not fit into 16 bits.
        let count = match count as u16 {
            0 => 65536,
            count => usize::from(count),
        };
        let bytes = object.get(TABLES[color])?.to_bytes().ok()?;
        let colors: Vec<u8> = if bytes.len() >= 2 * count {
            let words: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&word| u16::from_le_bytes(word)).collect();
            // Some programs write 8 bits where they announce 16.
            let shift = if bits > 8 && words.iter().any(|&word| word > 0xFF) { 8 } else { 0 };
            words.into_iter().map(|word| (word >> shift) as u8).collect()
        } else {
            bytes.into_owned()
        };
        (!colors.is_empty()).then(|| Self { first: i64::from(first), colors })
    }

    /// Numbers beyond the table have the color at its end.
    fn at(&self, number: i64) -> u8 {
        let at = (number - self.first).clamp(0, self.colors.len() as i64 - 1);
        self.colors.get(at as usize).copied().unwrap_or_default()
    }
}

/// The colors of a frame, in 8 bits.
pub(super) fn colors(object: &DefaultDicomObject, numbers: &Numbers<'_>) -> Result<Values<'static>, String> {
    let tables: Vec<Table> = (0..3).filter_map(|color| Table::of(object, color)).collect();
    if tables.len() != 3 {
        return Err("DICOM: its palette is missing, or of a kind that is not read here".to_owned());
    }
    let pixel = |at: usize| {
        let number = numbers.stored(at);
        tables.iter().map(move |table| table.at(number)).collect::<Vec<_>>()
    };
    Ok((0..numbers.pixels()).flat_map(pixel).collect::<Vec<_>>().into())
}
