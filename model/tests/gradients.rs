//! Gradients against finite differences, and that every parameter of every family receives one.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what a test sets up must work, and the line that did not is what one wants to see; they print what they measured"
)]

#[expect(dead_code, reason = "each test uses a part of what is shared")]
#[path = "decoder/common.rs"]
mod common;
#[path = "common/distance.rs"]
mod distance;

use candle_core::{DType, Device, Tensor, Var};
use common::folder;
use distance::distance;
use swemill_model::{
    Batch, Decoder, Result, Wanted,
    cache::NoCache,
    config::Activation,
    ops,
    weights::{Folder, Map},
};

/// Numbers that follow no pattern, from a rule that anyone can repeat.
fn numbers(shape: &[usize], seed: u64) -> Tensor {
    let count: usize = shape.iter().product();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    let values = (0..count).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1 << 30) - 1.0
    });
    Tensor::from_iter(values, &Device::Cpu)
        .unwrap()
        .reshape(shape)
        .unwrap()
}

/// Compares the gradient of `Σ f(inputs) * c`, for fixed `c`, to central differences at every number of every input.
fn check(shapes: &[&[usize]], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let inputs: Vec<Tensor> = (1..)
        .zip(shapes)
        .map(|(seed, shape)| numbers(shape, seed))
        .collect();
    let loss = |inputs: &[Tensor]| -> Tensor {
        let result = f(inputs).unwrap();
        let weights = numbers(result.dims(), 99);
        (result * weights).unwrap().sum_all().unwrap()
    };
    let variables: Vec<Var> = inputs
        .iter()
        .map(|input| Var::from_tensor(input).unwrap())
        .collect();
    let tracked: Vec<Tensor> = variables
        .iter()
        .map(|variable| variable.as_tensor().clone())
        .collect();
    let gradients = loss(&tracked).backward().unwrap();
    for (index, variable) in variables.iter().enumerate() {
        let gradient = gradients
            .get(variable)
            .unwrap_or_else(|| panic!("input {index} has no gradient"));
        let found: Vec<f64> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        let values: Vec<f64> = inputs[index].flatten_all().unwrap().to_vec1().unwrap();
        for (place, &analytic) in found.iter().enumerate() {
            let moved = |step: f64| -> f64 {
                let mut moved = values.clone();
                moved[place] += step;
                let mut all = inputs.clone();
                all[index] = Tensor::from_vec(moved, inputs[index].shape(), &Device::Cpu).unwrap();
                loss(&all).to_scalar::<f64>().unwrap()
            };
            let numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let error = (analytic - numeric).abs() / analytic.abs().max(numeric.abs()).max(1.0);
            assert!(
                error < 1e-6,
                "input {index}, number {place}: {analytic} and not {numeric}"
            );
        }
    }
}

#[test]
fn the_gradients_of_a_projection_are_right() {
    check(&[&[5, 7], &[3, 7]], |x| ops::linear(&x[0], &x[1]));
}

#[test]
fn the_gradients_of_norms_are_right() {
    check(&[&[3, 21], &[21]], |x| ops::rms_norm(&x[0], &x[1], 1e-5));
    check(&[&[2, 3, 8], &[8]], |x| ops::rms_norm(&x[0], &x[1], 1e-5));
    check(&[&[3, 9], &[9], &[9]], |x| {
        ops::layer_norm(&x[0], &x[1], &x[2], 1e-5)
    });
}

#[test]
fn the_gradients_of_the_rotation_are_right() {
    let (cosine, sine) = (numbers(&[4, 3], 7), numbers(&[4, 3], 8));
    check(&[&[4, 2, 6]], |x| ops::rope(&x[0], &cosine, &sine));
}

#[test]
fn the_gradients_of_activations_are_right() {
    for activation in [Activation::Silu, Activation::Gelu, Activation::GeluTanh] {
        check(&[&[4, 9], &[4, 9]], |x| {
            ops::activate_and_multiply(activation, &x[0], &x[1])
        });
        check(&[&[4, 9]], |x| ops::activate(activation, &x[0]));
    }
}

