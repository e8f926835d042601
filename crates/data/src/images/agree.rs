//! One number of channels for all images of a dataset.

use std::collections::BTreeMap;

use crate::reading::Channels;

/// How many channels all images get. Where nobody said it: 3 where they are gray and color, else what most of them have; the
/// others become bad images.
pub(super) fn agreed<T>(asked: &Channels, seen: &mut [Result<T, String>], channels_of: impl Fn(&T) -> usize) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for seen in seen.iter().flatten() {
        *counts.entry(channels_of(seen)).or_default() += 1;
    }
    let plain = counts.keys().all(|channels| matches!(channels, 1 | 3));
    let most = || counts.iter().max_by_key(|(channels, count)| (**count, **channels)).map(|(channels, _)| *channels);
    let channels = match asked.count() {
        Some(channels) => channels,
        None if plain => {
            if counts.contains_key(&3) {
                3
            } else {
                1
            }
        }
        None => most().unwrap_or(1),
    };
    for seen in seen {
        let Ok(found) = seen.as_ref().map(&channels_of) else { continue };
        if found != channels && (found, channels) != (1, 3) {
            *seen = Err(format!(
                "it has {found} channel(s) where most images of the dataset have {channels}; `channels` of the dataset says which to take"
            ));
        }
    }
    channels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(asked: &Channels, counts: &[usize]) -> (usize, Vec<bool>) {
        let mut seen: Vec<Result<usize, String>> = counts.iter().copied().map(Ok).collect();
        let channels = agreed(asked, &mut seen, |count| *count);
        (channels, seen.iter().map(Result::is_ok).collect())
    }

    #[test]
    fn gray_and_color_go_together_and_others_follow_the_most() {
        let auto = Channels::Auto;
        assert_eq!(of(&auto, &[1, 1, 3]), (3, vec![true; 3]));
        assert_eq!(of(&auto, &[1, 1]), (1, vec![true; 2]));
        assert_eq!(of(&auto, &[13, 3, 13]), (13, vec![true, false, true]));
        assert_eq!(of(&auto, &[3, 4, 3, 1]), (3, vec![true, false, true, true]));
        assert_eq!(of(&auto, &[]), (1, vec![]));
        assert_eq!(of(&Channels::Count(4), &[4, 4]), (4, vec![true; 2]));
    }
}
