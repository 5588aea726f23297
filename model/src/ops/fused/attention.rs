//! Causal attention over a ragged batch, tile by tile: no matrix of all scores is kept, and the hidden half is not computed.
//!
//! The backward pass computes the weights again from the rows' saved normalisers, as `FlashAttention` does (Dao et al., arXiv
//! 2205.14135, algorithm 4).

use std::ops::Range;
use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::attention_backward;
use super::data::{self, by_dtype, by_format};
use super::real::{Real, vectorised};
use crate::product::{View, multiply};

/// Query rows of a tile.
pub(super) const TILE: usize = 64;

/// Query: `[rows, heads, width]`; key and value: `[rows, key_value_heads, width]`. Each span of rows sees only itself.
pub(super) struct Attention {
    pub(super) spans: Vec<Range<usize>>,
    pub(super) scale: f64,
    pub(super) window: Option<usize>,
    /// `ln Σ exp(scale * score)` of every row and head, `[rows, heads]`, kept for the backward pass.
    pub(super) normalisers: OnceLock<Vec<f64>>,
}

/// The sizes of one call.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) rows: usize,
    pub(super) heads: usize,
    pub(super) shared: usize,
    pub(super) width: usize,
}

impl Sizes {
    pub(super) fn of(query: &Shape, key: &Shape) -> Result<Self> {
        let ((rows, heads, width), (_, shared, _)) = (query.dims3()?, key.dims3()?);
        if shared == 0 || heads % shared != 0 {
            bail!("{heads} query heads cannot share {shared} key heads evenly");
        }
        Ok(Self {
            rows,
            heads,
            shared,
            width,
        })
    }

    /// The key head that a query head reads.
    pub(super) fn key_head(&self, head: usize) -> usize {
        head / (self.heads / self.shared)
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        query: &CpuStorage,
        query_layout: &Layout,
        key: &CpuStorage,
        key_layout: &Layout,
        value: &CpuStorage,
        value_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_format!(
            query,
            forward(
                self,
                (query, query_layout),
                (key, key_layout),
                (value, value_layout)
            )
        )
    }

    fn bwd(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        use attention_backward::backward;
        by_dtype!(query, backward(self, query, key, value, result, gradient))
    }
}

impl Attention {
    /// The tiles of a span: at most `TILE` rows each.
    pub(super) fn tiles(span: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let end = span.end;
        span.clone()
            .step_by(TILE)
            .map(move |start| start..(start + TILE).min(end))
    }

    /// The keys that rows of a tile see, as rows of the batch.
    pub(super) fn keys(&self, span: &Range<usize>, tile: &Range<usize>) -> Range<usize> {
        let first = self.window.map_or(span.start, |window| {
            (tile.start + 1).saturating_sub(window).max(span.start)
        });
        first..tile.end
    }

    /// The keys that one row sees.
    pub(super) fn seen(&self, keys: &Range<usize>, row: usize) -> Range<usize> {
        let first = self.window.map_or(keys.start, |window| {
            (row + 1).saturating_sub(window).max(keys.start)
        });
        first..row + 1
    }
}

/// What the rows of one tile read: `[tile rows, heads, width]`, and their normalisers `[tile rows, heads]`.
type TileResult<'o, T> = (&'o mut [T], &'o mut [f64]);

fn forward<T: Real>(
    op: &Attention,
    query: (&CpuStorage, &Layout),
    key: (&CpuStorage, &Layout),
    value: (&CpuStorage, &Layout),
) -> Result<(CpuStorage, Shape)> {
    let sizes = Sizes::of(query.1.shape(), key.1.shape())?;
    let inputs: [&[T]; 3] = [
        data::slice(query.0, query.1)?,
        data::slice(key.0, key.1)?,
        data::slice(value.0, value.1)?,
    ];
    let mut out = vec![T::zero(); inputs[0].len()];
    let mut normalisers = vec![0.0; sizes.rows * sizes.heads];
    let mut tiles: Vec<(Range<usize>, Range<usize>, TileResult<'_, T>)> = Vec::new();
    let (mut out_rest, mut normalisers_rest) = (out.as_mut_slice(), normalisers.as_mut_slice());
    for span in &op.spans {
        for tile in Attention::tiles(span) {
            let (out_tile, rest) = out_rest.split_at_mut(tile.len() * sizes.heads * sizes.width);
            out_rest = rest;
            let (normalisers_tile, rest) = normalisers_rest.split_at_mut(tile.len() * sizes.heads);
            normalisers_rest = rest;
            tiles.push((span.clone(), tile, (out_tile, normalisers_tile)));
        }
    }
    tiles
        .into_par_iter()
        .for_each_init(Vec::new, |scores, (span, tile, result)| {
            run_tile(op, sizes, inputs, (&span, &tile), result, scores);
        });
    // A second forward pass of the same operation would compute the same numbers.
    let _ = op.normalisers.set(normalisers);
    Ok(data::result(out, query.1.shape().clone()))
}

fn run_tile<T: Real>(
    op: &Attention,
    sizes: Sizes,
    [query, key, value]: [&[T]; 3],
    (span, tile): (&Range<usize>, &Range<usize>),
    (out, normalisers): TileResult<'_, T>,
    scores: &mut Vec<T>,
) {
    let Sizes {
        heads,
        shared,
        width,
        ..
    } = sizes;
    let keys = op.keys(span, tile);
    let scale = T::constant(op.scale);
    scores.resize(tile.len() * keys.len(), T::zero());
    for head in 0..heads {
        let rows = View::new(
            &query[(tile.start * heads + head) * width..],
            tile.len(),
            width,
            heads * width,
        );
        let at = (keys.start * shared + sizes.key_head(head)) * width;
        let their_keys = View::new(&key[at..], keys.len(), width, shared * width);
        let their_values = View::new(&value[at..], keys.len(), width, shared * width);
        multiply(
            scores,
            keys.len(),
            rows,
            their_keys.transposed(),
            false,
            false,
        );
        for (index, row) in scores.chunks_exact_mut(keys.len()).enumerate() {
            let seen = op.seen(&keys, tile.start + index);
            let (from, to) = (seen.start - keys.start, seen.end - keys.start);
            row[..from].fill(T::zero());
            row[to..].fill(T::zero());
            let normaliser = softmax(&mut row[from..to], scale);
            normalisers[index * heads + head] = candle_core::WithDType::to_f64(normaliser);
        }
        let weights = View::new(scores, tile.len(), keys.len(), keys.len());
        multiply(
            &mut out[head * width..],
            heads * width,
            weights,
            their_values,
            false,
            false,
        );
    }
}

/// `softmax(scale * row)` in place; returns `ln Σ exp(scale * row)`.
fn softmax<T: Real>(row: &mut [T], scale: T) -> T {
    vectorised(
        #[inline(always)]
        || {
            let mut largest = [T::neg_infinity(); 16];
            for (index, &score) in row.iter().enumerate() {
                let lane = &mut largest[index % 16];
                *lane = if score * scale > *lane {
                    score * scale
                } else {
                    *lane
                };
            }
            let largest = largest
                .into_iter()
                .fold(T::neg_infinity(), |a, b| if a > b { a } else { b });
            let mut sums = [T::zero(); 16];
            for chunk in row.chunks_mut(16) {
                for (sum, score) in sums.iter_mut().zip(chunk) {
                    *score = (*score * scale - largest).exponential();
                    *sum += *score;
                }
            }
            let sum: T = sums.into_iter().sum();
            let share = T::one() / sum;
            for score in row.iter_mut() {
                *score *= share;
            }
            largest + sum.ln()
        },
    )
}
