//! What guarding a fine-tuning against a bad encoder means for its key and its plan.

use foretask_data::Samples;
use foretask_train::{FinetuneOptions, Keep, guard_trainings};
use serde_json::{Value, json};

use crate::experiment::Experiment;
use crate::stage::{StageKey, StageState};
use crate::values::Start;

/// Where there is one answer only, or the script has said which to keep, nothing is guarded.
fn is_guarded(start: &Start, options: &FinetuneOptions) -> bool {
    options.guard && options.keep == Keep::Auto && start.encoder().is_some()
}

/// The options as part of a key: of a stage that is not guarded they are those of versions that had no guard.
pub(super) fn in_key(start: &Start, options: &FinetuneOptions) -> Value {
    let mut said = json!(options);
    if let (false, Some(map)) = (is_guarded(start, options), said.as_object_mut()) {
        map.remove("guard");
    }
    said
}

/// What it costs to find out which answer to keep.
pub(super) fn cost(start: &Start, options: &FinetuneOptions, samples: &Samples) -> Option<String> {
    let encoder = start.encoder().filter(|_| is_guarded(start, options))?;
    let labels: Vec<u32> = samples.labels.iter().flatten().copied().collect();
    let trainings = guard_trainings(options, &labels, samples.classes.len());
    let times = match trainings {
        0 => return None,
        1 => "one further training".to_owned(),
        more => format!("{more} further trainings"),
    };
    let scratch = if encoder.is_published() {
        String::new()
    } else {
        let times = if trainings == 1 { "one" } else { "as many" };
        format!(", and {times} from scratch where that is no better than raw pixels")
    };
    Some(format!(
        "guard: {times} on a part of the labels show what to keep{scratch} (`guard: false` or `keep` spares them)"
    ))
}

/// That a stage is made again which a version without guard has made.
pub(super) fn remade(experiment: &Experiment, key: &StageKey, before: &StageKey) -> Option<String> {
    let done = |key| experiment.memory.state(key) == StageState::Done;
    (key.hash() != before.hash() && !done(key) && done(before)).then(|| {
        "fine-tuned before without guard; it is made again once, now guarded (`guard: false` takes it as it is)"
            .to_owned()
    })
}
