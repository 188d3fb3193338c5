//! Which of a processor's vector instructions are used: found out when the program runs, with the same results at every level.
//!
//! A [`Work`] is plain safe code over slices that the compiler turns into vector code, once for each level. No level fuses a multiplication with
//! an addition or changes the order of a sum, so every level gives the same bits. The crate's only `unsafe` is in this file.

#![allow(unsafe_code)]

use std::sync::OnceLock;

/// Code that is worth compiling for wider vectors. Put `#[inline(always)]` on [`Work::run`] and on what it calls, or it stays as it is.
pub trait Work {
    /// What comes out.
    type Output;

    /// Does it.
    fn run(self) -> Self::Output;
}

/// A level of vector instructions that this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(Level);

/// Made by [`Simd::available`] only, which asks the processor: that a value exists proves that its instructions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// What every processor of the kind has: SSE2 on x86-64, NEON on 64-bit ARM.
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

static USED: OnceLock<Simd> = OnceLock::new();

impl Simd {
    /// All levels of this machine, the plainest first.
    pub fn available() -> Vec<Self> {
        let mut available = vec![Self(Level::Plain)];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2");
            if avx2 {
                available.push(Self(Level::Avx2));
            }
            // All that `with_avx512` is compiled for.
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                available.push(Self(Level::Avx512));
            }
        }
        available
    }

    /// `plain`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Plain => "plain",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        }
    }

    /// The level in use: what [`Simd::take`] was called for, or else the widest.
    #[inline]
    pub fn used() -> Self {
        *USED.get_or_init(|| Self::available().pop().expect("the plain level is always there"))
    }

    /// Uses this level from now on. Too late, and of no effect, once a level is in use.
    pub fn take(self) {
        let _ = USED.set(self);
    }

    /// Does work with the instructions of this level.
    #[inline]
    pub fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            Level::Plain => work.run(),
            // SAFETY: the function needs AVX2, and nothing else. `available` makes this value only where the processor has it, and nobody else can make
            // one, since the field is private.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { with_avx2(work) },
            // SAFETY: as above, for AVX2 and the four parts of AVX-512 that `available` asks for.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { with_avx512(work) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn with_avx512<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sum that tells fused operations and other orders by its last bits.
    struct Chain<'a>(&'a mut [f64]);

    impl Work for Chain<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self) {
            for value in self.0 {
                *value = (*value * 1.1 + 0.1) * *value + 0.3;
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let results = Simd::available().into_iter().map(|simd| {
            let mut values: Vec<f64> = (0..1003).map(|i| f64::from(i) * 0.1).collect();
            simd.run(Chain(&mut values));
            values.into_iter().map(f64::to_bits).collect::<Vec<_>>()
        });
        let results: Vec<_> = results.collect();
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn the_plain_level_is_always_there() {
        assert_eq!(Simd::available()[0].name(), "plain");
    }
}
