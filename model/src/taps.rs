//! Seeing and changing what happens inside of a forward pass.
//!
//! A model asks [`Taps::wants`] before it computes anything that only a tap would look at, so that an unused tap costs one
//! comparison a layer. What [`Taps::visit`] returns is what the model goes on with: ablations and patches are taps too.

use std::{collections::BTreeMap, ops::Range};

use candle_core::Tensor;

use crate::Result;

/// A kind of value inside of the model. Row counts are of the whole batch unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Point {
    /// The residual stream that enters a layer: `[rows, hidden]`.
    ResidualBefore,
    /// The residual stream between attention and MLP: `[rows, hidden]`.
    ResidualMiddle,
    /// The residual stream that leaves a layer: `[rows, hidden]`.
    ResidualAfter,
    /// Queries after their norm and rotation: `[rows, heads, head_dim]`.
    Query,
    /// Keys after their norm and rotation: `[rows, key_value_heads, head_dim]`.
    Key,
    /// Values: `[rows, key_value_heads, head_dim]`.
    Value,
    /// Attention weights of one span, rows adding up to one: `[heads, rows of the span, keys]`.
    AttentionWeights,
    /// What each head read, before the output projection mixes the heads: `[rows, heads, head_dim]`.
    HeadOutput,
    /// What attention adds to the residual stream: `[rows, hidden]`.
    AttentionOutput,
    /// What the MLP adds to the residual stream: `[rows, hidden]`.
    MlpOutput,
    /// The router's logits before the softmax: `[rows, experts]`.
    RouterLogits,
}

/// A point in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The layer, from 0.
    pub layer: usize,
    /// What is seen there.
    pub point: Point,
}

/// Someone who looks into a forward pass.
pub trait Taps {
    /// Whether [`Taps::visit`] is to be called for this place.
    fn wants(&self, place: Place) -> bool;

    /// Receives the value of a place for these rows of the batch and returns the value to go on with, of the same shape.
    fn visit(&mut self, place: Place, rows: Range<usize>, value: Tensor) -> Result<Tensor>;
}

/// No taps.
impl Taps for () {
    fn wants(&self, _: Place) -> bool {
        false
    }

    fn visit(&mut self, _: Place, _: Range<usize>, value: Tensor) -> Result<Tensor> {
        Ok(value)
    }
}

/// Keeps what was asked for, with its gradients where there are any.
#[derive(Debug, Default)]
pub struct Recorder {
    points: Vec<Point>,
    /// What was seen, one entry a visit with the rows that it covers.
    pub seen: BTreeMap<Place, Vec<(Range<usize>, Tensor)>>,
}

impl Recorder {
    /// A recorder of these points in every layer.
    pub fn of(points: impl Into<Vec<Point>>) -> Self {
        Self {
            points: points.into(),
            seen: BTreeMap::new(),
        }
    }

    /// The values of a place in the order of their rows; empty when the place was not reached.
    pub fn values(&self, layer: usize, point: Point) -> impl Iterator<Item = &Tensor> {
        self.seen
            .get(&Place { layer, point })
            .into_iter()
            .flatten()
            .map(|(_, value)| value)
    }
}

impl Taps for Recorder {
    fn wants(&self, place: Place) -> bool {
        self.points.contains(&place.point)
    }

    fn visit(&mut self, place: Place, rows: Range<usize>, value: Tensor) -> Result<Tensor> {
        self.seen
            .entry(place)
            .or_default()
            .push((rows, value.clone()));
        Ok(value)
    }
}

/// Shows a value to the taps if they want it.
pub(crate) fn show(
    taps: &mut dyn Taps,
    place: Place,
    rows: usize,
    value: Tensor,
) -> Result<Tensor> {
    if taps.wants(place) {
        taps.visit(place, 0..rows, value)
    } else {
        Ok(value)
    }
}
