//! How a call is cut into units that threads work on.

use super::unit::{KEYS, Member, Unit};
use super::{Heads, Queries};

/// Query vectors in a tile of one sequence.
const TILE: usize = 128;
/// Query vectors of a sequence up to which it is worked on with others that share its prefix.
const SHORT: usize = 32;
/// Query vectors of several sequences in a unit, at most: enough for matrix products, and units for several threads.
const TOGETHER: usize = 48;

/// Cuts a call into units; the last tiles of a sequence, which read most, come first.
pub(super) fn units(sequences: &[Queries<'_>], heads: Heads) -> Vec<Unit> {
    let group = (heads.queries / heads.keys).max(1);
    let (short, long): (Vec<usize>, Vec<usize>) =
        (0..sequences.len()).partition(|&index| sequences[index].rows.len() * group <= SHORT);
    let mut units = Vec::new();
    let mut push = |members: &[Member]| {
        units.extend((0..heads.keys).map(|head| Unit {
            members: members.to_vec(),
            head,
        }));
    };
    let tile = (TILE / group).max(1);
    for sequence in long {
        let rows = sequences[sequence].rows.len();
        for first in (0..rows).step_by(tile).rev() {
            let rows = first..rows.min(first + tile);
            push(&[Member { sequence, rows }]);
        }
    }
    for sequences in together(sequences, short, group) {
        push(&sequences);
    }
    units
}

/// Sequences of few rows, those together that begin in the same memory.
fn together(sequences: &[Queries<'_>], mut short: Vec<usize>, group: usize) -> Vec<Vec<Member>> {
    short.retain(|&index| !sequences[index].rows.is_empty());
    // Those that share most lie beside each other.
    short.sort_by_key(|&index| {
        let memory = sequences[index].memory;
        (memory.keys.as_ptr(), memory.starts)
    });
    let mut found: Vec<Vec<Member>> = Vec::new();
    let mut queries = 0;
    let mut previous: Option<&Queries<'_>> = None;
    for sequence in short {
        let queue = &sequences[sequence];
        let rows = 0..queue.rows.len();
        let more = rows.len() * group;
        let joins = previous.is_some_and(|previous| shares(previous, queue));
        let member = Member { sequence, rows };
        match found.last_mut() {
            Some(last) if joins && queries + more <= TOGETHER => {
                last.push(member);
                queries += more;
            }
            _ => {
                found.push(vec![member]);
                queries = more;
            }
        }
        previous = Some(queue);
    }
    found
}

/// Whether the first block of keys is the same.
fn shares(one: &Queries<'_>, other: &Queries<'_>) -> bool {
    one.start.min(other.start) >= KEYS && one.memory.same_place(&other.memory, &(0..KEYS))
}
