//! Which vector instructions this processor has, found out when the program runs.
//!
//! A build for plain x86-64 carries every version of a kernel and picks one here, so that the same binary starts on
//! any machine and is fast on a modern one. Nothing depends on `-C target-cpu`.

use std::sync::OnceLock;

/// A set of instructions that this processor was seen to have. Values exist only through [`Level::best`] and
/// [`Level::available`]; calling a kernel compiled for a level is sound because of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(pub(super) Kind);

/// The instruction sets that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Whatever the build's target promises.
    Portable,
    /// AVX2 and fused multiply-add: x86 since 2013.
    Avx2,
    /// AVX-512 with VNNI, the 8-bit dot product: servers since 2019 (Cascade Lake) and Zen 4.
    Avx512,
}

impl Level {
    /// The fastest level of this processor.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| Self(detect()))
    }

    /// Every level that this processor can run, slowest first: what tests compare.
    pub fn available() -> Vec<Self> {
        [Kind::Portable, Kind::Avx2, Kind::Avx512]
            .into_iter()
            .map(Self)
            .filter(|level| *level <= Self::best())
            .collect()
    }

    /// The level's name as benchmarks print it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            Kind::Avx2 => "avx2",
            Kind::Avx512 => "avx512-vnni",
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Kind {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni");
    match (avx2, avx512) {
        (true, true) => Kind::Avx512,
        (true, false) => Kind::Avx2,
        _ => Kind::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Kind {
    Kind::Portable
}

/// How a kernel's body multiplies and adds: with one rounding where the processor has the instruction, with two where a
/// fused operation would be a library call.
pub(super) trait MultiplyAdd {
    /// `a * b + c`.
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
}

/// One rounding.
pub(super) struct Fused;
/// Two roundings.
pub(super) struct Separate;

impl MultiplyAdd for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

impl MultiplyAdd for Separate {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// Compiles one safe body for every level and makes a function that picks: the compiler vectorises the body's loops
/// for each. The body is generic over [`MultiplyAdd`] and `#[inline(always)]`, so that it takes on the features of its caller.
macro_rules! for_every_level {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $body:ident) => {
        $(#[$meta])*
        $vis fn $name(level: $crate::kernels::level::Level, $($argument: $type),*) $(-> $result)? {
            use $crate::kernels::level::{Fused, Kind, Separate};
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($argument: $type),*) $(-> $result)? { $body::<Fused>($($argument),*) }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
            fn avx512($($argument: $type),*) $(-> $result)? { $body::<Fused>($($argument),*) }
            match level.0 {
                // SAFETY: a level exists only on a processor that was seen to have its instructions.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx512 => unsafe { avx512($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2 => unsafe { avx2($($argument),*) },
                _ => $body::<Separate>($($argument),*),
            }
        }
    };
}
pub(super) use for_every_level;
