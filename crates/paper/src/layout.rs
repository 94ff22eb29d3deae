//! Where everything stands: a document becomes glyphs, areas and pictures at places on the paper. The thermal picture,
//! the preview and the PDF are drawn from the same layout, so they cannot differ.
//!
//! Nothing is ever wider than the paper: texts wrap, words that are too long for their size are set smaller, and an
//! amount that leaves its name no room gets a line of its own.
#![allow(
    clippy::float_arithmetic,
    reason = "glyphs stand between the dots; no amount of money is calculated here"
)]

use std::rc::Rc;

pub(crate) use cosmic_text::Align as Side;
use cosmic_text::{Attrs, Buffer, Family, LayoutGlyph, Metrics, Shaping, Weight, Wrap};

use crate::{
    bitmap::Bitmap,
    document::{Align, Block, Document, Look, Row, Rule, Size, printable},
    fonts::{BASE, Engine},
    symbol,
};

/// A piece of text that was shaped with one font, on one line.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) x: f32,
    /// The baseline.
    pub(crate) y: f32,
    pub(crate) size: f32,
    /// The line that the glyphs' clusters point into.
    pub(crate) text: Rc<str>,
    pub(crate) glyphs: Vec<LayoutGlyph>,
    pub(crate) white: bool,
}

/// A thing at its place.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Run(Run),
    Area {
        x: u32,
        y: u32,
        width: u32,
        height: u32,
    },
    /// A picture, every dot `scale` dots wide.
    Picture {
        x: u32,
        y: u32,
        scale: u32,
        picture: Bitmap,
    },
}

/// Everything at its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) items: Vec<Item>,
    /// Where one block ends and the next begins: where a page may break.
    pub(crate) breaks: Vec<u32>,
}

/// Room between two columns.
const GAP: f32 = 14.0;
/// A character of running text, for columns that are measured in them.
const CHARACTER: f32 = 12.0;
/// Inside of a reversed band.
const PADDING: f32 = 8.0;
/// Letters are not set smaller than this; below it they are no longer read.
const SMALLEST: f32 = 16.0;

/// Height of the letters' square, and of the line, in dots.
pub(crate) fn metrics(size: Size) -> (f32, f32) {
    match size {
        Size::Small => (20.8, 27.0),
        Size::One => (24.0, 32.0),
        Size::Two => (38.0, 48.0),
        Size::Three => (54.0, 66.0),
        Size::Four => (76.0, 92.0),
        Size::Huge => (124.0, 140.0),
    }
}