#[test]
fn the_gradients_of_softmax_are_right() {
    check(&[&[3, 6]], |x| ops::softmax(&x[0]));
    check(&[&[2, 4, 6]], |x| {
        ops::causal_softmax(&x[0], 0.7, 2, Some(3))
    });
}

#[test]
fn the_gradients_of_the_loss_are_right_and_a_row_of_weight_zero_has_none() {
    check(&[&[4, 19]], |x| {
        ops::cross_entropy(&x[0], &[3, 18, 0, 7], &[1.0, 0.5, 0.0, 2.0])
    });
    let poisoned =
        Tensor::from_vec(vec![0.5_f32, 1.0, f32::NAN, f32::NAN], (2, 2), &Device::Cpu).unwrap();
    let loss = ops::cross_entropy(&poisoned, &[1, 0], &[1.0, 0.0])
        .unwrap()
        .to_scalar::<f32>()
        .unwrap();
    assert!((loss - 0.474_077).abs() < 1e-5, "{loss}");
}

#[test]
fn the_gradients_of_attention_are_right_over_spans_groups_and_windows() {
    for window in [None, Some(3)] {
        check(&[&[9, 4, 5], &[9, 2, 5], &[9, 2, 5]], |x| {
            let spans = vec![0..6, 6..7, 7..9];
            Ok(ops::attention(&x[0], &x[1], &x[2], spans, 0.4, window)?
                .expect("double precision on the CPU is taken"))
        });
    }
}

/// Attention over tiles of several spans, against attention with all scores at once.
#[test]
fn tiled_attention_is_plain_attention_over_more_rows_than_a_tile() {
    let (rows, heads, shared, width) = (211, 4, 2, 8);
    for window in [None, Some(70), Some(1)] {
        let shapes: [&[usize]; 3] = [
            &[rows, heads, width],
            &[rows, shared, width],
            &[rows, shared, width],
        ];
        let inputs: Vec<Var> = (1..)
            .zip(shapes)
            .map(|(seed, shape)| Var::from_tensor(&numbers(shape, seed)).unwrap())
            .collect();
        let spans = [0..150, 150..151, 151..211];
        let fused = ops::attention(
            &inputs[0],
            &inputs[1],
            &inputs[2],
            spans.to_vec(),
            0.3,
            window,
        )
        .unwrap()
        .unwrap();
        let mut parts = Vec::new();
        for span in &spans {
            let heads_first = |x: &Tensor, repeat: usize| {
                let x = x
                    .narrow(0, span.start, span.len())
                    .unwrap()
                    .transpose(0, 1)
                    .unwrap();
                let index: Vec<u32> = (0..4)
                    .map(|head| head / u32::try_from(repeat).unwrap())
                    .collect();
                x.contiguous()
                    .unwrap()
                    .index_select(&Tensor::new(index, &Device::Cpu).unwrap(), 0)
                    .unwrap()
            };
            let (query, key, value) = (
                heads_first(&inputs[0], 1),
                heads_first(&inputs[1], 2),
                heads_first(&inputs[2], 2),
            );
            let scores = query.matmul(&key.t().unwrap()).unwrap();
            let weights = ops::causal_softmax(&scores, 0.3, 0, window).unwrap();
            parts.push(weights.matmul(&value).unwrap().transpose(0, 1).unwrap());
        }
        let plain = Tensor::cat(&parts, 0).unwrap();
        assert!(distance(&fused, &plain) < 1e-12);
        let weights = numbers(&[rows, heads, width], 50);
        let gradients = [&fused, &plain].map(|result| {
            (result * &weights)
                .unwrap()
                .sum_all()
                .unwrap()
                .backward()
                .unwrap()
        });
        for input in &inputs {
            let [fused, plain] = [0, 1].map(|index| gradients[index].get(input).unwrap());
            assert!(distance(fused, plain) < 1e-12, "window {window:?}");
        }
    }
}

const CASES: [&str; 8] = [
    "gpt2",
    "llama",
    "llama-tied-bias",
    "qwen2",
    "qwen2-yarn-window",
    "gemma3",
    "olmo2",
    "olmoe",
];

