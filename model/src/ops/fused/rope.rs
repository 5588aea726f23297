//! The rotation of queries and keys. Its gradient is the rotation backwards.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::data::{self, by_format};
use super::real::{Real, vectorised};

/// `x`: `[rows, heads, head_dim]`; cosine and sine: `[rows, head_dim / 2]`.
pub(super) struct Rope {
    pub(super) backwards: bool,
}

impl CustomOp3 for Rope {
    fn name(&self) -> &'static str {
        "rope"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        cosine: &CpuStorage,
        cosine_layout: &Layout,
        sine: &CpuStorage,
        sine_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_format!(
            x,
            rotate(
                self.backwards,
                x,
                x_layout,
                (cosine, cosine_layout),
                (sine, sine_layout)
            )
        )
    }

    fn bwd(
        &self,
        _: &Tensor,
        cosine: &Tensor,
        sine: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let rope = Self {
            backwards: !self.backwards,
        };
        Ok((
            Some(
                gradient
                    .contiguous()?
                    .apply_op3_no_bwd(cosine, sine, &rope)?,
            ),
            None,
            None,
        ))
    }
}

fn rotate<T: Real>(
    backwards: bool,
    x: &CpuStorage,
    layout: &Layout,
    cosine: (&CpuStorage, &Layout),
    sine: (&CpuStorage, &Layout),
) -> Result<(CpuStorage, Shape)> {
    let (_, heads, width) = layout.shape().dims3()?;
    let half = width / 2;
    let x = data::slice::<T>(x, layout)?;
    let (cosine, sine) = (
        data::slice::<T>(cosine.0, cosine.1)?,
        data::slice::<T>(sine.0, sine.1)?,
    );
    let sign = if backwards { -T::one() } else { T::one() };
    let mut out = vec![T::zero(); x.len()];
    let row = heads * width;
    let angles = cosine.par_chunks(half).zip(sine.par_chunks(half));
    out.par_chunks_mut(row)
        .zip(x.par_chunks(row))
        .zip(angles)
        .with_min_len(32)
        .for_each(|((out, x), (cosine, sine))| {
            vectorised(
                #[inline(always)]
                || {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        let (out_first, out_second) = out.split_at_mut(half);
                        let (first, second) = x.split_at(half);
                        for index in 0..half {
                            let (cosine, sine) = (cosine[index], sign * sine[index]);
                            out_first[index] = first[index] * cosine - second[index] * sine;
                            out_second[index] = second[index] * cosine + first[index] * sine;
                        }
                    }
                },
            );
        });
    Ok(data::result(out, layout.shape().clone()))
}
