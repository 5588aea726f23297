//! All pairs of pieces of a curve, each shown to hold no crossing or exactly one that is known.

use std::f64::consts::TAU;

use super::arc::{Arc, EnclosedCurve, holds_a_crossing};

/// Half the sides of the squares in which crossings are proved to exist, the first that succeeds.
pub(super) const REACHES: [f64; 3] = [3e-8, 1e-6, 1e-9];
/// Pieces are first cut until point and line move by about twice this angle at most: then three in a row still stay
/// within a quarter turn of the first one's middle.
const LONGEST: f64 = 0.3;
/// More pieces than this are not tried to begin with.
const MOST_PIECES: usize = 20_000;
/// Nothing is cut finer than this.
const NARROWEST: f64 = 1e-9;
/// How far the last piece reaches over the first one: `TAU` is rounded.
const OVERLAP: f64 = 1e-9;
/// The proof is given up after so many pairs, and more for every crossing.
const MOST_PAIRS: [usize; 2] = [100_000, 500];

/// A piece of the curve, cut in two when needed.
struct Piece {
    arc: Arc,
    /// Whether a cusp lies in it; such pieces are tiny and are not cut.
    cusp: bool,
    halves: Option<[usize; 2]>,
}

impl Piece {
    fn new(curve: &EnclosedCurve, low: f64, high: f64, cusp: bool) -> Self {
        Self {
            arc: Arc::new(curve, low, high),
            cusp,
            halves: None,
        }
    }
}

/// A square of parameters that holds a crossing for certain.
#[derive(Clone, Copy)]
struct Square {
    u: f64,
    v: f64,
    reach: f64,
}

/// Whether the curve, with cusps in these intervals and nowhere else, crosses itself at these pairs and nowhere else.
pub(super) fn proves(curve: &EnclosedCurve, cusps: &[[f64; 2]], pairs: &[[f64; 2]]) -> bool {
    let Some((start, cusps)) = seam(cusps) else {
        return false;
    };
    let squares = pairs.iter().map(|&pair| prove(curve, pair, start));
    let Some(squares) = squares.collect::<Option<Vec<Square>>>() else {
        return false;
    };
    if !all_different(&squares) {
        return false;
    }
    let Some(pieces) = cut(curve, start, &cusps) else {
        return false;
    };
    Cover {
        curve,
        cusps,
        squares: with_copies(squares, start),
        pairs_left: MOST_PAIRS[0] + MOST_PAIRS[1] * pairs.len(),
        pieces,
    }
    .holds()
}

/// Where to cut the period open: in the middle of the widest gap between cusps. Returns it and the cusps from there on.
fn seam(cusps: &[[f64; 2]]) -> Option<(f64, Vec<[f64; 2]>)> {
    let Some(first) = cusps.first() else {
        return Some((0.012_345_678_9, Vec::new()));
    };
    let mut following = cusps[1..].to_vec();
    following.push(first.map(|end| end + TAU));
    let gaps = cusps.iter().zip(&following).enumerate();
    let (before, width) = gaps
        .map(|(k, (one, next))| (k, next[0] - one[1]))
        .max_by(|one, other| one.1.total_cmp(&other.1))?;
    let start = cusps[before][1] + width / 2.0 - TAU;
    // Both ends are rounded when a cusp is moved by a period: by less than this.
    let moved = |[low, high]: [f64; 2], turn: f64| [low + turn - 1e-14, high + turn + 1e-14];
    let mut ordered: Vec<[f64; 2]> = cusps[before + 1..]
        .iter()
        .map(|&cusp| moved(cusp, -TAU))
        .chain(cusps[..=before].iter().copied())
        .collect();
    ordered.sort_by(|one, other| one[0].total_cmp(&other[0]));
    (width > 1e-5).then_some((start, ordered))
}

