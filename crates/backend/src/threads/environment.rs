//! Environment variables of libraries that start threads: with a wrong value these abort, wait for each other, or fail at a place that
//! says nothing of the variable.

use crate::{BackendError, Result};

/// Name, least and most of each.
const BOUNDS: [(&str, u64, u64); 7] = [
    ("POLARS_MAX_THREADS", 1, 4096),
    ("POLARS_ASYNC_THREAD_COUNT", 1, 4096),
    ("POLARS_MAX_BLOCKING_THREAD_COUNT", 1, 4096),
    ("TOKIO_WORKER_THREADS", 1, 4096),
    ("OMP_NUM_THREADS", 1, 4096),
    ("MKL_NUM_THREADS", 1, 4096),
    // Bytes: decoders need what Rust gives unless told otherwise, and every thread takes as much.
    ("RUST_MIN_STACK", 1 << 20, 1 << 30),
];

/// Looks whether the environment variables about threads have values with which threads can be started.
///
/// # Errors
/// [`BackendError::Environment`] with the first that has not.
pub fn check_environment() -> Result<()> {
    check(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

fn check(value_of: impl Fn(&str) -> Option<String>) -> Result<()> {
    for (name, least, most) in BOUNDS {
        // What is empty counts as not set.
        let Some(value) = value_of(name).filter(|value| !value.is_empty()) else { continue };
        // Libraries for numbers take a number for every level of nesting.
        let levels: Vec<&str> = if name == "OMP_NUM_THREADS" { value.split(',').collect() } else { vec![&value] };
        let fits = |text: &&str| text.trim().parse::<u64>().is_ok_and(|number| (least..=most).contains(&number));
        if !levels.iter().all(fits) {
            let shown: String = value.chars().take(40).collect();
            return Err(BackendError::Environment { name, value: shown, least, most });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_name_their_variable_and_its_bounds() {
        let with =
            |name: &'static str, value: &'static str| check(move |asked| (asked == name).then(|| value.to_owned()));
        for (name, value) in [("POLARS_MAX_THREADS", "8"), ("OMP_NUM_THREADS", "4,2"), ("RUST_MIN_STACK", "8388608")] {
            with(name, value).unwrap();
        }
        with("RUST_MIN_STACK", "").unwrap();
        check(|_| None).unwrap();
        for (name, value) in [
            ("POLARS_MAX_THREADS", "100000"),
            ("POLARS_MAX_THREADS", "0"),
            ("POLARS_MAX_THREADS", "many"),
            ("TOKIO_WORKER_THREADS", "-1"),
            ("OMP_NUM_THREADS", "2,x"),
            ("RUST_MIN_STACK", "99999999999"),
            ("RUST_MIN_STACK", "1"),
        ] {
            let error = with(name, value).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name} is \"{value}\"")) && error.contains("whole number"), "{error}");
        }
    }
}
