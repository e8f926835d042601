//! The threads that libtorch computes on are OpenMP's, whose functions are looked up in what is loaded: no build of
//! libtorch needs to be known when this is compiled.

use std::any::Any;
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// `GOMP_parallel(work, data, threads, flags)`: every thread of the team, the caller among them, calls `work(data)`.
type Parallel = unsafe extern "C" fn(unsafe extern "C" fn(*mut c_void), *mut c_void, c_uint, c_uint);
/// `omp_set_num_threads(threads)`: the team's size from now on, for the calling thread only.
type SetThreads = unsafe extern "C" fn(c_int);

/// A function's address, or `None` where nothing loaded has it.
fn find(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a search by name among what is loaded.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// From now on libtorch computes what the calling thread asks for on that thread alone.
pub(crate) fn compute_alone() {
    // libtorch gives a thread its usual number of others when it first asks; what is said before that is forgotten.
    tch::get_num_threads();
    if let Some(set) = find(c"omp_set_num_threads") {
        // SAFETY: OpenMP's function of this name and type.
        unsafe { std::mem::transmute::<*mut c_void, SetThreads>(set)(1) };
    }
}

/// Work that a team shares: numbers are taken until there are none.
struct Shared<'a> {
    next: AtomicUsize,
    count: usize,
    work: &'a (dyn Fn(usize) + Sync),
    panicked: Mutex<Option<Box<dyn Any + Send>>>,
}

unsafe extern "C" fn take_part(data: *mut c_void) {
    // SAFETY: `each` hands in its own, which lives until all of the team have returned.
    let shared = unsafe { &*data.cast::<Shared<'_>>() };
    let taken = panic::catch_unwind(AssertUnwindSafe(|| {
        loop {
            let number = shared.next.fetch_add(1, Ordering::Relaxed);
            if number >= shared.count {
                return;
            }
            (shared.work)(number);
        }
    }));
    if let Err(payload) = taken {
        *shared.panicked.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
    }
}

/// Calls `work` with every number below `count`, on the threads that libtorch computes on: a second pool would wait for
/// cores that the first one keeps busy waiting.
pub(crate) fn each(count: usize, work: &(dyn Fn(usize) + Sync)) {
    static PARALLEL: OnceLock<Option<Parallel>> = OnceLock::new();
    // SAFETY: OpenMP's function of this name and type.
    let parallel = PARALLEL.get_or_init(|| {
        find(c"GOMP_parallel").map(|found| unsafe { std::mem::transmute::<*mut c_void, Parallel>(found) })
    });
    let threads = super::threads().min(count);
    match parallel {
        Some(parallel) if threads > 1 => {
            let shared = Shared { next: AtomicUsize::new(0), count, work, panicked: Mutex::default() };
            let data = (&raw const shared).cast_mut().cast::<c_void>();
            // SAFETY: `take_part` reads what it is given, which outlives the call, and lets no panic through.
            unsafe { parallel(take_part, data, threads as c_uint, 0) };
            if let Some(payload) = shared.panicked.into_inner().unwrap_or_else(PoisonError::into_inner) {
                panic::resume_unwind(payload);
            }
        }
        _ => (0..count).for_each(work),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_computes_alone_leaves_the_others_their_crew() {
        let before = crate::libtorch::threads();
        let alone = std::thread::spawn(|| {
            compute_alone();
            crate::libtorch::threads()
        });
        assert_eq!(alone.join().unwrap(), 1);
        assert_eq!(crate::libtorch::threads(), before);
    }

    #[test]
    fn every_number_is_taken_once_and_a_panic_comes_back() {
        let seen: Vec<AtomicUsize> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
        each(seen.len(), &|i| {
            seen[i].fetch_add(1, Ordering::Relaxed);
        });
        assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) == 1));
        let failed = panic::catch_unwind(|| each(8, &|i| assert!(i != 5, "number {i}")));
        let message = *failed.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("number 5"), "{message}");
    }
}
