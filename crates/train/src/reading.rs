//! How images were read, from what a network learned to what it is shown.

use foretask_data::{Channels, Images, LoadOptions, Pixels, Range, Reading, Values};
use foretask_models::{Encoder, InputSpec};
use foretask_pretext::{ImageRef, PretextError, ValuesRef};
use serde_json::Value;

use crate::error::TrainError;

/// A decoded image as label generators take it.
///
/// # Errors
/// Where it has no pixels.
pub fn image_ref<'a>(pixels: &'a Pixels<'_>) -> Result<ImageRef<'a>, PretextError> {
    let data = match &pixels.data {
        Values::Bytes(values) => ValuesRef::Bytes(values),
        Values::Words(values) => ValuesRef::Words(values),
        Values::Floats(values) => ValuesRef::Floats(values),
    };
    ImageRef::new(data, pixels.width, pixels.height, pixels.channels)
}

/// How these images were read, as models keep it; `None` for photographs.
pub(crate) fn reading(images: &Images) -> Option<Value> {
    images.reading().and_then(|reading| serde_json::to_value(reading).ok())
}

/// How the images were read that a network takes; `None` for photographs.
///
/// # Errors
/// Where its file says something else in that place.
pub fn reading_of(input: &InputSpec) -> Result<Option<Reading>, TrainError> {
    let Some(value) = &input.reading else { return Ok(None) };
    let reading: Reading = serde_json::from_value(value.clone()).map_err(|error| {
        TrainError::OtherImages(format!(
            "the network's `reading`, which says how images are read, makes no sense: {error}"
        ))
    })?;
    match reading.channels.check().and_then(|()| reading.range.check()) {
        Ok(()) => Ok(Some(reading)),
        Err(reason) => {
            Err(TrainError::OtherImages(format!("the network's `reading` says what cannot be done: it {reason}")))
        }
    }
}

/// How images are loaded for a network: as those that it learned from, and bad ones are left out, however many.
///
/// # Errors
/// As [`reading_of`].
pub fn load_options_for(input: &InputSpec) -> Result<LoadOptions, TrainError> {
    let unknown = || Reading { channels: Channels::Count(input.channels), range: Range::Auto };
    let Reading { channels, range } = reading_of(input)?.unwrap_or_else(unknown);
    Ok(LoadOptions { channels, range, max_bad_fraction: 1.0, ..LoadOptions::default() })
}

/// The encoder with a note of how these images were read, where it has none.
///
/// # Errors
/// Images that were read in another way than those it learned from.
pub fn read_like(mut encoder: Encoder, images: &Images) -> Result<Encoder, TrainError> {
    check_reading(&encoder.input, images)?;
    if encoder.input.reading.is_none() {
        encoder.input.reading = reading(images);
    }
    Ok(encoder)
}

/// Refuses images whose values mean something else than those that the network learned from. A network that does not say how
/// its images were read takes all.
pub(crate) fn check_reading(input: &InputSpec, images: &Images) -> Result<(), TrainError> {
    let Some(learned) = reading_of(input)? else { return Ok(()) };
    let found = images.reading();
    let alike = match found {
        Some(found) => found.channels == learned.channels && same_range(&found.range, &learned.range),
        // Bytes from 0 to 255, in gray or color.
        None => matches!(learned.range, Range::Whites(_)) && learned.channels.count() == Some(images.channels()),
    };
    if alike || images.is_empty() {
        return Ok(());
    }
    let (wanted, own) =
        (reading_in_words(&learned), found.map_or_else(|| "as photographs are".to_owned(), reading_in_words));
    Err(TrainError::OtherImages(format!(
        "the network learned from images that were read with {wanted}, and these are read {}{own}; open their dataset with the former",
        if found.is_some() { "with " } else { "" }
    )))
}

