//! Solving a small symmetric positive definite system.

/// A square matrix of the parameters.
pub(crate) type Matrix<const P: usize> = [[f64; P]; P];

/// Solves `matrix · x = right` for the variables in `free`; the others stay zero and their rows and columns are not
/// looked at. Nothing if that part of the matrix is not positive definite.
pub(crate) fn solve<const P: usize>(
    matrix: &Matrix<P>,
    right: &[f64; P],
    free: &[bool; P],
) -> Option<[f64; P]> {
    let mut factor = [[0.0; P]; P];
    for i in (0..P).filter(|&i| free[i]) {
        for j in (0..=i).filter(|&j| free[j]) {
            let known: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            let rest = matrix[i][j] - known;
            if i == j {
                if rest <= 1e-14 * matrix[i][i].abs() || rest.is_nan() {
                    return None;
                }
                factor[i][i] = rest.sqrt();
            } else {
                factor[i][j] = rest / factor[j][j];
            }
        }
    }
    let mut x = [0.0; P];
    for i in (0..P).filter(|&i| free[i]) {
        let known: f64 = (0..i).map(|k| factor[i][k] * x[k]).sum();
        x[i] = (right[i] - known) / factor[i][i];
    }
    for i in (0..P).rev().filter(|&i| free[i]) {
        let known: f64 = (i + 1..P).map(|k| factor[k][i] * x[k]).sum();
        x[i] = (x[i] - known) / factor[i][i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATRIX: Matrix<3> = [[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];

    fn close(left: &[f64], right: &[f64]) -> bool {
        left.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn the_solution_satisfies_the_system() {
        let x = solve(&MATRIX, &[1.0, -2.0, 0.5], &[true; 3]).unwrap();
        let back: Vec<f64> = MATRIX
            .iter()
            .map(|row| row.iter().zip(x).map(|(m, x)| m * x).sum())
            .collect();
        assert!(close(&back, &[1.0, -2.0, 0.5]), "{back:?}");
    }

    #[test]
    fn held_variables_stay_zero_and_do_not_take_part() {
        let x = solve(&MATRIX, &[1.0, 9.0, 0.5], &[true, false, true]).unwrap();
        let determinant = 4.0 * 3.0 - 0.6 * 0.6;
        let expected = [
            (3.0 - 0.6 * 0.5) / determinant,
            0.0,
            (4.0 * 0.5 - 0.6) / determinant,
        ];
        assert!(close(&x, &expected), "{x:?}");
    }

    #[test]
    fn an_indefinite_matrix_has_no_solution() {
        assert!(solve(&[[1.0, 2.0], [2.0, 1.0]], &[1.0, 1.0], &[true; 2]).is_none());
        assert!(solve(&[[f64::NAN]], &[1.0], &[true]).is_none());
    }
}
