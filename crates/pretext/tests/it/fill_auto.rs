//! What the pool, the batch and the length of a run decide.

use foretask_pretext::{
    Auto, BarlowTwins, Byol, DeepCluster, Dino, LeJepa, Mae, MoCo, NnClr, PretextError, Result, RunSizes, SimClr,
    SimMim, SimSiam, SupCon, SwAv, VicReg,
};
use proptest::prelude::*;
use serde_json::Value;

type Filled = Result<(Value, Vec<Auto>)>;

fn sizes(pool: usize, batch: usize, features: usize, steps: Option<u64>) -> RunSizes {
    RunSizes { pool, batch, features, map: [2, 2], patch: None, steps }
}

/// The options of each method after filling, as data.
fn fill_all(pool: usize, batch: usize, features: usize, steps: Option<u64>) -> Vec<(&'static str, Filled)> {
    macro_rules! filled {
        ($($word:literal $task:ident),+) => {
            vec![$(($word, $task::default().fill_auto(&sizes(pool, batch, features, steps)).map(|(task, notes)| {
                // What has a value keeps it, and is told once.
                assert_eq!(task.fill_auto(&sizes(pool, batch, features, steps)), Ok((task, vec![])));
                (serde_json::to_value(task).unwrap(), notes)
            }))),+]
        };
    }
    filled!(
        "simclr" SimClr, "moco" MoCo, "nnclr" NnClr, "byol" Byol, "simsiam" SimSiam, "barlow_twins" BarlowTwins,
        "vicreg" VicReg, "swav" SwAv, "dino" Dino, "deepcluster" DeepCluster, "lejepa" LeJepa, "supcon" SupCon
    )
}

/// What the images decide rather than the run.
const BY_SHAPE: [&str; 6] = ["views", "crop", "jitter", "flip", "blur", "temperature"];

/// What there is nothing to decide about: the second version of `moco` has no predictor.
const WITHOUT: [(&str, &str); 1] = [("moco", "predictor_width")];

proptest! {
    #[test]
    fn everything_open_gets_a_value_with_a_reason_whatever_the_run(
        pool in 2..2_000_000_usize, batch in 2..1024_usize, features in 8..4096_usize, steps in proptest::option::of(1..100_000_u64),
    ) {
        for (word, filled) in fill_all(pool, batch.min(pool), features, steps) {
            let (task, notes) = filled.unwrap();
            let open = task.as_object().unwrap().iter().filter(|(_, value)| *value == "auto");
            let left = open.map(|(key, _)| key.as_str()).filter(|key| !BY_SHAPE.contains(key));
            let left: Vec<_> = left.filter(|key| !WITHOUT.contains(&(word, key))).collect();
            prop_assert!(left.is_empty(), "{word}: {left:?}");
            prop_assert!(!notes.is_empty());
            for note in &notes {
                let value = &task[note.name.as_str()];
                let told: Value = serde_json::from_str(&note.value).unwrap();
                // A note says 0 where JSON says 0.0.
                let same = value == &told || value.is_number() && value.as_f64() == told.as_f64();
                prop_assert!(same, "{word}: {value} {note:?}");
                prop_assert!(note.reason.len() > 9, "{note:?}");
            }
            let number = |key: &str| task.get(key).and_then(Value::as_f64);
            if let Some(queue) = number("queue") {
                prop_assert_eq!(queue as usize % batch.min(pool), 0);
                prop_assert!(queue as usize <= (pool / 2).max(batch.min(pool)));
            }
            prop_assert!(number("prototypes").is_none_or(|prototypes| (2.0..=pool as f64).contains(&prototypes)));
            prop_assert!(number("momentum").is_none_or(|momentum| (0.9..1.0).contains(&momentum)));
            for limited in ["freeze", "warmup"] {
                if let (Some(limited), Some(steps)) = (number(limited), steps) {
                    prop_assert!(limited <= steps as f64 / 10.0);
                }
            }
        }
    }
}

