//! Sixteen lanes at a time, in whatever registers the machine has.

use std::sync::OnceLock;

use super::relu::Activation;

/// Values in one step of every inner loop, and the width of a weight panel.
pub(crate) const LANES: usize = 16;

/// The instruction sets that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Whatever the target has at least.
    Portable,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best that this machine has.
    pub(crate) fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().pop().unwrap_or(Self::Portable))
    }

    /// All that this machine has, slowest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut levels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
            if avx2 {
                levels.push(Self::Avx2);
            }
            if avx2 && std::is_x86_feature_detected!("avx512f") {
                levels.push(Self::Avx512);
            }
        }
        levels
    }
}

/// Sixteen lanes in registers.
pub(crate) trait Simd {
    /// Sixteen values.
    type Row: Copy;
    /// Rows that a tile of accumulators holds without spilling.
    const TILE: usize;

    /// Zeros.
    unsafe fn zero() -> Self::Row;
    /// Sixteen values from memory.
    unsafe fn load(from: *const f32) -> Self::Row;
    /// Sixteen values to memory.
    unsafe fn store(to: *mut f32, row: Self::Row);
    /// `sum + *scalar * row`.
    unsafe fn multiply_add(sum: Self::Row, scalar: *const f32, row: Self::Row) -> Self::Row;
    /// `a + b`.
    unsafe fn add(a: Self::Row, b: Self::Row) -> Self::Row;
    /// `sum + a * b`.
    unsafe fn multiply_add_rows(sum: Self::Row, a: Self::Row, b: Self::Row) -> Self::Row;
    /// `max(row, 0)`; NaN stays NaN, so that a diverged run is seen.
    unsafe fn relu(row: Self::Row) -> Self::Row;
    /// `min(row, ceiling)`; NaN stays NaN.
    unsafe fn at_most(row: Self::Row, ceiling: f32) -> Self::Row;
}

/// A row behind its activation.
#[inline(always)]
pub(super) unsafe fn activated<S: Simd>(row: S::Row, activation: Activation) -> S::Row {
    // SAFETY: the caller's promise of a level that this machine has.
    unsafe {
        match activation {
            Activation::None => row,
            Activation::Relu => S::relu(row),
            Activation::Relu6 => S::at_most(S::relu(row), 6.0),
        }
    }
}

/// Arrays that the compiler turns into what it can.
pub(crate) struct Portable;

impl Simd for Portable {
    type Row = [f32; LANES];
    const TILE: usize = 2;

