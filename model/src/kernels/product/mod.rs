//! Products of quantised matrices with quantised rows.
//!
//! `out[r][n] = Σ_parts scale_x[r] · scale_w[n] · Σ code_w · code_x  +  minimum_w[n] · Σ x`, the inner sum in exact integers. For
//! every element the parts are added in the order of the columns, whatever the number of rows: a row gives the same bits
//! alone and in a batch.
//!
//! **Few rows** (decoding): every weight is read once, so memory is the limit; the sums stay in registers, and with AVX-512 so do the
//! unpacked bytes (`stream`), elsewhere they go through the first-level cache. **Many rows** (pre-fill): a panel is unpacked
//! once and used by all rows, six at a time: 12 integer and 12 float accumulators fill the registers, and two thirds of a load go with each
//! VNNI instruction.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(target_arch = "x86_64")]
mod stream;

use super::Activations;
use super::level::{Kind, Level};
use super::packed::{GROUP, PANEL, Packed};
use super::pool::Pool;
use super::shared::Shared;
use super::unpack::{Panel, Unpacked};
use std::cell::RefCell;
use std::ops::Range;

/// Rows of activations multiplied at a time.
const TILE: usize = 6;

/// Expands `$tile` for the number of rows that a tile has: each is code of its own.
macro_rules! of_rows {
    ($count:expr, $tile:ident) => {
        match $count {
            1 => $tile!(1),
            2 => $tile!(2),
            3 => $tile!(3),
            4 => $tile!(4),
            5 => $tile!(5),
            _ => $tile!(6),
        }
    };
}

/// Rows up to which it is faster to unpack a panel for every six rows, in registers, than once for all in memory.
const STREAMED: usize = 24;
/// Columns unpacked at a time for few rows, at most: 25 KiB, less than a first-level cache.
const COLUMNS_OF_FEW: usize = 640;
/// Columns unpacked at a time for many rows, at most: 160 KiB, less than a second-level cache.
const COLUMNS_OF_MANY: usize = 4096;

