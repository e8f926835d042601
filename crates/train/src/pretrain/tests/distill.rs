//! Being taught by other networks.

use foretask_models::Seen;
use foretask_pretext::{Distill, PretextError, Task};

use super::*;

fn distill(options: &str, encoders: &[Encoder]) -> TaskMix {
    let options: serde_json::Value = serde_json::from_str(options).unwrap();
    taught(Task::from_options("distill", options).unwrap(), encoders)
}

fn refused(mix: &TaskMix) -> String {
    let folder = tempfile::tempdir().unwrap();
    Run::new("", SHORT, folder.path()).run_mix(mix).unwrap_err().to_string()
}

#[test]
fn every_way_of_being_taught_resumes_to_the_bit() {
    // Two teachers of other sizes than the student's, asked anew about mixed views; and the other distances.
    let teachers = [teacher(1, 16), teacher(1, 20)];
    for options in [r#"{"views": 0}"#, r#"{"views": 3, "loss": "cosine"}"#, r#"{"views": 0, "loss": "mse"}"#] {
        let expected = resumes_to_the_bit(SHORT, &distill(options, &teachers), 3);
        let names: Vec<&str> =
            expected.history[0].diagnostics.metrics.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, ["teacher_similarity", "teacher_similarity_2"], "{options}");
    }
}

#[test]
fn answers_that_were_kept_are_those_that_would_be_given() {
    // In the first epoch, views are the same ones whether they will come again or not.
    let teachers = [teacher(1, 16), teacher(1, SIDE)];
    let losses = |options: &str| {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"steps": 2, "batch_size": 10, "lr": 1e-4}"#;
        let made = Run::new("", text, folder.path()).run_mix(&distill(options, &teachers)).unwrap();
        made.history.iter().map(|line| line.loss).collect::<Vec<f64>>()
    };
    for loss in ["likeness", "cosine", "mse"] {
        let kept = losses(&format!(r#"{{"loss": "{loss}", "views": 2}}"#));
        let asked = losses(&format!(r#"{{"loss": "{loss}", "views": 0, "mixup": false}}"#));
        for (kept, asked) in kept.iter().zip(&asked) {
            // Half precision has eleven bits.
            assert!(*kept > 0.01 && (kept / asked - 1.0).abs() < 3e-3, "{loss}: {kept} {asked}");
        }
        let mixed = losses(&format!(r#"{{"loss": "{loss}", "views": 0}}"#));
        assert_ne!(mixed, asked, "{loss}");
    }
}

#[test]
fn the_student_comes_to_say_what_the_teacher_says() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"steps": 60, "batch_size": 20, "lr": 4e-3}"#;
    let made =
        Run::new("", text, folder.path()).run_mix(&distill(r#"{"loss": "cosine"}"#, &[teacher(1, SIDE)])).unwrap();
    let (first, last) = (&made.history[0], made.history.last().unwrap());
    assert!(last.loss < 0.2 * first.loss, "{} {}", first.loss, last.loss);
    let alike = &last.diagnostics.metrics[0];
    assert!(alike.value > alike.reference.as_ref().unwrap().value, "{alike:?}");
    assert!(made.encoder.origin.starts_with("distill from a small one on 20 images"), "{}", made.encoder.origin);
}

#[test]
fn license_and_images_of_a_teacher_travel() {
    let of = |license: Option<&str>, hash: u64| {
        teacher(1, 16).with_license(license.map(str::to_owned)).with_seen(Seen::nothing().with([hash << 20]))
    };
    let inherit = |encoders: &[Encoder]| {
        let mix = distill("{}", encoders);
        teaching::inherited(&start(), &mix.teachers)
    };
    let (seen, license) = inherit(&[of(Some("MIT"), 1), of(None, 2), of(Some("Apache-2.0"), 3), of(Some("MIT"), 4)]);
    assert_eq!((seen.count(), license.as_deref()), (4, Some("MIT and Apache-2.0")));
    assert_eq!(inherit(&[of(None, 1)]).1, None);
    let folder = tempfile::tempdir().unwrap();
    let mix = distill("{}", &[of(Some("DINOv3 License"), 1)]);
    let student = Run::new("", SHORT, folder.path()).run_mix(&mix).unwrap().encoder;
    assert_eq!((student.license.as_deref(), student.seen.count()), (Some("DINOv3 License"), 21));
}

#[test]
fn what_cannot_be_taught_is_refused_with_the_way_out() {
    let nobody = refused(&distill("{}", &[]));
    assert!(nobody.contains("`teacher`") && nobody.contains("distill(pretrained("), "{nobody}");
    let colors = refused(&distill("{}", &[teacher(3, 16)]));
    assert!(colors.contains("3 channel(s)") && colors.contains("`channels: 3`"), "{colors}");
    let absent = TaskMix { teachers: Vec::new(), ..distill("{}", &[teacher(1, 16)]) };
    assert!(refused(&absent).contains("weights of a small one"), "{}", refused(&absent));
    let mixed = refused(&distill(r#"{"mixup": true, "views": 2}"#, &[teacher(1, 16)]));
    assert!(mixed.contains("`mixup`") && mixed.contains("`views: 0`"), "{mixed}");
    let queue = refused(&distill(r#"{"queue": 12}"#, &[teacher(1, 16)]));
    assert!(queue.contains("`queue`") && queue.contains("choose 8") || queue.contains("choose 16"), "{queue}");
    // A pool for which there is no room.
    let info = Teacher::info("large", "1", &teacher(1, 16));
    let task = Distill::default().with_teachers(vec![foretask_pretext::TeacherInfo { features: 1280, ..info }]);
    let sizes =
        foretask_pretext::RunSizes { pool: 300_000, batch: 256, features: 64, map: [2, 2], patch: None, steps: None };
    let (filled, notes) = task.fill_auto(&sizes).unwrap();
    assert_eq!((filled.views, filled.mixup), (Some(1), Some(false)));
    assert!(notes.iter().any(|note| note.name == "views"), "{notes:?}");
    let most = foretask_pretext::RunSizes { pool: 3_000_000, ..sizes };
    assert_eq!(task.fill_auto(&most).unwrap().0.views, Some(0));
    let error = Distill { views: Some(2), ..task }.fill_auto(&sizes).unwrap_err();
    assert!(
        matches!(&error, PretextError::Unsuitable { option: "views", way_out, .. } if way_out.contains("at most 1")),
        "{error}"
    );
}
