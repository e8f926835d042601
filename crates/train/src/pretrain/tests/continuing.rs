//! Going on from weights that know something.

use std::cell::Cell;

use super::*;
use crate::{Features, Metric};

/// An encoder that learned a little, under a license.
fn learned() -> Encoder {
    let folder = tempfile::tempdir().unwrap();
    let encoder = Run::new("rotation", SHORT, folder.path()).run().unwrap().encoder;
    encoder.with_license(Some("Apache-2.0".to_owned()))
}

const LONGER: &str = r#"{"steps": 20, "batch_size": 8, "seed": 3}"#;

/// Goes on by `SimCLR`; the looks are judged by `judge`, which gets their number. Stops once `stop_at` is saved.
fn go_on(
    start: &Start,
    text: &str,
    judge: Option<&dyn Fn(u32) -> f64>,
    (folder, stop_at): (&Path, Option<u64>),
) -> (Result<Pretrained, TrainError>, Vec<String>) {
    let device = foretask_backend::device("flex").unwrap();
    let (interrupt, said) = (Interrupt::new(), Mutex::<Vec<String>>::default());
    let events = |event: Event| match event {
        Event::Saved { step } if stop_at.is_some_and(|stop| step >= stop) => interrupt.request(),
        Event::Note(text) | Event::Warning(text) => said.lock().unwrap().push(text),
        _ => (),
    };
    let checkpoint_every = if stop_at.is_some() { Duration::ZERO } else { Duration::from_hours(1) };
    let cx = Context {
        device: &device,
        folder,
        events: &events,
        interrupt: &interrupt,
        threads: 1,
        features: None,
        checkpoint_every,
    };
    let (watched, looks) = (pictures(9), Cell::new(0));
    let found = |_: &Features| {
        looks.set(looks.get() + 1);
        judge.map(|judge| Metric::new("told", judge(looks.get()))).into_iter().collect()
    };
    let observer = judge.is_some().then_some(Observer { images: &watched, judge: &found });
    let (mix, images, options) = (mix("simclr"), pictures(20), options(text));
    let pretraining = Pretraining { start, mix: &mix, images: &images, options: &options };
    let result = pretrain(&pretraining, observer.as_ref(), &cx);
    (result, said.into_inner().unwrap())
}

#[test]
fn heads_learn_alone_first_and_the_encoder_not_at_all() {
    let encoder = learned();
    let (folder, start) = (tempfile::tempdir().unwrap(), Start::Encoder(encoder.clone()));
    // Two updates of which the first 90 % are for the heads.
    let text = r#"{"steps": 2, "batch_size": 8, "warm_heads": 0.9}"#;
    let (found, said) = go_on(&start, text, None, (folder.path(), None));
    let found = found.unwrap();
    assert_eq!(bits(&found.encoder.state), bits(&encoder.state));
    assert!(said.iter().any(|text| text.starts_with("lr = ") && text.contains("a tenth")), "{said:?}");
    assert!(said.iter().any(|text| text.contains("guard = false") && text.contains("online: few")), "{said:?}");
    assert_eq!((found.continued, found.encoder.license.as_deref()), (None, Some("Apache-2.0")));
    let moved = go_on(&start, LONGER, None, (tempfile::tempdir().unwrap().path(), None)).0.unwrap();
    assert_ne!(bits(&moved.encoder.state), bits(&encoder.state));
    assert_eq!(moved.encoder.license.as_deref(), Some("Apache-2.0"));
}

