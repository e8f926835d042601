//! Images that are before somebody's eyes are not handed to somebody else.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Whoever has looked at an image for so long has gone for coffee.
const TERM: Duration = Duration::from_mins(10);

/// Who has been handed what.
#[derive(Debug, Default)]
pub(super) struct Leases(HashMap<u32, (String, Instant)>);

impl Leases {
    /// Hands the first `count` of these rows to a person that nobody else has.
    pub(super) fn hand_out(
        &mut self,
        who: &str,
        rows: impl Iterator<Item = u32>,
        count: usize,
        now: Instant,
    ) -> Vec<u32> {
        self.0.retain(|_, (_, since)| now.duration_since(*since) < TERM);
        let free: Vec<u32> =
            rows.filter(|row| self.0.get(row).is_none_or(|(holder, _)| holder == who)).take(count).collect();
        for row in &free {
            self.0.insert(*row, (who.to_owned(), now));
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_what_another_one_has() {
        let mut leases = Leases::default();
        let now = Instant::now();
        assert_eq!(leases.hand_out("ann", 0..10, 3, now), [0, 1, 2]);
        assert_eq!(leases.hand_out("bob", 0..10, 3, now), [3, 4, 5]);
        assert_eq!(leases.hand_out("ann", 0..10, 4, now), [0, 1, 2, 6]);
        assert_eq!(leases.hand_out("bob", 0..2, 3, now + TERM), [0, 1]);
    }
}
