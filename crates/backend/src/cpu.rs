//! What this processor can.

/// Whether it multiplies bfloat16 in hardware; without that libtorch is slower in it than in `f32`.
pub(crate) fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    false
}
