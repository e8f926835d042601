//! What one look at an image tells about it: all that a store needs to know, but the pixels.

use super::stats::Sums;
use crate::{
    decode::{self, Depth, Pixels, Raw},
    reading::Range,
};

/// Size, content and statistics of a decoded image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSummary {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: usize,
    pub(super) hash: u64,
    pub(super) sums: Sums,
}

impl ImageSummary {
    /// Width, height, hash, channels and the sums of each channel.
    pub(crate) const BYTES: usize = 4 + 4 + 8 + 1 + 6 * 8;

    /// Of pixels whose content has this hash.
    pub(crate) fn of(pixels: &Pixels<'_>, hash: u64) -> Self {
        Self {
            width: pixels.width as u32,
            height: pixels.height as u32,
            channels: pixels.channels,
            hash,
            sums: Sums::of(pixels),
        }
    }

    /// What a pack keeps of an image: that of its pixels in 8 bits. `None` where they are neither gray nor color, or where black
    /// and white are still to be said.
    pub(crate) fn packed(raw: Raw) -> Option<[u8; Self::BYTES]> {
        let hash = raw.content_hash();
        let (pixels, _) = decode::pixels(raw, &Range::Auto).ok()?;
        Self::of(&pixels.at_depth(Depth::Bytes), hash).to_bytes()
    }

    /// The same picture in another number of channels; `None` where the pixels would have to be seen again.
    pub(super) fn with_channels(&self, channels: usize) -> Option<Self> {
        match (self.channels, channels) {
            (from, to) if from == to => Some(self.clone()),
            (1, 3) => Some(Self { channels, sums: self.sums.clone().with_channels(3), ..*self }),
            _ => None,
        }
    }

    /// Little-endian, as packs store it; `None` where it is not of bytes in 1 or 3 channels.
    fn to_bytes(&self) -> Option<[u8; Self::BYTES]> {
        let mut bytes = [0; Self::BYTES];
        let words = self.sums.to_words()?;
        let (head, sums) = bytes.split_at_mut(17);
        head[..4].copy_from_slice(&self.width.to_le_bytes());
        head[4..8].copy_from_slice(&self.height.to_le_bytes());
        head[8..16].copy_from_slice(&self.hash.to_le_bytes());
        head[16] = self.channels as u8;
        for (bytes, word) in sums.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        Some(bytes)
    }

    /// `None` for what is not such a look; the image is then looked at again.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let (width, rest) = bytes.split_first_chunk()?;
        let (height, rest) = rest.split_first_chunk()?;
        let (hash, rest) = rest.split_first_chunk()?;
        let (&[channels], rest) = rest.split_first_chunk::<1>()?;
        let mut words = [0; 6];
        for (word, bytes) in words.iter_mut().zip(rest.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        let (width, height) = (u32::from_le_bytes(*width), u32::from_le_bytes(*height));
        let pixels = u64::from(width) * u64::from(height);
        let channels = usize::from(channels);
        let sums = Sums::from_words(pixels, channels, words);
        (pixels > 0 && matches!(channels, 1 | 3)).then_some(Self {
            width,
            height,
            channels,
            hash: u64::from_le_bytes(*hash),
            sums,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn looks_survive_their_bytes(width in 1_usize..9, height in 1_usize..9, color: bool, seed: u64, values in proptest::collection::vec(any::<u8>(), 192)) {
            let channels = if color { 3 } else { 1 };
            let data = values[..width * height * channels].to_vec().into();
            let look = ImageSummary::of(&Pixels { width, height, channels, data }, seed);
            let bytes = look.to_bytes().unwrap();
            prop_assert_eq!(ImageSummary::from_bytes(&bytes[1..]), None);
            prop_assert_eq!(ImageSummary::from_bytes(&bytes), Some(look));
        }
    }
}
