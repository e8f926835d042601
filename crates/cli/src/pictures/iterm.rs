//! iTerm2's inline images (<https://iterm2.com/documentation-images.html>): the PNG in base64, in one piece.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Shows a PNG so many columns wide; its height follows.
pub(super) fn show(png: &[u8], columns: usize) -> String {
    let (size, encoded) = (png.len(), STANDARD.encode(png));
    format!("\x1b]1337;File=inline=1;size={size};width={columns};preserveAspectRatio=1:{encoded}\x07\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_png_arrives_whole() {
        let png: Vec<u8> = (0..5000_u32).map(|i| (i * 11 % 253) as u8).collect();
        let text = show(&png, 46);
        let inner = text.strip_prefix("\x1b]1337;File=").unwrap().strip_suffix("\x07\n").unwrap();
        let (control, encoded) = inner.split_once(':').unwrap();
        assert_eq!(control, "inline=1;size=5000;width=46;preserveAspectRatio=1");
        assert_eq!(STANDARD.decode(encoded).unwrap(), png);
    }
}
