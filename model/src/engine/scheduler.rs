//! Who is computed next.
//!
//! A step has a budget of rows. Sequences that decode come first, a row each and some for guesses; what is left goes to prompts, in
//! pieces if need be, so that a long prompt holds up nobody's next token for long (Agrawal et al., "Taming Throughput-Latency Tradeoff in
//! LLM Inference with Sarathi-Serve", OSDI 2024). When blocks run out, the sequence that ranks lowest gives its own back and is computed
//! again later, which the prefix cache makes cheap while its blocks are still there.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use super::{
    BlockPool, BlockTable, Metrics, Settings,
    blocks::BlockHash,
    plan::Part,
    queue::{Queue, Queued as _},
    sequence::Sequence,
};

/// Sequences that wait and run, and the blocks that they share.
#[derive(Debug)]
pub(super) struct Scheduler {
    pub(super) settings: Settings,
    pub(super) pool: BlockPool,
    pub(super) queue: Queue<Sequence>,
    /// By arrival.
    pub(super) running: BTreeMap<u64, Sequence>,
    pub(super) metrics: Arc<Metrics>,
}

impl Scheduler {
    pub(super) fn new(settings: Settings, metrics: Arc<Metrics>) -> Self {
        Self {
            pool: BlockPool::new(settings.blocks, settings.block_tokens),
            queue: Queue::new(),
            running: BTreeMap::new(),
            settings,
            metrics,
        }
    }

    /// Lets a sequence wait for its turn; it has been counted as waiting.
    pub(super) fn add(&mut self, sequence: Sequence) {
        let active = self.running.values().map(Sequence::tenant);
        self.queue.push(sequence, active);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queue.len() == 0
    }

    /// The parts of the next step; none when nothing can be done now.
    pub(super) fn plan(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut budget = self.settings.step_tokens;
        let mut ranked: Vec<&Sequence> = self.running.values().collect();
        ranked.retain(|sequence| sequence.stalled.is_none());
        // Decoding before prompts; among each, priority and then arrival.
        ranked.sort_by_key(|sequence| {
            (
                sequence.remaining() > 1,
                Reverse(sequence.priority()),
                sequence.arrival,
            )
        });
        let mut decoding = ranked
            .iter()
            .filter(|sequence| sequence.remaining() == 1)
            .count();
        let ranked: Vec<u64> = ranked
            .into_iter()
            .map(|sequence| sequence.arrival)
            .collect();
        for id in ranked {
            decoding = decoding.saturating_sub(1);
            // Guesses take from what is left when everyone who decodes has a row, and leave half of it to prompts.
            let room = budget.saturating_sub(decoding + 1) / 2;
            self.extend(id, &mut budget, room, &mut parts);
        }
        self.admit(&mut budget, &mut parts);
        parts
    }

    /// Plans the next piece of a running sequence.
    fn extend(&mut self, id: u64, budget: &mut usize, room: usize, parts: &mut Vec<Part>) {
        loop {
            let Some(sequence) = self.running.get_mut(&id) else {
                return;
            };
            let rows = sequence.remaining().min(*budget);
            if rows == 0 {
                return;
            }
            let chooses = rows == sequence.remaining();
            let start = sequence.computed;
            let mut tokens = sequence.tokens[start..start + rows].to_vec();
            if rows == 1 && chooses {
                // The last of the room is for the token that is chosen after the guesses.
                let room = room.min(sequence.longest.saturating_sub(sequence.tokens.len() + 1));
                tokens.extend_from_slice(sequence.lookup.guess(&sequence.tokens, room));
            }
            let mut copies = Vec::new();
            let mut end = start + tokens.len();
            let mut reserved = sequence
                .table
                .reserve(&mut self.pool, start..end, &mut copies);
            if reserved.is_err() && tokens.len() > rows {
                tokens.truncate(rows);
                end = start + rows;
                reserved = sequence
                    .table
                    .reserve(&mut self.pool, start..end, &mut copies);
            }
            if reserved.is_ok() {
                *budget = budget.saturating_sub(tokens.len());
                let guesses = tokens.len() - rows;
                let table = sequence.table.blocks().to_vec();
                return parts.push(Part {
                    sequence: id,
                    start,
                    tokens,
                    guesses,
                    chooses,
                    table,
                    copies,
                });
            }
            let victim = self.victim(parts);
            self.preempt(victim.unwrap_or(id));
        }
    }

