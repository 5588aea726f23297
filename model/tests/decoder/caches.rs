//! Every cache gives the logits of the plain one, and counts what it holds.

use crate::common::{assert_close, decoder};
use candle_core::{DType, Device, Tensor};
use swemill_model::{
    Batch, Cache, Decoder, Error, Wanted,
    cache::{Attend, Contiguous, Heads, KeepAll, Paged, SinkAndRecent},
};

/// One with groups of heads, one with windows, one with experts.
const CASES: [&str; 3] = ["llama", "gemma3", "olmoe"];

fn paged(decoder: &Decoder, blocks: u32) -> Paged {
    Paged::new(&decoder.config, blocks, 4, DType::F32, &Device::Cpu).unwrap()
}

fn tokens(from: u32, count: u32) -> Vec<u32> {
    (from..from + count)
        .map(|i| 3 + (7 * i + i / 11) % 58)
        .collect()
}

/// The logits of every row of a batch.
fn logits(decoder: &Decoder, cache: &mut dyn Cache, batch: &Batch) -> Vec<Vec<f64>> {
    let logits = decoder.forward(batch, cache, &mut ()).unwrap();
    logits.to_dtype(DType::F64).unwrap().to_vec2().unwrap()
}

/// Pre-fills two sequences in chunks beside each other, decodes them together, and takes tokens back: all logits that come out.
fn conversation(decoder: &Decoder, cache: &mut dyn Cache) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    let passes: [&[(usize, u32, u32)]; 6] = [
        &[(0, 0, 9)],
        &[(1, 0, 5), (0, 9, 6)],
        &[(0, 15, 1), (1, 5, 7)],
        &[(1, 12, 1), (0, 16, 1)],
        // The second sequence takes its last three tokens back and goes on otherwise.
        &[(1, 10, 4), (0, 17, 1)],
        &[(0, 18, 1), (1, 14, 1)],
    ];
    for pass in passes {
        let mut batch = Batch {
            tokens: Vec::new(),
            spans: Vec::new(),
            wanted: Wanted::All,
        };
        for &(sequence, start, count) in pass {
            let from = start + 100 * u32::try_from(sequence).unwrap() + count;
            batch.push(sequence, start as usize, &tokens(from, count));
        }
        all.extend(logits(decoder, cache, &batch));
    }
    all
}

fn same_as_contiguous(make: impl Fn(&Decoder) -> Box<dyn Cache>) {
    for case in CASES {
        println!("{case}");
        let decoder = decoder(case, DType::F32);
        let expected = conversation(&decoder, &mut Contiguous::new(&decoder.config));
        let mut cache = make(&decoder);
        let found = conversation(&decoder, cache.as_mut());
        let shape = (found.len(), found[0].len());
        let found = candle_core::Tensor::from_iter(found.into_iter().flatten(), &Device::Cpu);
        assert_close(&found.unwrap().reshape(shape).unwrap(), &expected);
        let entries = 19 + 15;
        let heads = decoder.config.layers.len() * decoder.config.key_value_heads;
        assert_eq!(cache.footprint().entries, (entries * heads) as u64);
    }
}

#[test]
fn pages_give_the_logits_of_one_stretch() {
    same_as_contiguous(|decoder| Box::new(paged(decoder, 16)));
}

#[test]
fn pages_in_tensor_operations_for_all_sequences_give_the_logits_of_one_stretch() {
    same_as_contiguous(|decoder| Box::new(paged(decoder, 16).with_tensors_only()));
}

#[test]
fn tensor_operations_for_all_sequences_agree_with_the_kernels_of_the_cpu() {
    for case in crate::families::CASES {
        println!("{case}");
        let decoder = decoder(case, DType::F32);
        let expected = conversation(&decoder, &mut paged(&decoder, 16));
        let mut tensors = paged(&decoder, 16).with_tensors_only();
        let found = conversation(&decoder, &mut tensors);
        let numbers = || expected.iter().flatten().copied();
        let spread = numbers().fold(f64::MIN, f64::max) - numbers().fold(f64::MAX, f64::min);
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!(
                (found - expected).abs() <= 1e-5 * spread,
                "{found} {expected}"
            );
        }
    }
}