pub(crate) struct Paragraph {
    pub(crate) lines: Vec<Run>,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// Shapes a text at a size into lines no wider than `width`, which may be infinite, placed from (0, 0).
pub(crate) fn shaped(
    engine: &mut Engine,
    text: &str,
    (size, line_height): (f32, f32),
    bold: bool,
    width: f32,
    side: Side,
) -> Paragraph {
    // Scripts with signs above and below their letters need air.
    let line_height = if is_tall(text) {
        (line_height * 1.12).round()
    } else {
        line_height
    };
    let mut buffer = Buffer::new_empty(Metrics::new(size, line_height));
    buffer.set_wrap(Wrap::WordOrGlyph);
    // Without an edge, lines from right to left begin at their own width instead of at the edge.
    buffer.set_size(width.is_finite().then_some(width), None);
    let weight = if bold { Weight::BOLD } else { Weight::NORMAL };
    let attributes = Attrs::new().family(Family::Name(BASE)).weight(weight);
    buffer.set_text(text, &attributes, Shaping::Advanced, Some(side));
    buffer.shape_until_scroll(&mut engine.system, false);
    let mut paragraph = Paragraph {
        lines: Vec::new(),
        width: 0.0,
        height: 0.0,
    };
    for line in buffer.layout_runs() {
        paragraph.width = paragraph.width.max(line.line_w);
        paragraph.height = paragraph.height.max(line.line_top + line.line_height);
        let words: Rc<str> = line.text.into();
        for glyphs in line.glyphs.chunk_by(|a, b| a.font_id == b.font_id) {
            paragraph.lines.push(Run {
                x: 0.0,
                // Every font has its own idea of a line's middle; columns only line up on one baseline.
                y: (line.line_top + line_height / 2.0 + size * 0.37).round(),
                size,
                text: words.clone(),
                glyphs: glyphs.to_vec(),
                white: false,
            });
        }
    }
    paragraph
}

fn is_tall(text: &str) -> bool {
    text.chars()
        .any(|character| matches!(character, '\u{590}'..='\u{1cff}' | '\u{a8e0}'..='\u{a8ff}'))
}

/// How wide a text is when nothing breaks it.
fn natural_width(engine: &mut Engine, text: &str, size: f32, bold: bool) -> f32 {
    text.lines()
        .map(|line| shaped(engine, line, (size, size), bold, f32::INFINITY, Side::Left).width)
        .fold(0.0, f32::max)
}

/// The metrics at which the longest word of a text fits; a word that would be unreadable then is broken instead.
fn fitting(engine: &mut Engine, text: &str, look: Look, width: f32) -> (f32, f32) {
    let (size, line_height) = metrics(look.size);
    if look.size <= Size::One {
        return (size, line_height);
    }
    let longest = text
        .split_whitespace()
        .map(|word| natural_width(engine, word, size, look.bold))
        .fold(0.0, f32::max);
    scaled(size, line_height, longest, width)
}

fn scaled(size: f32, line_height: f32, natural: f32, width: f32) -> (f32, f32) {
    if natural <= width || natural <= 0.0 {
        return (size, line_height);
    }
    let factor = (width / natural * 0.995).max((SMALLEST / size).min(1.0));
    (
        (size * factor).floor().max(1.0),
        (line_height * factor).ceil().max(1.0),
    )
}

struct Pen<'a> {
    engine: &'a mut Engine,
    layout: Layout,
    rtl: bool,
    y: f32,
}