    /// The running sequence that ranks lowest of those that are not part of the step yet.
    fn victim(&self, parts: &[Part]) -> Option<u64> {
        let planned: HashSet<u64> = parts.iter().map(|part| part.sequence).collect();
        let free = self
            .running
            .values()
            .filter(|sequence| !planned.contains(&sequence.arrival));
        free.min_by_key(|sequence| (sequence.priority(), Reverse(sequence.arrival)))
            .map(|sequence| sequence.arrival)
    }

    /// Takes a sequence's blocks and lets it wait, to be computed again.
    fn preempt(&mut self, id: u64) {
        let Some(mut sequence) = self.running.remove(&id) else {
            return;
        };
        let empty = BlockTable::empty(sequence.salt());
        std::mem::replace(&mut sequence.table, empty).release(&mut self.pool);
        sequence.computed = 0;
        sequence.chain = BlockHash::chain(
            sequence.salt(),
            &sequence.tokens,
            self.settings.block_tokens,
        );
        self.metrics.preemptions.add(1);
        self.metrics.wait_more();
        self.add(sequence);
    }

    /// Starts waiting sequences for as long as there are rows, places and blocks.
    fn admit(&mut self, budget: &mut usize, parts: &mut Vec<Part>) {
        if self.queue.len() == 0 || self.is_full(*budget) {
            return;
        }
        let mut coming = self.coming();
        for id in self.queue.order() {
            if self.is_full(*budget) {
                return;
            }
            let Some(sequence) = self.queue.get(id) else {
                continue;
            };
            let kept = |hash: &&BlockHash| self.pool.holds(hash);
            let known = sequence.chain.iter().take_while(kept).count();
            let (known, new) = sequence.chain.split_at(known);
            if new.first().is_some_and(|hash| coming.contains(hash)) {
                // Another one is computing the same right now: waiting for it is cheaper.
                continue;
            }
            // One more than it takes, for a copy of the last block if all are found. Kept blocks that nobody uses count as available
            // until they are taken, so only those in use are had for nothing.
            let in_use = known
                .iter()
                .filter(|hash| self.pool.is_in_use(hash))
                .count();
            let needed = self.pool.blocks_for(sequence.tokens.len() + 1) + 1 - in_use;
            if needed > self.pool.available() && !self.running.is_empty() {
                return;
            }
            coming.extend(new.iter().copied());
            self.start(id, budget, parts);
        }
    }

    fn is_full(&self, budget: usize) -> bool {
        self.running.len() >= self.settings.sequences || budget == 0
    }

    /// The blocks that running sequences are going to publish.
    fn coming(&self) -> HashSet<BlockHash> {
        if !self.settings.prefix_cache {
            return HashSet::new();
        }
        let of = |sequence: &Sequence| {
            let done = sequence.computed / self.settings.block_tokens;
            sequence.chain.get(done..).unwrap_or_default().to_vec()
        };
        self.running.values().flat_map(of).collect()
    }

    /// Starts one waiting sequence from what is kept of its beginning.
    fn start(&mut self, id: u64, budget: &mut usize, parts: &mut Vec<Part>) {
        let Some(mut sequence) = self.queue.remove(id) else {
            return;
        };
        self.metrics.wait_less();
        let table = BlockTable::from_prefix(&mut self.pool, sequence.salt(), &sequence.chain);
        let found = table.blocks().len() * self.settings.block_tokens;
        sequence.table = table;
        // The last token is computed in any case: its logits are wanted.
        sequence.computed = found.min(sequence.tokens.len() - 1);
        if sequence.usage.answer == 0 {
            sequence.usage.cached = sequence.computed.min(sequence.prompt);
            self.metrics.prompt_tokens.add(sequence.prompt);
            self.metrics.cached_tokens.add(sequence.usage.cached);
        }
        self.running.insert(id, sequence);
        self.extend(id, budget, 0, parts);
    }
}
