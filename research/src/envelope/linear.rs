//! Small systems of linear equations: rank and kernel by elimination with complete pivoting.

/// A matrix brought to echelon form, with the order of its columns.
struct Echelon {
    rows: Vec<Vec<f64>>,
    columns: Vec<usize>,
    rank: usize,
}

/// Pivots below this part of the largest entry count as zero.
fn eliminate(mut rows: Vec<Vec<f64>>, tolerance: f64) -> Echelon {
    let width = rows.first().map_or(0, Vec::len);
    let mut columns: Vec<usize> = (0..width).collect();
    let largest = rows
        .iter()
        .flatten()
        .fold(0.0_f64, |most, x| most.max(x.abs()));
    let mut rank = 0;
    while rank < rows.len().min(width) {
        let mut best = (rank, rank, 0.0);
        for (i, row) in rows.iter().enumerate().skip(rank) {
            for (j, value) in row.iter().enumerate().skip(rank) {
                if value.abs() > best.2 {
                    best = (i, j, value.abs());
                }
            }
        }
        if best.2 <= tolerance * largest || best.2 == 0.0 {
            break;
        }
        rows.swap(rank, best.0);
        columns.swap(rank, best.1);
        for row in &mut rows {
            row.swap(rank, best.1);
        }
        let (done, rest) = rows.split_at_mut(rank + 1);
        let pivot = &done[rank];
        for row in rest {
            let factor = row[rank] / pivot[rank];
            for (value, above) in row.iter_mut().zip(pivot).skip(rank) {
                *value -= factor * above;
            }
        }
        rank += 1;
    }
    Echelon {
        rows,
        columns,
        rank,
    }
}

/// The rank of a matrix; entries below `tolerance` times the largest count as zero.
pub fn rank(rows: Vec<Vec<f64>>, tolerance: f64) -> usize {
    eliminate(rows, tolerance).rank
}

/// A vector that a singular square matrix maps to (nearly) zero: its last pivot is taken for zero.
pub fn kernel(rows: Vec<Vec<f64>>) -> Vec<f64> {
    let size = rows.len();
    let echelon = eliminate(rows, 0.0);
    let rank = echelon.rank.min(size - 1);
    let mut solution = vec![0.0; size];
    solution[rank] = 1.0;
    for i in (0..rank).rev() {
        let row = &echelon.rows[i];
        let known: f64 = (i + 1..size).map(|j| row[j] * solution[j]).sum();
        solution[i] = -known / row[i];
    }
    let mut ordered = vec![0.0; size];
    for (value, &column) in solution.iter().zip(&echelon.columns) {
        ordered[column] = *value;
    }
    ordered
}