impl Pen<'_> {
    fn width(&self) -> f32 {
        self.layout.width as f32
    }

    /// Places lines with their left edge at `x` and their top at the given height.
    fn place(&mut self, paragraph: Paragraph, x: f32, y: f32, white: bool) {
        for mut run in paragraph.lines {
            run.x += x;
            run.y += y;
            run.white = white;
            self.layout.items.push(Item::Run(run));
        }
    }

    fn side(&self, align: Align) -> Side {
        match (align, self.rtl) {
            (Align::Centre, _) => Side::Center,
            (Align::Start, false) | (Align::End, true) => Side::Left,
            (Align::Start, true) | (Align::End, false) => Side::Right,
        }
    }

    fn text(&mut self, text: &str, align: Align, look: Look) {
        let text = printable(text);
        self.engine.prepare(&text);
        let padding = if look.reversed { PADDING } else { 0.0 };
        let width = (self.width() - 2.0 * padding).max(1.0);
        let metrics = fitting(self.engine, &text, look, width);
        let paragraph = shaped(self.engine, &text, metrics, look.bold, width, self.side(align));
        let height = paragraph.height + padding;
        if look.reversed {
            self.area(0.0, self.y, self.width(), height);
        }
        let top = self.y + padding / 2.0;
        self.place(paragraph, padding, top, look.reversed);
        self.y += height.ceil();
    }

    fn area(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.layout.items.push(Item::Area {
            x: whole(x),
            y: whole(y),
            width: whole(width),
            height: whole(height),
        });
    }

    fn row(&mut self, row: &Row) {
        let (lead, text, amount) = (printable(&row.lead), printable(&row.text), printable(&row.amount));
        for text in [&lead, &text, &amount] {
            self.engine.prepare(text);
        }
        let padding = if row.look.reversed { PADDING } else { 0.0 };
        let width = (self.width() - 2.0 * padding).max(1.0);
        let (size, line_height) = metrics(row.look.size);
        let bold = row.look.bold;
        let lead_width = (f32::from(row.lead_width) * CHARACTER).min(width / 3.0).floor();
        let natural = natural_width(self.engine, &amount, size, bold);
        let amount_metrics = scaled(size, line_height, natural, width);
        let amount_width = if amount_metrics.0 < size {
            natural_width(self.engine, &amount, amount_metrics.0, bold)
        } else {
            natural
        }
        .ceil()
        .min(width);
        let gap = if amount.trim().is_empty() { 0.0 } else { GAP };
        let beside = width - lead_width - amount_width - gap;
        // A name needs room for a word; else the amount goes below it.
        let word = text
            .split_whitespace()
            .map(|word| natural_width(self.engine, word, size, bold))
            .fold(0.0, f32::max);
        let stacked = gap > 0.0
            && !text.trim().is_empty()
            && (beside < word.min(width - lead_width)
                || (beside < width * 0.3 && beside < natural_width(self.engine, &text, size, bold)));
        let text_width = if stacked { width - lead_width } else { beside }.max(1.0);
        let text_metrics = fitting(self.engine, &text, row.look, text_width);
        // Columns from the start; mirrored for scripts that run the other way.
        let at = |from_start: f32, column: f32| {
            padding
                + if self.rtl {
                    width - from_start - column
                } else {
                    from_start
                }
        };
        let (lead_x, text_x, amount_x) = (
            at(0.0, lead_width.max(1.0)),
            at(lead_width, text_width),
            at(width - amount_width.max(1.0), amount_width.max(1.0)),
        );
        let (start, end) = (self.side(Align::Start), self.side(Align::End));
        let top = self.y + padding / 2.0;
        let text = shaped(self.engine, &text, text_metrics, bold, text_width, start);
        let amount = shaped(
            self.engine,
            &amount,
            amount_metrics,
            bold,
            amount_width.max(1.0) + 1.0,
            end,
        );
        let lead = (lead_width > 0.0 && !lead.trim().is_empty())
            .then(|| shaped(self.engine, &lead, (size, line_height), bold, lead_width, start));
        let lead_height = lead.as_ref().map_or(0.0, |lead| lead.height);
        let first = text.height.max(lead_height);
        let height = if stacked {
            first + amount.height
        } else {
            first.max(amount.height)
        };
        // The first line of every column stands on one baseline, whatever its size and script.
        let baseline = |paragraph: &Paragraph| paragraph.lines.first().map_or(0.0, |run| run.y);
        let mut lowest = baseline(&text).max(lead.as_ref().map_or(0.0, baseline));
        if !stacked {
            lowest = lowest.max(baseline(&amount));
        }
        let moved = if text.lines.is_empty() {
            0.0
        } else {
            lowest - baseline(&text)
        };
        let height = height.max(text.height + moved);
        let white = row.look.reversed;
        if white {
            self.area(0.0, self.y, self.width(), height + padding);
        }
        let amount_top = if stacked {
            top + first
        } else {
            top + lowest - baseline(&amount)
        };
        if let Some(lead) = lead {
            let lead_top = top + lowest - baseline(&lead);
            self.place(lead, lead_x, lead_top, white);
        }
        self.place(text, text_x, top + moved, white);
        // One dot of grace, so that rounding breaks no amount.
        let amount_x = if self.rtl {
            amount_x
        } else {
            (amount_x - 1.0).max(0.0)
        };
        self.place(amount, amount_x, amount_top, white);
        self.y += (height + padding).ceil();
    }

    fn rule(&mut self, rule: Rule) {
        let width = self.width();
        match rule {
            Rule::Thin => self.area(0.0, self.y, width, 2.0),
            Rule::Thick => self.area(0.0, self.y, width, 4.0),
            Rule::Dashed => {
                let mut x = 0.0;
                while x < width {
                    self.area(x, self.y, 8.0f32.min(width - x), 2.0);
                    x += 16.0;
                }
            }
        }
        self.y += if rule == Rule::Thick { 4.0 } else { 2.0 };
    }

    fn picture(&mut self, picture: Bitmap, scale: u32) {
        let (width, height) = (picture.width() * scale, picture.height() * scale);
        self.layout.items.push(Item::Picture {
            x: self.layout.width.saturating_sub(width) / 2,
            y: whole(self.y),
            scale,
            picture,
        });
        self.y += height as f32;
    }

    fn block(&mut self, block: &Block, last: bool) {
        match block {
            Block::Text { text, align, look } => self.text(text, *align, *look),
            Block::Row(row) => self.row(row),
            Block::Rule { rule } => self.rule(*rule),
            Block::Space { dots } => self.y += f32::from(*dots),
            Block::Qr { data, module_dots } => self.qr(data, *module_dots),
            Block::Barcode {
                bars,
                data,
                height_dots,
            } => self.bars(*bars, data, *height_dots),
            Block::Image { image } => {
                let divisor = image.shrink_for(self.layout.width);
                if divisor == 1 {
                    self.picture(image.clone(), 1);
                } else {
                    self.picture(shrunk(image, divisor), 1);
                }
            }
            Block::Cut if !last => {
                self.y += 24.0;
                self.rule(Rule::Dashed);
                self.y += 24.0;
            }
            Block::Cut | Block::Drawer => {}
        }
    }

    fn qr(&mut self, data: &str, module_dots: u8) {
        let drawn = symbol::qr_modules(data).and_then(|modules| {
            let scale = symbol::qr_module_dots(modules.width(), module_dots, self.layout.width)?;
            Some((modules, scale))
        });
        match drawn {
            Some((modules, scale)) => {
                let quiet = (symbol::QUIET * scale) as f32;
                self.y += quiet;
                self.picture(modules, scale);
                self.y += quiet;
            }
            // A code that paper cannot hold is still there to be typed.
            None => self.text(data, Align::Centre, Look::of(Size::Small)),
        }
    }

    fn bars(&mut self, bars: crate::document::Bars, data: &str, height_dots: u16) {
        let modules =
            symbol::bar_modules(bars, data).filter(|modules| modules.len() as u32 <= self.layout.width);
        match modules {
            Some(modules) => {
                let count = modules.len() as u32;
                let scale = (self.layout.width / count.max(1)).clamp(1, 3);
                let height = u32::from(height_dots).clamp(16, 400);
                let mut picture = Bitmap::new(count * scale, height);
                for (index, _) in modules.iter().enumerate().filter(|(_, dark)| **dark) {
                    picture.fill(index as u32 * scale, 0, scale, height, true);
                }
                self.picture(picture, 1);
            }
            None => self.text(data, Align::Centre, Look::of(Size::Small)),
        }
    }
}

