//! The text before an array: its type, its shape, and in which order it lies.

use crate::decode::Depth;

/// How files of arrays begin.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Types of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Unsigned(u8),
    Signed(u8),
    Float(u8),
}

impl Kind {
    /// Bytes of a value.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Unsigned(size) | Self::Signed(size) | Self::Float(size) => usize::from(size),
        }
    }

    /// What values of it become, as far as the type tells.
    pub(super) fn depth(self) -> Depth {
        match self {
            Self::Bool | Self::Unsigned(1) => Depth::Bytes,
            Self::Unsigned(_) | Self::Signed(_) => Depth::Words,
            Self::Float(_) => Depth::Floats,
        }
    }
}

pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) big_endian: bool,
    /// Whether the first axis is the one that runs along memory.
    pub(super) columns_first: bool,
    pub(super) shape: Vec<usize>,
    /// Where data begin.
    pub(super) end: usize,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let damaged = || "damaged: its header is not that of a NumPy array".to_owned();
        let version = *bytes.get(MAGIC.len()).filter(|_| bytes.starts_with(MAGIC)).ok_or_else(damaged)?;
        let (start, length) = match (version, bytes.get(8..12)) {
            (1, Some(&[a, b, ..])) => (10, usize::from(u16::from_le_bytes([a, b]))),
            (2 | 3, Some(&[a, b, c, d])) => (12, u32::from_le_bytes([a, b, c, d]) as usize),
            _ => return Err(damaged()),
        };
        let text = bytes.get(start..start + length).ok_or(crate::decode::TRUNCATED)?;
        let text = std::str::from_utf8(text).map_err(|_| damaged())?;
        let kind = value(text, "descr").ok_or_else(damaged)?;
        let Some(kind) = kind.strip_prefix(['\'', '"']).and_then(|kind| kind.split(['\'', '"']).next()) else {
            let reason = "an array of records; an image has values of one type";
            return Err(format!("a NumPy array that cannot be read as an image: {reason}"));
        };
        let columns_first = value(text, "fortran_order").ok_or_else(damaged)?.starts_with("True");
        let shape =
            value(text, "shape").and_then(|shape| shape.strip_prefix('(')?.split(')').next()).ok_or_else(damaged)?;
        let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
        let shape: Vec<usize> = sides.map(str::parse).collect::<Result<_, _>>().map_err(|_| damaged())?;
        let big_endian = kind.starts_with('>');
        let kind = of_code(kind.trim_start_matches(['<', '>', '|', '='])).ok_or_else(|| {
            format!(
                "a NumPy array of the type '{kind}'; write it as uint8, uint16 or float32, for example by `a.astype(\"float32\")`"
            )
        })?;
        Ok(Self { kind, big_endian, columns_first, shape, end: start + length })
    }
}

/// What stands behind a key of the header, which is a dictionary of Python.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let at = text.find(&format!("'{key}'")).or_else(|| text.find(&format!("\"{key}\"")))?;
    Some(text[at + key.len() + 2..].trim_start().strip_prefix(':')?.trim_start())
}

fn of_code(code: &str) -> Option<Kind> {
    let size: u8 = code.get(1..)?.parse().ok()?;
    match (code.get(..1)?, size) {
        ("b", 1) => Some(Kind::Bool),
        ("u", 1 | 2 | 4 | 8) => Some(Kind::Unsigned(size)),
        ("i", 1 | 2 | 4 | 8) => Some(Kind::Signed(size)),
        ("f", 2 | 4 | 8) => Some(Kind::Float(size)),
        _ => None,
    }
}
