//! A camera looks at a print: pose, curl, light, lens, hand and sensor.

use std::f32::consts::TAU;

use super::{dice::Dice, print::Print};

/// How a picture is taken.
#[derive(Clone, Debug)]
pub struct Shot {
    pub width: usize,
    pub height: usize,
    /// Pixels of a module in the middle.
    pub module: f32,
    /// In radians: in the picture's plane, and away from it around two axes.
    pub turn: f32,
    pub tilt: (f32, f32),
    /// The bend's radius in widths of the code and its direction; negative bends towards the camera.
    pub curl: Option<(f32, f32)>,
    /// Pixels from the frame's middle.
    pub off: (f32, f32),
    /// Brightness of the darkest ink and of white paper.
    pub tones: (f32, f32),
    /// How much the light falls off across the frame, and towards where.
    pub falloff: (f32, f32),
    /// Radius of the blur in pixels: a disc, as lenses make, then a bell.
    pub defocus: f32,
    pub softness: f32,
    /// Length in pixels and direction.
    pub motion: (f32, f32),
    pub noise: f32,
    /// Place and radius in pixels, strength.
    pub glare: Option<(f32, f32, f32, f32)>,
    /// A screen's pixel pitch in dots, how deep its grid shows, and how deep a band that rolls over it.
    pub screen: Option<(f32, f32, f32)>,
}

type Vector = [f32; 3];

fn turned(shot: &Shot) -> [Vector; 3] {
    let (sz, cz) = shot.turn.sin_cos();
    let (sx, cx) = shot.tilt.0.sin_cos();
    let (sy, cy) = shot.tilt.1.sin_cos();
    let x = [[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]];
    let y = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]];
    let z = [[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]];
    product(&x, &product(&y, &z))
}

fn product(a: &[Vector; 3], b: &[Vector; 3]) -> [Vector; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// The vector in the paper's own directions.
fn seen_from_paper(rotation: &[Vector; 3], v: Vector) -> Vector {
    std::array::from_fn(|i| (0..3).map(|k| rotation[k][i] * v[k]).sum())
}

/// Where on the print each place of the picture looks.
struct Rays {
    rotation: [Vector; 3],
    origin: Vector,
    focal: f32,
    middle: (f32, f32),
    curl: Option<(f32, f32)>,
    print: (f32, f32),
}

impl Rays {
    fn of(shot: &Shot, print: &Print) -> Rays {
        let rotation = turned(shot);
        let focal = shot.width.max(shot.height) as f32;
        let distance = focal * print.module as f32 / shot.module;
        let place = [
            shot.off.0 / focal * distance,
            shot.off.1 / focal * distance,
            distance,
        ];
        Rays {
            rotation,
            origin: seen_from_paper(&rotation, place.map(|v| -v)),
            focal,
            middle: (shot.width as f32 / 2.0, shot.height as f32 / 2.0),
            curl: shot
                .curl
                .map(|(radius, way)| (radius * (print.modules.0 * print.module) as f32, way)),
            print: (print.width as f32, print.height as f32),
        }
    }

    /// The place on the print in dots.
    fn hit(&self, x: f32, y: f32) -> Option<(f32, f32)> {
        let ray = [
            (x - self.middle.0) / self.focal,
            (y - self.middle.1) / self.focal,
            1.0,
        ];
        let d = seen_from_paper(&self.rotation, ray);
        let o = self.origin;
        let (u, v) = match self.curl {
            None => {
                let t = -o[2] / d[2];
                if t <= 0.0 {
                    return None;
                }
                (o[0] + d[0] * t, o[1] + d[1] * t)
            }
            Some((radius, way)) => {
                let (s, c) = way.sin_cos();
                let (ox, oy) = (o[0] * c + o[1] * s, o[1] * c - o[0] * s);
                let (dx, dy) = (d[0] * c + d[1] * s, d[1] * c - d[0] * s);
                let z = o[2] - radius;
                let a = dx * dx + d[2] * d[2];
                let b = ox * dx + z * d[2];
                let root = b * b - a * (ox * ox + z * z - radius * radius);
                if root < 0.0 {
                    return None;
                }
                let t = if radius > 0.0 {
                    -b - root.sqrt()
                } else {
                    -b + root.sqrt()
                } / a;
                let (hx, hy, hz) = (ox + dx * t, oy + dy * t, o[2] + d[2] * t);
                let angle = if radius > 0.0 {
                    hx.atan2(radius - hz)
                } else {
                    hx.atan2(hz - radius)
                };
                if angle.abs() > 1.45 {
                    return None;
                }
                let along = angle * radius.abs();
                (along * c - hy * s, along * s + hy * c)
            }
        };
        Some((u + self.print.0 / 2.0, v + self.print.1 / 2.0))
    }
}

/// The picture.
pub fn taken(shot: &Shot, print: &Print, dice: &mut Dice) -> Vec<u8> {
    let rays = Rays::of(shot, print);
    let (w, h) = (shot.width, shot.height);
    let (table, grain) = (dice.between(25.0, 190.0), dice.between(0.0, 18.0));
    let (gx, gy) = (dice.between(0.02, 0.2), dice.between(0.02, 0.2));
    let middle = (w as f32 / 2.0, h as f32 / 2.0);
    let (fx, fy) = (shot.falloff.1.cos(), shot.falloff.1.sin());
    let band = dice.share() * TAU;
    let mut light = vec![0f32; w * h];
    const PARTS: usize = 3;
    for y in 0..h {
        for x in 0..w {
            let mut sum = 0.0;
            for part in 0..PARTS * PARTS {
                let px = x as f32 + ((part % PARTS) as f32 + 0.5) / PARTS as f32;
                let py = y as f32 + ((part / PARTS) as f32 + 0.5) / PARTS as f32;
                let paper = rays.hit(px, py).and_then(|(u, v)| Some((print.at(u, v)?, u, v)));
                sum += match paper {
                    Some((reflected, u, v)) => {
                        let mut tone = shot.tones.0 + (shot.tones.1 - shot.tones.0) * reflected;
                        if let Some((pitch, depth, _)) = shot.screen {
                            tone *=
                                1.0 + depth * ((u / pitch * TAU).cos() * 0.6 + (v / pitch * TAU).cos() * 0.4);
                        }
                        tone
                    }
                    None => table + grain * ((x as f32 * gx).sin() + (y as f32 * gy).cos()),
                };
            }
            let mut value = sum / (PARTS * PARTS) as f32;
            let across = ((x as f32 - middle.0) * fx + (y as f32 - middle.1) * fy) / middle.0;
            value *= 1.0 + shot.falloff.0 * across;
            if let Some((_, _, depth)) = shot.screen {
                value *= 1.0 + depth * (y as f32 / h as f32 * TAU * 2.5 + band).sin();
            }
            light[y * w + x] = value;
        }
    }
    if let Some((cx, cy, radius, strength)) = shot.glare {
        for y in 0..h {
            for x in 0..w {
                let apart = (x as f32 - cx).hypot((y as f32 - cy) * 1.4) / radius;
                light[y * w + x] += strength * (-apart * apart).exp();
            }
        }
    }
    if shot.defocus > 0.3 {
        light = disc_blurred(&light, w, h, shot.defocus);
    }
    if shot.motion.0 > 0.5 {
        light = smeared(&light, w, h, shot.motion);
    }
    light = bell_blurred(&light, w, h, shot.softness);
    light
        .iter()
        .map(|v| (v + shot.noise * dice.bell()).round().clamp(0.0, 255.0) as u8)
        .collect()
}

fn pixel(light: &[f32], w: usize, h: usize, x: i32, y: i32) -> f32 {
    light[y.clamp(0, h as i32 - 1) as usize * w + x.clamp(0, w as i32 - 1) as usize]
}

fn disc_blurred(light: &[f32], w: usize, h: usize, radius: f32) -> Vec<f32> {
    let reach = radius.ceil() as i32;
    let mut taps = Vec::new();
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            let weight = (radius + 0.5 - (dx as f32).hypot(dy as f32)).clamp(0.0, 1.0);
            if weight > 0.0 {
                taps.push((dx, dy, weight));
            }
        }
    }
    with_taps(light, w, h, &taps)
}

