//! Quantised matrices against plain double-precision arithmetic.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as the test may"
)]

mod common;

use common::Numbers;
use proptest::prelude::*;
use swemill_model::kernels::{Activations, Format, KernelError, Level, Matrix, Pool};

const QUANTIZED: [Format; 8] = [
    Format::Q4_0,
    Format::Q4_1,
    Format::Q5_0,
    Format::Q5_1,
    Format::Q8_0,
    Format::Q4K,
    Format::Q5K,
    Format::Q6K,
];

/// Random bytes of a matrix with scales of a sensible size.
fn random_matrix(format: Format, rows: usize, columns: usize, seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut bytes: Vec<u8> = (0..format.bytes(rows, columns).unwrap())
        .map(|_| numbers.next().to_le_bytes()[7])
        .collect();
    let halves: &[usize] = match format {
        Format::Q4_0 | Format::Q5_0 | Format::Q8_0 => &[0],
        Format::Q6K => &[208],
        _ => &[0, 2],
    };
    match format {
        Format::F32 => {
            for four in bytes.chunks_exact_mut(4) {
                four.copy_from_slice(&numbers.float().to_le_bytes());
            }
        }
        Format::F16 => {
            for two in bytes.chunks_exact_mut(2) {
                two.copy_from_slice(&half::f16::from_f32(numbers.float()).to_le_bytes());
            }
        }
        _ => {
            for block in bytes.chunks_exact_mut(format.block_bytes()) {
                for &at in halves {
                    block[at..at + 2].copy_from_slice(
                        &half::f16::from_f32(0.01 * numbers.float()).to_le_bytes(),
                    );
                }
            }
        }
    }
    bytes
}

fn random_rows(count: usize, seed: u64) -> Vec<f32> {
    Numbers(seed)
        .floats(count)
        .iter()
        .map(|value| 3.0 * value)
        .collect()
}

/// The row as 8-bit steps of its groups' largest values stand for it.
fn rounded(row: &[f32]) -> Vec<f64> {
    row.chunks(32)
        .flat_map(|group| {
            let step = f64::from(
                group
                    .iter()
                    .fold(0.0_f32, |largest, value| largest.max(value.abs())),
            ) / 127.0;
            group.iter().map(move |&value| {
                if step == 0.0 {
                    0.0
                } else {
                    (f64::from(value) / step).round() * step
                }
            })
        })
        .collect()
}

/// Largest difference of `out` from the product in f64, as a share of `Σ |w| |x|`: with activations as they are, and
/// with activations rounded to 8 bits.
fn errors(matrix: &Matrix, x: &[f32], out: &[f32]) -> (f64, f64) {
    let (mut plain_error, mut rounded_error) = (0.0_f64, 0.0_f64);
    let mut weights = vec![0.0; matrix.columns()];
    for n in 0..matrix.rows() {
        matrix.row(n, &mut weights).unwrap();
        for (r, row) in x.chunks_exact(matrix.columns()).enumerate() {
            let found = f64::from(out[r * matrix.rows() + n]);
            let dot = |x: &mut dyn Iterator<Item = f64>| {
                x.zip(&weights).map(|(x, &w)| x * f64::from(w)).sum::<f64>()
            };
            let size: f64 = row
                .iter()
                .zip(&weights)
                .map(|(x, w)| f64::from((x * w).abs()))
                .sum::<f64>()
                + 1e-9;
            plain_error =
                plain_error.max((found - dot(&mut row.iter().map(|&x| f64::from(x)))).abs() / size);
            rounded_error =
                rounded_error.max((found - dot(&mut rounded(row).into_iter())).abs() / size);
        }
    }
    (plain_error, rounded_error)
}

#[test]
fn rows_are_what_the_gguf_package_says_bit_for_bit() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("golden/gguf_blocks.json")).unwrap();
    let names = [
        "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K",
    ];
    for (case, (name, format)) in golden
        .as_array()
        .unwrap()
        .iter()
        .zip(names.into_iter().zip(QUANTIZED))
    {
        assert_eq!(case["format"], name);
        let bytes = hex::decode(case["bytes"].as_str().unwrap()).unwrap();
        let expected = hex::decode(case["values"].as_str().unwrap()).unwrap();
        let matrix = Matrix::from_gguf(format, &bytes, 1, 256).unwrap();
        let mut row = vec![0.0; 256];
        matrix.row(0, &mut row).unwrap();
        let found: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert!(found == expected, "{name}");
    }
}

