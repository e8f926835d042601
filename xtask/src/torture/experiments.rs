//! Tiny experiments, one for each kind of stage and each way to pretrain that keeps something between steps.

/// The script's name in its folder.
pub(super) const SCRIPT: &str = "experiment.rhai";
/// The images' name in it.
pub(super) const IMAGES: &str = "color";

/// One that makes a stage of every kind.
pub(super) const EVERYTHING: &str = "everything";

const HEAD: &str = "\
let data = dataset(\"color\");
let pool = data.unlabeled();
let few  = data.split(\"train\").per_class(4, #{ seed: 1, draws: 2 });
let one  = data.split(\"train\").per_class(4, #{ seed: 3 });
let test = data.split(\"test\");
let net  = resnet10(#{ width: 4 });
";

/// Pretraining by each task here, with what follows from it.
const PRETRAINING: &[(&str, &str)] = &[
    ("simclr", "simclr()"),
    ("moco", "moco(#{ queue: 64 })"),
    ("nnclr", "nnclr()"),
    ("byol", "byol()"),
    ("barlow_twins", "barlow_twins()"),
    ("swav", "swav()"),
    ("dino", "dino()"),
    ("deepcluster", "deepcluster()"),
    ("lejepa", "lejepa()"),
    ("rotation", "rotation()"),
    ("jigsaw", "jigsaw()"),
    ("exemplar", "exemplar()"),
    ("counting", "counting()"),
    ("colorization", "colorization()"),
    ("super_resolution", "super_resolution()"),
    ("masked_pixels", "masked_pixels()"),
    ("mae", "mae(#{ decoder_width: 32, decoder_depth: 1 })"),
    ("simmim", "simmim()"),
    ("distill", "distill(random_encoder(net))"),
    ("multi_task", "multi_task([[rotation(), 1.0], [inpainting(), 1.0]], #{ balance: \"gradient\" })"),
    (
        "custom_task",
        "custom_task(|image, rng| {\n    let turns = rng.below(4);\n    \
         #{ input: image.rotate90(turns).noise(rng, 0.05), label: turns }\n}, #{ classes: 4 })",
    ),
];

/// The network, and the one for tasks that hide its patches.
const NET: &str = "resnet10(#{ width: 4 })";
const SEES_PATCHES: &str = "vit(#{ patch: 8 })";

/// What is done with an encoder, by name.
const STAGES: &[(&str, &str)] = &[
    (
        "finetune",
        "let tuned = finetune(pre.encoder, few, #{ steps: 40 });\ntuned.save(\"tuned.safetensors\");\n\
         results.tuned = tuned.evaluate(test);\nresults.scratch = finetune(net, few, #{ steps: 40 }).evaluate(test);\n",
    ),
    (
        "probes",
        "results.probe = linear_probe(pre.encoder, few).evaluate(test);\nresults.knn = knn(pre.encoder, few, #{ k: 3 }).evaluate(test);\n\
         results.pixels = pixel_probe(few).evaluate(test);\n",
    ),
    ("spread_labels", "results.spread = spread_labels(pre.encoder, few, pool).evaluate(test);\n"),
    (
        "self_train",
        "results.own = self_train(pre.encoder, few, pool, #{ rounds: 2, steps: 20, batch_size: 16 }).evaluate(test);\n",
    ),
    (
        "label_curve",
        "curves.curve = label_curve(#{ turned: pre, scratch: net }, data.split(\"train\"), test, #{\n    \
         labels: [1, 4], seeds: 2, seed: 1, methods: [\"linear\", \"finetune\", \"knn\"], finetune: #{ steps: 6 }, \
         scratch: #{ steps: 6 },\n});\n",
    ),
    (
        "pick_task",
        "let picked = pick_task(net, pool, one, [simclr(), rotation(), inpainting()], \
         #{ steps: 12, pretrain: #{ batch_size: 16 } });\n\
         results.picked = linear_probe(picked.encoder, few).evaluate(test);\n",
    ),
    (
        "label_next",
        "let asked = label_next(pre.encoder, pool, #{ n: 6, manifest: \"to_label.csv\", sheet: \"to_label.png\" });\n\
         let chosen = label_next(pre.encoder, data.split(\"train\"), #{ n: 12, seed: 1, draws: 2 }).data;\n\
         results.chosen = linear_probe(pre.encoder, chosen).evaluate(test);\n",
    ),
    (
        "predict",
        "let probe = linear_probe(pre.encoder, one);\nprobe.predict(pool, \"answers.csv\");\n\
         results.probe = probe.evaluate(test);\n",
    ),
];

/// The names of all but [`EVERYTHING`], those of whole kinds of stages first.
pub(super) fn names() -> Vec<&'static str> {
    STAGES.iter().chain(PRETRAINING).map(|(name, _)| *name).collect()
}

/// The script of an experiment.
pub(super) fn script(name: &str) -> Option<String> {
    let find = |table: &[(&str, &'static str)]| table.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    if name == EVERYTHING {
        let all: String = STAGES.iter().flat_map(|(_, stage)| ["{\n", stage, "}\n"]).collect();
        return Some(whole("rotation()", 8, &all, true));
    }
    match find(PRETRAINING) {
        Some(task) => {
            let judged = "pre.encoder.save(\"encoder.safetensors\");\n\
                          results.probe = linear_probe(pre.encoder, few).evaluate(test);\n";
            let script = whole(task, 60, judged, false);
            Some(if ["mae", "simmim"].contains(&name) { script.replace(NET, SEES_PATCHES) } else { script })
        }
        None => find(STAGES).map(|stage| whole("rotation()", 8, stage, false)),
    }
}

fn whole(task: &str, steps: usize, rest: &str, baselines: bool) -> String {
    format!(
        "{HEAD}let pre = pretrain(net, {task}, pool, #{{ steps: {steps}, batch_size: 16, on_collapse: \"warn\" }});\n\
         let results = #{{}};\nlet curves = #{{}};\n{rest}\
         results.mixin(curves);\nreport(\"experiment\", results, #{{ baselines: {baselines} }});\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_experiment() {
        let names = names();
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert!(names.iter().all(|name| script(name).is_some_and(|text| text.contains("report("))));
        let everything = script(EVERYTHING).unwrap();
        assert!(STAGES.iter().all(|(_, stage)| everything.contains(stage)));
        assert!(script("nothing").is_none());
        assert!(script("mae").unwrap().contains(SEES_PATCHES) && script("simclr").unwrap().contains(NET));
    }
}