fn smeared(light: &[f32], w: usize, h: usize, (length, way): (f32, f32)) -> Vec<f32> {
    let mut weights = std::collections::BTreeMap::new();
    let parts = (length * 4.0).ceil() as i32;
    for i in 0..=parts {
        let k = (i as f32 / parts as f32 - 0.5) * length;
        let (x, y) = (way.cos() * k, way.sin() * k);
        let (left, top) = (x.floor(), y.floor());
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let share = (1.0 - (x - left - dx as f32).abs()) * (1.0 - (y - top - dy as f32).abs());
            *weights.entry((left as i32 + dx, top as i32 + dy)).or_insert(0.0) += share;
        }
    }
    let taps: Vec<(i32, i32, f32)> = weights.into_iter().map(|((x, y), v)| (x, y, v)).collect();
    with_taps(light, w, h, &taps)
}

fn with_taps(light: &[f32], w: usize, h: usize, taps: &[(i32, i32, f32)]) -> Vec<f32> {
    let all: f32 = taps.iter().map(|tap| tap.2).sum();
    let mut out = vec![0f32; w * h];
    for y in 0..h {
        for x in 0..w {
            let sum: f32 = taps
                .iter()
                .map(|&(dx, dy, weight)| weight * pixel(light, w, h, x as i32 + dx, y as i32 + dy))
                .sum();
            out[y * w + x] = sum / all;
        }
    }
    out
}

fn bell_blurred(light: &[f32], w: usize, h: usize, sigma: f32) -> Vec<f32> {
    if sigma < 0.2 {
        return light.to_vec();
    }
    let reach = (sigma * 3.0).ceil() as i32;
    let bell = |k: i32| (-(k * k) as f32 / (2.0 * sigma * sigma)).exp();
    let across: Vec<(i32, i32, f32)> = (-reach..=reach).map(|k| (k, 0, bell(k))).collect();
    let down: Vec<(i32, i32, f32)> = (-reach..=reach).map(|k| (0, k, bell(k))).collect();
    with_taps(&with_taps(light, w, h, &across), w, h, &down)
}
