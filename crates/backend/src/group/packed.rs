//! Texts one after another as bytes: what ranks tell each other through the store.

/// Each text behind its length.
pub(super) fn pack<T: AsRef<str>>(texts: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts.iter().map(AsRef::as_ref) {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// What [`pack`] was given; `None` where it did not make these bytes.
pub(super) fn unpack(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        texts.push(String::from_utf8(text.to_vec()).ok()?);
        bytes = rest;
    }
    bytes.is_empty().then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_other_bytes_are_none() {
        for texts in [vec![], vec![""], vec!["a", "", "zwei\nZeilen, ä"]] {
            assert_eq!(unpack(&pack(&texts)).unwrap(), texts);
        }
        let bytes = pack(&["one", "two"]);
        for end in (1..bytes.len()).filter(|&end| end != 7) {
            assert_eq!(unpack(&bytes[..end]), None, "{end}");
        }
        assert_eq!(unpack(&[255, 255, 255, 255, 0]), None);
        assert_eq!(unpack(&[1, 0, 0, 0, 0xff]), None);
    }
}
