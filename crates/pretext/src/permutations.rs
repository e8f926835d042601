//! Orders of tiles that differ from each other as much as possible: similar orders are told apart by luck only
//! (Noroozi, Favaro 2016, arXiv 1603.09246, section 4.2).

use std::sync::{Arc, PoisonError, RwLock};

/// One order: position to tile.
pub(crate) type Order = Vec<u8>;

type Set = ((usize, usize), Arc<Vec<Order>>);

/// How many orders of `tiles` tiles there are; tiles at most 9.
pub(crate) const fn orders(tiles: usize) -> usize {
    let (mut product, mut i) = (1, 2);
    while i <= tiles {
        product *= i;
        i += 1;
    }
    product
}

/// The set of `count` orders of 4 or 9 tiles, computed once: 0.1 s for 100 orders of 9.
pub(crate) fn permutations(tiles: usize, count: usize) -> Arc<Vec<Order>> {
    static SETS: RwLock<Vec<Set>> = RwLock::new(Vec::new());
    let known = |sets: &[Set]| sets.iter().find(|(key, _)| *key == (tiles, count)).map(|(_, set)| Arc::clone(set));
    if let Some(set) = known(&SETS.read().unwrap_or_else(PoisonError::into_inner)) {
        return set;
    }
    // Computed under the lock: several threads need it at once, and one is to do the work.
    let mut sets = SETS.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(set) = known(&sets) {
        return set;
    }
    let set = Arc::new(greedy(tiles, count));
    sets.push(((tiles, count), Arc::clone(&set)));
    set
}

/// Starts with the tiles in their places. Each next order is the one whose least Hamming distance to those before is
/// largest; of those the one with the largest sum of distances, then the first by the alphabet.
fn greedy(tiles: usize, count: usize) -> Vec<Order> {
    let all = every_order(tiles);
    let packed: Vec<u64> =
        all.iter().map(|order| order.iter().fold(0, |word, &tile| word << 4 | u64::from(tile))).collect();
    // Least distance and sum of distances to the chosen ones.
    let mut distances = vec![(u32::MAX, 0_u32); all.len()];
    let mut chosen = Vec::with_capacity(count);
    let mut next = 0;
    while chosen.len() < count.min(all.len()) {
        chosen.push(all[next].clone());
        let last = packed[next];
        let mut best = (0, 0);
        for (i, (word, distance)) in packed.iter().zip(&mut distances).enumerate() {
            let apart = hamming(*word, last);
            *distance = (distance.0.min(apart), distance.1 + apart);
            if *distance > best {
                (best, next) = (*distance, i);
            }
        }
    }
    chosen
}

/// Places at which two packed orders differ: words of four bits.
fn hamming(a: u64, b: u64) -> u32 {
    let bits = a ^ b;
    ((bits | bits >> 1 | bits >> 2 | bits >> 3) & 0x1111_1111_1111_1111).count_ones()
}

/// In alphabetical order.
fn every_order(tiles: usize) -> Vec<Order> {
    let mut order: Order = (0..tiles as u8).collect();
    let mut all = Vec::with_capacity(orders(tiles));
    loop {
        all.push(order.clone());
        // The next by the alphabet: the last ascent gets the next larger tile behind it, the rest ascends.
        let Some(i) = order.windows(2).rposition(|pair| pair[0] < pair[1]) else { return all };
        let j = order.iter().rposition(|tile| *tile > order[i]).unwrap_or(i);
        order.swap(i, j);
        order[i + 1..].reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least_distance(set: &[Order]) -> usize {
        let apart = |a: &Order, b: &Order| a.iter().zip(b).filter(|(a, b)| a != b).count();
        let pairs = set.iter().enumerate().flat_map(|(i, a)| set[i + 1..].iter().map(move |b| apart(a, b)));
        pairs.min().unwrap()
    }

    #[test]
    fn sets_keep_their_distance() {
        // Four tiles: a Latin square of four orders differs everywhere; twelve even orders by three; all 24 by two.
        for (tiles, count, distance) in [(4, 4, 4), (4, 12, 3), (4, 24, 2), (9, 9, 9), (9, 100, 6), (9, 24, 7)] {
            let set = permutations(tiles, count);
            assert_eq!(set.len(), count);
            assert_eq!(set[0], (0..tiles as u8).collect::<Vec<_>>());
            assert!(set.iter().all(|order| (0..tiles as u8).all(|tile| order.contains(&tile)) && order.len() == tiles));
            let least = least_distance(&set);
            assert!(least >= distance, "{tiles} {count}: {least}");
        }
        // Random sets of a hundred come as near as 4 or less.
        assert_eq!(permutations(9, 100), permutations(9, 100));
    }

    #[test]
    fn every_order_is_there_once() {
        let all = every_order(4);
        assert_eq!((all.len(), orders(4), orders(9)), (24, 24, 362_880));
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(hamming(0x1234, 0x1234), 0);
        assert_eq!(hamming(0x1234, 0x2134), 2);
        assert_eq!(hamming(0x8421, 0x1248), 4);
    }
}
