//! From places on a symbol, in modules, to places in a picture: perspective, and a bend on top for curled paper.

/// Solves `a x = b` in place by elimination; false when there is no one answer.
pub(crate) fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    for i in 0..n {
        let mut pivot = i;
        for row in i + 1..n {
            if a[row * n + i].abs() > a[pivot * n + i].abs() {
                pivot = row;
            }
        }
        let lead = a[pivot * n + i];
        if !lead.is_finite() || lead.abs() < 1e-12 {
            return false;
        }
        if pivot != i {
            for column in 0..n {
                a.swap(i * n + column, pivot * n + column);
            }
            b.swap(i, pivot);
        }
        for row in i + 1..n {
            let factor = a[row * n + i] / a[i * n + i];
            if factor != 0.0 {
                for column in i..n {
                    a[row * n + column] -= factor * a[i * n + column];
                }
                b[row] -= factor * b[i];
            }
        }
    }
    for i in (0..n).rev() {
        for column in i + 1..n {
            b[i] -= a[i * n + column] * b[column];
        }
        b[i] /= a[i * n + i];
    }
    b.iter().all(|v| v.is_finite())
}

pub(crate) type Point = (f32, f32);

/// A place on the symbol, where it is in the picture, and how much that is to be believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Match {
    pub on: Point,
    pub at: Point,
    pub weight: f32,
}

const TERMS: usize = 10;

#[derive(Clone, Debug)]
pub(crate) struct Map {
    perspective: [f32; 9],
    /// What a cubic in both directions adds, for x and y.
    bend: Option<[[f32; TERMS]; 2]>,
    size: f32,
}

impl Map {
    /// The perspective that fits the matches best.
    pub fn through(matches: &[Match], size: f32) -> Option<Map> {
        let mut a = [0f64; 64];
        let mut b = [0f64; 8];
        for m in matches {
            let [u, v, x, y] = [m.on.0, m.on.1, m.at.0, m.at.1].map(f64::from);
            let weight = f64::from(m.weight);
            for (row, value) in [
                ([u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x], x),
                ([0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y], y),
            ] {
                for i in 0..8 {
                    for j in 0..8 {
                        a[i * 8 + j] += weight * row[i] * row[j];
                    }
                    b[i] += weight * row[i] * value;
                }
            }
        }
        if !solve(&mut a, &mut b) {
            return None;
        }
        let mut perspective = [1.0; 9];
        for (to, from) in perspective.iter_mut().zip(b) {
            *to = from as f32;
        }
        Some(Map {
            perspective,
            bend: None,
            size,
        })
    }

    /// The perspective through the middles of the three corners, when depth changes along the legs as told.
    pub fn from_corners(corner: Point, right: Point, below: Point, size: f32, depth: Point) -> Map {
        let n = size - 7.0;
        let c = 3.5;
        let (g, h) = (depth.0 / n, depth.1 / n);
        let a = (
            (right.0 * (1.0 + depth.0) - corner.0) / n,
            (right.1 * (1.0 + depth.0) - corner.1) / n,
        );
        let b = (
            (below.0 * (1.0 + depth.1) - corner.0) / n,
            (below.1 * (1.0 + depth.1) - corner.1) / n,
        );
        Map {
            perspective: [
                a.0,
                b.0,
                corner.0 - (a.0 + b.0) * c,
                a.1,
                b.1,
                corner.1 - (a.1 + b.1) * c,
                g,
                h,
                1.0 - (g + h) * c,
            ],
            bend: None,
            size,
        }
    }

    #[inline]
    fn terms(&self, u: f32, v: f32) -> [f32; TERMS] {
        let a = u / self.size * 2.0 - 1.0;
        let b = v / self.size * 2.0 - 1.0;
        [
            1.0,
            a,
            b,
            a * a,
            a * b,
            b * b,
            a * a * a,
            a * a * b,
            a * b * b,
            b * b * b,
        ]
    }

    /// Where in the picture a place on the symbol is.
    #[inline]
    pub fn at(&self, u: f32, v: f32) -> Point {
        let p = &self.perspective;
        let depth = 1.0 / (p[6] * u + p[7] * v + p[8]);
        let mut x = (p[0] * u + p[1] * v + p[2]) * depth;
        let mut y = (p[3] * u + p[4] * v + p[5]) * depth;
        if let Some([along_x, along_y]) = &self.bend {
            for ((term, bx), by) in self.terms(u, v).iter().zip(along_x).zip(along_y) {
                x += term * bx;
                y += term * by;
            }
        }
        (x, y)
    }

    /// The same with a bend that takes up what the matches leave over.
    pub fn bent_through(&self, matches: &[Match], cubic: bool) -> Option<Map> {
        let count = if cubic { TERMS } else { 6 };
        let mut a = vec![0f64; count * count];
        let mut b = [vec![0f64; count], vec![0f64; count]];
        for m in matches {
            let (x, y) = self.at(m.on.0, m.on.1);
            let terms = self.terms(m.on.0, m.on.1);
            for i in 0..count {
                for j in 0..count {
                    a[i * count + j] += f64::from(m.weight * terms[i] * terms[j]);
                }
                b[0][i] += f64::from(m.weight * terms[i] * (m.at.0 - x));
                b[1][i] += f64::from(m.weight * terms[i] * (m.at.1 - y));
            }
        }
        for i in 0..count {
            a[i * count + i] += if i < 6 { 0.02 } else { 0.15 };
        }
        let mut bend = [[0f32; TERMS]; 2];
        for (along, b) in bend.iter_mut().zip(&mut b) {
            if !solve(&mut a.clone(), b) {
                return None;
            }
            for (to, from) in along.iter_mut().zip(b) {
                *to = *from as f32;
            }
        }
        Some(Map {
            bend: Some(bend),
            ..self.clone()
        })
    }
}
