//! The gradients of attention.

use std::ops::Range;

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::attention::{Attention, Sizes};
use super::data::{self, Numbers};
use super::real::{Real, vectorised};
use crate::product::{View, multiply};

/// The inputs, the result and its gradient.
struct Inputs<'a, T> {
    query: &'a [T],
    key: &'a [T],
    value: &'a [T],
    result: &'a [T],
    gradient: &'a [T],
    normalisers: &'a [f64],
}

/// The gradients of one span and key head: those of its query heads `[group, rows, width]`, of keys and values `[rows, width]`.
struct Part<T> {
    query: Vec<T>,
    key: Vec<T>,
    value: Vec<T>,
}

pub(super) fn backward<T: Real>(
    op: &Attention,
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    result: &Tensor,
    gradient: &Tensor,
) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
    let Some(normalisers) = op.normalisers.get() else {
        bail!("attention's backward pass came before its forward pass");
    };
    let sizes = Sizes::of(query.shape(), key.shape())?;
    let numbers = [query, key, value, result, gradient].map(Numbers::<T>::of);
    let [query_data, key_data, value_data, result_data, gradient_data] = numbers;
    let (query_data, key_data, value_data) = (query_data?, key_data?, value_data?);
    let (result_data, gradient_data) = (result_data?, gradient_data?);
    let (query_slice, key_slice, value_slice) =
        (query_data.read()?, key_data.read()?, value_data.read()?);
    let (result_slice, gradient_slice) = (result_data.read()?, gradient_data.read()?);
    let inputs = Inputs {
        query: &query_slice,
        key: &key_slice,
        value: &value_slice,
        result: &result_slice,
        gradient: &gradient_slice,
        normalisers,
    };
    let tasks: Vec<(usize, usize)> = (0..op.spans.len())
        .flat_map(|span| (0..sizes.shared).map(move |head| (span, head)))
        .collect();
    let parts: Vec<Part<T>> = tasks
        .par_iter()
        .map(|&(span, head)| part(op, sizes, &inputs, &op.spans[span], head))
        .collect();
    let mut of_query = vec![T::zero(); inputs.query.len()];
    let mut of_key = vec![T::zero(); inputs.key.len()];
    let mut of_value = vec![T::zero(); inputs.key.len()];
    let group = sizes.heads / sizes.shared;
    for (&(span, head), part) in tasks.iter().zip(&parts) {
        let span = &op.spans[span];
        let size = span.len() * sizes.width;
        for member in 0..group {
            let rows = &part.query[member * size..(member + 1) * size];
            scatter(
                &mut of_query,
                rows,
                span,
                (head * group + member, sizes.heads, sizes.width),
            );
        }
        scatter(
            &mut of_key,
            &part.key,
            span,
            (head, sizes.shared, sizes.width),
        );
        scatter(
            &mut of_value,
            &part.value,
            span,
            (head, sizes.shared, sizes.width),
        );
    }
    Ok((
        Some(data::like(of_query, query)?),
        Some(data::like(of_key, key)?),
        Some(data::like(of_value, value)?),
    ))
}

/// Lays the rows of one head to those of the others.
fn scatter<T: Real>(
    out: &mut [T],
    rows: &[T],
    span: &Range<usize>,
    (head, heads, width): (usize, usize, usize),
) {
    for (row, numbers) in span.clone().zip(rows.chunks_exact(width)) {
        let at = (row * heads + head) * width;
        out[at..at + width].copy_from_slice(numbers);
    }
}

fn part<T: Real>(
    op: &Attention,
    sizes: Sizes,
    inputs: &Inputs<'_, T>,
    span: &Range<usize>,
    key_head: usize,
) -> Part<T> {
    let Sizes {
        heads,
        shared,
        width,
        ..
    } = sizes;
    let group = heads / shared;
    let size = span.len() * width;
    let mut part = Part {
        query: vec![T::zero(); group * size],
        key: vec![T::zero(); size],
        value: vec![T::zero(); size],
    };
    let (mut weights, mut slopes) = (Vec::new(), Vec::new());
    for (member, head) in (key_head * group..(key_head + 1) * group).enumerate() {
        for tile in Attention::tiles(span) {
            let keys = op.keys(span, &tile);
            let first = (tile.start * heads + head) * width;
            let queries = View::new(&inputs.query[first..], tile.len(), width, heads * width);
            let gradients = View::new(&inputs.gradient[first..], tile.len(), width, heads * width);
            let at = (keys.start * shared + key_head) * width;
            let their_keys = View::new(&inputs.key[at..], keys.len(), width, shared * width);
            let their_values = View::new(&inputs.value[at..], keys.len(), width, shared * width);
            weights.resize(tile.len() * keys.len(), T::zero());
            slopes.resize(tile.len() * keys.len(), T::zero());
            multiply(
                &mut weights,
                keys.len(),
                queries,
                their_keys.transposed(),
                false,
                false,
            );
            multiply(
                &mut slopes,
                keys.len(),
                gradients,
                their_values.transposed(),
                false,
                false,
            );
            let lines = weights
                .chunks_exact_mut(keys.len())
                .zip(slopes.chunks_exact_mut(keys.len()));
            for (row, (weights, slopes)) in tile.clone().zip(lines) {
                let seen = op.seen(&keys, row);
                slope(
                    op,
                    inputs,
                    (row * heads + head, width),
                    weights,
                    slopes,
                    (seen.start - keys.start)..(seen.end - keys.start),
                );
            }
            let below = (keys.start - span.start) * width;
            let weights = View::new(&weights, tile.len(), keys.len(), keys.len());
            let slopes = View::new(&slopes, tile.len(), keys.len(), keys.len());
            multiply(
                &mut part.value[below..],
                width,
                weights.transposed(),
                gradients,
                true,
                false,
            );
            multiply(
                &mut part.key[below..],
                width,
                slopes.transposed(),
                queries,
                true,
                false,
            );
            let own = member * size + (tile.start - span.start) * width;
            multiply(
                &mut part.query[own..],
                width,
                slopes,
                their_keys,
                false,
                false,
            );
        }
    }
    part
}

/// Turns a row of scores into weights, and a row of `gradient · value` into the gradient of the scores:
/// `weight * (gradient · value - gradient · result) * scale`.
fn slope<T: Real>(
    op: &Attention,
    inputs: &Inputs<'_, T>,
    (index, width): (usize, usize),
    weights: &mut [T],
    slopes: &mut [T],
    seen: Range<usize>,
) {
    let vector = index * width..(index + 1) * width;
    let normaliser = T::constant(inputs.normalisers[index]);
    let scale = T::constant(op.scale);
    vectorised(
        #[inline(always)]
        || {
            let products = inputs.gradient[vector.clone()]
                .iter()
                .zip(&inputs.result[vector]);
            let along: T = products.map(|(&gradient, &result)| gradient * result).sum();
            for unseen in [0..seen.start, seen.end..weights.len()] {
                weights[unseen.clone()].fill(T::zero());
                slopes[unseen].fill(T::zero());
            }
            for (weight, slope) in weights[seen.clone()].iter_mut().zip(&mut slopes[seen]) {
                *weight = (*weight * scale - normaliser).exponential();
                *slope = *weight * (*slope - along) * scale;
            }
        },
    );
}
