//! HEIC and AVIF, by libheif. It is looked for when the first such file is met, not when the program is built or started: a program
//! that needs it to start does not start on machines without it.

pub(super) mod library;

use self::library::File;
use super::{
    Depth, Outline, channels, check_size, keeps_alpha,
    raw::{Offered, Raw},
};
use crate::reading::Channels;

/// Whether files of the kind can be read here.
pub(super) fn is_there() -> bool {
    library::is_there()
}

/// All values of the main image.
pub(super) fn decode(bytes: &[u8], wanted: &Channels) -> Result<Raw, String> {
    let file = open(bytes)?;
    let (alpha, bits) = (file.has_alpha(), file.bits());
    let decoded = file.decode().map_err(refused)?;
    let (width, height, data) = (decoded.width, decoded.height, decoded.data);
    let offered = if alpha { Offered::rgb().with_alpha() } else { Offered::rgb() };
    let lay = alpha && !keeps_alpha(wanted);
    let shown = if lay { Offered::rgb() } else { offered };
    if bits <= 8 {
        let data = if lay { channels::lay_onto_white::<4>(&data, false) } else { data };
        return Ok(Raw::bytes(width, height, shown, data));
    }
    let white = (1_u32 << bits.min(16)) - 1;
    let words: Vec<u16> = data.as_chunks::<2>().0.iter().map(|&word| u16::from_le_bytes(word)).collect();
    let words = if lay { channels::lay_words_onto::<4>(white, &words, false) } else { words };
    Ok(Raw { values: words.into(), full: 65535, white: Some(white), ..Raw::bytes(width, height, shown, Vec::new()) })
}

/// What decoding will give.
pub(super) fn outline(bytes: &[u8], wanted: &Channels) -> Result<Outline, String> {
    let file = open(bytes)?;
    let (width, height) = file.size();
    let offered = if file.has_alpha() && keeps_alpha(wanted) { Offered::rgb().with_alpha() } else { Offered::rgb() };
    let depth = if file.bits() > 8 { Depth::Words } else { Depth::Bytes };
    Ok(Outline { width, height, channels: offered.pick(wanted)?.channels, depth })
}

fn open(bytes: &[u8]) -> Result<File<'_>, String> {
    let file = File::open(bytes).ok_or("libheif is not there")?.map_err(refused)?;
    let (width, height) = file.size();
    check_size(width, height)?;
    Ok(file)
}

fn refused(reason: String) -> String {
    // What it says of a compression for which no decoder is there.
    let way_out = if reason.contains("nsupported") {
        "; newer systems have decoders in packages of their own (`apt-get install libheif-plugin-libde265 libheif-plugin-dav1d`)"
    } else {
        ""
    };
    format!("HEIC or AVIF: {reason}{way_out}")
}

#[cfg(test)]
mod tests;
