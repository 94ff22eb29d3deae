//! The bytes of ESC/POS printers. Lines that the printer's own letters can print go out as text, all others as dots;
//! a character that its code page lacks never becomes a byte.
//!
//! A document begins with a reset and ends with the cut, so one broken job does not colour the next.

use crate::{
    document::{Align, Block, Document, Look, Row, Size, printable},
    fonts::{Engine, Fonts},
    layout::layout_of,
    profile::{Cutter, Pin, Profile, QrMode},
    raster::drawn,
    symbol,
};

const ESC: u8 = 0x1b;
const GS: u8 = 0x1d;
const FS: u8 = 0x1c;

/// Rows of one picture: more than this overflows the buffer of small printers.
const BAND: u32 = 128;

/// The document for a printer: its bytes from reset to cut.
pub fn escpos(document: &Document, profile: &Profile, fonts: &Fonts) -> Vec<u8> {
    let document = document.on(profile.paper());
    let mut writer = Writer {
        profile,
        document: &document,
        fonts,
        out: Vec::new(),
        waiting: Vec::new(),
        style: Style::PLAIN,
    };
    writer.begin();
    for block in &document.blocks {
        writer.block(block);
    }
    writer.flush();
    writer.out
}

/// Only the pulse that opens the drawer; nothing when no drawer hangs on this printer.
pub fn drawer_pulse(profile: &Profile) -> Vec<u8> {
    let Some(pulse) = profile.drawer else {
        return Vec::new();
    };
    let pin = match pulse.pin {
        Pin::Two => 0,
        Pin::Five => 1,
    };
    // Both times, in units of two milliseconds: without them the printer takes the next two bytes for times.
    let units = |ms: u16| u8::try_from(ms / 2).unwrap_or(u8::MAX).max(1);
    vec![ESC, b'p', pin, units(pulse.on_ms), units(pulse.off_ms)]
}

/// What the printer is set to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Style {
    /// Times as wide and high as running text.
    scale: u8,
    bold: bool,
    reversed: bool,
    align: u8,
}

impl Style {
    const PLAIN: Style = Style {
        scale: 1,
        bold: false,
        reversed: false,
        align: 0,
    };
}

struct Writer<'a> {
    profile: &'a Profile,
    document: &'a Document,
    fonts: &'a Fonts,
    out: Vec<u8>,
    /// Blocks that wait to be sent as one picture.
    waiting: Vec<Block>,
    style: Style,
}

