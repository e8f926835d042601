//! The C++ beside this file.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Once;
use std::time::Duration;

use tch::kind::Element;
use tch::{Device, Tensor};
use torch_sys::C_tensor;

use super::super::address::Address;
use super::super::failure::{Failure, Kind};
use super::chatter;

type Take = unsafe extern "C" fn(*mut c_void, *const c_char, usize);

unsafe extern "C" {
    fn foretask_group_message() -> *const c_char;
    fn foretask_group_quiet();
    fn foretask_store_open(
        host: *const c_char,
        port: u16,
        serves: bool,
        limit_ms: i64,
        prefix: *const c_char,
        found: *mut *mut c_void,
    ) -> c_int;
    fn foretask_store_close(store: *mut c_void);
    fn foretask_store_set(store: *const c_void, key: *const c_char, data: *const c_char, length: usize) -> c_int;
    fn foretask_store_add(store: *const c_void, key: *const c_char, more: i64, sum: *mut i64) -> c_int;
    fn foretask_store_has(store: *const c_void, key: *const c_char, found: *mut bool) -> c_int;
    fn foretask_store_get(store: *const c_void, key: *const c_char, take: Take, to: *mut c_void) -> c_int;
    fn foretask_group_join(
        store: *const c_void,
        address: *const c_char,
        interface: *const c_char,
        rank: c_int,
        ranks: c_int,
        connecting_ms: i64,
        limit_ms: i64,
        found: *mut *mut c_void,
    ) -> c_int;
    fn foretask_group_close(group: *mut c_void);
    fn foretask_group_sum(group: *const c_void, x: *const C_tensor) -> c_int;
    fn foretask_group_gather(group: *const c_void, x: *const C_tensor, all: *const C_tensor) -> c_int;
    fn foretask_group_broadcast(group: *const c_void, x: *const C_tensor, from: c_int) -> c_int;
    fn foretask_group_barrier(group: *const c_void) -> c_int;
}

fn expect(kind: c_int) -> Result<(), Failure> {
    if kind == 0 {
        return Ok(());
    }
    // SAFETY: a string of this thread that lives until its next refusal.
    let message = unsafe { CStr::from_ptr(foretask_group_message()) }.to_string_lossy();
    let kind = match kind {
        2 => Kind::Late,
        3 => Kind::Network,
        _ => Kind::Other,
    };
    Err(Failure::new(kind, &message))
}

/// What a function of the shim opens.
fn opened(call: impl FnOnce(*mut *mut c_void) -> c_int) -> Result<NonNull<c_void>, Failure> {
    let mut found = null_mut();
    expect(call(&raw mut found))?;
    NonNull::new(found).ok_or_else(|| Failure::new(Kind::Other, "nothing was opened"))
}

fn text(text: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure::new(Kind::Other, &format!("{text:?} holds a zero byte")))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1)
}

/// Small texts that all ranks reach.
pub(in super::super) struct RawStore(NonNull<c_void>);

// SAFETY: the C++ side locks a store for each operation.
unsafe impl Send for RawStore {}
// SAFETY: as above.
unsafe impl Sync for RawStore {}

impl RawStore {
    /// Opens it where it is kept, or keeps it there. All keys begin with `prefix`.
    pub(in super::super) fn open(
        host: &str,
        port: u16,
        serves: bool,
        prefix: &str,
        limit: Duration,
    ) -> Result<Self, Failure> {
        static QUIET: Once = Once::new();
        // SAFETY: sets a number, before anybody has begun.
        QUIET.call_once(|| unsafe { foretask_group_quiet() });
        let (host, prefix) = (text(host)?, text(prefix)?);
        // SAFETY: the texts live through the call.
        opened(|found| unsafe {
            foretask_store_open(host.as_ptr(), port, serves, millis(limit), prefix.as_ptr(), found)
        })
        .map(Self)
    }

    pub(in super::super) fn set(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        let key = text(key)?;
        // SAFETY: the store is open, key and value live through the call.
        expect(unsafe { foretask_store_set(self.0.as_ptr(), key.as_ptr(), value.as_ptr().cast(), value.len()) })
    }

    /// The sum of what all have added under this key.
    pub(in super::super) fn add(&self, key: &str, more: i64) -> Result<i64, Failure> {
        let (key, mut sum) = (text(key)?, 0);
        // SAFETY: as above.
        expect(unsafe { foretask_store_add(self.0.as_ptr(), key.as_ptr(), more, &raw mut sum) })?;
        Ok(sum)
    }

