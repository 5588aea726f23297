//! The optimiser's arithmetic on the CPU, done in the tensors' own memory by all threads.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, bail};
use rayon::prelude::*;

use crate::ops::vectorised;

/// Numbers that one thread takes at a time.
const PIECE: usize = 1 << 15;

/// `moment = beta * moment + (1 - beta) * g`, where `g` is the clipped gradient or its square.
pub(super) struct Moment {
    pub(super) beta: f64,
    pub(super) clip: f64,
    pub(super) square: bool,
}

/// `parameter = keep * parameter - rate * (first / corrections[0]) / (sqrt(second / corrections[1]) + epsilon)`.
pub(super) struct Apply {
    pub(super) keep: f64,
    pub(super) rate: f64,
    pub(super) corrections: [f64; 2],
    pub(super) epsilon: f64,
}

impl InplaceOp2 for Moment {
    fn name(&self) -> &'static str {
        "adamw_moment"
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "moments are kept in single precision"
    )]
    fn cpu_fwd(
        &self,
        moment: &mut CpuStorage,
        moment_layout: &Layout,
        gradient: &CpuStorage,
        layout: &Layout,
    ) -> Result<()> {
        let (moment, gradient) = (changed(moment, moment_layout)?, read(gradient, layout)?);
        let (keep, take, clip) = (self.beta as f32, (1.0 - self.beta) as f32, self.clip as f32);
        let square = self.square;
        moment
            .par_chunks_mut(PIECE)
            .zip(gradient.par_chunks(PIECE))
            .for_each(|(moment, gradient)| {
                vectorised(
                    #[inline(always)]
                    || {
                        for (moment, &gradient) in moment.iter_mut().zip(gradient) {
                            let gradient = gradient * clip;
                            let taken = if square {
                                gradient * gradient
                            } else {
                                gradient
                            };
                            *moment = keep * *moment + take * taken;
                        }
                    },
                );
            });
        Ok(())
    }
}

impl InplaceOp3 for Apply {
    fn name(&self) -> &'static str {
        "adamw_apply"
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "parameters are kept in single precision"
    )]
    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        parameter_layout: &Layout,
        first: &CpuStorage,
        first_layout: &Layout,
        second: &CpuStorage,
        second_layout: &Layout,
    ) -> Result<()> {
        let parameter = changed(parameter, parameter_layout)?;
        let (first, second) = (read(first, first_layout)?, read(second, second_layout)?);
        let (keep, epsilon) = (self.keep as f32, self.epsilon as f32);
        let rate = (self.rate / self.corrections[0]) as f32;
        let spread = self.corrections[1].sqrt().recip() as f32;
        let moments = first.par_chunks(PIECE).zip(second.par_chunks(PIECE));
        parameter
            .par_chunks_mut(PIECE)
            .zip(moments)
            .for_each(|(parameter, (first, second))| {
                vectorised(
                    #[inline(always)]
                    || {
                        for ((parameter, &first), &second) in
                            parameter.iter_mut().zip(first).zip(second)
                        {
                            *parameter = keep * *parameter
                                - rate * first / (second.sqrt() * spread + epsilon);
                        }
                    },
                );
            });
        Ok(())
    }
}

fn changed<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => bail!("the optimiser changes contiguous tensors in single precision only"),
    }
}

fn read<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => bail!("the optimiser reads contiguous tensors in single precision only"),
    }
}