#[test]
fn tensor_operations_keep_one_sequence_s_nonsense_from_the_others() {
    let decoder = decoder("llama", DType::F32);
    let config = &decoder.config;
    let mut cache = paged(&decoder, 16).with_tensors_only();
    let mut step = |batch: &Batch, numbers: &[f32]| {
        let tensor = |heads: usize| {
            let width = heads * config.head_dim;
            let repeated = numbers.iter().flat_map(|&number| vec![number; width]);
            let tensor = Tensor::from_iter(repeated, &Device::Cpu).unwrap();
            tensor
                .reshape((numbers.len(), heads, config.head_dim))
                .unwrap()
        };
        let (query, key) = (tensor(config.heads), tensor(config.key_value_heads));
        let call = Attend {
            layer: 0,
            query: &query,
            key: &key,
            value: &key,
            batch,
            scale: 1.0,
            window: None,
        };
        cache.prepare(batch).unwrap();
        let read = cache.attend(&call, &mut ()).unwrap();
        cache.advance(batch).unwrap();
        read.flatten_from(1).unwrap().to_vec2::<f32>().unwrap()
    };
    // The first sequence lies in the first blocks, where careless padding would read.
    step(
        &Batch::of_one(0, 0, tokens(0, 11), Wanted::Last),
        &[f32::NAN; 11],
    );
    step(&Batch::of_one(1, 0, tokens(0, 3), Wanted::Last), &[0.5; 3]);
    let mut both = Batch::of_one(0, 11, tokens(1, 1), Wanted::All);
    both.push(1, 3, &tokens(2, 1));
    let read = step(&both, &[1.0, 0.5]);
    assert!(read[0].iter().all(|number| number.is_nan()));
    assert!(
        read[1].iter().all(|number| (number - 0.5).abs() < 1e-6),
        "{read:?}"
    );
}

#[test]
fn heads_that_keep_everything_give_the_logits_of_one_stretch() {
    same_as_contiguous(|decoder| Box::new(Heads::new(&decoder.config, KeepAll)));
}

#[test]
fn a_shared_prefix_gives_the_logits_of_its_own_and_is_held_once() {
    for case in CASES {
        let decoder = decoder(case, DType::F32);
        let mut shared = paged(&decoder, 12);
        let mut alone = paged(&decoder, 12);
        let prefix = Batch::of_one(0, 0, tokens(0, 10), Wanted::Last);
        logits(&decoder, &mut shared, &prefix);
        let before = shared.footprint();
        for (sequence, from) in [(1, 50), (2, 70)] {
            shared.fork(0, sequence, 10).unwrap();
            logits(
                &decoder,
                &mut alone,
                &Batch {
                    spans: vec![],
                    ..prefix.clone()
                }
                .starting(sequence),
            );
            let more = Batch::of_one(sequence, 10, tokens(from, 3), Wanted::All);
            let expected = logits(&decoder, &mut alone, &more);
            assert_close(
                &decoder.forward(&more, &mut shared, &mut ()).unwrap(),
                &expected,
            );
        }
        // The blocks of 8 positions are shared; the two copies of the third block hold 2 of the prefix and 2 of their own, and each
        // sequence has one position in a block more.
        let heads = (decoder.config.layers.len() * decoder.config.key_value_heads) as u64;
        assert_eq!(
            shared.footprint().entries,
            before.entries + 2 * (2 + 3) * heads
        );
        assert_eq!(shared.free_blocks(), 12 - 3 - 2 * 2);
        // The first sequence reads what it wrote, whatever the others did to their copies.
        let more = Batch::of_one(0, 10, tokens(90, 2), Wanted::All);
        let mut fresh = paged(&decoder, 12);
        logits(&decoder, &mut fresh, &prefix);
        let expected = logits(&decoder, &mut fresh, &more);
        assert_close(
            &decoder.forward(&more, &mut shared, &mut ()).unwrap(),
            &expected,
        );
        (0..3).for_each(|sequence| shared.release(sequence));
        assert_eq!(shared.free_blocks(), 12);
        assert_eq!(shared.footprint().entries, 0);
    }
}

/// The same tokens as another sequence.
trait Starting {
    fn starting(self, sequence: usize) -> Batch;
}

impl Starting for Batch {
    fn starting(self, sequence: usize) -> Batch {
        Batch::of_one(sequence, 0, self.tokens, self.wanted)
    }
}

#[test]
fn blocks_that_are_retained_outlive_their_sequence_and_are_adopted_by_the_next() {
    let decoder = decoder("llama", DType::F32);
    let mut cache = paged(&decoder, 8);
    logits(
        &decoder,
        &mut cache,
        &Batch::of_one(0, 0, tokens(0, 11), Wanted::Last),
    );
    let prefix = cache.blocks(0)[..2].to_vec();
    for &block in &prefix {
        cache.retain(block);
    }
    cache.release(0);
    assert_eq!(cache.free_blocks(), 6);
    cache.adopt(7, &prefix, 8).unwrap();
    let more = Batch::of_one(7, 8, tokens(8, 3), Wanted::All);
    let mut whole = Contiguous::new(&decoder.config);
    let expected = logits(
        &decoder,
        &mut whole,
        &Batch::of_one(0, 0, tokens(0, 11), Wanted::All),
    );
    assert_close(
        &decoder.forward(&more, &mut cache, &mut ()).unwrap(),
        &expected[8..],
    );
    cache.release(7);
    for &block in &prefix {
        cache.release_block(block);
    }
    assert_eq!(cache.free_blocks(), 8);
}

