//! Restart markers of JPEG, which tell that a piece of the compressed data is missing: decoders go on at the next one they find,
//! and shift or repeat what follows.

/// Refuses files with fewer restart markers than their size asks for, or with markers in another order than they are counted
/// (ITU-T T.81, B.1.1.3 and E.2.4). Scans without any are left to the decoder: some programs announce them and write none.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut frame = None;
    let mut interval = 0;
    let mut at = 2;
    while let Some((marker, segment, next)) = segment(bytes, at) {
        at = next;
        match marker {
            0xD9 => break,
            0xDD => interval = segment.first_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length))),
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => frame = Frame::of(segment),
            // Most files have none, and are not gone through for them.
            0xDA if interval == 0 => break,
            0xDA => {
                let (found, in_order, end) = restarts(bytes, at);
                at = end;
                if found == 0 {
                    continue;
                }
                let wanted = frame.as_ref().and_then(|frame| frame.units(segment));
                let missing = wanted.is_some_and(|units| found + 1 < units.div_ceil(interval));
                if missing || !in_order {
                    return Err("damaged: a piece of its compressed data is missing (restart markers)".to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The marker at or after `at`, what its segment holds, and where that ends; `None` where the file does.
fn segment(bytes: &[u8], at: usize) -> Option<(u8, &[u8], usize)> {
    let mut at = at + bytes.get(at..)?.iter().position(|&byte| byte == 0xFF)?;
    while *bytes.get(at)? == 0xFF {
        at += 1;
    }
    let marker = bytes[at];
    at += 1;
    if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD9) {
        return Some((marker, &[], at));
    }
    let length = usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?)).max(2);
    Some((marker, bytes.get(at + 2..at + length)?, at + length))
}

/// How many restart markers the compressed data from `at` hold, whether they count from 0 to 7 and again, and where the data
/// end.
fn restarts(bytes: &[u8], mut at: usize) -> (usize, bool, usize) {
    let (mut found, mut in_order) = (0, true);
    while let Some(skipped) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xFF)) {
        at += skipped;
        match bytes.get(at + 1) {
            Some(0x00) => at += 2,
            Some(0xFF) => at += 1,
            Some(&marker @ 0xD0..=0xD7) => {
                in_order &= usize::from(marker - 0xD0) == found % 8;
                found += 1;
                at += 2;
            }
            _ => return (found, in_order, at),
        }
    }
    (found, in_order, bytes.len())
}

/// Size and sampling of a picture.
struct Frame {
    width: usize,
    height: usize,
    /// Number, horizontal and vertical sampling of each component.
    components: Vec<(u8, usize, usize)>,
}

impl Frame {
    fn of(segment: &[u8]) -> Option<Self> {
        let &[_, a, b, c, d, _, ref components @ ..] = segment else { return None };
        let of = |&[number, sampling, _]: &[u8; 3]| (number, usize::from(sampling >> 4), usize::from(sampling & 15));
        let components: Vec<_> = components.as_chunks::<3>().0.iter().map(of).collect();
        let whole = components.iter().all(|&(_, h, v)| h > 0 && v > 0);
        let (height, width) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        // A height of 0 is said later.
        (whole && height > 0).then(|| Self { width: width.into(), height: height.into(), components })
    }

    /// Coded units of the scan with this header (A.2): blocks of its only component, or groups of those of several.
    fn units(&self, scan: &[u8]) -> Option<usize> {
        let (&count, scan) = scan.split_first()?;
        let most = |side: fn(&(u8, usize, usize)) -> usize| self.components.iter().map(side).max();
        let (widest, highest) = (most(|component| component.1)?, most(|component| component.2)?);
        if count != 1 {
            return Some(self.width.div_ceil(8 * widest) * self.height.div_ceil(8 * highest));
        }
        let &(_, h, v) = self.components.iter().find(|component| Some(&component.0) == scan.first())?;
        Some((self.width * h).div_ceil(widest).div_ceil(8) * (self.height * v).div_ceil(highest).div_ceil(8))
    }
}