impl Writer<'_> {
    fn begin(&mut self) {
        let page = self
            .profile
            .code_page_number
            .unwrap_or_else(|| self.profile.code_page.number());
        self.out.extend([ESC, b'@']);
        // Printers for Chinese take two bytes for one letter until they are told not to.
        self.out.extend([FS, b'.']);
        // The national letters of the United States: with others, `#`, `$` and `@` are something else.
        self.out.extend([ESC, b'R', 0]);
        self.out.extend([ESC, b't', page]);
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Text { text, align, look } => {
                if !self.text(text, *align, *look) {
                    self.draw(block);
                }
            }
            Block::Row(row) => {
                if !self.row(row) {
                    self.draw(block);
                }
            }
            Block::Space { dots } => self.space(*dots),
            Block::Qr { data, module_dots } => {
                if !self.qr(data, *module_dots) {
                    self.draw(block);
                }
            }
            Block::Rule { .. } | Block::Barcode { .. } | Block::Image { .. } => self.draw(block),
            Block::Cut => self.cut(),
            Block::Drawer => {
                self.flush();
                self.out.extend(drawer_pulse(self.profile));
            }
        }
    }

    // --- dots ---------------------------------------------------------------------------------------------------------

    fn draw(&mut self, block: &Block) {
        self.waiting.push(block.clone());
    }

    fn space(&mut self, dots: u16) {
        if !self.waiting.is_empty() || self.profile.raster_only {
            self.waiting.push(Block::Space { dots });
            return;
        }
        let mut left = dots;
        while left > 0 {
            let step = u8::try_from(left).unwrap_or(u8::MAX);
            self.out.extend([ESC, b'J', step]);
            left -= u16::from(step);
        }
    }

    /// Sends the blocks that wait, in bands.
    fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let blocks = std::mem::take(&mut self.waiting);
        let document = self.document;
        let picture = self.fonts.with(|engine: &mut Engine| {
            let layout = layout_of(&blocks, document, engine);
            drawn(&layout, engine)
        });
        self.style(Style {
            align: 0,
            ..self.style
        });
        let stride = u16::try_from(picture.stride()).unwrap_or(u16::MAX).to_le_bytes();
        let mut top = 0;
        while top < picture.height() {
            let rows = BAND.min(picture.height() - top);
            let count = u16::try_from(rows).unwrap_or(u16::MAX).to_le_bytes();
            self.out.extend([GS, b'v', b'0', 0]);
            self.out.extend(stride);
            self.out.extend(count);
            for row in top..top + rows {
                self.out.extend_from_slice(picture.row(row));
            }
            top += rows;
        }
    }

    // --- letters ------------------------------------------------------------------------------------------------------

    fn style(&mut self, style: Style) {
        if style.align != self.style.align {
            self.out.extend([ESC, b'a', style.align]);
        }
        if style.bold != self.style.bold {
            self.out.extend([ESC, b'E', u8::from(style.bold)]);
        }
        if style.reversed != self.style.reversed {
            self.out.extend([GS, b'B', u8::from(style.reversed)]);
        }
        if style.scale != self.style.scale {
            let step = style.scale - 1;
            self.out.extend([GS, b'!', step << 4 | step]);
        }
        self.style = style;
    }

    fn line(&mut self, bytes: &[u8], style: Style) {
        self.flush();
        self.style(style);
        self.out.extend_from_slice(bytes);
        self.out.push(b'\n');
    }

    fn columns(&self, scale: u8) -> usize {
        (usize::from(self.profile.columns) / usize::from(scale)).max(1)
    }

    fn encode(&self, text: &str) -> Option<Vec<u8>> {
        self.profile.code_page.encode(text)
    }

    /// Whether the text went out as letters.
    fn text(&mut self, text: &str, align: Align, look: Look) -> bool {
        if self.profile.raster_only {
            return false;
        }
        let text = printable(text);
        let Some(lines) = text
            .split('\n')
            .map(|line| self.encode(line))
            .collect::<Option<Vec<_>>>()
        else {
            return false;
        };
        let longest = lines.iter().map(|line| longest_word(line)).max().unwrap_or(0);
        let scale = self.scale_for(look.size, longest);
        let columns = self.columns(scale);
        let align = match (align, self.document.rtl) {
            (Align::Centre, _) => 1,
            (Align::Start, false) | (Align::End, true) => 0,
            (Align::Start, true) | (Align::End, false) => 2,
        };
        let style = Style {
            scale,
            bold: look.bold,
            reversed: look.reversed,
            align,
        };
        for line in lines {
            for part in wrapped(&line, columns) {
                if look.reversed {
                    // The band goes over the whole width.
                    let part = padded(&part, columns, align);
                    self.line(&part, Style { align: 0, ..style });
                } else {
                    self.line(&part, style);
                }
            }
        }
        true
    }

    /// The largest scale of a size at which so many characters still stand on one line.
    fn scale_for(&self, size: Size, characters: usize) -> u8 {
        let most = match size {
            Size::Small | Size::One => 1,
            Size::Two => 2,
            Size::Three => 3,
            Size::Four => 4,
            Size::Huge => 6,
        };
        (1..=most)
            .rev()
            .find(|scale| self.columns(*scale) >= characters)
            .unwrap_or(1)
    }

    /// Whether the row went out as letters.
    fn row(&mut self, row: &Row) -> bool {
        if self.profile.raster_only {
            return false;
        }
        let flat = |text: &str| printable(text).replace('\n', " ");
        let (Some(lead), Some(text), Some(amount)) = (
            self.encode(&flat(&row.lead)),
            self.encode(&flat(&row.text)),
            self.encode(&flat(&row.amount)),
        ) else {
            return false;
        };
        let (text, amount, lead) = (text.trim_ascii(), amount.trim_ascii(), lead.trim_ascii());
        let scale = self.scale_for(row.look.size, amount.len().max(longest_word(text)));
        let columns = self.columns(scale);
        let style = Style {
            scale,
            bold: row.look.bold,
            reversed: row.look.reversed,
            align: 0,
        };
        let lead_width = (usize::from(row.lead_width) / usize::from(scale)).min(columns / 3);
        let gap = usize::from(!amount.is_empty());
        let beside = columns.saturating_sub(lead_width + amount.len() + gap);
        let word = longest_word(text);
        let stacked = gap > 0
            && (beside == 0
                || (!text.is_empty()
                    && (beside < word.min(columns - lead_width)
                        || (beside < columns / 4 && beside < text.len()))));
        let width = if stacked { columns - lead_width } else { beside }.max(1);
        // A lead that is longer than its column is text like any other.
        let (lead, text) = if lead.len() < lead_width || lead.is_empty() {
            (lead.to_vec(), text.to_vec())
        } else {
            (Vec::new(), [lead, b" ", text].concat())
        };
        let mut parts = wrapped(&text, width);
        if parts.is_empty() && !(stacked && lead.is_empty()) {
            parts.push(Vec::new());
        }
        let mirrored = self.document.rtl;
        let assembled = |lead: &[u8], part: &[u8], amount: &[u8]| {
            let side = if mirrored { 2 } else { 0 };
            let lead = padded(lead, lead_width, side);
            let room = columns.saturating_sub(lead_width + amount.len());
            let part = padded(part, room, side);
            if mirrored {
                [amount, &part, &lead].concat()
            } else {
                [&lead, &part, amount].concat()
            }
        };
        for (index, part) in parts.iter().enumerate() {
            let first = index == 0;
            let lead = if first { lead.as_slice() } else { &[] };
            let amount = if first && !stacked { amount } else { &[] };
            let line = assembled(lead, part, amount);
            self.line(trim_end(&line, row.look.reversed), style);
        }
        if stacked {
            for part in amount.chunks(columns) {
                let line = padded(part, columns, if mirrored { 0 } else { 2 });
                self.line(trim_end(&line, row.look.reversed), style);
            }
        }
        true
    }

    // --- the rest -----------------------------------------------------------------------------------------------------

    /// Whether the printer draws the code itself.
    fn qr(&mut self, data: &str, module_dots: u8) -> bool {
        if self.profile.qr != QrMode::Native || self.profile.raster_only {
            return false;
        }
        let Some(dots) = symbol::qr_modules(data).and_then(|modules| {
            symbol::qr_module_dots(
                modules.width(),
                module_dots,
                u32::from(self.document.paper.width()),
            )
        }) else {
            return false;
        };
        let (Ok(dots), Ok(length)) = (u8::try_from(dots), u16::try_from(data.len() + 3)) else {
            return false;
        };
        self.flush();
        self.style(Style {
            align: 1,
            ..Style::PLAIN
        });
        self.space(u16::from(dots) * 4);
        let out = &mut self.out;
        // Model 2, the module's size, error correction M, the text, print.
        out.extend([GS, b'(', b'k', 4, 0, b'1', b'A', b'2', 0]);
        out.extend([GS, b'(', b'k', 3, 0, b'1', b'C', dots.min(16)]);
        out.extend([GS, b'(', b'k', 3, 0, b'1', b'E', b'1']);
        out.extend([GS, b'(', b'k']);
        out.extend(length.to_le_bytes());
        out.extend(*b"1P0");
        out.extend_from_slice(data.as_bytes());
        out.extend([GS, b'(', b'k', 3, 0, b'1', b'Q', b'0']);
        self.space(u16::from(dots) * 4);
        true
    }

    fn cut(&mut self) {
        self.flush();
        self.style(Style::PLAIN);
        let feed = match self.profile.cutter {
            // By hand the paper is torn above the print head, about this many lines up.
            Cutter::None => self.profile.feed_lines.max(3),
            Cutter::Full | Cutter::Partial => self.profile.feed_lines,
        };
        if feed > 0 {
            self.out.extend([ESC, b'd', feed]);
        }
        // Without lines of ours the printer is told to feed to its own knife; not every one can.
        let function = match (self.profile.cutter, feed) {
            (Cutter::Full, 0) => &[b'A', 0][..],
            (Cutter::Full, _) => &[0],
            (Cutter::Partial, 0) => &[b'B', 0],
            (Cutter::Partial, _) => &[1],
            (Cutter::None, _) => return,
        };
        self.out.extend([GS, b'V']);
        self.out.extend_from_slice(function);
    }
}

