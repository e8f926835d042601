//! Loops compiled once for each instruction set, chosen when called.
//!
//! The same Rust, so the same results to the bit: the compiler neither contracts `a * b + c` nor reorders sums by itself,
//! wider registers only do more of them at once.

/// The instruction sets that loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Whatever the target has at least.
    Portable,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 as Skylake-X and Zen 4 have it.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The best that this machine has.
#[inline]
pub(crate) fn level() -> Level {
    #[cfg(test)]
    if let Some(level) = tests::FORCED.get() {
        return level;
    }
    // The standard library asks the processor once and remembers.
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512vl")
        {
            return Level::Avx512;
        }
        if std::is_x86_feature_detected!("avx2") {
            return Level::Avx2;
        }
    }
    Level::Portable
}

/// Defines a function whose body is compiled for every [`Level`].
macro_rules! for_each_level {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$meta])*
        #[allow(clippy::inline_always)]
        $vis fn $name($($arg: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body($($arg: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($arg: $type),*) $(-> $result)? {
                body($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512($($arg: $type),*) $(-> $result)? {
                body($($arg),*)
            }
            match $crate::ops::simd::level() {
                $crate::ops::simd::Level::Portable => body($($arg),*),
                // SAFETY: `level` names only what this machine has.
                #[cfg(target_arch = "x86_64")]
                $crate::ops::simd::Level::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::ops::simd::Level::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    };
}
pub(crate) use for_each_level;

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use foretask_random::Key;

    use super::Level;
    use crate::augment::Augment;
    use crate::pixels::{ImageRef, Shape};

    thread_local! {
        pub(crate) static FORCED: Cell<Option<Level>> = const { Cell::new(None) };
    }

    /// The levels of this machine, least first.
    fn levels() -> Vec<Level> {
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            let best = super::level();
            levels.extend([Level::Avx2, Level::Avx512].into_iter().filter(|_| best != Level::Portable));
            levels.retain(|&level| best == Level::Avx512 || level != Level::Avx512);
        }
        levels
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let everything = Augment::preset("simclr")
            .unwrap()
            .blur(0.5)
            .rotate(20.0)
            .vertical_flip(0.5)
            .posterize(0.2)
            .equalize(0.2)
            .solarize(0.3)
            .cutout(0.3);
        for (shape, size) in [
            (Shape::new(1, 28, 28), (28, 28)),
            (Shape::new(3, 32, 32), (32, 32)),
            (Shape::new(3, 33, 71), (90, 61)),
            (Shape::new(2, 19, 23), (11, 50)),
        ] {
            let mut rng = Key::new(4).rng();
            let data: Vec<u8> = (0..size.0 * size.1 * shape.channels).map(|_| rng.below(256) as u8).collect();
            let image = ImageRef::new(&data, size.0, size.1, shape.channels).unwrap();
            for key in 0..60 {
                let views: Vec<Vec<u32>> = levels()
                    .into_iter()
                    .map(|level| {
                        FORCED.set(Some(level));
                        let mut out = vec![0.0; shape.len()];
                        everything.apply(image, Key::new(key), shape, &mut out).unwrap();
                        FORCED.set(None);
                        out.iter().map(|value| value.to_bits()).collect()
                    })
                    .collect();
                assert!(views.windows(2).all(|pair| pair[0] == pair[1]), "{shape:?} {key}");
            }
        }
    }
}
