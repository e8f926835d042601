//! Features that are remembered, and those that are not yet, part by part.

use std::time::Instant;

use foretask_data::Images;
use foretask_models::Encoder;

use crate::context::{Context, Event};
use crate::error::TrainError;
use crate::feature_store::FeatureStore;
use crate::reading::reading;
use crate::start::state_fingerprint;

/// Images that are remembered together: what an interruption loses at most.
const PART: usize = if cfg!(test) { 5 } else { 2048 };

/// Where features are remembered, and whether in half precision.
#[derive(Clone, Copy)]
pub(crate) struct Memory<'a> {
    pub(crate) store: &'a dyn FeatureStore,
    pub(crate) half: bool,
}

/// What is asked about images.
pub(crate) struct Asked<'a> {
    /// Whom: all that decides the answers besides the images.
    pub(crate) whose: blake3::Hasher,
    /// Numbers of an answer.
    pub(crate) width: usize,
    /// Adds what tells an image apart: given are its position and the hash of its content.
    pub(crate) name: &'a dyn Fn(usize, u64, &mut blake3::Hasher),
}

/// The answers about all images, `[images, width]`, those that are remembered first and the others by `extract`, part by part.
pub(crate) fn remembered(
    memory: Memory<'_>,
    asked: &Asked<'_>,
    images: &Images,
    cx: &Context<'_>,
    extract: impl Fn(&Images, &Context<'_>) -> Result<Vec<f32>, TrainError>,
) -> Result<Vec<f32>, TrainError> {
    let (Memory { store, half }, Asked { whose, width, name: tell_apart }) = (memory, asked);
    let mut whose = whose.clone();
    // Contents are those of the files; what became of their values is said here.
    if let Some(reading) = reading(images) {
        whose.update(reading.to_string().as_bytes());
    }
    let hashes: Vec<u64> = images.content_hashes().collect();
    let indices: Vec<u32> = (0..images.len() as u32).collect();
    let begin = Instant::now();
    let mut data = Vec::with_capacity(images.len() * width);
    let mut computed = 0;
    for part in indices.chunks(PART) {
        let mut name = whose.clone();
        for &i in part {
            tell_apart(i as usize, hashes[i as usize], &mut name);
        }
        let name = name.finalize().to_hex();
        if let Some(known) = store.load(&name).filter(|known| known.len() == part.len() * width) {
            data.extend(known);
            continue;
        }
        let done = data.len() / width.max(&1);
        let events = |event| tell(cx, event, (done, computed, images.len()), begin);
        let found = extract(&images.select(part), &Context { events: &events, ..*cx })?;
        data.extend(store.keep(&name, half, found));
        computed += part.len();
    }
    if computed > 0 {
        cx.emit(Event::Finished { seconds: begin.elapsed().as_secs_f64() });
    }
    Ok(data)
}

/// What decides the features of an image besides the image.
pub(crate) fn whose(encoder: &Encoder, mirrored: bool, half: bool) -> blake3::Hasher {
    let mut hash = blake3::Hasher::new();
    hash.update(b"foretask features 1\n");
    hash.update(state_fingerprint(&encoder.state).as_bytes());
    hash.update(&serde_json::to_vec(&(&encoder.config, &encoder.input)).unwrap_or_default());
    hash.update(&[u8::from(mirrored), u8::from(half)]);
    hash
}

/// Tells of one part as of the whole: `done` images of `all` are there, of which `computed` took time.
fn tell(cx: &Context<'_>, event: Event, (done, computed, all): (usize, usize, usize), begin: Instant) {
    match event {
        Event::Started { stage, name, .. } if computed == 0 => {
            cx.emit(Event::Started { stage, name, first_step: done as u64, steps: all as u64, images: all });
        }
        Event::Step { epoch, data_wait, steps, step, learning_rate, loss, .. } => {
            let here = (PART.min(all - done) as f64 * step as f64 / steps.max(1) as f64).round();
            let (seconds, seen) = (begin.elapsed().as_secs_f64(), computed as f64 + here);
            let now = done as f64 + here;
            cx.emit(Event::Step {
                step: now as u64,
                steps: all as u64,
                epoch: epoch.min(now / all as f64),
                loss,
                learning_rate,
                images_per_second: seen / seconds.max(1e-9),
                data_wait,
                exchange: None,
                remaining_seconds: seconds / seen.max(1.0) * (all as f64 - now),
            });
        }
        Event::Started { .. } | Event::Finished { .. } => {}
        other => cx.emit(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use foretask_models::{Arch, BackboneConfig, InputSpec, Stem};

    use super::*;
    use crate::features::{extract_features, extract_mirrored_features};
    use crate::test_support::{Surroundings, stripes};

    #[derive(Default)]
    struct Memory(Mutex<BTreeMap<String, Vec<f32>>>);

    impl FeatureStore for Memory {
        fn wants(&self, _: &Encoder, images: usize) -> Option<bool> {
            (images > 1).then_some(false)
        }

        fn load(&self, name: &str) -> Option<Vec<f32>> {
            self.0.lock().unwrap().get(name).cloned()
        }

        fn keep(&self, name: &str, _: bool, numbers: Vec<f32>) -> Vec<f32> {
            self.0.lock().unwrap().insert(name.to_owned(), numbers.clone());
            numbers
        }
    }

    fn encoder(seed: u64) -> Encoder {
        let config = BackboneConfig::resnet(Arch::ResNet10, 4).with_stem(Stem::Small);
        Encoder::random(&config, &InputSpec::centered(1, 12, 12), seed).unwrap()
    }

    #[test]
    fn what_is_remembered_is_what_would_be_computed() {
        let (images, around, memory) = (stripes(13, 2), Surroundings::new(), Memory::default());
        let plain = around.context(2);
        let kept = Context { features: Some(&memory), ..plain };
        let expected = extract_features(&encoder(1), &images, &plain).unwrap();
        assert_eq!(extract_features(&encoder(1), &images, &kept).unwrap(), expected);
        let count = || memory.0.lock().unwrap().len();
        assert_eq!(count(), 3);
        // Marked, so that it shows that nothing is computed again.
        memory.0.lock().unwrap().values_mut().for_each(|part| part[0] = 7.0);
        let again = extract_features(&encoder(1), &images, &kept).unwrap();
        assert_eq!((again.data[0], again.data[1], count()), (7.0, expected.data[1], 3));
        assert_eq!(again.rows, expected.rows);
        // Another view, another encoder, other images, and a file of another length are other features.
        let mirrored = extract_mirrored_features(&encoder(1), &images, &kept).unwrap();
        assert_eq!(mirrored, extract_mirrored_features(&encoder(1), &images, &plain).unwrap());
        let other = extract_features(&encoder(2), &images, &kept).unwrap();
        assert_eq!(other, extract_features(&encoder(2), &images, &plain).unwrap());
        assert_eq!(count(), 9);
        let some = images.select(&[5, 6, 7, 8, 9]);
        assert_eq!(extract_features(&encoder(1), &some, &kept).unwrap().data[0], 7.0);
        memory.0.lock().unwrap().values_mut().for_each(|part| part.truncate(3));
        assert_eq!(extract_features(&encoder(1), &images, &kept).unwrap(), expected);
    }
}