#[test]
fn large_pools_get_the_published_values() {
    // ImageNet, ResNet-50.
    let (byol, _) = Byol::default().fill_auto(&sizes(1_281_167, 4096, 2048, Some(94_000))).unwrap();
    assert_eq!((byol.momentum, byol.projector_width, byol.projector_out), (Some(0.996), Some(4096), Some(256)));
    let (moco, _) = MoCo::default().fill_auto(&sizes(1_281_167, 256, 2048, Some(1_000_000))).unwrap();
    assert_eq!((moco.queue, moco.momentum, moco.momentum_end), (Some(65_536), Some(0.999), Some(0.999)));
    assert_eq!((moco.projector_width, moco.projector_out), (Some(2048), Some(128)));
    let (dino, _) = Dino::default().fill_auto(&sizes(1_281_167, 1024, 2048, Some(125_000))).unwrap();
    assert_eq!(
        (dino.outputs, dino.teacher_temperature, dino.warmup_temperature),
        (Some(65_536), Some(0.07), Some(0.04))
    );
    assert_eq!((dino.momentum, dino.projector_width, dino.bottleneck), (Some(0.996), Some(2048), Some(256)));
    assert_eq!(dino.center_momentum, Some(0.9));
    let (swav, _) = SwAv::default().fill_auto(&sizes(1_281_167, 256, 2048, Some(1_000_000))).unwrap();
    assert_eq!((swav.prototypes, swav.queue, swav.freeze), (Some(3000), Some(3840), Some(5004)));
    let (barlow, _) = BarlowTwins::default().fill_auto(&sizes(1_281_167, 2048, 2048, None)).unwrap();
    assert_eq!((barlow.projector_width, barlow.projector_out), (Some(8192), Some(8192)));
    let (simsiam, _) = SimSiam::default().fill_auto(&sizes(1_281_167, 256, 2048, None)).unwrap();
    assert_eq!((simsiam.projector_out, simsiam.predictor_width), (Some(2048), Some(512)));
}

#[test]
fn small_pools_and_short_runs_get_smaller_ones() {
    let (byol, notes) = Byol::default().fill_auto(&sizes(6000, 256, 128, Some(500))).unwrap();
    assert_eq!((byol.momentum, byol.projector_width), (Some(0.96), Some(256)));
    assert!(notes[0].reason.contains("of 500 steps"), "{notes:?}");
    let (moco, _) = MoCo::default().fill_auto(&sizes(6000, 256, 128, Some(500))).unwrap();
    assert_eq!((moco.queue, moco.momentum_end, moco.symmetric), (Some(2816), moco.momentum, Some(true)));
    let (dino, _) = Dino::default().fill_auto(&sizes(6000, 256, 128, Some(500))).unwrap();
    assert_eq!((dino.outputs, dino.teacher_temperature, dino.warmup_temperature), (Some(1024), Some(0.04), Some(0.04)));
    assert_eq!((dino.freeze, dino.warmup, dino.center_momentum), (Some(23), Some(50), Some(0.0)));
    let (swav, _) = SwAv::default().fill_auto(&sizes(6000, 64, 128, Some(500))).unwrap();
    assert_eq!((swav.prototypes, swav.queue, swav.queue_start), (Some(375), Some(512), Some(25)));
}

fn refused<T: std::fmt::Debug>(filled: Result<(T, Vec<Auto>)>) -> String {
    let error = filled.unwrap_err();
    assert!(matches!(error, PretextError::Unsuitable { .. }));
    error.to_string()
}

#[test]
fn what_cannot_work_names_what_would() {
    for (word, filled) in fill_all(1000, 1, 128, None) {
        let error = filled.unwrap_err().to_string();
        assert!(error.starts_with(word) && error.contains("batch_size of at least 2"), "{error}");
    }
    let moco =
        |queue| refused(MoCo { queue: Some(queue), ..MoCo::default() }.fill_auto(&sizes(10_000, 256, 128, None)));
    assert!(moco(1000).contains("`queue` = 1000") && moco(1000).contains("choose 1024"), "{}", moco(1000));
    let beyond = moco(12_800);
    assert!(beyond.contains("only 10000 images") && beyond.contains("at most 4864"), "{beyond}");
    assert!(moco(1100).contains("choose 1024") && moco(10).contains("choose 256") && moco(0).contains("`version: 3`"));
    let nnclr = refused(NnClr { queue: Some(300), ..NnClr::default() }.fill_auto(&sizes(10_000, 256, 128, None)));
    assert!(nnclr.contains("choose 256"), "{nnclr}");
    let swav = refused(SwAv { prototypes: Some(3000), ..SwAv::default() }.fill_auto(&sizes(500, 64, 128, None)));
    assert!(swav.contains("`prototypes` = 3000") && swav.contains("only 500 images") && swav.contains("at most 500"));
    let swav = |task: SwAv| refused(task.fill_auto(&sizes(10_000, 64, 128, Some(40))));
    let frozen = swav(SwAv { freeze: Some(40), ..SwAv::default() });
    assert!(frozen.contains("`freeze` = 40") && frozen.contains("less than 40"), "{frozen}");
    let unused = swav(SwAv { queue: Some(2560), ..SwAv::default() });
    assert!(unused.contains("`queue_start` = 40") && unused.contains("never used"), "{unused}");
    let dino = |task: Dino| refused(task.fill_auto(&sizes(10_000, 64, 128, Some(40))));
    assert!(dino(Dino { freeze: Some(41), ..Dino::default() }).contains("to the very end"));
    assert!(dino(Dino { warmup: Some(50), ..Dino::default() }).contains("`warmup` = 50"));
    Dino { freeze: Some(39), warmup: Some(39), ..Dino::default() }
        .fill_auto(&sizes(10_000, 64, 128, Some(40)))
        .unwrap();
    let clusters =
        refused(DeepCluster { prototypes: Some(501), ..DeepCluster::default() }.fill_auto(&sizes(500, 64, 128, None)));
    assert!(clusters.starts_with("deepcluster") && clusters.contains("at most 500"), "{clusters}");
    let error = foretask_pretext::Task::MoCo(MoCo { version: 3, queue: Some(256), ..MoCo::default() }).validate();
    assert!(error.unwrap_err().to_string().contains("`version: 2`"));
}

