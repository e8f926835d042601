//! The members of a tar archive (POSIX ustar, with pax and GNU long names), without their contents.

use std::{
    io::{BufReader, ErrorKind, Read},
    path::Path,
};

use crate::{
    error::{DataError, Result},
    find::{Passed, Reason},
};

const BLOCK: usize = 512;

/// Names and extended headers may not be longer: a damaged size must not make us allocate it.
const LONGEST_NAME: u64 = 1 << 20;

/// A regular file inside an archive.
///
/// (The `tar` crate takes an archive that is cut in its padding for a whole one, and a long name's length at its word.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// Where its bytes begin in the archive.
    pub(super) offset: u64,
    pub(super) len: u64,
}

/// All regular files, in the archive's order; what is no file, and an end that is missing, is counted.
pub(super) fn members(path: &Path, passed: &mut Passed) -> Result<Vec<Member>> {
    let file = foretask_files::open(path).map_err(DataError::read(path))?;
    let size = file.metadata().map_err(DataError::read(path))?.len();
    let refuse = |reason: String| DataError::Import { path: path.to_owned(), reason };
    let mut file = BufReader::with_capacity(1 << 16, file);
    let (mut members, mut at) = (Vec::new(), 0_u64);
    let mut extended = Extended::default();
    loop {
        let header = match next_header(&mut file).map_err(DataError::read(path))? {
            Next::Header(header) => header,
            Next::End => return Ok(members),
            // Some programs leave the two empty blocks out; but an archive may also have been cut here.
            Next::Nothing if at == size && at > 0 => {
                passed.add(Reason::NoEnd, &path.file_name().unwrap_or_default().to_string_lossy());
                return Ok(members);
            }
            Next::Nothing if at == 0 => {
                return Err(refuse("not a tar archive: it is shorter than a header".to_owned()));
            }
            Next::Nothing => {
                return Err(refuse(format!("truncated: it ends inside the header at byte {at}; fetch it again")));
            }
            Next::Damaged if at == 0 => {
                return Err(refuse(
                    "not a tar archive (compressed ones have to be unpacked first: `gunzip`)".to_owned(),
                ));
            }
            Next::Damaged => {
                return Err(refuse(format!(
                    "damaged: the checksum of the header at byte {at} is wrong; fetch it again"
                )));
            }
        };
        at += BLOCK as u64;
        let len = extended.size.take().unwrap_or(header.size);
        let next = at.saturating_add(len).saturating_add(BLOCK as u64 - 1) / BLOCK as u64 * BLOCK as u64;
        if at.saturating_add(len) > size {
            return Err(refuse(format!(
                "truncated: it ends at byte {size}, inside \"{}\", whose {len} bytes begin at byte {at}; fetch it again",
                extended.name.unwrap_or(header.name)
            )));
        }
        let mut read = 0;
        match header.kind {
            b'L' | b'x' => {
                if len > LONGEST_NAME {
                    return Err(refuse(format!("damaged: a name of {len} bytes at byte {at}")));
                }
                let mut text = vec![0; len as usize];
                file.read_exact(&mut text).map_err(DataError::read(path))?;
                read = len;
                extended.read(header.kind, &text);
            }
            b'0' | 0 | b'7' => {
                let name = extended.name.take().unwrap_or(header.name);
                members.push(Member { name, offset: at, len });
            }
            // What holds for the whole archive.
            b'g' => {}
            kind => {
                let name = extended.name.take().unwrap_or(header.name);
                match kind {
                    b'5' => {}
                    b'1' | b'2' => passed.add(Reason::Special("a link"), &name),
                    _ => passed.add(Reason::Special("something else"), &name),
                }
            }
        }
        if next > size {
            let name = members.last().map_or("it", |member| member.name.as_str());
            return Err(refuse(format!(
                "truncated: it ends at byte {size}, in the padding after \"{name}\"; fetch it again"
            )));
        }
        file.seek_relative((next - at - read) as i64).map_err(DataError::read(path))?;
        at = next;
    }
}

/// What extended headers say of the file after them.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    size: Option<u64>,
}

impl Extended {
    /// Takes in a header of this kind, `L` or `x`.
    fn read(&mut self, kind: u8, text: &[u8]) {
        if kind == b'L' {
            self.name = Some(until_zero(text));
            return;
        }
        for (key, value) in pax(text) {
            match key {
                "path" => self.name = Some(value.to_owned()),
                "size" => self.size = value.parse().ok(),
                _ => {}
            }
        }
    }
}

/// What stands where a header is expected.
enum Next {
    Header(Header),
    /// The first of the two empty blocks that end an archive.
    End,
    /// Fewer bytes than a header has.
    Nothing,
    /// Anything else.
    Damaged,
}

fn next_header(file: &mut impl Read) -> std::io::Result<Next> {
    let mut header = [0; BLOCK];
    match file.read_exact(&mut header) {
        Ok(()) if header.iter().all(|&byte| byte == 0) => Ok(Next::End),
        Ok(()) => Ok(Header::parse(&header).map_or(Next::Damaged, Next::Header)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(Next::Nothing),
        Err(error) => Err(error),
    }
}

struct Header {
    name: String,
    size: u64,
    kind: u8,
}

impl Header {
    /// `None` where the checksum does not fit.
    fn parse(block: &[u8; BLOCK]) -> Option<Self> {
        let sum: u64 = block
            .iter()
            .enumerate()
            .map(|(i, &byte)| u64::from(if (148..156).contains(&i) { b' ' } else { byte }))
            .sum();
        if number(&block[148..156])? != sum {
            return None;
        }
        let name = until_zero(&block[..100]);
        let prefix = if block[257..].starts_with(b"ustar\0") { until_zero(&block[345..500]) } else { String::new() };
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        Some(Self { name, size: number(&block[124..136])?, kind: block[156] })
    }
}

/// Octal digits, or GNU's big-endian number after a set highest bit.
fn number(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|first| first & 0x80 != 0) {
        let (first, rest) = field.split_first()?;
        return rest.iter().try_fold(u64::from(first & 0x7F), |value, &byte| {
            value.checked_mul(256).map(|value| value | u64::from(byte))
        });
    }
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

fn until_zero(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The records "length key=value\n" of an extended header.
fn pax(mut text: &[u8]) -> Vec<(&str, &str)> {
    let mut records = Vec::new();
    while let Some(space) = text.iter().position(|&byte| byte == b' ') {
        let len = std::str::from_utf8(&text[..space]).ok().and_then(|len| len.parse::<usize>().ok()).unwrap_or(0);
        if len <= space + 1 || len > text.len() {
            break;
        }
        let record = std::str::from_utf8(&text[space + 1..len]).unwrap_or_default();
        records.extend(record.trim_end_matches('\n').split_once('='));
        text = &text[len..];
    }
    records
}
