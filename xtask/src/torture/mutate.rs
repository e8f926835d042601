//! Damage to bytes: the kinds that disks, transfers and hostile people do.

use foretask_random::Rng;

/// Numbers at which arithmetic on sizes goes wrong.
const EXTREMES: [u64; 10] = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 62, u64::MAX];

/// `bytes` with one to four damages of random kinds.
pub(super) fn mutated(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=rng.below(4) {
        damage(&mut bytes, rng);
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, rng: &mut Rng) {
    if bytes.is_empty() {
        bytes.push(rng.next_u64() as u8);
        return;
    }
    let at = position(bytes.len(), rng);
    match rng.below(8) {
        0 => flip(bytes, rng),
        1 => bytes[at] = EXTREMES[rng.below(EXTREMES.len() as u64) as usize] as u8,
        2 | 3 => extreme(bytes, at, rng),
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..span(at, bytes.len(), rng))),
        6 => {
            let copy = bytes[at..span(at, bytes.len(), rng)].to_vec();
            let to = position(bytes.len(), rng);
            bytes.splice(to..to, copy);
        }
        _ => {
            let end = span(at, bytes.len(), rng);
            bytes[at..end].iter_mut().for_each(|byte| *byte = rng.next_u64() as u8);
        }
    }
}

/// Turns one bit.
pub(super) fn flip(bytes: &mut [u8], rng: &mut Rng) {
    if !bytes.is_empty() {
        bytes[rng.below(bytes.len() as u64) as usize] ^= 1 << rng.below(8);
    }
}

/// Writes a number of two, four or eight bytes, in either order.
fn extreme(bytes: &mut [u8], at: usize, rng: &mut Rng) {
    let number = EXTREMES[rng.below(EXTREMES.len() as u64) as usize];
    let width = [2, 4, 8][rng.below(3) as usize];
    let little = number.to_le_bytes();
    let mut word = little[..width].to_vec();
    if rng.chance(0.5) {
        word.reverse();
    }
    let end = (at + width).min(bytes.len());
    bytes[at..end].copy_from_slice(&word[..end - at]);
}

/// Half of all damages are done to the first hundred bytes, where headers are.
fn position(len: usize, rng: &mut Rng) -> usize {
    let reach = if rng.chance(0.5) { len.min(100) } else { len };
    rng.below(reach as u64) as usize
}

fn span(at: usize, len: usize, rng: &mut Rng) -> usize {
    (at + 1 + rng.below(64) as usize).min(len)
}

#[cfg(test)]
mod tests {
    use foretask_random::Key;

    use super::*;

    #[test]
    fn the_same_key_does_the_same_damage_and_another_key_another() {
        let bytes: Vec<u8> = (0..=255).collect();
        let with = |seed| mutated(&bytes, &mut Key::new(seed).rng());
        assert_eq!(with(1), with(1));
        let different = (0..100).filter(|&seed| with(seed) != bytes).count();
        assert!(different > 95, "{different}");
    }

    #[test]
    fn nothing_is_too_short_to_be_damaged() {
        for len in 0..3 {
            for seed in 0..200 {
                mutated(&vec![7; len], &mut Key::new(seed).rng());
            }
        }
    }
}