    /// `None` where nobody has set it yet.
    pub(in super::super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        unsafe extern "C" fn take(to: *mut c_void, data: *const c_char, length: usize) {
            if length > 0 {
                // SAFETY: `get` below hands in its own vector, and the C++ side so many bytes.
                unsafe { (*to.cast::<Vec<u8>>()).extend(std::slice::from_raw_parts(data.cast::<u8>(), length)) };
            }
        }
        let (key, mut found, mut value) = (text(key)?, false, Vec::<u8>::new());
        // SAFETY: as above.
        expect(unsafe { foretask_store_has(self.0.as_ptr(), key.as_ptr(), &raw mut found) })?;
        if !found {
            return Ok(None);
        }
        // SAFETY: as above; `take` is called within.
        expect(unsafe { foretask_store_get(self.0.as_ptr(), key.as_ptr(), take, (&raw mut value).cast()) })?;
        Ok(Some(value))
    }
}

impl Drop for RawStore {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
        unsafe { foretask_store_close(self.0.as_ptr()) };
    }
}

/// Connections to all other ranks. All ranks call the same functions with equal sizes in the same order: where sizes differ, a
/// thread of gloo's ends the process.
pub(in super::super) struct RawGroup(NonNull<c_void>);

// SAFETY: not bound to a thread; the C++ side's queue is locked.
unsafe impl Send for RawGroup {}

impl RawGroup {
    /// Connects to all other ranks, which do the same with the same store, within `connecting`. An exchange takes `limit` at most.
    pub(in super::super) fn join(
        store: &RawStore,
        own: &Address,
        [rank, ranks]: [usize; 2],
        [connecting, limit]: [Duration; 2],
    ) -> Result<Self, Failure> {
        let (address, interface) = (text(&own.address)?, text(own.interface.as_deref().unwrap_or_default())?);
        let [rank, ranks] = [rank, ranks].map(|number| number as c_int);
        // SAFETY: the store is open, the texts live through the call.
        let call = |found| unsafe {
            foretask_group_join(
                store.0.as_ptr(),
                address.as_ptr(),
                interface.as_ptr(),
                rank,
                ranks,
                millis(connecting),
                millis(limit),
                found,
            )
        };
        chatter::held_back("[Gloo]", || opened(call)).map(Self)
    }

    /// Changes the values to the sums of all ranks'.
    pub(in super::super) fn sum(&self, values: &mut [f32]) -> Result<(), Failure> {
        let x = view(values);
        // SAFETY: the values live through the call and nobody else has them.
        expect(unsafe { foretask_group_sum(self.0.as_ptr(), x.as_ptr()) })
    }

    /// Fills `all` with the values of all ranks, in their order; it is so many times as long.
    pub(in super::super) fn gather<T: Element>(&self, values: &[T], all: &mut [T]) -> Result<(), Failure> {
        let (x, all) = (view(values), view(all));
        // SAFETY: the values live through the call; only `all` is written to, which nobody else has.
        expect(unsafe { foretask_group_gather(self.0.as_ptr(), x.as_ptr(), all.as_ptr()) })
    }

    /// Changes the values to those of one rank.
    pub(in super::super) fn broadcast(&self, values: &mut [f32], from: usize) -> Result<(), Failure> {
        let x = view(values);
        // SAFETY: as of `sum`.
        expect(unsafe { foretask_group_broadcast(self.0.as_ptr(), x.as_ptr(), from as c_int) })
    }

    /// Returns once all ranks have called it.
    pub(in super::super) fn barrier(&self) -> Result<(), Failure> {
        // SAFETY: the group is open.
        expect(unsafe { foretask_group_barrier(self.0.as_ptr()) })
    }
}

impl Drop for RawGroup {
    fn drop(&mut self) {
        // SAFETY: joined once, closed once.
        unsafe { foretask_group_close(self.0.as_ptr()) };
    }
}

/// The same memory as a tensor.
fn view<T: Element>(values: &[T]) -> Tensor {
    // SAFETY: so many numbers of this kind; every use of this tensor ends before the borrow that it was made from.
    unsafe { Tensor::from_blob(values.as_ptr().cast(), &[values.len() as i64], &[], T::KIND, Device::Cpu) }
}