    #[inline(always)]
    unsafe fn zero() -> Self::Row {
        [0.0; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::Row {
        // SAFETY: the caller's promise of sixteen readable values.
        unsafe { from.cast::<Self::Row>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, row: Self::Row) {
        // SAFETY: the caller's promise of sixteen writable values.
        unsafe { to.cast::<Self::Row>().write_unaligned(row) }
    }

    #[inline(always)]
    unsafe fn multiply_add(mut sum: Self::Row, scalar: *const f32, row: Self::Row) -> Self::Row {
        // SAFETY: the caller's promise of a readable value.
        let scalar = unsafe { *scalar };
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += scalar * value;
        }
        sum
    }

    #[inline(always)]
    unsafe fn add(mut a: Self::Row, b: Self::Row) -> Self::Row {
        for (a, b) in a.iter_mut().zip(b) {
            *a += b;
        }
        a
    }

    #[inline(always)]
    unsafe fn relu(row: Self::Row) -> Self::Row {
        row.map(|value| if value < 0.0 { 0.0 } else { value })
    }

    #[inline(always)]
    unsafe fn multiply_add_rows(mut sum: Self::Row, a: Self::Row, b: Self::Row) -> Self::Row {
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
        sum
    }

    #[inline(always)]
    unsafe fn at_most(row: Self::Row, ceiling: f32) -> Self::Row {
        row.map(|value| if value > ceiling { ceiling } else { value })
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512, _mm256_add_ps, _mm256_broadcast_ss, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps,
        _mm256_min_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };

    use super::Simd;

    /// Two registers of eight lanes.
    pub(crate) struct Avx2;

    impl Simd for Avx2 {
        type Row = [__m256; 2];
        const TILE: usize = 6;

        #[inline(always)]
        unsafe fn zero() -> Self::Row {
            // SAFETY: only called from functions compiled for AVX2.
            unsafe { [_mm256_setzero_ps(); 2] }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::Row {
            // SAFETY: sixteen readable values, AVX2.
            unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, row: Self::Row) {
            // SAFETY: sixteen writable values, AVX2.
            unsafe {
                _mm256_storeu_ps(to, row[0]);
                _mm256_storeu_ps(to.add(8), row[1]);
            }
        }

        #[inline(always)]
        unsafe fn multiply_add(sum: Self::Row, scalar: *const f32, row: Self::Row) -> Self::Row {
            // SAFETY: a readable value, AVX2 and FMA.
            unsafe {
                let scalar = _mm256_broadcast_ss(&*scalar);
                [_mm256_fmadd_ps(scalar, row[0], sum[0]), _mm256_fmadd_ps(scalar, row[1], sum[1])]
            }
        }

        #[inline(always)]
        unsafe fn add(a: Self::Row, b: Self::Row) -> Self::Row {
            // SAFETY: AVX2.
            unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn relu(row: Self::Row) -> Self::Row {
            // SAFETY: AVX2. Of a NaN and a number the second operand is taken.
            unsafe { row.map(|half| _mm256_max_ps(_mm256_setzero_ps(), half)) }
        }

        #[inline(always)]
        unsafe fn multiply_add_rows(sum: Self::Row, a: Self::Row, b: Self::Row) -> Self::Row {
            // SAFETY: AVX2 and FMA.
            unsafe { [_mm256_fmadd_ps(a[0], b[0], sum[0]), _mm256_fmadd_ps(a[1], b[1], sum[1])] }
        }

        #[inline(always)]
        unsafe fn at_most(row: Self::Row, ceiling: f32) -> Self::Row {
            // SAFETY: AVX2. Of a NaN and a number the second operand is taken.
            unsafe { row.map(|half| _mm256_min_ps(_mm256_set1_ps(ceiling), half)) }
        }
    }

    /// One register of sixteen lanes.
    pub(crate) struct Avx512;

    impl Simd for Avx512 {
        type Row = __m512;
        const TILE: usize = 12;

        #[inline(always)]
        unsafe fn zero() -> Self::Row {
            // SAFETY: only called from functions compiled for AVX-512F.
            unsafe { _mm512_setzero_ps() }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self::Row {
            // SAFETY: sixteen readable values, AVX-512F.
            unsafe { _mm512_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, row: Self::Row) {
            // SAFETY: sixteen writable values, AVX-512F.
            unsafe { _mm512_storeu_ps(to, row) }
        }

        #[inline(always)]
        unsafe fn multiply_add(sum: Self::Row, scalar: *const f32, row: Self::Row) -> Self::Row {
            // SAFETY: a readable value, AVX-512F.
            unsafe { _mm512_fmadd_ps(_mm512_set1_ps(*scalar), row, sum) }
        }

        #[inline(always)]
        unsafe fn add(a: Self::Row, b: Self::Row) -> Self::Row {
            // SAFETY: AVX-512F.
            unsafe { _mm512_add_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn relu(row: Self::Row) -> Self::Row {
            // SAFETY: AVX-512F. Of a NaN and a number the second operand is taken.
            unsafe { _mm512_max_ps(_mm512_setzero_ps(), row) }
        }

        #[inline(always)]
        unsafe fn multiply_add_rows(sum: Self::Row, a: Self::Row, b: Self::Row) -> Self::Row {
            // SAFETY: AVX-512F.
            unsafe { _mm512_fmadd_ps(a, b, sum) }
        }

        #[inline(always)]
        unsafe fn at_most(row: Self::Row, ceiling: f32) -> Self::Row {
            // SAFETY: AVX-512F. Of a NaN and a number the second operand is taken.
            unsafe { _mm512_min_ps(_mm512_set1_ps(ceiling), row) }
        }
    }
}

/// Compiles one generic body, `unsafe fn body<S: Simd>(…)`, for every instruction set and picks one when called.
macro_rules! for_each_level {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) = $body:ident) => {
        $(#[$doc])*
        $vis unsafe fn $name(level: $crate::kernels::simd::Level, $($arg: $ty),*) {
            use $crate::kernels::simd::{Level, Portable};
            #[cfg(target_arch = "x86_64")]
            use $crate::kernels::simd::{Avx2, Avx512};

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $ty),*) {
                // SAFETY: the caller's promises, handed on.
                unsafe { $body::<Avx2>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            unsafe fn avx512($($arg: $ty),*) {
                // SAFETY: the caller's promises, handed on.
                unsafe { $body::<Avx512>($($arg),*) }
            }
            // SAFETY: the caller's promises, and a level that this machine has.
            unsafe {
                match level {
                    Level::Portable => $body::<Portable>($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => avx2($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => avx512($($arg),*),
                }
            }
        }
    };
}
pub(crate) use for_each_level;
