//! `silu(gate) * up`, with gradients that keep nothing between.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::data::{self, Numbers, by_dtype, by_format};
use super::real::{Real, vectorised};

/// Numbers that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// Both arguments have one shape.
pub(super) struct SiluMultiply;

impl CustomOp2 for SiluMultiply {
    fn name(&self) -> &'static str {
        "silu_multiply"
    }

    fn cpu_fwd(
        &self,
        gate: &CpuStorage,
        gate_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_format!(gate, forward(gate, gate_layout, up, up_layout))
    }

    fn bwd(
        &self,
        gate: &Tensor,
        up: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        by_dtype!(gate, backward(gate, up, gradient))
    }
}

#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "only inlined does it become part of its caller's vector loop"
)]
fn sigmoid<T: Real>(x: T) -> T {
    T::one() / (T::one() + (-x).exponential())
}

fn forward<T: Real>(
    gate: &CpuStorage,
    layout: &Layout,
    up: &CpuStorage,
    up_layout: &Layout,
) -> Result<(CpuStorage, Shape)> {
    let (gate, up) = (
        data::slice::<T>(gate, layout)?,
        data::slice::<T>(up, up_layout)?,
    );
    let mut out = vec![T::zero(); gate.len()];
    out.par_chunks_mut(PIECE)
        .zip(gate.par_chunks(PIECE))
        .zip(up.par_chunks(PIECE))
        .for_each(|((out, gate), up)| {
            vectorised(
                #[inline(always)]
                || {
                    for ((out, &gate), &up) in out.iter_mut().zip(gate).zip(up) {
                        *out = gate * sigmoid(gate) * up;
                    }
                },
            );
        });
    Ok(data::result(out, layout.shape().clone()))
}

fn backward<T: Real>(
    gate: &Tensor,
    up: &Tensor,
    gradient: &Tensor,
) -> Result<(Option<Tensor>, Option<Tensor>)> {
    let numbers = (
        Numbers::<T>::of(gate)?,
        Numbers::<T>::of(up)?,
        Numbers::<T>::of(gradient)?,
    );
    let (gates, ups, gradients) = (numbers.0.read()?, numbers.1.read()?, numbers.2.read()?);
    let mut of_gate = vec![T::zero(); gates.len()];
    let mut of_up = vec![T::zero(); gates.len()];
    let inputs = gates
        .par_chunks(PIECE)
        .zip(ups.par_chunks(PIECE))
        .zip(gradients.par_chunks(PIECE));
    of_gate
        .par_chunks_mut(PIECE)
        .zip(of_up.par_chunks_mut(PIECE))
        .zip(inputs)
        .for_each(|((of_gate, of_up), ((gate, up), gradient))| {
            vectorised(
                #[inline(always)]
                || {
                    let inputs = gate.iter().zip(up).zip(gradient);
                    for ((of_gate, of_up), ((&gate, &up), &gradient)) in
                        of_gate.iter_mut().zip(of_up).zip(inputs)
                    {
                        let sigmoid = sigmoid(gate);
                        *of_up = gradient * gate * sigmoid;
                        *of_gate =
                            gradient * up * sigmoid * (T::one() + gate * (T::one() - sigmoid));
                    }
                },
            );
        });
    Ok((
        Some(data::like(of_gate, gate)?),
        Some(data::like(of_up, up)?),
    ))
}
