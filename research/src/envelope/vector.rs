//! Vectors of three floats: points and lines of the projective plane.

/// Homogeneous coordinates of a point or a line.
pub type Vec3 = [f64; 3];

/// The dot product.
pub fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The cross product: the line through two points, the point on two lines.
pub fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

/// The length.
pub fn norm(a: Vec3) -> f64 {
    dot(a, a).sqrt()
}

/// The vector times a number.
pub fn scaled(a: Vec3, factor: f64) -> Vec3 {
    a.map(|x| x * factor)
}

/// The sum.
pub fn sum(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// The vector of length one in the same direction; zero stays zero.
pub fn unit(a: Vec3) -> Vec3 {
    let length = norm(a);
    if length > 0.0 {
        scaled(a, 1.0 / length)
    } else {
        a
    }
}
