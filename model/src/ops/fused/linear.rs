//! `x Wᵀ`, whose gradients are products too and copy nothing.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::data::{self, Numbers, by_dtype, by_format};
use super::real::Real;
use crate::product::{View, multiply};

/// `x`: `[rows, inputs]`; `weight`: `[outputs, inputs]`.
pub(super) struct Linear;

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_format!(x, forward(x, x_layout, weight, weight_layout))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        by_dtype!(x, backward(x, weight, gradient))
    }
}

fn forward<T: Real>(
    x: &CpuStorage,
    x_layout: &Layout,
    weight: &CpuStorage,
    weight_layout: &Layout,
) -> Result<(CpuStorage, Shape)> {
    let (rows, inputs) = x_layout.shape().dims2()?;
    let outputs = weight_layout.dims()[0];
    let x = View::new(data::slice::<T>(x, x_layout)?, rows, inputs, inputs);
    let weight = View::new(data::slice(weight, weight_layout)?, outputs, inputs, inputs);
    let mut out = vec![T::zero(); rows * outputs];
    multiply(&mut out, outputs, x, weight.transposed(), false, true);
    Ok(data::result(out, (rows, outputs)))
}

fn backward<T: Real>(
    x: &Tensor,
    weight: &Tensor,
    gradient: &Tensor,
) -> Result<(Option<Tensor>, Option<Tensor>)> {
    let (rows, inputs) = x.dims2()?;
    let outputs = weight.dim(0)?;
    let gradient = Numbers::<T>::of(gradient)?;
    let gradient = gradient.read()?;
    let gradient = View::new(&gradient, rows, outputs, outputs);
    let of_x = if x.track_op() {
        let weight = Numbers::<T>::of(weight)?;
        let weight = weight.read()?;
        let mut out = vec![T::zero(); rows * inputs];
        multiply(
            &mut out,
            inputs,
            gradient,
            View::new(&weight, outputs, inputs, inputs),
            false,
            true,
        );
        Some(data::like(out, x)?)
    } else {
        None
    };
    let of_weight = if weight.track_op() {
        let x = Numbers::<T>::of(x)?;
        let x = x.read()?;
        let mut out = vec![T::zero(); outputs * inputs];
        multiply(
            &mut out,
            inputs,
            gradient.transposed(),
            View::new(&x, rows, inputs, inputs),
            false,
            true,
        );
        Some(data::like(out, weight)?)
    } else {
        None
    };
    Ok((of_x, of_weight))
}
