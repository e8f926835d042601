//! Threads change the time, never the numbers.

use foretask_tests::{Place, json, weights};

use crate::TINY;

#[test]
fn one_thread_and_eight_give_the_same_weights_and_results() {
    let run = |threads: &str| {
        let place = Place::new();
        place.write("tiny.rhai", TINY);
        let variables = [("FORETASK_LOADER_THREADS", threads), ("RAYON_NUM_THREADS", threads)];
        place.foretask_with(&variables, &["run", "tiny.rhai", "--device", "flex"]).exits(0);
        let folder = place.latest("tiny");
        let accuracies: Vec<_> = json(&folder.join("results.json"))["tiny"]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| (result["name"].clone(), result["draws"].clone()))
            .collect();
        (weights(&folder), accuracies)
    };
    let (weights_of_one, results_of_one) = run("1");
    let (weights_of_eight, results_of_eight) = run("8");
    assert_eq!(weights_of_one.keys().collect::<Vec<_>>(), weights_of_eight.keys().collect::<Vec<_>>());
    for (name, bytes) in &weights_of_one {
        assert!(*bytes == weights_of_eight[name], "{name} differs");
    }
    assert_eq!(results_of_one, results_of_eight);
}

#[test]
fn a_wrong_number_of_threads_is_an_error_with_a_way_out() {
    let place = Place::new();
    place.write("tiny.rhai", TINY);
    let done = place.foretask_with(&[("FORETASK_LOADER_THREADS", "many")], &["run", "tiny.rhai", "--device", "flex"]);
    done.exits(2).says(&["FORETASK_LOADER_THREADS", "unset FORETASK_LOADER_THREADS"]);
}

#[test]
fn variables_of_libraries_are_named_where_they_would_start_no_thread() {
    let place = Place::new();
    for (name, value) in
        [("POLARS_MAX_THREADS", "100000"), ("POLARS_MAX_THREADS", "0"), ("RUST_MIN_STACK", "99999999999")]
    {
        let done = place.foretask_with(&[(name, value)], &["describe", "datasets/fashion-mini"]).exits(2);
        done.says(&[name, value, "whole number"]);
    }
    place.foretask_with(&[("POLARS_MAX_THREADS", "0")], &["--help"]).exits(0);
}