#[test]
fn a_batch_that_does_not_fit_is_refused_and_changes_nothing() {
    let decoder = decoder("llama", DType::F32);
    let mut cache = paged(&decoder, 4);
    logits(
        &decoder,
        &mut cache,
        &Batch::of_one(0, 0, tokens(0, 9), Wanted::Last),
    );
    let large = Batch::of_one(1, 0, tokens(0, 5), Wanted::Last);
    let refused = decoder.forward(&large, &mut cache, &mut ()).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::CacheFull {
                needed: 2,
                free: 1,
                total: 4
            }
        ),
        "{refused}"
    );
    let more = Batch::of_one(0, 9, tokens(9, 7), Wanted::All);
    let mut whole = Contiguous::new(&decoder.config);
    let expected = logits(
        &decoder,
        &mut whole,
        &Batch::of_one(0, 0, tokens(0, 16), Wanted::All),
    );
    assert_close(
        &decoder.forward(&more, &mut cache, &mut ()).unwrap(),
        &expected[9..],
    );
}

#[test]
fn a_sequence_cannot_go_on_beyond_its_end() {
    let decoder = decoder("llama", DType::F32);
    let batch = Batch::of_one(0, 3, tokens(0, 2), Wanted::Last);
    let caches: [Box<dyn Cache>; 3] = [
        Box::new(Contiguous::new(&decoder.config)),
        Box::new(paged(&decoder, 4)),
        Box::new(Heads::new(&decoder.config, KeepAll)),
    ];
    for mut cache in caches {
        let refused = decoder
            .forward(&batch, cache.as_mut(), &mut ())
            .unwrap_err();
        assert!(matches!(refused, Error::Batch(_)), "{refused}");
    }
}

#[test]
fn sink_and_recent_positions_are_what_is_left_and_what_is_counted() {
    let decoder = decoder("llama", DType::F32);
    let mut cache = Heads::new(&decoder.config, SinkAndRecent::everywhere(2, 4));
    for chunk in 0..3 {
        let batch = Batch::of_one(0, 8 * chunk, tokens(0, 8), Wanted::Last);
        logits(&decoder, &mut cache, &batch);
    }
    for position in 24..32 {
        logits(
            &decoder,
            &mut cache,
            &Batch::of_one(0, position, tokens(1, 1), Wanted::Last),
        );
    }
    assert_eq!(cache.positions(0, 1, 0), [0, 1, 28, 29, 30, 31]);
    let account = cache.account(0).unwrap();
    // The golden values of the published script for n 24, m 8, chunks of 8, 2 first and 4 recent positions.
    assert!((account.footprint() - 0.492_424).abs() < 1e-6);
    assert!((account.peak() - 0.4375).abs() < 1e-6);
    let heads = (decoder.config.layers.len() * decoder.config.key_value_heads) as u64;
    assert_eq!(account.entry_steps(), 260 * heads);
    assert_eq!(cache.footprint().entries, 6 * heads);
}

#[test]
fn lent_rows_are_seen_but_neither_kept_nor_counted() {
    let decoder = decoder("llama", DType::F32);
    let mut lending = Heads::new(&decoder.config, KeepAll);
    let mut plain = Heads::new(&decoder.config, KeepAll);
    lending.lend(3);
    let own = tokens(0, 8);
    let with_patch = [own.clone(), tokens(40, 3)].concat();
    logits(
        &decoder,
        &mut lending,
        &Batch::of_one(0, 0, with_patch, Wanted::Last),
    );
    logits(
        &decoder,
        &mut plain,
        &Batch::of_one(0, 0, own, Wanted::Last),
    );
    lending.lend(0);
    assert_eq!(lending.length(0), 8);
    assert_eq!(lending.account(0), plain.account(0));
    let more = Batch::of_one(0, 8, tokens(8, 2), Wanted::All);
    let expected = logits(&decoder, &mut plain, &more);
    assert_close(
        &decoder.forward(&more, &mut lending, &mut ()).unwrap(),
        &expected,
    );
}