/// Whether the same values are black and white. What only one of the two has met does not contradict the other.
fn same_range(a: &Range, b: &Range) -> bool {
    match (a, b) {
        (Range::Whites(a), Range::Whites(b)) => {
            let floats = a.floats.is_none() || b.floats.is_none() || a.floats == b.floats;
            floats && a.words.iter().all(|(full, white)| b.words.get(full).is_none_or(|other| other == white))
        }
        (Range::Whites(whites), Range::Between(pairs)) | (Range::Between(pairs), Range::Whites(whites)) => {
            let whites = whites.words.values().map(|white| *white as f32).chain(whites.floats);
            let [[low, high]] = pairs[..] else { return false };
            low == 0.0 && whites.into_iter().all(|white| white == high)
        }
        (a, b) => a == b,
    }
}

/// As scripts write it.
pub fn reading_in_words(reading: &Reading) -> String {
    let range = match &reading.range {
        Range::Whites(whites) => {
            let all: Vec<f32> = whites.words.values().map(|white| *white as f32).chain(whites.floats).collect();
            match all[..] {
                [white] => format!("[0, {white}]"),
                _ => "\"auto\"".to_owned(),
            }
        }
        range => range.to_string(),
    };
    format!("`channels: {}, range: {range}`", reading.channels)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use foretask_data::{Channels, LoadOptions, Samples, Source, Whites};
    use foretask_models::{Arch, BackboneConfig};

    use super::*;

    /// A PNM of 16 bits.
    fn deep(largest: u16) -> Images {
        let values = [0, largest / 2, largest, 7].into_iter().flat_map(u16::to_be_bytes);
        let file: Vec<u8> = b"P5 2 2 65535\n".iter().copied().chain(values).collect();
        let sources = vec![Source::Bytes { bytes: file.as_slice().into(), name: None }];
        let samples = Samples { rows: vec![0], labels: vec![None], classes: [].into(), sources };
        Images::load(&samples, &LoadOptions::default()).unwrap()
    }

    fn encoder(reading: Option<Reading>) -> Encoder {
        let reading = reading.map(|reading| serde_json::to_value(reading).unwrap());
        let input = InputSpec { reading, ..InputSpec::centered(1, 16, 16) };
        Encoder::random(&BackboneConfig::resnet(Arch::ResNet10, 4), &input, 1).unwrap()
    }

    #[test]
    fn an_encoder_takes_over_how_its_first_images_were_read_and_keeps_to_it() {
        let twelve = read_like(encoder(None), &deep(4000)).unwrap();
        let words = BTreeMap::from([(65535, 4095)]);
        let expected = Reading { channels: Channels::Count(1), range: Range::Whites(Whites { words, floats: None }) };
        assert_eq!(reading_of(&twelve.input).unwrap(), Some(expected));
        read_like(twelve.clone(), &deep(3000)).unwrap();
        let message = read_like(twelve, &deep(60000)).unwrap_err().to_string();
        for words in ["range: [0, 4095]", "range: [0, 65535]", "open their dataset"] {
            assert!(message.contains(words), "{words}: {message}");
        }
    }

    #[test]
    fn the_same_range_may_be_written_in_two_ways() {
        let whites = |white| Range::Whites(Whites { words: BTreeMap::from([(65535, white)]), floats: None });
        let between = |high| Range::Between(vec![[0.0, high]]);
        assert!(same_range(&whites(4095), &between(4095.0)) && same_range(&between(4095.0), &whites(4095)));
        assert!(!same_range(&whites(4095), &between(65535.0)) && !same_range(&whites(4095), &whites(65535)));
        assert!(same_range(&Range::Whites(Whites::default()), &whites(4095)));
    }

    #[test]
    fn a_reading_that_makes_no_sense_is_refused() {
        let input = |reading: Value| InputSpec { reading: Some(reading), ..InputSpec::centered(1, 16, 16) };
        for reading in [
            serde_json::json!({ "channels": 1 }),
            serde_json::json!({ "channels": 1, "range": [[5.0, 1.0]] }),
            serde_json::json!({ "channels": 1, "range": "auto", "more": 1 }),
        ] {
            assert!(reading_of(&input(reading.clone())).unwrap_err().to_string().contains("reading"), "{reading}");
        }
    }
}
