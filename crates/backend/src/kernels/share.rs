//! Writing disjoint parts of one buffer from several threads.

/// A pointer that threads may share because each writes its own part.
#[derive(Clone, Copy)]
pub(crate) struct Share(*mut f32);

// SAFETY: whoever dereferences the pointer promises disjoint parts; the pointer itself is a number.
unsafe impl Send for Share {}
// SAFETY: as above.
unsafe impl Sync for Share {}

impl Share {
    pub(crate) fn new(pointer: *mut f32) -> Self {
        Self(pointer)
    }

    /// The element at `offset`.
    ///
    /// # Safety
    /// `offset` lies in the buffer.
    pub(crate) unsafe fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }

    /// `len` elements from `offset`, to be written by the calling thread alone.
    ///
    /// # Safety
    /// The range lies in the buffer and no other thread touches it meanwhile.
    pub(crate) unsafe fn part<'a>(self, offset: usize, len: usize) -> &'a mut [f32] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(offset), len) }
    }
}

/// A buffer of `len` values that `fill` writes completely; memory is not cleared first.
///
/// # Safety
/// `fill` writes every element.
pub(crate) unsafe fn filled(len: usize, fill: impl FnOnce(Share)) -> Vec<f32> {
    let mut buffer: Vec<f32> = Vec::with_capacity(len);
    fill(Share::new(buffer.as_mut_ptr()));
    // SAFETY: the capacity is `len`, and the caller promises that all of it was written.
    unsafe { buffer.set_len(len) };
    buffer
}
