//! kitty's graphics protocol (<https://sw.kovidgoyal.net/kitty/graphics-protocol/>): the PNG in base64, in pieces.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most letters of base64 in a piece.
const PIECE: usize = 4096;

/// Shows a PNG so many columns wide; its height follows.
pub(super) fn show(png: &[u8], columns: usize) -> String {
    let encoded = STANDARD.encode(png);
    let pieces = encoded.len().div_ceil(PIECE).max(1);
    let mut text = String::with_capacity(encoded.len() + 32 * pieces);
    for piece in 0..pieces {
        let data = &encoded[piece * PIECE..encoded.len().min((piece + 1) * PIECE)];
        let more = u8::from(piece + 1 < pieces);
        text.push_str("\x1b_G");
        if piece == 0 {
            // Transmit and display, a PNG, and nothing is answered: an answer would be read as typed by the user.
            let _ = write!(text, "a=T,f=100,c={columns},");
        }
        let _ = write!(text, "q=2,m={more};{data}\x1b\\");
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The control data of each piece, and the PNG put together again.
    fn read(text: &str) -> (Vec<String>, Vec<u8>) {
        let mut controls = Vec::new();
        let mut data = String::new();
        for piece in text.strip_suffix('\n').unwrap().split("\x1b\\").filter(|piece| !piece.is_empty()) {
            let (control, encoded) = piece.strip_prefix("\x1b_G").unwrap().split_once(';').unwrap();
            assert!(encoded.len() <= 4096, "{}", encoded.len());
            controls.push(control.to_owned());
            data.push_str(encoded);
        }
        (controls, STANDARD.decode(data).unwrap())
    }

    #[test]
    fn the_png_arrives_whole() {
        let small = b"\x89PNG\r\n small".to_vec();
        let (controls, png) = read(&show(&small, 46));
        assert_eq!((controls, png), (vec!["a=T,f=100,c=46,q=2,m=0".to_owned()], small));

        // 9,000 bytes are 12,000 letters: three pieces, of which all but the last are announced to go on.
        let large: Vec<u8> = (0..9000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let (controls, png) = read(&show(&large, 80));
        assert_eq!(controls, ["a=T,f=100,c=80,q=2,m=1", "q=2,m=1", "q=2,m=0"]);
        assert_eq!(png, large);
    }
}
