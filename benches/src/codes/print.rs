//! What is on the paper or the screen: the code in dots, text around it, and what printing and life did to it.

use codes::make::{Bars, Matrix};

use super::dice::Dice;

/// Reflectance dot by dot: 0 is the darkest ink, 1 is white.
pub struct Print {
    pub width: usize,
    pub height: usize,
    /// Dots of one module.
    pub module: usize,
    /// Modules of the code across and down.
    pub modules: (usize, usize),
    dots: Vec<f32>,
}

impl Print {
    fn blank(width: usize, height: usize, module: usize, modules: (usize, usize)) -> Print {
        Print {
            width,
            height,
            module,
            modules,
            dots: vec![1.0; width * height],
        }
    }

    pub fn of_matrix(matrix: &Matrix, module: usize, dice: &mut Dice) -> Print {
        let size = matrix.size();
        let margin = 4 + dice.below(5);
        let side = (size + 2 * margin) * module;
        let below = dice.below(12) * module;
        let mut print = Print::blank(side, side + below, module, (size, size));
        for (y, row) in matrix.rows().iter().enumerate() {
            for (x, &dark) in row.iter().enumerate() {
                if dark {
                    print.fill((margin + x) * module, (margin + y) * module, module, module, 0.0);
                }
            }
        }
        print.write_lines(side, side + below, dice);
        print
    }

    pub fn of_bars(bars: &Bars, module: usize, dice: &mut Dice) -> Print {
        let count = bars.modules().len();
        let (left, right) = bars.quiet();
        let high = 18 + dice.below(40);
        let (above, below) = (2 + dice.below(10), 2 + dice.below(14));
        let mut print = Print::blank(
            (left + count + right) * module,
            (above + high + below) * module,
            module,
            (count, high),
        );
        for (x, &dark) in bars.modules().iter().enumerate() {
            if dark {
                print.fill((left + x) * module, above * module, module, high * module, 0.0);
            }
        }
        print.write_lines(
            (above + high) * module + module,
            (above + high + below) * module,
            dice,
        );
        print
    }

    /// Paper without a code: text, stripes, boxes.
    pub fn of_nothing(dice: &mut Dice) -> Print {
        let side = 260;
        let mut print = Print::blank(side, side, 4, (40, 40));
        match dice.below(4) {
            0 => print.write_lines(8, side, dice),
            1 => {
                let mut x = 10;
                while x + 20 < side {
                    let width = 1 + dice.below(9);
                    print.fill(x, 20, width, side - 40, 0.0);
                    x += width + 1 + dice.below(9);
                }
            }
            2 => {
                for y in (16..side - 20).step_by(4) {
                    for x in (16..side - 20).step_by(4) {
                        if dice.chance(0.5) {
                            print.fill(x, y, 4, 4, 0.0);
                        }
                    }
                }
            }
            _ => {
                for _ in 0..40 {
                    let (x, y) = (dice.below(side - 60), dice.below(side - 60));
                    let (w, h) = (4 + dice.below(50), 4 + dice.below(50));
                    let tone = dice.share();
                    print.fill(x, y, w, h, tone);
                }
            }
        }
        print
    }

    fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, tone: f32) {
        for row in y..(y + height).min(self.height) {
            for at in x..(x + width).min(self.width) {
                self.dots[row * self.width + at] = tone;
            }
        }
    }

    /// Rows of what looks like text from afar.
    fn write_lines(&mut self, from: usize, to: usize, dice: &mut Dice) {
        let mut y = from + self.module;
        while y + 12 < to {
            let mut x = 8 + dice.below(12);
            while x + 10 < self.width - 8 {
                if dice.chance(0.82) {
                    for _ in 0..3 {
                        let (dx, dy) = (dice.below(5), dice.below(7));
                        if dice.chance(0.5) {
                            self.fill(x + dx, y, 2, 9, 0.0);
                        } else {
                            self.fill(x, y + dy, 6, 2, 0.0);
                        }
                    }
                }
                x += 9;
            }
            y += 15;
        }
    }

    /// Reflectance at a place in dots; nothing beside the paper.
    pub fn at(&self, x: f32, y: f32) -> Option<f32> {
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let (x, y) = (x as usize, y as usize);
        (x < self.width && y < self.height).then(|| self.dots[y * self.width + x])
    }

    /// Worn heads, thin paper, hot ink: dead dots that leave white lines, pale bands, dots that run or fail.
    pub fn print_badly(&mut self, how: f32, dice: &mut Dice) {
        let (w, h) = (self.width, self.height);
        let mut column: Vec<f32> = vec![1.0; w];
        for _ in 0..(how * dice.between(1.0, 6.0)) as usize {
            let x = dice.below(w);
            let wide = 1 + dice.below(self.module.div_ceil(2));
            for value in column.iter_mut().skip(x).take(wide) {
                *value = 0.0;
            }
        }
        let (wave, phase) = (dice.between(20.0, 120.0), dice.share() * 6.0);
        let (depth, fade) = (how * dice.between(0.0, 0.5), how * dice.between(0.0, 0.35));
        let missing = how * dice.between(0.0, 0.16);
        let stray = how * dice.between(0.0, 0.03);
        let runs = dice.between(-1.0, 1.0) * how;
        let before = self.dots.clone();
        let skipped = if dice.chance(0.4 * how) { dice.below(h) } else { h };
        for y in 0..h {
            let band = 1.0 - depth * (0.5 + 0.5 * (y as f32 / wave + phase).sin()) - fade;
            for (x, &kept) in column.iter().enumerate() {
                let dark = |dx: i32, dy: i32| {
                    let (x, y) = (x as i32 + dx, y as i32 + dy);
                    x >= 0
                        && y >= 0
                        && x < w as i32
                        && y < h as i32
                        && before[y as usize * w + x as usize] < 0.5
                };
                let mut ink = f32::from(u8::from(dark(0, 0)));
                let beside = dark(-1, 0) || dark(1, 0) || dark(0, -1) || dark(0, 1);
                let all_around = dark(-1, 0) && dark(1, 0) && dark(0, -1) && dark(0, 1);
                if runs > 0.2 && ink == 0.0 && beside {
                    ink = runs * 0.8;
                }
                if runs < -0.2 && ink > 0.0 && !all_around {
                    ink = 1.0 + runs * 0.8;
                }
                ink *= band * kept;
                if dice.chance(missing) {
                    ink *= 0.2;
                }
                if dice.chance(stray) {
                    ink = ink.max(0.8);
                }
                if y >= skipped && y < skipped + 2 {
                    ink *= 0.1;
                }
                self.dots[y * w + x] = 1.0 - ink;
            }
        }
    }

    /// Scratches, blots, a torn-off corner.
    pub fn damage(&mut self, how: f32, dice: &mut Dice) {
        let module = self.module as f32;
        let (w, h) = (self.width as f32, self.height as f32);
        for _ in 0..1 + (how * dice.between(0.0, 5.0)) as usize {
            let (mut x, mut y) = (dice.between(0.0, w), dice.between(0.0, h));
            let mut angle = dice.between(0.0, std::f32::consts::TAU);
            let radius = dice.between(0.25, 0.7) * module;
            let tone = if dice.chance(0.5) { 0.05 } else { 0.95 };
            for _ in 0..(w * dice.between(0.3, 0.9) / radius.max(0.5)) as usize {
                self.disc(x, y, radius, tone);
                x += angle.cos() * radius.max(0.5);
                y += angle.sin() * radius.max(0.5);
                angle += dice.between(-0.08, 0.08);
            }
        }
        for _ in 0..(how * dice.between(0.0, 3.0)) as usize {
            let (x, y) = (dice.between(0.1, 0.9) * w, dice.between(0.1, 0.9) * h);
            let radius = dice.between(1.0, 3.5) * module;
            let tone = dice.between(0.0, 1.0);
            self.disc(x, y, radius, tone);
        }
        if dice.chance(0.25 * how) {
            let cut = dice.between(0.1, 0.3) * (w + h);
            for y in 0..self.height {
                for x in 0..self.width {
                    if (w - x as f32) + (h - y as f32) < cut {
                        self.dots[y * self.width + x] = 0.4;
                    }
                }
            }
        }
    }

    fn disc(&mut self, cx: f32, cy: f32, radius: f32, tone: f32) {
        let (left, right) = (
            (cx - radius).max(0.0) as usize,
            (cx + radius + 1.0).max(0.0) as usize,
        );
        let (top, bottom) = (
            (cy - radius).max(0.0) as usize,
            (cy + radius + 1.0).max(0.0) as usize,
        );
        for y in top..bottom.min(self.height) {
            for x in left..right.min(self.width) {
                if (x as f32 + 0.5 - cx).hypot(y as f32 + 0.5 - cy) <= radius {
                    self.dots[y * self.width + x] = tone;
                }
            }
        }
    }

    pub fn invert(&mut self) {
        for dot in &mut self.dots {
            *dot = 1.0 - *dot;
        }
    }
}
