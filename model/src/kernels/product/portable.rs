//! The product for any processor: what the others are compared with.

use super::super::packed::{GROUP, PANEL};
use super::{Panel, Tile};

/// Adds the product of the panel with each row of `x` to `sums`.
pub(super) fn add<const M: usize>(panel: Panel<'_>, x: &Tile<'_, M>, sums: &mut [[f32; PANEL]; M]) {
    let part = panel.part;
    let weights = panel.codes.chunks_exact(part * PANEL);
    let floats = panel
        .scales
        .as_chunks::<PANEL>()
        .0
        .iter()
        .zip(panel.minimums.as_chunks::<PANEL>().0);
    for (index, (codes, (scales, minimums))) in weights.zip(floats).enumerate() {
        for row in 0..M {
            let activations = &x.codes[row][index * part..(index + 1) * part];
            let mut integers = [0_i32; PANEL];
            for (quad, four) in codes
                .as_chunks::<{ 4 * PANEL }>()
                .0
                .iter()
                .zip(activations.as_chunks::<4>().0)
            {
                for lane in 0..PANEL {
                    for column in 0..4 {
                        integers[lane] +=
                            i32::from(quad[4 * lane + column]) * i32::from(four[column]);
                    }
                }
            }
            let (scale, sum) = (x.scales[row][index * part / GROUP], x.sums[row][index]);
            for lane in 0..PANEL {
                sums[row][lane] += integers[lane] as f32 * (scales[lane] * scale);
                sums[row][lane] += minimums[lane] * sum;
            }
        }
    }
}