/// A tiny model of a family whose parameters are variables, with a loss that reaches all of it.
fn variables_and_loss(case: &str) -> (std::collections::HashMap<String, Var>, impl Fn() -> Tensor) {
    let (config, mut weights) = Folder::open(&folder(case), DType::F64, &Device::Cpu).unwrap();
    let mut recorder = Recording {
        inner: &mut weights,
        seen: Map::default(),
        variables: std::collections::HashMap::new(),
    };
    let decoder = Decoder::new(config, &mut recorder, DType::F64, &Device::Cpu).unwrap();
    let variables = recorder.variables;
    let loss = move || {
        // Long enough for every expert to be chosen by some token.
        let document: Vec<u32> = (0..400_u32)
            .map(|i| 3 + (i.wrapping_mul(2_654_435_761) >> 16) % 58)
            .collect();
        let targets: Vec<u32> = document.iter().skip(1).copied().chain([5]).collect();
        let batch = Batch::of_documents(&[document], Wanted::All);
        let logits = decoder.forward(&batch, &mut NoCache, &mut ()).unwrap();
        ops::cross_entropy(&logits, &targets, &vec![1.0; targets.len()]).unwrap()
    };
    (variables, loss)
}

/// Hands out variables with the values of another source.
struct Recording<'a> {
    inner: &'a mut Folder,
    seen: Map,
    variables: std::collections::HashMap<String, Var>,
}

impl swemill_model::Weights for Recording<'_> {
    fn has(&self, name: &str) -> bool {
        self.inner.has(name)
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        if !self.seen.has(name) {
            let mut value = self.inner.tensor(name, shape)?;
            if name.ends_with("mlp.gate.weight") {
                // Routers far from each other, so that every expert is chosen by some token.
                value = (numbers(shape, 5) * 2.0)?;
            }
            let variable = Var::from_tensor(&value)?;
            self.seen
                .0
                .insert(name.to_owned(), variable.as_tensor().clone());
            self.variables.insert(name.to_owned(), variable);
        }
        self.seen.tensor(name, shape)
    }
}

#[test]
fn every_parameter_of_every_family_receives_a_gradient() {
    for case in CASES {
        let (variables, loss) = variables_and_loss(case);
        let gradients = loss().backward().unwrap();
        assert!(variables.len() > 5, "{case}");
        for (name, variable) in &variables {
            let gradient = gradients
                .get(variable)
                .unwrap_or_else(|| panic!("{case}: {name} has no gradient"));
            let size = gradient
                .sqr()
                .unwrap()
                .sum_all()
                .unwrap()
                .to_scalar::<f64>()
                .unwrap();
            assert!(
                size > 0.0 && size.is_finite(),
                "{case}: the gradient of {name} is {size}"
            );
        }
    }
}

#[test]
fn the_gradients_of_whole_models_are_right_in_three_directions() {
    for case in CASES {
        let (variables, loss) = variables_and_loss(case);
        let gradients = loss().backward().unwrap();
        for direction in 0..3_u64 {
            // One random direction through all parameters at once.
            let steps: Vec<(&Var, Tensor, Tensor)> = (direction * 1000..)
                .zip(variables.values())
                .map(|(seed, variable)| {
                    (
                        variable,
                        variable.as_tensor().copy().unwrap(),
                        numbers(variable.dims(), seed + 7),
                    )
                })
                .collect();
            let slope: f64 = steps
                .iter()
                .map(|(variable, _, step)| {
                    let gradient = gradients.get(variable).unwrap();
                    (gradient * step)
                        .unwrap()
                        .sum_all()
                        .unwrap()
                        .to_scalar::<f64>()
                        .unwrap()
                })
                .sum();
            let at = |size: f64| {
                for (variable, start, step) in &steps {
                    variable
                        .set(&(start + (step * size).unwrap()).unwrap())
                        .unwrap();
                }
                loss().to_scalar::<f64>().unwrap()
            };
            let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
            at(0.0);
            assert!(
                (slope - numeric).abs() <= 1e-5 * numeric.abs().max(1.0),
                "{case}: {slope} and not {numeric}"
            );
        }
    }
}
