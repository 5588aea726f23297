//! Taps see what the model computes and can change it.

use std::ops::Range;

use candle_core::{DType, Tensor};
use swemill_model::{
    Batch, Cache, Result, Taps, Wanted,
    cache::{Contiguous, Heads, KeepAll, NoCache},
    taps::{Place, Point, Recorder},
};

use crate::common::{assert_close, decoder};

fn batch() -> Batch {
    Batch::of_documents(&[vec![5, 9, 14, 33], vec![7, 8]], Wanted::All)
}

fn numbers(tensor: &Tensor) -> Vec<Vec<f64>> {
    let rows = tensor.dim(0).unwrap();
    tensor
        .reshape((rows, ()))
        .unwrap()
        .to_dtype(DType::F64)
        .unwrap()
        .to_vec2()
        .unwrap()
}

#[test]
fn attention_weights_add_up_to_one_see_nothing_ahead_and_give_what_the_heads_read() {
    let decoder = decoder("llama", DType::F32);
    let points = [Point::AttentionWeights, Point::Value, Point::HeadOutput];
    let caches: [Box<dyn Cache>; 2] = [
        Box::new(NoCache),
        Box::new(Contiguous::new(&decoder.config)),
    ];
    for mut cache in caches {
        let mut taps = Recorder::of(points);
        decoder
            .forward(&batch(), cache.as_mut(), &mut taps)
            .unwrap();
        for layer in 0..2 {
            let weights: Vec<_> = taps.values(layer, Point::AttentionWeights).collect();
            assert_eq!(
                [weights[0].dims(), weights[1].dims()],
                [[4, 4, 4], [4, 2, 2]]
            );
            let sums = weights[0].sum(2).unwrap().to_vec2::<f32>().unwrap();
            assert!(sums.iter().flatten().all(|sum| (sum - 1.0).abs() < 1e-6));
            let first: Vec<Vec<Vec<f32>>> = weights[0].to_vec3().unwrap();
            assert!(
                first
                    .iter()
                    .all(|head| head[1][2] == 0.0 && head[1][3] == 0.0)
            );
            // Heads 2 and 3 share the second key-value head.
            let value = taps.values(layer, Point::Value).next().unwrap();
            let value = value
                .narrow(0, 0, 4)
                .unwrap()
                .narrow(1, 1, 1)
                .unwrap()
                .squeeze(1)
                .unwrap();
            let read = weights[0]
                .get(3)
                .unwrap()
                .matmul(&value.contiguous().unwrap())
                .unwrap();
            let head = taps.values(layer, Point::HeadOutput).next().unwrap();
            let head = head
                .narrow(0, 0, 4)
                .unwrap()
                .narrow(1, 3, 1)
                .unwrap()
                .squeeze(1)
                .unwrap();
            assert_close(&read, &numbers(&head));
        }
    }
}

#[test]
fn the_residual_stream_is_the_sum_of_what_is_added_to_it() {
    for case in ["gpt2", "gemma3", "olmo2"] {
        let decoder = decoder(case, DType::F32);
        let points = [
            Point::ResidualBefore,
            Point::AttentionOutput,
            Point::ResidualMiddle,
            Point::MlpOutput,
            Point::ResidualAfter,
        ];
        let mut taps = Recorder::of(points);
        let plain = decoder.forward(&batch(), &mut NoCache, &mut ()).unwrap();
        let tapped = decoder.forward(&batch(), &mut NoCache, &mut taps).unwrap();
        assert_eq!(numbers(&plain), numbers(&tapped), "looking changes nothing");
        for layer in 0..2 {
            let at = |point| taps.values(layer, point).next().unwrap();
            let middle = at(Point::ResidualBefore)
                .add(at(Point::AttentionOutput))
                .unwrap();
            assert_eq!(numbers(&middle), numbers(at(Point::ResidualMiddle)));
            let after = middle.add(at(Point::MlpOutput)).unwrap();
            assert_eq!(numbers(&after), numbers(at(Point::ResidualAfter)));
            if layer == 1 {
                assert_eq!(
                    numbers(at(Point::ResidualBefore)),
                    numbers(taps.values(0, Point::ResidualAfter).next().unwrap())
                );
            }
        }
    }
}

#[test]
fn router_logits_choose_the_experts() {
    let decoder = decoder("olmoe", DType::F32);
    let mut taps = Recorder::of([Point::RouterLogits]);
    decoder
        .forward(
            &batch(),
            &mut Heads::new(&decoder.config, KeepAll),
            &mut taps,
        )
        .unwrap();
    assert_eq!(
        taps.values(1, Point::RouterLogits).next().unwrap().dims(),
        [6, 6]
    );
}

/// Silences one head.
struct Silence {
    head: usize,
}

impl Taps for Silence {
    fn wants(&self, place: Place) -> bool {
        place
            == Place {
                layer: 1,
                point: Point::HeadOutput,
            }
    }

    fn visit(&mut self, _: Place, rows: Range<usize>, value: Tensor) -> Result<Tensor> {
        let (_, heads, head_dim) = value.dims3()?;
        assert_eq!(rows, 0..6);
        let mask = (0..heads).map(|head| if head == self.head { 0f32 } else { 1.0 });
        let mask = Tensor::from_iter(mask, value.device())?.reshape((1, heads, 1))?;
        assert_eq!(head_dim, 8);
        Ok(value.broadcast_mul(&mask)?)
    }
}

#[test]
fn a_tap_that_silences_a_head_does_what_zero_columns_of_its_projection_do() {
    let mut decoder = decoder("llama", DType::F32);
    let tapped = decoder
        .forward(&batch(), &mut NoCache, &mut Silence { head: 2 })
        .unwrap();
    let plain = decoder.forward(&batch(), &mut NoCache, &mut ()).unwrap();
    let swemill_model::layers::Linear::Dense { weight, .. } =
        &mut decoder.blocks[1].attention.output
    else {
        panic!("safetensors give dense projections");
    };
    let mask = Tensor::from_iter(
        (0..32).map(|column| if column / 8 == 2 { 0f32 } else { 1.0 }),
        weight.device(),
    )
    .unwrap();
    *weight = weight.broadcast_mul(&mask).unwrap();
    let zeroed = decoder.forward(&batch(), &mut NoCache, &mut ()).unwrap();
    assert_close(&tapped, &numbers(&zeroed));
    assert_ne!(numbers(&tapped), numbers(&plain));
}
