//! Environment variables of libraries that start threads: with a wrong value these abort, wait for each other, or fail at a place that
//! says nothing of the variable.

use crate::{BackendError, Result};

/// More than these only wait for each other, on machines with fewer cores.
pub(super) const MOST: usize = 256;

/// Those that say how many threads are started.
const THREADS: [&str; 6] = [
    "POLARS_MAX_THREADS",
    "POLARS_ASYNC_THREAD_COUNT",
    "POLARS_MAX_BLOCKING_THREAD_COUNT",
    "TOKIO_WORKER_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
];

/// That of the bytes of each thread's stack. Decoders need what Rust gives unless told otherwise.
const STACK: (&str, u64, u64) = ("RUST_MIN_STACK", 1 << 20, 1 << 30);

/// How many threads this process can run at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Looks whether the environment variables about threads have values with which threads can be started.
///
/// # Errors
/// [`BackendError::Environment`] with the first that has not.
pub fn check_environment() -> Result<()> {
    check(cores(), |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

fn check(cores: usize, value_of: impl Fn(&str) -> Option<String>) -> Result<()> {
    let most = MOST.max(cores) as u64;
    for (name, least, most) in THREADS.map(|name| (name, 1, most)).into_iter().chain([STACK]) {
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
            |name: &'static str, value: &'static str| check(8, move |asked| (asked == name).then(|| value.to_owned()));
        for (name, value) in [("POLARS_MAX_THREADS", "8"), ("OMP_NUM_THREADS", "4,2"), ("RUST_MIN_STACK", "8388608")] {
            with(name, value).unwrap();
        }
        with("RUST_MIN_STACK", "").unwrap();
        check(384, |name| (name == "POLARS_MAX_THREADS").then(|| "384".to_owned())).unwrap();
        check(8, |_| None).unwrap();
        for (name, value) in [
            ("POLARS_MAX_THREADS", "100000"),
            ("POLARS_MAX_THREADS", "257"),
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
