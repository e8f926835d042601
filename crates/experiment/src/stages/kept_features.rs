//! Features of encoders that do not change, kept as stages: probes, spreading and choosing afterwards take seconds.

use std::path::Path;

use foretask_models::{Encoder, InputSpec};
use foretask_train::FeatureStore;
use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use serde_json::{Value, json};

use crate::error::{Error, ErrorKind};
use crate::experiment::Experiment;
use crate::plan::{PlannedStage, planned};
use crate::runner::Stage;
use crate::stage::{Done, StageKey};

const RESULT: &str = "features.bin";
/// Bytes of a part, at most: thousands of images with thousands of numbers each.
const MOST_BYTES: u64 = 1 << 30;
/// Operations from which looking again is worth a file: seconds of a core or two.
const WORTH: f64 = 2e11;
/// Numbers from which half precision is kept: 64 MiB of them.
const MANY: usize = 1 << 25;

/// The memory of an experiment's stages, for features.
pub(super) struct KeptFeatures<'a> {
    pub(super) experiment: &'a Experiment,
    /// Operations from which something is kept.
    pub(super) worth: f64,
}

impl<'a> KeptFeatures<'a> {
    pub(super) fn of(experiment: &'a Experiment) -> Self {
        Self { experiment, worth: WORTH }
    }

    fn part(&self, name: &str, numbers: Vec<f32>, half: bool) -> Result<Part, Error> {
        let key = StageKey::new("features", &self.experiment.device_kind()?, [("of", json!(name))]);
        Ok(Part { key, numbers, half })
    }
}

impl FeatureStore for KeptFeatures<'_> {
    fn wants(&self, encoder: &Encoder, images: usize) -> Option<bool> {
        let InputSpec { channels, height, width, .. } = encoder.input;
        let operations = encoder.config.cost(channels, height, width).forward_flops as f64 * images as f64;
        (operations >= self.worth).then(|| images.saturating_mul(encoder.config.feature_dim()) >= MANY)
    }

    fn load(&self, name: &str) -> Option<Vec<f32>> {
        self.experiment.stored_before(&self.part(name, Vec::new(), false).ok()?)
    }

    fn keep(&self, name: &str, half: bool, numbers: Vec<f32>) -> Vec<f32> {
        // Half precision ends at 65,504; a part with larger numbers is kept as it is.
        let half = half && numbers.iter().all(|number| number.abs() <= f16::MAX.to_f32());
        let kept = self.part(name, numbers.clone(), half).and_then(|part| self.experiment.run(&part));
        match kept {
            Ok(Some(outcome)) => outcome.value,
            Ok(None) => numbers,
            Err(error) => {
                // Who asked to stop is told so where the work goes on; the numbers are there, and only have to be computed again.
                if error.kind != ErrorKind::Interrupted {
                    self.experiment.warn(format!("features cannot be kept: {}", error.message));
                }
                if half { widened(&halved(&numbers)) } else { numbers }
            }
        }
    }
}

/// Features of some images.
struct Part {
    key: StageKey,
    numbers: Vec<f32>,
    half: bool,
}

impl Stage for Part {
    type Output = Vec<f32>;

    const QUICK: bool = true;

    fn key(&self) -> &StageKey {
        &self.key
    }

    fn plan(&self) -> PlannedStage {
        planned("features")
    }

    fn make(&self, _: &Experiment, _: &Path) -> Result<Vec<f32>, Error> {
        Ok(self.numbers.clone())
    }

    fn save(&self, numbers: &Vec<f32>, folder: &Path) -> Result<Value, Error> {
        let bytes: Vec<u8> = if self.half {
            halved(numbers).into_iter().flat_map(u16::to_le_bytes).collect()
        } else {
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
        };
        let path = folder.join(RESULT);
        foretask_data::write_atomically(&path, bytes)?;
        Ok(json!({ "half": self.half, "count": numbers.len() }))
    }

    fn load(&self, folder: &Path, done: &Done) -> Result<Vec<f32>, Error> {
        let path = folder.join(RESULT);
        let failed = |reason: String| Error::failed(format!("`{}` {reason}", path.display()));
        let bytes =
            foretask_files::read(&path, MOST_BYTES).map_err(|error| failed(format!("cannot be read: {error}")))?;
        let numbers: Vec<f32> = if done.facts["half"] == true {
            widened(&bytes.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect::<Vec<_>>())
        } else {
            bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
        };
        if done.facts["count"].as_u64() != Some(numbers.len() as u64) {
            return Err(failed(format!("holds {} numbers", numbers.len())));
        }
        Ok(numbers)
    }
}

/// Half precision, rounded to the nearest.
fn halved(numbers: &[f32]) -> Vec<u16> {
    let mut halves = vec![f16::ZERO; numbers.len()];
    halves.convert_from_f32_slice(numbers);
    halves.iter().map(|half| half.to_bits()).collect()
}

fn widened(bits: &[u16]) -> Vec<f32> {
    bits.reinterpret_cast::<f16>().to_f32_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Mode, Settings};
    use crate::image_cache::ImageCache;

    #[test]
    fn numbers_come_back_as_they_were_given_back_at_first() {
        let folder = tempfile::tempdir().unwrap();
        let experiment = Experiment::new(Mode::Run, &Settings::new(folder.path()), &ImageCache::default(), None);
        let store = KeptFeatures::of(&experiment);
        let numbers = vec![0.1, -3.0, 1000.25, 0.0];
        assert_eq!(store.load("a"), None);
        assert_eq!(store.keep("a", false, numbers.clone()), numbers);
        assert_eq!(store.load("a"), Some(numbers.clone()));
        // 0.1 in binary16 is 0x2e66, which is 0.0999755859375; 1000.25 falls between 1000 and 1000.5, and ties go to even.
        let half = store.keep("b", true, numbers.clone());
        assert_eq!(half, [0.099_975_586, -3.0, 1000.0, 0.0]);
        assert_eq!(store.load("b"), Some(half));
        let large = vec![70_000.0, 0.1];
        assert_eq!(store.keep("c", true, large.clone()), large);
        assert_eq!(store.load("c"), Some(large));
        // Bytes that were damaged are not taken for features.
        let file = |entry: std::fs::DirEntry| entry.path().join(RESULT);
        for entry in std::fs::read_dir(folder.path().join(".stages")).unwrap().flatten() {
            std::fs::write(file(entry), [7; 8]).unwrap();
        }
        assert_eq!((store.load("a"), store.load("b")), (None, None));
    }
}