/// Up to six rows of activations, cut to the columns of a panel that are unpacked.
struct Tile<'a, const M: usize> {
    codes: [&'a [i8]; M],
    /// One each 32 columns.
    scales: [&'a [f32]; M],
    /// One each part of the panel.
    sums: [&'a [f32]; M],
}

impl<'a, const M: usize> Tile<'a, M> {
    fn new(x: &'a Activations, first: usize, columns: Range<usize>, part: usize) -> Self {
        let width = x.columns();
        let cut = |row: usize, unit: usize| {
            (row * width + columns.start) / unit..(row * width + columns.end) / unit
        };
        let sums = if part == GROUP { &x.sums } else { &x.half_sums };
        Self {
            codes: std::array::from_fn(|row| &x.codes[cut(first + row, 1)]),
            scales: std::array::from_fn(|row| &x.scales[cut(first + row, GROUP)]),
            sums: std::array::from_fn(|row| &sums[cut(first + row, part)]),
        }
    }
}

thread_local! {
    static UNPACKED: RefCell<Unpacked> = RefCell::new(Unpacked::new());
}

/// Multiplies: `out` is `[x.rows()][weights.rows]`. Shapes are the caller's to check.
pub(super) fn multiply(
    level: Level,
    pool: &Pool,
    weights: &Packed,
    x: &Activations,
    out: &mut [f32],
) {
    let panels = weights.rows.div_ceil(PANEL);
    let wanted = 8 * pool.threads();
    let (panels_of_chunk, row_parts) = if x.rows() <= TILE {
        (panels.div_ceil(wanted).max(1), 1)
    } else {
        (
            1,
            wanted
                .div_ceil(panels.max(1))
                .min(x.rows().div_ceil(4 * TILE)),
        )
    };
    let rows_of_part = x.rows().div_ceil(row_parts).next_multiple_of(TILE);
    let panel_chunks = panels.div_ceil(panels_of_chunk);
    let out = Shared::new(out);
    pool.run(panel_chunks * row_parts, &|chunk| {
        let (panel, part) = (chunk / row_parts * panels_of_chunk, chunk % row_parts);
        let rows = (part * rows_of_part).min(x.rows())..((part + 1) * rows_of_part).min(x.rows());
        UNPACKED.with_borrow_mut(|unpacked| {
            for panel in panel..panels.min(panel + panels_of_chunk) {
                #[cfg(target_arch = "x86_64")]
                if level.0 == Kind::Avx512 && rows.len() <= STREAMED {
                    stream_panel(weights, panel, x, rows.clone(), &out);
                    continue;
                }
                multiply_panel(level, unpacked, weights, panel, x, rows.clone(), &out);
            }
        });
    });
}

fn multiply_panel(
    level: Level,
    unpacked: &mut Unpacked,
    weights: &Packed,
    panel: usize,
    x: &Activations,
    rows: Range<usize>,
    out: &Shared<'_, f32>,
) {
    let (block, few) = (weights.format.block(), rows.len() <= TILE);
    let most = if few { COLUMNS_OF_FEW } else { COLUMNS_OF_MANY };
    // Parts of one size: a short last one would cost as much to set up as a long one.
    let parts = weights.columns.div_ceil(most).max(1);
    let step = weights
        .columns
        .div_ceil(parts)
        .next_multiple_of(block)
        .min(most / block * block);
    let lanes = panel * PANEL..weights.rows.min((panel + 1) * PANEL);
    let mut start = 0;
    while start < weights.columns {
        let columns = start..weights.columns.min(start + step);
        let loaded = unpacked.load(
            level,
            weights,
            panel,
            columns.start / block..columns.end / block,
        );
        let mut row = rows.start;
        while row < rows.end {
            let count = (rows.end - row).min(TILE);
            let mut sums = [[0.0; PANEL]; TILE];
            for index in 0..count {
                let at = (row + index) * weights.rows;
                // SAFETY: this chunk alone has these rows of these lanes, and no other part of them is alive here.
                let target = unsafe { out.part(at + lanes.start..at + lanes.end) };
                if start > 0 {
                    sums[index][..target.len()].copy_from_slice(target);
                }
            }
            add_tile(level, loaded, x, row, count, columns.clone(), &mut sums);
            for (index, sums) in sums[..count].iter().enumerate() {
                let at = (row + index) * weights.rows;
                // SAFETY: as above.
                let target = unsafe { out.part(at + lanes.start..at + lanes.end) };
                target.copy_from_slice(&sums[..lanes.len()]);
            }
            row += count;
        }
        start = columns.end;
    }
}

/// [`multiply_panel`] with AVX-512, without unpacking into memory: the same bits.
#[cfg(target_arch = "x86_64")]
fn stream_panel(
    weights: &Packed,
    panel: usize,
    x: &Activations,
    rows: Range<usize>,
    out: &Shared<'_, f32>,
) {
    let lanes = panel * PANEL..weights.rows.min((panel + 1) * PANEL);
    for row in rows.clone().step_by(TILE) {
        let count = (rows.end - row).min(TILE);
        let mut sums = [[0.0; PANEL]; TILE];
        macro_rules! tile {
            ($rows:literal) => {
                stream_tile::<$rows>(
                    weights,
                    panel,
                    x,
                    row,
                    sums.first_chunk_mut().expect("a tile has at most six rows"),
                )
            };
        }
        of_rows!(count, tile);
        for (index, sums) in sums[..count].iter().enumerate() {
            let at = (row + index) * weights.rows;
            // SAFETY: this chunk alone has these rows of these lanes, and no other part of them is alive here.
            let target = unsafe { out.part(at + lanes.start..at + lanes.end) };
            target.copy_from_slice(&sums[..lanes.len()]);
        }
    }
}

/// Adds the product of `M` rows with a panel to `sums`.
#[cfg(target_arch = "x86_64")]
fn stream_tile<const M: usize>(
    weights: &Packed,
    panel: usize,
    x: &Activations,
    row: usize,
    sums: &mut [[f32; PANEL]; M],
) {
    let (columns, part) = (weights.columns, weights.format.part());
    let x = Tile::<M>::new(x, row, 0..columns, part);
    for row in 0..M {
        assert!(
            x.codes[row].len() == columns
                && x.scales[row].len() * GROUP == columns
                && x.sums[row].len() * part == columns
        );
    }
    // SAFETY: called at a level that exists only where its instructions do, and the lengths were checked above.
    unsafe { stream::add::<M>(weights, panel, &x, sums) }
}

/// Adds the product of `count` rows with the unpacked columns to `sums`.
fn add_tile(
    level: Level,
    panel: Panel<'_>,
    x: &Activations,
    row: usize,
    count: usize,
    columns: Range<usize>,
    sums: &mut [[f32; PANEL]; TILE],
) {
    macro_rules! tile {
        ($rows:literal) => {
            add::<$rows>(
                level,
                panel,
                &Tile::new(x, row, columns, panel.part),
                sums.first_chunk_mut().expect("a tile has at most six rows"),
            )
        };
    }
    of_rows!(count, tile);
}

fn add<const M: usize>(
    level: Level,
    panel: Panel<'_>,
    x: &Tile<'_, M>,
    sums: &mut [[f32; PANEL]; M],
) {
    let parts = panel.scales.len() / PANEL;
    let columns = parts * panel.part;
    // The kernels read by pointer: everything they rely on is checked here, once for some thousand instructions.
    assert!(panel.minimums.len() == parts * PANEL && panel.codes.len() == columns * PANEL);
    for row in 0..M {
        assert!(
            x.codes[row].len() == columns
                && x.scales[row].len() * GROUP == columns
                && x.sums[row].len() == parts
        );
    }
    match (level.0, panel.part) {
        // SAFETY: the level exists only where its instructions do, and the lengths were checked above.
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx512, 16) => unsafe { avx512::add::<M, 16>(panel, x, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx512, _) => unsafe { avx512::add::<M, 32>(panel, x, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx2, 16) => unsafe { avx2::add::<M, 16>(panel, x, sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx2, _) => unsafe { avx2::add::<M, 32>(panel, x, sums) },
        _ => portable::add(panel, x, sums),
    }
}
