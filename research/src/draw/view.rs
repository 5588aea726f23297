//! A window of the plane and the rectangle of the picture that shows it.

/// Maps plane coordinates to picture coordinates; y points up in the plane and down in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Centre of the window in the plane.
    pub centre: [f64; 2],
    /// Half of its sides.
    pub half: [f64; 2],
    /// Upper left corner of the rectangle in the picture.
    pub corner: [f64; 2],
    /// Sides of the rectangle.
    pub size: [f64; 2],
}

impl View {
    /// A window with a scale of its own in each direction.
    pub fn new(x: [f64; 2], y: [f64; 2], corner: [f64; 2], size: [f64; 2]) -> Self {
        Self {
            centre: [f64::midpoint(x[0], x[1]), f64::midpoint(y[0], y[1])],
            half: [(x[1] - x[0]) / 2.0, (y[1] - y[0]) / 2.0],
            corner,
            size,
        }
    }

    /// A square window.
    pub fn square(centre: [f64; 2], half: f64, corner: [f64; 2], side: f64) -> Self {
        Self {
            centre,
            half: [half; 2],
            corner,
            size: [side; 2],
        }
    }

    /// Where a point of the plane is in the picture.
    pub fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let across = (x - self.centre[0]) / self.half[0];
        let up = (y - self.centre[1]) / self.half[1];
        [
            self.corner[0] + self.size[0] * (1.0 + across) / 2.0,
            self.corner[1] + self.size[1] * (1.0 - up) / 2.0,
        ]
    }

    /// The part of the line `l1 x + l2 y + l3 = 0` inside the window.
    pub fn clip(&self, [l1, l2, l3]: [f64; 3]) -> Option<[[f64; 2]; 2]> {
        let length = l1.hypot(l2);
        if length < 1e-14 {
            return None;
        }
        let (n, d) = ([l1 / length, l2 / length], l3 / length);
        let gap = n[0] * self.centre[0] + n[1] * self.centre[1] + d;
        let foot = [self.centre[0] - gap * n[0], self.centre[1] - gap * n[1]];
        let along = [-n[1], n[0]];
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for k in 0..2 {
            let ends = [-self.half[k], self.half[k]].map(|side| self.centre[k] + side - foot[k]);
            if along[k].abs() < 1e-14 {
                if ends[0] > 0.0 || ends[1] < 0.0 {
                    return None;
                }
                continue;
            }
            let [one, other] = ends.map(|end| end / along[k]);
            low = low.max(one.min(other));
            high = high.min(one.max(other));
        }
        (low < high).then(|| [low, high].map(|t| [foot[0] + t * along[0], foot[1] + t * along[1]]))
    }

    /// Whether a point is inside the window, or within some windows of it.
    pub fn near(&self, point: [f64; 2], windows: f64) -> bool {
        (0..2).all(|k| (point[k] - self.centre[k]).abs() <= self.half[k] * windows)
    }
}
