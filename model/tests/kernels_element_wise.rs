//! Norms, gates and rotations of the CPU against double precision.

#![expect(clippy::cast_precision_loss, reason = "sizes are small")]
#![expect(clippy::similar_names, reason = "sine and cosine are called so")]

mod common;

use common::Numbers;
use swemill_model::kernels::element_wise;

#[test]
fn element_wise_kernels_agree_with_double_precision() {
    let mut numbers = Numbers(3);
    for width in [1, 5, 64, 576, 1000] {
        let rows = 70;
        let (x, up, weight) = (
            numbers.floats(rows * width),
            numbers.floats(rows * width),
            numbers.floats(width),
        );
        let x: Vec<f32> = x.iter().map(|value| 20.0 * value).collect();
        let mut out = vec![0.0; x.len()];
        element_wise::rms_norm(&x, &weight, 1e-5, &mut out).unwrap();
        for (x, out) in x.chunks(width).zip(out.chunks(width)) {
            let mean = x.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / width as f64;
            for index in 0..width {
                let expected = f64::from(x[index]) / (mean + f64::from(1e-5_f32)).sqrt()
                    * f64::from(weight[index]);
                assert!((f64::from(out[index]) - expected).abs() < 1e-6 * (1.0 + expected.abs()));
            }
        }
        element_wise::silu_multiply(&x, &up, &mut out).unwrap();
        for ((&x, &up), &out) in x.iter().zip(&up).zip(&out) {
            let expected = f64::from(x) / (1.0 + (-f64::from(x)).exp()) * f64::from(up);
            assert!(
                (f64::from(out) - expected).abs() < 5e-7 * (1.0 + expected.abs()),
                "{x}"
            );
        }
        out.copy_from_slice(&x);
        element_wise::softmax(&mut out, width).unwrap();
        for (x, out) in x.chunks(width).zip(out.chunks(width)) {
            let total: f64 = x.iter().map(|&value| f64::from(value).exp()).sum();
            for (&x, &out) in x.iter().zip(out) {
                assert!((f64::from(out) - f64::from(x).exp() / total).abs() < 5e-7);
            }
        }
    }
}

#[test]
fn rotation_turns_pairs_half_a_head_apart_and_leaves_the_rest() {
    let (rows, heads, size, half) = (3, 2, 10, 4);
    let mut numbers = Numbers(4);
    let x = numbers.floats(rows * heads * size);
    let angles: Vec<f32> = numbers.floats(rows * half);
    let (cosine, sine): (Vec<f32>, Vec<f32>) = angles
        .iter()
        .map(|angle| (angle.cos(), angle.sin()))
        .unzip();
    let mut turned = x.clone();
    element_wise::rotate(&mut turned, heads, size, &cosine, &sine).unwrap();
    for row in 0..rows {
        for head in 0..heads {
            let start = (row * heads + head) * size;
            for index in 0..half {
                let (a, b) = (x[start + index], x[start + half + index]);
                let (cosine, sine) = (cosine[row * half + index], sine[row * half + index]);
                assert!((turned[start + index] - (a * cosine - b * sine)).abs() < 1e-6);
                assert!((turned[start + half + index] - (b * cosine + a * sine)).abs() < 1e-6);
            }
            assert_eq!(
                turned[start + 2 * half..start + size],
                x[start + 2 * half..start + size]
            );
        }
    }
    assert!(element_wise::rotate(&mut turned, heads, 7, &cosine, &sine).is_err());
    assert!(element_wise::rotate(&mut turned, heads, size, &cosine, &sine[1..]).is_err());
}

#[test]
fn values_that_are_not_numbers_show_in_every_result() {
    let mut x = [1.0, f32::NAN, 2.0, 3.0];
    let mut out = [0.0; 4];
    element_wise::silu_multiply(&x, &[1.0; 4], &mut out).unwrap();
    assert!(out[1].is_nan() && out[0].is_finite());
    element_wise::rms_norm(&x, &[1.0; 2], 1e-5, &mut out).unwrap();
    assert!(out[0].is_nan() && out[2].is_finite());
    element_wise::softmax(&mut x, 2).unwrap();
    assert!(x[0].is_nan() && x[2].is_finite());
}