fn longest_word(line: &[u8]) -> usize {
    line.split(|byte| *byte == b' ')
        .map(<[u8]>::len)
        .max()
        .unwrap_or(0)
}

/// Lines of at most `columns` characters, broken between words; a word that is longer is broken inside.
fn wrapped(line: &[u8], columns: usize) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut current: Vec<u8> = Vec::new();
    for word in line.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        if !current.is_empty() && current.len() + 1 + word.len() <= columns {
            current.push(b' ');
            current.extend_from_slice(word);
            continue;
        }
        if !current.is_empty() {
            lines.push(std::mem::take(&mut current));
        }
        let mut pieces = word.chunks(columns.max(1)).peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_some() {
                lines.push(piece.to_vec());
            } else {
                current = piece.to_vec();
            }
        }
    }
    if !current.is_empty() {
        lines.push(current);
    }
    lines
}

/// Brings a text to a width: 0 at its start, 1 in the middle, 2 at its end.
fn padded(text: &[u8], width: usize, align: u8) -> Vec<u8> {
    let free = width.saturating_sub(text.len());
    let before = match align {
        0 => 0,
        1 => free / 2,
        _ => free,
    };
    let mut line = vec![b' '; before];
    line.extend_from_slice(text);
    line.resize(line.len() + free - before, b' ');
    line
}

/// Blanks at the end print nothing, unless they are white on black.
fn trim_end(line: &[u8], reversed: bool) -> &[u8] {
    if reversed { line } else { line.trim_ascii_end() }
}
