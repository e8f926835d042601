//! The reference tables say what the options really are.

use foretask_pretext::{TASKS, Task, task_info};

#[test]
fn every_option_is_described_with_its_true_default() {
    for info in TASKS {
        let task = Task::by_name(info.name).unwrap();
        assert_eq!(task.info(), info);
        assert_eq!(task.name(), info.name);
        assert_eq!(task_info(info.name), Some(info));
        let mut written = serde_json::to_value(&task).unwrap();
        let options = written.as_object_mut().unwrap();
        options.shift_remove("task");
        let described: Vec<_> = info.options.iter().map(|option| option.name).collect();
        assert_eq!(options.keys().collect::<Vec<_>>(), described, "{}: same options in the same order", info.name);
        for option in info.options {
            let default: serde_json::Value = serde_json::from_str(option.default).unwrap();
            assert_eq!(options[option.name], default, "{}: `{}`", info.name, option.name);
            assert!(!option.kind.is_empty() && !option.description.is_empty(), "{}", option.name);
        }
        for text in [info.summary, info.use_when, info.avoid_when, info.paper, info.family.words()] {
            assert!(text.len() > 15 && !text.contains("  "), "{text}");
        }
    }
}

#[test]
fn words_are_unique() {
    let names: std::collections::HashSet<_> = TASKS.iter().map(|info| info.name).collect();
    assert_eq!(names.len(), TASKS.len());
    assert!(task_info("rotate").is_none());
}
