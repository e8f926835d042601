//! Counter-based random numbers: every draw is a pure function of the words that name it.
//!
//! A [`Key`] is built by chaining words, usually (seed, epoch, sample, view, operation). A key has no state, so it
//! does not matter in which order or on which thread draws are made, nor whether the run was resumed in between:
//!
//! ```
//! use foretask_random::Key;
//! let crop = |epoch, sample, view| Key::new(7).with(epoch).with(sample).with(view).named("crop").rng().uniform();
//! assert_eq!(crop(0, 41, 1), crop(0, 41, 1));
//! assert_ne!(crop(0, 41, 1), crop(1, 41, 1));
//! ```
//!
//! The generator is SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"), whose n-th
//! output is the finaliser applied to `key + n * GAMMA`: a counter-based generator in two multiplications.

mod rng;

pub use rng::Rng;

/// The odd constant by which SplitMix64's counter advances: 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads every input bit over all output bits (SplitMix64's finaliser; variant 13 of Stafford's mixers).
#[inline]
pub const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// Names a stream of random numbers. Cheap to copy; chaining is not commutative: `(1, 2)` and `(2, 1)` differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The root of everything random in a run.
    pub const fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(GAMMA)))
    }

    /// The key of one thing below this one: an epoch, a sample, a view.
    #[inline]
    #[must_use]
    pub const fn with(self, word: u64) -> Self {
        Self(mix(self.0.rotate_left(23) ^ mix(word.wrapping_add(GAMMA))))
    }

    /// The key of an operation, by its name.
    #[must_use]
    pub const fn named(self, name: &str) -> Self {
        // FNV-1a: short names, evaluated at compile time where the name is a constant.
        let bytes = name.as_bytes();
        let mut hash = 0xCBF2_9CE4_8422_2325_u64;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01B3);
            i += 1;
        }
        self.with(hash)
    }

    /// The key as a number, to be stored or handed to a generator of another library.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The numbers of this key, from the first on.
    pub const fn rng(self) -> Rng {
        Rng::at(self, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_matches_the_published_sequence() {
        // First outputs of the reference implementation (Vigna, splitmix64.c) for the state 1234567.
        let reference = [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        let ours: Vec<u64> = (1..=3).map(|n| mix(1_234_567_u64.wrapping_add(GAMMA.wrapping_mul(n)))).collect();
        assert_eq!(ours, reference);
    }

    #[test]
    fn chaining_is_ordered_and_named() {
        let key = Key::new(0);
        assert_ne!(key.with(1).with(2), key.with(2).with(1));
        assert_ne!(key.named("crop"), key.named("flip"));
        assert_eq!(key.named("crop"), key.named("crop"));
    }

    #[test]
    fn neighboring_keys_share_no_numbers() {
        let mut seen = std::collections::HashSet::new();
        for sample in 0..1000 {
            let mut rng = Key::new(3).with(0).with(sample).rng();
            for _ in 0..10 {
                assert!(seen.insert(rng.next_u64()));
            }
        }
    }
}