/// A vision transformer's run: rows and columns of patches of so many pixels.
fn seen(map: [usize; 2], patch: usize, features: usize) -> RunSizes {
    RunSizes { map, patch: Some(patch), ..sizes(1000, 64, features, None) }
}

#[test]
fn what_hides_patches_takes_those_of_the_network() {
    let (mae, notes) = Mae::default().fill_auto(&seen([8, 8], 4, 192)).unwrap();
    assert_eq!((mae.patch, mae.decoder_width, mae.decoder_depth), (Some(4), Some(128), Some(2)));
    assert!(notes.len() == 3 && notes.iter().all(|note| note.reason.len() > 9), "{notes:?}");
    assert_eq!(mae.fill_auto(&seen([8, 8], 4, 192)), Ok((mae, vec![])));
    let (base, _) = Mae::default().fill_auto(&seen([14, 14], 16, 768)).unwrap();
    assert_eq!((base.patch, base.decoder_width, base.decoder_depth), (Some(16), Some(512), Some(8)));
    // Two patches are two of 32 pixels in four, and 32 of 192 and 224 as published; three of a side are too few for two.
    for (map, patch, unit) in
        [([8, 8], 4, 8), ([12, 12], 16, 32), ([14, 14], 16, 32), ([24, 24], 16, 64), ([3, 3], 8, 8)]
    {
        let (simmim, notes) = SimMim::default().fill_auto(&seen(map, patch, 192)).unwrap();
        assert_eq!((simmim.unit, notes.len()), (Some(unit), 1), "{map:?} {patch}");
        assert_eq!(simmim.fill_auto(&seen(map, patch, 192)), Ok((simmim, vec![])));
    }
}

#[test]
fn patches_of_other_networks_or_none_at_all_are_refused() {
    let none = sizes(1000, 64, 128, None);
    for error in [Mae::default().fill_auto(&none).unwrap_err(), SimMim::default().fill_auto(&none).unwrap_err()] {
        assert!(matches!(error, PretextError::Network { .. }));
        let error = error.to_string();
        assert!(error.contains("vit(") && error.contains("`masked_pixels`"), "{error}");
    }
    let mae = |task: Mae, map, patch| refused(task.fill_auto(&seen(map, patch, 192)));
    let other = mae(Mae { patch: Some(8), ..Mae::default() }, [8, 8], 4);
    assert!(other.contains("`patch` = 8") && other.contains("4x4 pixels") && other.contains("leave it out"), "{other}");
    let blind = mae(Mae { ratio: 0.95, ..Mae::default() }, [2, 2], 16);
    assert!(
        blind.contains("`ratio` = 0.95") && blind.contains("leaves none visible") && blind.contains("at most 0.75")
    );
    let single = mae(Mae::default(), [1, 1], 32);
    assert!(single.contains("`patch` = 32") && single.contains("too few such squares"), "{single}");
    let simmim = |unit, map| refused(SimMim { unit: Some(unit), ..SimMim::default() }.fill_auto(&seen(map, 4, 192)));
    assert!(simmim(10, [8, 8]).contains("use 8 or 12") && simmim(2, [8, 8]).contains("use 4 or 8"));
    assert!(simmim(32, [8, 8]).contains("`unit` = 32") && simmim(32, [8, 8]).contains("at most 16"));
}
