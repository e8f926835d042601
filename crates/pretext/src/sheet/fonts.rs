//! The fonts that sheets are lettered with; `fonts/README.md` says where they come from and which scripts they cover.

use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use rustybuzz::Face;
use rustybuzz::ttf_parser::GlyphId;

/// In the order in which a font is looked for that has a letter.
const FILES: [&[u8]; 4] = [
    include_bytes!("../../fonts/letters.ttf.gz"),
    include_bytes!("../../fonts/devanagari.ttf.gz"),
    include_bytes!("../../fonts/thai.ttf.gz"),
    include_bytes!("../../fonts/han.ttf.gz"),
];

/// Unpacked when the first sheet is drawn.
fn faces() -> &'static [Face<'static>] {
    static BYTES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    static FACES: OnceLock<Vec<Face<'static>>> = OnceLock::new();
    FACES.get_or_init(|| {
        let unpacked = |file: &&[u8]| {
            let mut bytes = Vec::new();
            GzDecoder::new(*file).read_to_end(&mut bytes).ok().map(|_| bytes)
        };
        let bytes = BYTES.get_or_init(|| FILES.iter().filter_map(unpacked).collect());
        bytes.iter().filter_map(|bytes| Face::from_slice(bytes, 0)).collect()
    })
}

/// A font by its place among those there are.
pub(super) fn face(font: usize) -> Option<&'static Face<'static>> {
    faces().get(font)
}

/// The first font that has every letter of `cluster`: a letter and the marks on it.
pub(super) fn font_of(cluster: &str) -> Option<usize> {
    let has = |face: &Face<'_>, letter: char| {
        is_joiner(letter) || face.glyph_index(letter).is_some_and(|glyph| glyph != GlyphId(0))
    };
    faces().iter().position(|face| cluster.chars().all(|letter| has(face, letter)))
}

/// Letters that only say how their neighbors are drawn.
fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Letters that are never drawn as they are: they break lines, turn the order of letters around or drive a terminal.
pub(super) fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_opens_and_has_its_scripts() {
        assert_eq!(faces().len(), FILES.len());
        let of = |text: &str| -> Vec<Option<usize>> { text.chars().map(|c| font_of(&c.to_string())).collect() };
        assert!((' '..='~').all(|c| font_of(&c.to_string()) == Some(0)));
        assert!(of("éßñœğłőžøÅĐ кошкаЖґї άλφαΩ գայլ კატა שלום قطة … – “” × ° →").iter().all(|font| *font == Some(0)));
        assert!(of("बिल्ली").iter().all(|font| *font == Some(1)));
        assert!(of("แมวน้ำ").iter().all(|font| *font == Some(2)));
        assert!(of("猫ねこネコ简体繁體고양이鱷蜥蜴").iter().all(|font| *font == Some(3)));
        assert_eq!((font_of("😀"), font_of("ድ")), (None, None));
        assert_eq!(font_of("e\u{301}"), Some(0));
    }
}
