//! A sketch of the images that taught a network, small enough to travel in its file.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Images that a sketch names one by one; of more it keeps the share with the smallest hashes. 512 KiB of a file at most.
const MOST: usize = 1 << 16;
/// Bits of a content hash that are kept. A strange image is taken for one of [`MOST`] once in four thousand million times.
const BITS: u32 = 48;
const BYTES: usize = BITS as usize / 8;

/// Which images taught a network, by their content, as far as it is known.
///
/// Up to 65,536 images are all there. Of more, those with the smallest hashes are kept: a bottom-k sample (Broder 1997; Thorup
/// 2013), that is evenly drawn, the same whatever the order, and can be joined with another. Of other images than the share
/// that was drawn it cannot say whether they taught. Whoever has an image can find out whether it is among those that taught;
/// nobody can get an image back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Ascending, each once.
    hashes: Arc<[u64]>,
    /// Whether larger ones were dropped.
    sampled: bool,
    /// Whether there were images nobody knows of.
    unknown: bool,
}

/// What a sketch says of some images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Positions of those that taught.
    pub found: Vec<usize>,
    /// Images of which it can say whether they did: all, unless more than 65,536 images taught.
    pub compared: usize,
}

impl Seen {
    /// Of random weights: no image.
    pub fn nothing() -> Self {
        Self { hashes: Arc::default(), sampled: false, unknown: false }
    }

    /// Of weights that came without a sketch, such as published ones: nobody knows.
    pub fn unknown() -> Self {
        Self { unknown: true, ..Self::nothing() }
    }

    /// The same and further images, by the hashes of their content.
    #[must_use]
    pub fn with(&self, hashes: impl IntoIterator<Item = u64>) -> Self {
        let further = Self { hashes: hashes.into_iter().map(short).collect(), ..Self::nothing() };
        self.and(&further)
    }

    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        // Beyond the end of a sample nobody knows what was dropped.
        let known = [self, other].iter().filter(|one| one.sampled).filter_map(|one| one.hashes.last()).min().copied();
        let within = |hash: &u64| known.is_none_or(|known| *hash <= known);
        let mut hashes: Vec<u64> = self.hashes.iter().chain(&*other.hashes).copied().filter(within).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let sampled = known.is_some() || hashes.len() > MOST;
        hashes.truncate(MOST);
        Self { hashes: hashes.into(), sampled, unknown: self.unknown || other.unknown }
    }

    /// Whether every image that taught is known of.
    pub fn is_complete(&self) -> bool {
        !self.unknown
    }

    /// Whether there is nothing to tell.
    pub(crate) fn says_nothing(&self) -> bool {
        *self == Self::unknown()
    }

    /// About how many different images taught, of those that are known of; exact up to 65,536.
    pub fn count(&self) -> u64 {
        match self.hashes.last() {
            Some(&last) if self.sampled => {
                let share = (last + 1) as f64 / 2_f64.powi(BITS as i32);
                ((self.hashes.len() - 1) as f64 / share) as u64
            }
            _ => self.hashes.len() as u64,
        }
    }

    /// Which of some images taught, by the hashes of their content.
    pub fn overlap(&self, hashes: impl IntoIterator<Item = u64>) -> Overlap {
        let mut overlap = Overlap::default();
        for (at, hash) in hashes.into_iter().map(short).enumerate() {
            if self.sampled && self.hashes.last().is_none_or(|last| hash > *last) {
                continue;
            }
            overlap.compared += 1;
            if self.hashes.binary_search(&hash).is_ok() {
                overlap.found.push(at);
            }
        }
        overlap
    }
}

/// A file that says nothing leaves it open.
impl Default for Seen {
    fn default() -> Self {
        Self::unknown()
    }
}

fn short(hash: u64) -> u64 {
    hash >> (u64::BITS - BITS)
}