fn prove(curve: &EnclosedCurve, [u, v]: [f64; 2], start: f64) -> Option<Square> {
    let [u, v] = [u, v].map(|x| start + (x - start).rem_euclid(TAU));
    let (u, v) = (u.min(v), u.max(v));
    REACHES
        .into_iter()
        .find(|&reach| holds_a_crossing(curve, [u, v], reach))
        .map(|reach| Square { u, v, reach })
}

fn all_different(squares: &[Square]) -> bool {
    squares.iter().enumerate().all(|(k, one)| {
        squares[k + 1..].iter().all(|other| {
            let far = 2.0 * (one.reach + other.reach) + 1e-12;
            let apart = |x: f64, y: f64| {
                let gap = (x - y).abs();
                gap.min((TAU - gap).abs()) > far
            };
            (apart(one.u, other.u) || apart(one.v, other.v))
                && (apart(one.u, other.v) || apart(one.v, other.u))
        })
    })
}

/// Adds what the squares near the seam are on its other side, and sorts by u.
fn with_copies(mut squares: Vec<Square>, start: f64) -> Vec<Square> {
    let copies: Vec<Square> = squares
        .iter()
        .flat_map(|square| {
            let Square { u, v, reach } = *square;
            // The shift is rounded.
            let reach = reach + 1e-14;
            let after = (u < start + 1e-5).then_some(Square {
                u: v,
                v: u + TAU,
                reach,
            });
            let before = (v > start + TAU - 1e-5).then_some(Square {
                u: v - TAU,
                v: u,
                reach,
            });
            after.into_iter().chain(before)
        })
        .collect();
    squares.extend(copies);
    squares.sort_by(|one, other| one.u.total_cmp(&other.u));
    squares
}

/// The first pieces, rising: cusps by themselves, and between them what turns little.
fn cut(curve: &EnclosedCurve, start: f64, cusps: &[[f64; 2]]) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut from = start;
    let end = start + TAU + OVERLAP;
    for [low, high] in cusps.iter().copied().chain([[end, end]]) {
        pieces.push(Piece::new(curve, from, low, false));
        if low < end {
            pieces.push(Piece::new(curve, low, high, true));
        }
        from = high;
    }
    // Cut until three in a row stay together everywhere: neighbours could not be told apart otherwise.
    loop {
        let count = pieces.len();
        let stays = |one: usize, other: usize| {
            let (one, other) = (&pieces[one % count], &pieces[other % count]);
            other.arc.stays_with(&one.arc)
        };
        let mut wide = vec![false; count];
        for k in 0..count {
            let own = stays(k, k);
            wide[k] |= !own || pieces[k].arc.size > LONGEST;
            if own && !(stays(k, k + 1) && stays(k, k + 2)) {
                let three = [k, (k + 1) % count, (k + 2) % count];
                let size = |index: &usize| {
                    if pieces[*index].cusp {
                        0.0
                    } else {
                        pieces[*index].arc.size
                    }
                };
                if let Some(widest) = three.into_iter().max_by(|x, y| size(x).total_cmp(&size(y))) {
                    wide[widest] = true;
                }
            }
        }
        if wide.iter().all(|wide| !wide) {
            return Some(pieces);
        }
        let mut finer = Vec::with_capacity(2 * count);
        for (piece, wide) in pieces.into_iter().zip(wide) {
            if !wide {
                finer.push(piece);
            } else if piece.cusp
                || piece.arc.high - piece.arc.low < NARROWEST
                || count > MOST_PIECES
            {
                return None;
            } else {
                let (low, high) = (piece.arc.low, piece.arc.high);
                let middle = f64::midpoint(low, high);
                finer.extend(
                    [(low, middle), (middle, high)]
                        .map(|(low, high)| Piece::new(curve, low, high, false)),
                );
            }
        }
        pieces = finer;
    }
}

struct Cover<'a> {
    curve: &'a EnclosedCurve,
    cusps: Vec<[f64; 2]>,
    squares: Vec<Square>,
    pieces: Vec<Piece>,
    pairs_left: usize,
}

