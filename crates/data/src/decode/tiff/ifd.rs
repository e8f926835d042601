//! The first directory of a TIFF file: what its tags say, and changing what they say. Classic TIFF (Adobe, TIFF 6.0) and
//! `BigTIFF` (64-bit offsets).

/// A directory, as far as it lies in the file.
pub(super) struct Ifd {
    little: bool,
    big: bool,
    entries: Vec<Entry>,
    /// Where it is.
    offset: u64,
    /// Where the next one is; 0 where there is none.
    next: u64,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Where the entry begins.
    at: usize,
}

/// Whether bytes begin as TIFF files do.
pub(in crate::decode) fn is_tiff(bytes: &[u8]) -> bool {
    matches!(bytes.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"))
}

impl Ifd {
    pub(super) fn first(bytes: &[u8]) -> Option<Self> {
        let little = bytes.starts_with(b"II");
        let big = matches!(bytes.get(..4), Some(b"II+\0" | b"MM\0+"));
        let mut ifd = Self { little, big, entries: Vec::new(), offset: 0, next: 0 };
        let offset = if big { ifd.number(bytes, 8, 8)? } else { ifd.number(bytes, 4, 4)? };
        ifd.read(bytes, offset)?;
        Some(ifd)
    }

    /// The directory after this one.
    pub(super) fn following(&self, bytes: &[u8]) -> Option<Self> {
        let mut ifd = Self { entries: Vec::new(), offset: 0, next: 0, ..*self };
        (self.next > 0).then(|| ifd.read(bytes, self.next)).flatten()?;
        Some(ifd)
    }

    /// Makes it the first one, in a copy of the file.
    pub(super) fn put_first(&self, copy: &mut [u8]) {
        let at = if self.big { 8 } else { 4 };
        self.put(copy, at, self.offset, self.word());
    }

    /// The text of a tag.
    pub(super) fn text(&self, bytes: &[u8], tag: u16) -> Option<String> {
        let (at, count, size, kind) = self.place(bytes, tag)?;
        let text = bytes.get(at..at.checked_add(count)?).filter(|_| kind == 2 && size == 1)?;
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
        Some(String::from_utf8_lossy(&text[..end]).into_owned())
    }

    fn read(&mut self, bytes: &[u8], offset: u64) -> Option<()> {
        self.offset = offset;
        let offset = usize::try_from(offset).ok()?;
        let (head, size) = if self.big { (8, 20) } else { (2, 12) };
        let count = usize::try_from(self.number(bytes, offset, head)?).ok()?;
        // Of a damaged one, as many entries as there are bytes.
        for i in 0..count.min(bytes.len() / size) {
            let at = offset.checked_add(head + i * size)?;
            let count = self.number(bytes, at + 4, self.word())?;
            let (tag, kind) = (self.number(bytes, at, 2)? as u16, self.number(bytes, at + 2, 2)? as u16);
            self.entries.push(Entry { tag, kind, count, at });
        }
        let end = offset.checked_add(head + count.checked_mul(size)?)?;
        self.next = self.number(bytes, end, self.word()).unwrap_or(0);
        Some(())
    }

    fn number(&self, bytes: &[u8], at: usize, len: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(len)?)?;
        let add = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        Some(if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }

    /// (where the values of a tag are, how many, the bytes of each).
    fn place(&self, bytes: &[u8], tag: u16) -> Option<(usize, usize, usize, u16)> {
        let entry = self.entries.iter().find(|entry| entry.tag == tag)?;
        let size = match entry.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => return None,
        };
        let (field, word) = (self.field(entry), self.word());
        let count = usize::try_from(entry.count).ok().filter(|count| count.saturating_mul(size) <= bytes.len())?;
        let at = if count * size <= word { field } else { usize::try_from(self.number(bytes, field, word)?).ok()? };
        Some((at, count, size, entry.kind))
    }

    /// The whole numbers of a tag; none where it is not there or holds something else.
    pub(super) fn numbers(&self, bytes: &[u8], tag: u16) -> Option<Vec<u64>> {
        let (at, count, size, kind) = self.place(bytes, tag)?;
        if !matches!(kind, 1 | 3 | 4 | 13 | 16 | 18) {
            return None;
        }
        (0..count).map(|i| self.number(bytes, at.checked_add(i * size)?, size)).collect()
    }

    /// The first of them.
    pub(super) fn number_of(&self, bytes: &[u8], tag: u16) -> Option<u64> {
        self.numbers(bytes, tag)?.first().copied()
    }

    /// The values of a tag whatever their type.
    pub(super) fn reals(&self, bytes: &[u8], tag: u16) -> Option<Vec<f64>> {
        let (at, count, size, kind) = self.place(bytes, tag)?;
        let value = |i: usize| {
            let at = at.checked_add(i * size)?;
            let whole = || self.number(bytes, at, size);
            Some(match kind {
                5 => self.number(bytes, at, 4)? as f64 / self.number(bytes, at + 4, 4)? as f64,
                10 => f64::from(self.number(bytes, at, 4)? as i32) / f64::from(self.number(bytes, at + 4, 4)? as i32),
                6 => f64::from(whole()? as i8),
                8 => f64::from(whole()? as i16),
                9 => f64::from(whole()? as i32),
                11 => f64::from(f32::from_bits(whole()? as u32)),
                12 => f64::from_bits(whole()?),
                17 => whole()? as i64 as f64,
                _ => whole()? as f64,
            })
        };
        (0..count).map(value).collect()
    }

    /// Makes a tag say one number, in a copy of the file.
    pub(super) fn set(&self, copy: &mut [u8], tag: u16, value: u32) {
        let Some(entry) = self.entries.iter().find(|entry| entry.tag == tag) else { return };
        self.put(copy, entry.at + 2, 4, 2);
        self.put(copy, entry.at + 4, 1, self.word());
        self.put(copy, self.field(entry), u64::from(value), 4);
    }

    /// Makes a tag say the `number`-th of so many equal parts of its values.
    pub(super) fn keep_part(&self, bytes: &[u8], copy: &mut [u8], tag: u16, (number, parts): (usize, usize)) {
        let Some(entry) = self.entries.iter().find(|entry| entry.tag == tag) else { return };
        let Some((at, count, size, _)) = self.place(bytes, tag) else { return };
        let count = count / parts.max(1);
        let first = at + number * count * size;
        self.put(copy, entry.at + 4, count as u64, self.word());
        if count * size > self.word() {
            self.put(copy, self.field(entry), first as u64, self.word());
        } else if let Some(values) = bytes.get(first..first + count * size)
            && let Some(field) = copy.get_mut(self.field(entry)..self.field(entry) + count * size)
        {
            field.copy_from_slice(values);
        }
    }

    /// Bytes of an offset.
    fn word(&self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// Where the value of an entry is, or the offset of it.
    fn field(&self, entry: &Entry) -> usize {
        entry.at + if self.big { 12 } else { 8 }
    }

    fn put(&self, copy: &mut [u8], at: usize, value: u64, len: usize) {
        let Some(field) = copy.get_mut(at..at + len) else { return };
        field.copy_from_slice(&value.to_le_bytes()[..len]);
        if !self.little {
            field.reverse();
        }
    }

    /// Makes a tag one that nobody knows.
    pub(super) fn hide(&self, bytes: &mut [u8], tag: u16) {
        let Some(entry) = self.entries.iter().find(|entry| entry.tag == tag) else { return };
        if let Some(field) = bytes.get_mut(entry.at..entry.at + 2) {
            field.copy_from_slice(&if self.little { [0xFE, 0xFF] } else { [0xFF, 0xFE] });
        }
    }
}