#[test]
fn every_format_and_level_is_exact_but_for_the_8_bits_of_activations() {
    let pool = Pool::new(2);
    for level in Level::available() {
        for format in Format::ALL {
            for (rows, columns, rows_of_x) in [
                (33, 256, 1),
                (64, 768, 3),
                (70, 1280, 7),
                (5, 4864, 13),
                (96, 512, 40),
            ] {
                let matrix = Matrix::from_gguf(
                    format,
                    &random_matrix(format, rows, columns, 1),
                    rows,
                    columns,
                )
                .unwrap();
                let x = random_rows(rows_of_x * columns, 2);
                let mut out = vec![f32::NAN; rows_of_x * rows];
                matrix
                    .multiply_with(level, &pool, &x, rows_of_x, &mut out)
                    .unwrap();
                let (plain, rounded) = errors(&matrix, &x, &out);
                let name = level.name();
                if matrix.is_quantized() {
                    assert!(
                        rounded < 2e-5,
                        "{name} {format:?} {rows}x{columns}: {rounded:e} of the rounded product"
                    );
                    assert!(
                        plain < 2e-3,
                        "{name} {format:?} {rows}x{columns}: {plain:e} of the product"
                    );
                } else {
                    assert!(
                        plain < 1e-6,
                        "{name} {format:?} {rows}x{columns}: {plain:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_row_gives_the_same_bits_alone_in_a_batch_and_with_any_number_of_threads() {
    // From 25 rows on weights are unpacked another way.
    for (format, rows_of_x) in QUANTIZED
        .into_iter()
        .flat_map(|format| [(format, 19), (format, 43)])
    {
        let (rows, columns) = (77, 2560);
        let matrix = Matrix::from_gguf(
            format,
            &random_matrix(format, rows, columns, 3),
            rows,
            columns,
        )
        .unwrap();
        let x = random_rows(rows_of_x * columns, 4);
        for level in Level::available() {
            let mut together = vec![0.0; rows_of_x * rows];
            matrix
                .multiply_with(level, &Pool::new(3), &x, rows_of_x, &mut together)
                .unwrap();
            let alone_pool = Pool::new(1);
            for (row, expected) in x.chunks_exact(columns).zip(together.chunks_exact(rows)) {
                let mut alone = vec![0.0; rows];
                matrix
                    .multiply_with(level, &alone_pool, row, 1, &mut alone)
                    .unwrap();
                assert!(alone == expected, "{} {format:?}", level.name());
            }
        }
    }
}

#[test]
fn avx2_and_avx512_give_the_same_bits() {
    let levels = Level::available();
    let [_, avx2, avx512] = levels.as_slice() else {
        return;
    };
    for (format, rows_of_x) in QUANTIZED
        .into_iter()
        .flat_map(|format| [(format, 3), (format, 43)])
    {
        let (rows, columns) = (70, 1280);
        let bytes = random_matrix(format, rows, columns, 10);
        let matrix = Matrix::from_gguf(format, &bytes, rows, columns).unwrap();
        let x = random_rows(rows_of_x * columns, 11);
        let [one, other] = [avx2, avx512].map(|&level| {
            let mut out = vec![0.0; rows_of_x * rows];
            let pool = Pool::new(1);
            matrix
                .multiply_with(level, &pool, &x, rows_of_x, &mut out)
                .unwrap();
            out
        });
        assert!(one == other, "{format:?}, {rows_of_x} rows");
    }
}

#[test]
fn quantised_activations_can_be_used_by_several_matrices() {
    let x = random_rows(2 * 256, 5);
    let shared = Activations::new(&x, 2, 256).unwrap();
    for format in QUANTIZED {
        let matrix =
            Matrix::from_gguf(format, &random_matrix(format, 40, 256, 6), 40, 256).unwrap();
        let (mut one, mut other) = (vec![0.0; 80], vec![0.0; 80]);
        matrix.multiply(&x, 2, &mut one).unwrap();
        matrix.multiply_quantized(&shared, &mut other).unwrap();
        assert_eq!(one, other);
    }
}

#[test]
fn extreme_codes_neither_saturate_nor_wrap() {
    // All bits set: the largest code of every format, against activations that all round to 127 or -127.
    for level in Level::available() {
        for format in QUANTIZED {
            for value in [1.0, -1.0] {
                let mut bytes = vec![0xff; format.bytes(32, 256).unwrap()];
                for block in bytes.chunks_exact_mut(format.block_bytes()) {
                    for at in if format == Format::Q6K {
                        [208, 208]
                    } else {
                        [0, 2]
                    } {
                        if at == 0 || !matches!(format, Format::Q4_0 | Format::Q5_0 | Format::Q8_0)
                        {
                            block[at..at + 2].copy_from_slice(&half::f16::ONE.to_le_bytes());
                        }
                    }
                }
                let matrix = Matrix::from_gguf(format, &bytes, 32, 256).unwrap();
                let x = vec![value; 256];
                let mut out = vec![0.0; 32];
                matrix
                    .multiply_with(level, &Pool::new(1), &x, 1, &mut out)
                    .unwrap();
                let (error, _) = errors(&matrix, &x, &out);
                assert!(error < 1e-5, "{} {format:?}: {error:e}", level.name());
            }
        }
    }
}

#[test]
fn activations_that_are_not_finite_show_in_the_result() {
    let matrix =
        Matrix::from_gguf(Format::Q4K, &random_matrix(Format::Q4K, 8, 256, 7), 8, 256).unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = random_rows(512, 8);
        x[77] = bad;
        let mut out = vec![0.0; 16];
        matrix.multiply(&x, 2, &mut out).unwrap();
        assert!(
            out[..8].iter().all(|value| value.is_nan())
                && out[8..].iter().all(|value| value.is_finite())
        );
    }
}

#[test]
fn wrong_shapes_and_corrupt_scales_are_refused_with_what_is_wrong() {
    let bytes = random_matrix(Format::Q4_0, 4, 64, 9);
    let truncated = Matrix::from_gguf(Format::Q4_0, &bytes[1..], 4, 64).unwrap_err();
    assert!(matches!(
        truncated,
        KernelError::Bytes {
            expected: 144,
            found: 143,
            ..
        }
    ));
    let uneven = Matrix::from_gguf(Format::Q4K, &bytes, 4, 64).unwrap_err();
    assert!(matches!(
        uneven,
        KernelError::Columns {
            block: 256,
            columns: 64,
            ..
        }
    ));
    let mut corrupt = bytes.clone();
    corrupt[3 * 36..3 * 36 + 2].copy_from_slice(&half::f16::NAN.to_le_bytes());
    assert_eq!(
        Matrix::from_gguf(Format::Q4_0, &corrupt, 4, 64).unwrap_err(),
        KernelError::NotFinite { row: 3 }
    );
    let matrix = Matrix::from_gguf(Format::Q4_0, &bytes, 4, 64).unwrap();
    assert!(matrix.multiply(&[0.0; 63], 1, &mut [0.0; 4]).is_err());
    assert!(matrix.multiply(&[0.0; 64], 1, &mut [0.0; 5]).is_err());
    assert!(matrix.row(4, &mut [0.0; 64]).is_err());
    assert!(Matrix::from_gguf(Format::Q4_0, &[], usize::MAX, 64).is_err());
}

#[test]
fn empty_matrices_and_empty_batches_are_fine() {
    let none = Matrix::from_gguf(Format::Q8_0, &[], 0, 64).unwrap();
    none.multiply(&[0.0; 64], 1, &mut []).unwrap();
    let matrix =
        Matrix::from_gguf(Format::F16, &random_matrix(Format::F16, 3, 5, 1), 3, 5).unwrap();
    matrix.multiply(&[], 0, &mut []).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn odd_shapes_agree_with_the_portable_kernel(
        format in prop::sample::select(Format::ALL.to_vec()), rows in 1_usize..100, blocks in 1_usize..6, rows_of_x in 1_usize..15, seed: u64,
    ) {
        let columns = blocks * format.block().max(8);
        let matrix = Matrix::from_gguf(format, &random_matrix(format, rows, columns, seed), rows, columns).unwrap();
        let x = random_rows(rows_of_x * columns, seed);
        let portable = Level::available()[0];
        let (mut expected, mut found) = (vec![0.0; rows * rows_of_x], vec![0.0; rows * rows_of_x]);
        matrix.multiply_with(portable, &Pool::new(1), &x, rows_of_x, &mut expected).unwrap();
        matrix.multiply(&x, rows_of_x, &mut found).unwrap();
        let largest = expected.iter().fold(1e-3_f32, |largest, value| largest.max(value.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!((found - expected).abs() < 1e-4 * largest, "{found} {expected}");
        }
    }
}