/// As it stands in a file: the hashes one after the other, big-endian, in base64.
#[derive(Serialize, Deserialize)]
struct Text {
    hashes: String,
    sampled: bool,
    unknown: bool,
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> =
            self.hashes.iter().flat_map(|hash| hash.to_be_bytes().into_iter().skip(size_of::<u64>() - BYTES)).collect();
        let (sampled, unknown) = (self.sampled, self.unknown);
        Text { hashes: STANDARD.encode(bytes), sampled, unknown }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text { hashes, sampled, unknown } = Text::deserialize(deserializer)?;
        let bytes = STANDARD.decode(hashes).map_err(|error| de::Error::custom(format!("hashes of images: {error}")))?;
        let (words, rest) = bytes.as_chunks::<BYTES>();
        let hashes: Arc<[u64]> =
            words.iter().map(|word| word.iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte))).collect();
        if !rest.is_empty() || hashes.len() > MOST || !hashes.is_sorted_by(|a, b| a < b) {
            return Err(de::Error::custom("hashes of images: they are cut short, too many or out of order"));
        }
        Ok(Self { hashes, sampled, unknown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spread over all 64 bits.
    fn hashes(range: std::ops::Range<u64>) -> impl Iterator<Item = u64> + Clone {
        range.map(|i| foretask_random::Key::new(7).with(i).value())
    }

    #[test]
    fn a_small_sketch_knows_every_image_and_no_other() {
        let seen = Seen::nothing().with(hashes(0..9000));
        assert_eq!((seen.count(), seen.is_complete()), (9000, true));
        let overlap = seen.overlap(hashes(8990..20_000));
        assert_eq!((overlap.found, overlap.compared), ((0..10).collect(), 11_010));
        assert_eq!(Seen::nothing().overlap(hashes(0..5)), Overlap { found: vec![], compared: 5 });
    }

    #[test]
    fn a_large_one_knows_a_share_exactly_and_says_how_many_it_compared() {
        let seen = Seen::nothing().with(hashes(0..1_000_000));
        assert!((seen.count() as f64 / 1e6 - 1.0).abs() < 0.02, "{}", seen.count());
        let leaked = seen.overlap(hashes(0..10_000));
        assert_eq!(leaked.found.len(), leaked.compared);
        // A share of 65,536 in a million: 655 of 10,000, with a deviation of 25.
        assert!((500..=810).contains(&leaked.compared), "{}", leaked.compared);
        let clean = seen.overlap(hashes(2_000_000..2_010_000));
        assert!(clean.found.is_empty() && (500..=810).contains(&clean.compared));
    }

    #[test]
    fn joining_is_the_same_in_any_order_and_parts() {
        let (a, b) = (hashes(0..100_000), hashes(50_000..180_000));
        let whole = Seen::nothing().with(a.clone().chain(b.clone()));
        let (a, b) = (Seen::nothing().with(a), Seen::nothing().with(b));
        assert_eq!((a.and(&b), b.and(&a)), (whole.clone(), whole.clone()));
        assert_eq!(a.and(&a), a);
        let small = Seen::nothing().with(hashes(0..3));
        assert_eq!(a.and(&small), a);
        assert!(!a.and(&Seen::unknown()).is_complete());
    }

    #[test]
    fn a_file_gives_it_back_and_its_size_is_bounded() {
        for count in [0, 3, 9000, 1_000_000] {
            let seen = Seen::nothing().with(hashes(0..count));
            let text = serde_json::to_string(&seen).unwrap();
            // Eight letters an image, at most half a megabyte.
            let expected = 8 * count.min(MOST as u64) as usize;
            assert!((expected..expected + 64).contains(&text.len()), "{count}: {}", text.len());
            assert_eq!(serde_json::from_str::<Seen>(&text).unwrap(), seen);
        }
        let text = serde_json::to_string(&Seen::unknown()).unwrap();
        assert_eq!(serde_json::from_str::<Seen>(&text).unwrap(), Seen::default());
        for wrong in ["!", "AAAA", "AAAAAAABAAAAAAAB", "AAAAAAABAAAAAAAA"] {
            let text = format!(r#"{{"hashes":"{wrong}","sampled":false,"unknown":false}}"#);
            assert!(
                serde_json::from_str::<Seen>(&text).unwrap_err().to_string().contains("hashes of images"),
                "{wrong}"
            );
        }
    }
}