/// A dot stays black when a third of what it stands for is.
fn shrunk(image: &Bitmap, divisor: u32) -> Bitmap {
    let mut small = Bitmap::new(
        (image.width() / divisor).max(1),
        (image.height() / divisor).max(1),
    );
    for y in 0..small.height() {
        for x in 0..small.width() {
            let black = (0..divisor * divisor)
                .filter(|index| image.get(x * divisor + index % divisor, y * divisor + index / divisor))
                .count();
            small.set(x, y, black as u32 * 3 >= divisor * divisor);
        }
    }
    small
}

fn whole(value: f32) -> u32 {
    // Saturates; negative becomes 0.
    value.round() as u32
}

/// Places a whole document.
pub(crate) fn layout(document: &Document, engine: &mut Engine) -> Layout {
    layout_of(&document.blocks, document, engine)
}

/// Places some blocks of a document, as if they were all of it.
pub(crate) fn layout_of(blocks: &[Block], document: &Document, engine: &mut Engine) -> Layout {
    let mut pen = Pen {
        engine,
        layout: Layout {
            width: u32::from(document.paper.width()),
            ..Layout::default()
        },
        rtl: document.rtl,
        y: 0.0,
    };
    let last = blocks
        .iter()
        .rposition(|block| !matches!(block, Block::Cut | Block::Drawer))
        .unwrap_or(0);
    for (index, block) in blocks.iter().enumerate() {
        pen.block(block, index > last);
        let y = whole(pen.y);
        pen.layout.breaks.push(y);
    }
    pen.layout.height = whole(pen.y.ceil());
    pen.layout
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        document::{Paper, Row},
        fonts::Fonts,
        slips::{LETTERS, TestCardData, test_card},
    };

    fn laid(blocks: Vec<Block>, width: u16, rtl: bool) -> Layout {
        let document = Document {
            blocks,
            rtl,
            ..Document::new(Paper::dots(width))
        };
        Fonts::new().with(|engine| layout(&document, engine))
    }

    fn runs(layout: &Layout) -> Vec<&Run> {
        layout
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Run(run) => Some(run),
                _ => None,
            })
            .collect()
    }

    fn text(text: &str) -> Block {
        Block::Text {
            text: text.to_owned(),
            align: Align::Start,
            look: Look::default(),
        }
    }

    #[test]
    fn every_script_of_the_test_card_has_its_letters() {
        let further = "মিষ্টি દહીં ਲੱਸੀ ଦହି ఇడ్లీ ದೋಸೆ പുട്ട് ผัดไทย חומוס ხაჭაპური Խորոված おにぎり Борщ Ζωή ₾ ₼ ₸ Ø";
        let card = test_card(&TestCardData {
            dots: 576,
            language: "ar".to_owned(),
            ..TestCardData::default()
        });
        let mut blocks = card.blocks;
        blocks.extend(LETTERS.iter().map(|line| text(line)));
        blocks.push(text(further));
        blocks.push(Block::Text {
            text: further.to_owned(),
            align: Align::Start,
            look: Look::default().bold(),
        });
        for run in runs(&laid(blocks, 576, false)) {
            for glyph in &run.glyphs {
                let missing = &run.text[glyph.start..glyph.end];
                assert!(
                    glyph.glyph_id != 0,
                    "{missing:?} of {:?} is an empty box",
                    run.text
                );
            }
        }
    }

    #[test]
    fn letters_are_joined_and_conjuncts_are_formed() {
        let glyphs = |line: &str| {
            let laid = laid(vec![text(line)], 576, false);
            runs(&laid)
                .iter()
                .flat_map(|run| run.glyphs.iter().map(|glyph| glyph.glyph_id))
                .collect::<Vec<u16>>()
        };
        assert_eq!(glyphs("क्ष").len(), 1, "three characters, one letter");
        assert_ne!(
            glyphs("ببب"),
            [glyphs("ب"), glyphs("ب"), glyphs("ب")].concat(),
            "joined letters differ"
        );
        let kaf = glyphs("كم");
        assert_ne!(
            kaf.first(),
            glyphs("مك").first(),
            "the first letter stands at the right"
        );
    }

    #[test]
    fn amounts_end_at_the_edge_and_stand_on_the_names_line() {
        for (rtl, size, name) in [
            (false, Size::One, "Chai"),
            (false, Size::Two, "மசாலா"),
            (true, Size::One, "شاي"),
            (true, Size::Three, "شاي"),
        ] {
            let laid = laid(
                vec![Block::Row(Row {
                    text: name.to_owned(),
                    amount: "80.00".to_owned(),
                    look: Look::of(size),
                    ..Row::default()
                })],
                576,
                rtl,
            );
            let runs = runs(&laid);
            let of = |wanted: &str| *runs.iter().find(|run| &*run.text == wanted).expect("it is there");
            let (name, amount) = (of(name), of("80.00"));
            assert_eq!(name.y, amount.y, "one baseline");
            let last = amount.glyphs.last().expect("figures");
            let (left, right) = (amount.x + amount.glyphs[0].x, amount.x + last.x + last.w);
            if rtl {
                assert!(left < 3.0, "the amount begins at the left edge, not at {left}");
            } else {
                assert!(
                    (570.0..=577.0).contains(&right),
                    "the amount ends at the right edge, not at {right}"
                );
            }
        }
    }

    #[test]
    fn a_code_that_fits_no_paper_is_written_out() {
        let qr = |data: &str, width| {
            let layout = laid(
                vec![Block::Qr {
                    data: data.to_owned(),
                    module_dots: 255,
                }],
                width,
                false,
            );
            layout
                .items
                .iter()
                .any(|item| matches!(item, Item::Picture { x, scale, picture, .. } if x + scale * picture.width() <= u32::from(width)))
        };
        assert!(qr("P1ABC", 96), "small codes fit the narrowest paper");
        assert!(!qr(&"P1ABC".repeat(200), 96));
        assert!(!qr(&"x".repeat(9_000), 2_400), "longer than any code");
    }
}
