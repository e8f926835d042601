//! Real scripts through the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod book;
mod browser;
mod channels;
mod clean;
mod compare;
mod continuing;
mod custom_task;
mod data;
mod distill;
mod embed;
mod experiment;
mod find_issues;
mod handed_on;
mod hostile;
mod kept_files;
mod label;
mod label_curve;
mod label_next;
mod labels;
mod leakage;
mod masked;
mod mistakes;
mod new;
mod online;
mod onnx;
mod pick_task;
mod plan;
mod predict;
mod published;
mod repl;
mod report;
mod resume;
mod second_run;
mod self_train;
mod stages;
mod threads;
mod torch;
mod verbs;
mod weights;

/// A whole experiment in seconds: two ways to the same few labels.
const TINY: &str = r#"
let data = dataset("datasets/fashion-mini");
let few  = data.split("train").per_class(3, #{ seed: 1, draws: 2 });
let test = data.split("test").take(150);
let net  = resnet10(#{ width: 4 });

let pre     = pretrain(net, simclr(), data.unlabeled().take(300), #{ steps: param("steps", 6), batch_size: 32 });
let ours    = finetune(pre.encoder, few, #{ steps: 4 });
let scratch = finetune(net, few, #{ steps: 4 });

report("tiny", #{ pretrained: ours.evaluate(test), scratch: scratch.evaluate(test) });
"#;

/// One pretraining, long enough to be interrupted in the middle.
const PRETRAINING: &str = r#"
let data = dataset("datasets/fashion-mini");
let net  = resnet10(#{ width: 4 });
let pre  = pretrain(net, simclr(), data.unlabeled().take(400), #{ steps: 200, batch_size: 32 });
pre.encoder.save("encoder.safetensors");
"#;
