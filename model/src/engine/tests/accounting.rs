//! Every block is accounted for, always.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::engine::{
    BlockCopy, BlockId, BlockPool, BlockTable, Request, Settings,
    blocks::BlockHash,
    testing::{engine, small},
};

const SIZE: usize = 4;

/// A sequence with its table.
struct Live {
    tokens: Vec<u32>,
    computed: usize,
    table: BlockTable,
}

/// What a cache would hold: the token written at each position of each block.
#[derive(Default)]
struct Contents(HashMap<BlockId, [Option<u32>; SIZE]>);

impl Contents {
    fn write(&mut self, live: &mut Live, pool: &mut BlockPool, end: usize) -> bool {
        let mut copies: Vec<BlockCopy> = Vec::new();
        let before = pool.occupancy();
        if live
            .table
            .reserve(pool, live.computed..end, &mut copies)
            .is_err()
        {
            assert_eq!(pool.occupancy(), before, "a shortage changes nothing");
            return false;
        }
        for copy in copies {
            let contents = self.0.get(&copy.from).copied().unwrap_or_default();
            self.0.insert(copy.to, contents);
            pool.release(copy.from);
        }
        for position in live.computed..end {
            let block = live.table.blocks()[position / SIZE];
            assert!(
                pool.is_private(block),
                "written blocks belong to one sequence and have no name"
            );
            self.0.entry(block).or_default()[position % SIZE] = Some(live.tokens[position]);
        }
        live.computed = end;
        live.table.publish(pool, &live.tokens, end);
        true
    }

    fn check(&self, live: &Live) {
        for position in 0..live.computed {
            let block = live.table.blocks()[position / SIZE];
            assert_eq!(self.0[&block][position % SIZE], Some(live.tokens[position]));
        }
    }
}

fn check_pool(pool: &BlockPool, live: &[Live]) {
    let mut references: HashMap<BlockId, u32> = HashMap::new();
    for block in live.iter().flat_map(|live| live.table.blocks()) {
        *references.entry(*block).or_default() += 1;
    }
    for (&block, &count) in &references {
        assert_eq!(pool.references(block), count);
    }
    let occupancy = pool.occupancy();
    assert_eq!(occupancy.used, references.len());
    assert_eq!(
        occupancy.used + occupancy.idle + occupancy.free,
        occupancy.total
    );
}

proptest! {
    #[test]
    fn blocks_hold_what_their_sequences_wrote_and_none_is_lost(
        actions in prop::collection::vec((0u8..5, 0usize..8, 1usize..24, 0u32..3), 1..120)
    ) {
        let mut pool = BlockPool::new(16, SIZE);
        let mut contents = Contents::default();
        let mut all: Vec<Live> = Vec::new();
        for (action, which, length, letter) in actions {
            let index = if all.is_empty() { None } else { Some(which % all.len()) };
            match (action, index) {
                // A new sequence from few possible beginnings.
                (0 | 1, _) => {
                    let tokens: Vec<u32> = (0..length).map(|n| if n < 9 { 7 } else { letter }).collect();
                    let chain = BlockHash::chain("", &tokens, SIZE);
                    let table = BlockTable::from_prefix(&mut pool, "", &chain);
                    let computed = (table.blocks().len() * SIZE).min(tokens.len() - 1);
                    let mut live = Live { tokens, computed, table };
                    contents.check(&live);
                    let end = live.tokens.len();
                    contents.write(&mut live, &mut pool, end);
                    all.push(live);
                }
                (2, Some(index)) if all[index].computed == all[index].tokens.len() => {
                    all[index].tokens.push(letter);
                    let end = all[index].tokens.len();
                    contents.write(&mut all[index], &mut pool, end);
                }
                (3, Some(index)) => {
                    let Live { tokens, computed, table } = &all[index];
                    let fork = Live { tokens: tokens.clone(), computed: *computed, table: table.fork(&mut pool) };
                    all.push(fork);
                }
                (4, Some(index)) => all.swap_remove(index).table.release(&mut pool),
                _ => {}
            }
            check_pool(&pool, &all);
            for live in &all {
                contents.check(live);
            }
        }
        for live in all.drain(..) {
            live.table.release(&mut pool);
        }
        prop_assert_eq!(pool.available(), 16);
        pool.clear_idle();
        prop_assert_eq!(pool.occupancy().free, 16);
    }
}

#[test]
fn the_longest_unused_block_is_evicted_first_and_the_end_of_a_sequence_before_its_beginning() {
    let mut pool = BlockPool::new(3, SIZE);
    let tokens: Vec<u32> = (0..8).collect();
    let chain = BlockHash::chain("", &tokens, SIZE);
    let mut table = BlockTable::empty("");
    table.reserve(&mut pool, 0..8, &mut Vec::new()).unwrap();
    table.publish(&mut pool, &tokens, 8);
    table.release(&mut pool);
    let taken = [pool.allocate().unwrap(), pool.allocate().unwrap()];
    assert!(pool.holds(&chain[0]) && !pool.holds(&chain[1]));
    assert!(pool.allocate().is_some() && pool.allocate().is_none());
    for block in taken {
        pool.release(block);
    }
    assert_eq!(pool.occupancy().evictions, 2);
}

#[test]
fn ten_thousand_requests_leave_nothing_behind() {
    let engine = engine(
        Settings {
            sequences: 16,
            guesses: 4,
            ..small()
        },
        |model| model.period = Some(4),
    );
    let mut open = std::collections::VecDeque::new();
    for number in 0..10_000u32 {
        let prompt = (0..3 + number % 19)
            .map(|n| 97 + (number / 7 + n) % 26)
            .collect();
        let request = Request {
            tenant: (number % 100).to_string(),
            ..Request::new(prompt, 1 + number as usize % 9)
        };
        let answer = engine.submit(request).unwrap();
        if number % 10 == 3 {
            continue; // Its client leaves at once.
        }
        open.push_back(answer);
        if open.len() > 40 {
            open.pop_front().unwrap().wait().unwrap();
        }
    }
    for answer in open {
        answer.wait().unwrap();
    }
    engine.join();
    let metrics = engine.metrics();
    assert_eq!((metrics.waiting(), metrics.running()), (0, 0));
    assert_eq!(metrics.completed.get() + metrics.cancelled.get(), 10_000);
    let occupancy = metrics.occupancy();
    assert_eq!((occupancy.used, occupancy.idle + occupancy.free), (0, 64));
}
