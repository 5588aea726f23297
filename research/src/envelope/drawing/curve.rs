//! Following an envelope as pieces of polylines that look smooth in a window.

use std::f64::consts::TAU;

use crate::draw::View;
use crate::envelope::family::MovingLine;

/// Pieces of the envelope in a window, broken where it leaves for infinity. `breaks` are the zeros of W.
pub(super) fn pieces(
    lines: &impl MovingLine,
    breaks: &[f64],
    view: &View,
    cusps: &[f64],
) -> Vec<Vec<[f64; 2]>> {
    let at = |u: f64| {
        let [x, y, w] = lines.contact(u);
        [x / w, y / w]
    };
    let mut cuts: Vec<f64> = breaks.iter().map(|u| u.rem_euclid(TAU)).collect();
    cuts.sort_by(f64::total_cmp);
    let first = cuts.first().copied().unwrap_or(0.0);
    cuts.push(first + TAU);
    if cuts.len() == 1 {
        cuts.insert(0, first);
    }
    let mut pieces = Vec::new();
    for pair in cuts.windows(2) {
        // Stay off infinity itself: the window is left long before.
        let margin = if breaks.is_empty() { 0.0 } else { 1e-7 };
        let (low, high) = (pair[0] + margin, pair[1] - margin);
        let mut stops: Vec<f64> = vec![low, high];
        stops.extend(
            cusps
                .iter()
                .flat_map(|cusp| [cusp.rem_euclid(TAU), cusp.rem_euclid(TAU) + TAU])
                .filter(|cusp| *cusp > low && *cusp < high),
        );
        let count = 360;
        stops.extend((1..count).map(|k| low + (high - low) * f64::from(k) / f64::from(count)));
        stops.sort_by(f64::total_cmp);
        let mut piece = Vec::new();
        for pair in stops.windows(2) {
            refine(&at, view, pair[0], pair[1], &mut piece, 0);
        }
        piece.push(at(high));
        split(&piece, view, &mut pieces);
    }
    pieces
}

/// Adds points until chords differ from the curve by less than a fraction of a picture unit.
fn refine(
    at: &impl Fn(f64) -> [f64; 2],
    view: &View,
    low: f64,
    high: f64,
    piece: &mut Vec<[f64; 2]>,
    depth: u32,
) {
    let middle = f64::midpoint(low, high);
    let [start, centre, end] = [low, middle, high].map(at);
    let [a, m, b] = [start, centre, end].map(|point| view.place(point));
    let off = (m[0] - f64::midpoint(a[0], b[0])).hypot(m[1] - f64::midpoint(a[1], b[1]));
    let visible = [start, centre, end]
        .iter()
        .any(|&point| view.near(point, 1.5));
    if depth < 12 && visible && (off > 0.15 || (depth < 1 && off > 0.02)) {
        refine(at, view, low, middle, piece, depth + 1);
        refine(at, view, middle, high, piece, depth + 1);
    } else {
        piece.push(start);
    }
}

/// Keeps what is near the window: far points would only make numbers long.
fn split(piece: &[[f64; 2]], view: &View, pieces: &mut Vec<Vec<[f64; 2]>>) {
    let mut open: Vec<[f64; 2]> = Vec::new();
    let mut was_near = false;
    for (k, &point) in piece.iter().enumerate() {
        let near = view.near(point, 2.0) && point.iter().all(|x| x.is_finite());
        let reaches = piece.get(k + 1).is_some_and(|&next| view.near(next, 2.0));
        if near || was_near || reaches {
            if !was_near && !near && !open.is_empty() {
                pieces.push(std::mem::take(&mut open));
            }
            if point.iter().all(|x| x.is_finite()) {
                open.push(bounded(point, view));
            }
        } else if !open.is_empty() {
            pieces.push(std::mem::take(&mut open));
        }
        was_near = near;
    }
    pieces.push(open);
}

fn bounded(point: [f64; 2], view: &View) -> [f64; 2] {
    let far = (0..2)
        .map(|k| (point[k] - view.centre[k]).abs() / view.half[k])
        .fold(1.0, f64::max);
    let pull = if far > 50.0 { 50.0 / far } else { 1.0 };
    [0, 1].map(|k| view.centre[k] + (point[k] - view.centre[k]) * pull)
}