#[test]
fn what_is_chosen_suits_trained_weights_alone() {
    let plan = |start: &Start, text: &str| {
        plan_pretraining(start, &mix("simclr"), &pictures(20).survey(), &options(text))
            .map_err(|error| error.to_string())
    };
    let trained = Start::Encoder(learned());
    let (new, on) = (plan(&start(), LONGER).unwrap(), plan(&trained, LONGER).unwrap());
    assert!(new.continuing.is_none() && !serde_json::to_string(&new).unwrap().contains("continuing"));
    assert!((on.lr / new.lr - 0.1).abs() < 0.01, "{} {}", on.lr, new.lr);
    let how = on.continuing.unwrap();
    assert_eq!((how.layer_decay, how.warm_heads, how.head_rate), (1.0, 0.1, 10.0));
    let given = plan(&trained, r#"{"steps": 9, "lr": 1e-3, "warm_heads": 0}"#).unwrap();
    assert_eq!((given.lr, given.continuing.unwrap().head_rate), (1e-3, 1.0));
    // Random weights know nothing, in whatever form they come.
    let random = Start::Encoder(teacher(1, SIDE));
    assert_eq!((plan(&random, LONGER).unwrap().lr, random.is_trained()), (new.lr, false));
    for (option, value) in [("layer_decay", "0.5"), ("warm_heads", "0.2")] {
        let text = format!(r#"{{"steps": 9, "{option}": {value}}}"#);
        let error = plan(&start(), &text).unwrap_err();
        assert!(error.contains(option) && error.contains("random weights"), "{error}");
    }
    let error = plan(&trained, r#"{"layer_decay": 0.5}"#).unwrap_err();
    assert!(error.contains("transformer"), "{error}");
    let guarded = |start: &Start, watched| {
        guards(start, &options(r#"{"guard": true}"#), watched).map_err(|error| error.to_string())
    };
    assert!(guarded(&start(), true).unwrap_err().contains("random weights"));
    assert!(guarded(&trained, false).unwrap_err().contains("online: few"));
    assert!(guarded(&trained, true).unwrap().0);
}

#[test]
fn an_encoder_that_gets_worse_is_stopped_and_put_back() {
    let (start, folder) = (Start::Encoder(learned()), tempfile::tempdir().unwrap());
    // The first look is at the start; all later ones are clearly worse.
    let worse = |look: u32| if look == 1 { 0.9 } else { 0.1 };
    let (found, said) = go_on(&start, LONGER, Some(&worse), (folder.path(), None));
    let found = found.unwrap();
    let verdict = found.continued.clone().unwrap();
    assert_eq!((verdict.kept, verdict.before, verdict.after), (KeptEncoder::Start, 0.9, 0.1));
    // A look every other step, from the first after the two for the heads: after 4, 6 and 8.
    assert_eq!((found.steps, verdict.stopped), (8, Some((8, 20))));
    let Start::Encoder(encoder) = &start else { panic!() };
    assert_eq!((&found.encoder.state, &found.encoder.seen), (&encoder.state, &encoder.seen));
    for part in ["the starting encoder has told 90.0 %", "it is stopped here", "kept = start"] {
        assert!(said.iter().any(|text| text.contains(part)), "{part}: {said:?}");
    }
    // It survives its file, and a finished folder says the same at once.
    found.save(&folder.path().join("result")).unwrap();
    let loaded = Pretrained::load(&folder.path().join("result"), &mix("simclr")).unwrap().unwrap();
    assert_eq!((&loaded.continued, &loaded.encoder), (&found.continued, &found.encoder));
    let again = go_on(&start, LONGER, Some(&worse), (folder.path(), None)).0.unwrap();
    assert_same(&again, &found);
    assert_eq!(again.continued.map(|verdict| verdict.stopped), Some(verdict.stopped));
    // Without guard it goes on to the end.
    let text = r#"{"steps": 20, "batch_size": 8, "seed": 3, "guard": false}"#;
    let free = go_on(&start, text, Some(&worse), (tempfile::tempdir().unwrap().path(), None)).0.unwrap();
    assert_eq!((free.steps, free.continued), (20, None));
}

#[test]
fn interruptions_in_every_part_end_in_the_same_bits() {
    let start = Start::Encoder(learned());
    // The looks are numbered anew in every sitting, so that the judgment must not hang on the number but for the first.
    let (better, worse) = (|_: u32| 0.5, |look: u32| if look == 1 { 0.9 } else { 0.1 });
    let judges: [&dyn Fn(u32) -> f64; 2] = [&better, &worse];
    for judge in judges {
        let whole = go_on(&start, LONGER, Some(judge), (tempfile::tempdir().unwrap().path(), None)).0.unwrap();
        // Among the heads' steps, just after them, between two bad looks.
        for stop_at in [1, 3, 5] {
            let folder = tempfile::tempdir().unwrap();
            let first = go_on(&start, LONGER, Some(judge), (folder.path(), Some(stop_at))).0;
            assert!(matches!(first, Err(TrainError::Interrupted { .. })), "{first:?}");
            let resumed = go_on(&start, LONGER, Some(judge), (folder.path(), None)).0.unwrap();
            assert_same(&resumed, &whole);
            assert_eq!(resumed.continued, whole.continued);
        }
    }
}
