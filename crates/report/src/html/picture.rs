//! Pictures at a readable size: small ones enlarged by whole factors with hard pixels, large ones reduced.

use serde::Serialize;

use crate::Picture;

#[derive(Serialize)]
pub(super) struct PictureView {
    /// Base64 text, checked to be nothing else; empty when it was not.
    png: String,
    width: u32,
    height: u32,
    enlarged: bool,
    alt: String,
}

/// Whether a text is what it claims to be, so that it may stand in an attribute.
pub(super) fn is_base64(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
}

/// A picture shown about `side` CSS pixels wide or high.
pub(super) fn view(picture: &Picture, side: u32, alt: impl Into<String>) -> PictureView {
    let (width, height) = (picture.width.max(1), picture.height.max(1));
    let longer = width.max(height);
    let (width, height) = if longer <= side {
        let factor = side / longer;
        (width * factor, height * factor)
    } else {
        let scale = |x: u32| (u64::from(x) * u64::from(side)).div_ceil(u64::from(longer)) as u32;
        (scale(width), scale(height))
    };
    PictureView {
        png: if is_base64(&picture.png) { picture.png.clone() } else { String::new() },
        width,
        height,
        enlarged: longer <= side,
        alt: alt.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, png: &str) -> Picture {
        Picture { png: png.into(), width, height }
    }

    #[test]
    fn small_pictures_grow_by_whole_factors_and_large_ones_shrink() {
        let small = view(&picture(28, 28, "aa+/="), 84, "");
        assert_eq!((small.width, small.height, small.enlarged), (84, 84, true));
        let odd = view(&picture(32, 20, ""), 84, "");
        assert_eq!((odd.width, odd.height, odd.enlarged), (64, 40, true));
        let large = view(&picture(1000, 500, ""), 84, "");
        assert_eq!((large.width, large.height, large.enlarged), (84, 42, false));
        assert_eq!(view(&picture(0, 0, ""), 84, "").width, 84);
    }

    #[test]
    fn only_base64_gets_through() {
        assert_eq!(view(&picture(1, 1, "aGk+/w=="), 84, "").png, "aGk+/w==");
        assert_eq!(view(&picture(1, 1, "\" onerror=\"alert(1)"), 84, "").png, "");
    }
}