impl Cover<'_> {
    fn holds(mut self) -> bool {
        let count = self.pieces.len();
        let stretches: Vec<usize> = (0..count).map(|first| self.stretch(first)).collect();
        for i in 0..count {
            for (j, way_round) in stretches.iter().enumerate().skip(i + stretches[i]) {
                // The way round the other end of the list may be a short stretch as well.
                if i + count - j >= *way_round && !self.settles(i, j) {
                    return false;
                }
            }
        }
        true
    }

    /// How many pieces on from this one the first is that a crossing may connect it with.
    fn stretch(&self, first: usize) -> usize {
        let count = self.pieces.len();
        let start = &self.pieces[first];
        let mut cusps = usize::from(start.cusp);
        for step in 1..count {
            let next = &self.pieces[(first + step) % count];
            cusps += usize::from(next.cusp);
            if cusps > 1 || !next.arc.stays_with(&start.arc) {
                return step;
            }
        }
        count
    }

    /// Whether all crossings between two pieces are known.
    fn settles(&mut self, one: usize, other: usize) -> bool {
        let mut open = vec![(one, other)];
        while let Some((i, j)) = open.pop() {
            let (one, other) = (&self.pieces[i], &self.pieces[j]);
            if one.arc.is_apart_from(&other.arc) || self.is_the_known_one(one, other) {
                continue;
            }
            if self.pairs_left == 0 {
                return false;
            }
            self.pairs_left -= 1;
            let longer_first = !one.cusp && (other.cusp || one.arc.size >= other.arc.size);
            let longer = if longer_first { i } else { j };
            let Some(halves) = self.halves(longer) else {
                return false;
            };
            open.extend(halves.map(|half| if longer_first { (half, j) } else { (i, half) }));
        }
        true
    }

    /// Whether two pieces meet at most once, and a known crossing is that one.
    fn is_the_known_one(&self, one: &Piece, other: &Piece) -> bool {
        if one.cusp || other.cusp {
            return false;
        }
        let touches = |x: f64, reach: f64, arc: &Arc| x + reach >= arc.low && x - reach <= arc.high;
        let first = self
            .squares
            .partition_point(|square| square.u < one.arc.low - 1e-5);
        let mut known = self.squares[first..]
            .iter()
            .take_while(|square| square.u <= one.arc.high + 1e-5)
            .filter(|square| {
                touches(square.u, square.reach, &one.arc)
                    && touches(square.v, square.reach, &other.arc)
            });
        let Some(square) = known.next() else {
            return false;
        };
        // The square may stick out of the pair: then both must meet at most once on all of it.
        let widened = |x: f64, arc: &Arc| {
            let (low, high) = (
                arc.low.min(x - square.reach),
                arc.high.max(x + square.reach),
            );
            let clear = self
                .cusps
                .iter()
                .all(|cusp| high < cusp[0] || low > cusp[1])
                || (low >= arc.low && high <= arc.high);
            clear.then(|| {
                if low < arc.low || high > arc.high {
                    Arc::new(self.curve, low, high)
                } else {
                    *arc
                }
            })
        };
        let (first, second) = (widened(square.u, &one.arc), widened(square.v, &other.arc));
        first
            .zip(second)
            .is_some_and(|(first, second)| first.meets_at_most_once(&second))
    }

    fn halves(&mut self, index: usize) -> Option<[usize; 2]> {
        let piece = &self.pieces[index];
        if piece.halves.is_some() {
            return piece.halves;
        }
        let (low, high) = (piece.arc.low, piece.arc.high);
        if piece.cusp || high - low < NARROWEST {
            return None;
        }
        let middle = f64::midpoint(low, high);
        let halves = [(low, middle), (middle, high)].map(|(low, high)| {
            self.pieces.push(Piece::new(self.curve, low, high, false));
            self.pieces.len() - 1
        });
        self.pieces[index].halves = Some(halves);
        Some(halves)
    }
}
