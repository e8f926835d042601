//! Writing disjoint parts of one buffer from several threads.

/// A pointer that threads may share because each writes its own part.
pub(crate) struct Share<T = f32>(*mut T);

impl<T> Clone for Share<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Share<T> {}

// SAFETY: whoever dereferences the pointer promises disjoint parts; the pointer itself is a number.
unsafe impl<T: Send> Send for Share<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Share<T> {}

impl<T> Share<T> {
    pub(crate) fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// The element at `offset`.
    ///
    /// # Safety
    /// `offset` lies in the buffer.
    pub(crate) unsafe fn at(self, offset: usize) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }

    /// `len` elements from `offset`, to be written by the calling thread alone.
    ///
    /// # Safety
    /// The range lies in the buffer and no other thread touches it meanwhile.
    pub(crate) unsafe fn part<'a>(self, offset: usize, len: usize) -> &'a mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(offset), len) }
    }
}

/// Memory of a backend that a kernel writes its result into.
pub(crate) trait Buffer: Sized {
    /// `len` values that `fill` writes completely; memory is not cleared first.
    ///
    /// # Safety
    /// `fill` writes every element.
    unsafe fn filled(len: usize, fill: impl FnOnce(Share)) -> Self;
}

impl Buffer for Vec<f32> {
    unsafe fn filled(len: usize, fill: impl FnOnce(Share)) -> Self {
        let mut buffer = Self::with_capacity(len);
        fill(Share::new(buffer.as_mut_ptr()));
        // SAFETY: the capacity is `len`, and the caller promises that all of it was written.
        unsafe { buffer.set_len(len) };
        buffer
    }
}
