//! Sheets of A4: texts, columns and tables that run over pages, in any script and both directions.
//!
//! A table's head stands again on every page it reaches, a row is never torn, and what belongs together stays together
//! as long as a page can hold it. Figures are never cut and never wrapped: a table whose figures need more room than
//! the sheet has is set smaller, and the words beside them wrap.
#![allow(
    clippy::float_arithmetic,
    reason = "glyphs stand between the dots; no amount of money is calculated here"
)]

use crate::{
    bitmap::Bitmap,
    document::{Align, printable},
    fonts::Engine,
    layout::{Item, Paragraph, Run, Side, shaped},
    symbol,
};

/// A whole document for sheets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// BCP 47, for readers of the file.
    pub language: String,
    /// Written from right to left: columns are mirrored and starts are at the right.
    pub rtl: bool,
    pub title: String,
    /// Stands small at the foot of every page, and at the head of every further one.
    pub running: String,
    /// "Page", "of": what the foot counts with.
    pub page_words: (String, String),
    pub pieces: Vec<Piece>,
}

/// How large letters are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Tiny,
    Small,
    #[default]
    Body,
    Large,
    Title,
}

/// A text and its look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    pub step: Step,
    pub bold: bool,
    pub grey: bool,
    pub align: Align,
}

impl Line {
    pub fn new(text: impl Into<String>) -> Line {
        Line {
            text: text.into(),
            ..Line::default()
        }
    }

    pub fn step(self, step: Step) -> Line {
        Line { step, ..self }
    }

    pub fn bold(self) -> Line {
        Line { bold: true, ..self }
    }

    pub fn grey(self) -> Line {
        Line { grey: true, ..self }
    }

    pub fn align(self, align: Align) -> Line {
        Line { align, ..self }
    }
}

/// One piece of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Line(Line),
    /// Points of nothing.
    Space(u16),
    Rule,
    /// White on black over the whole width: what nobody may overlook.
    Band(String),
    /// Side by side, as wide as their shares; kept on one page.
    Beside(Vec<(u16, Vec<Piece>)>),
    Table(Table),
    /// At the start of its column, so many millimetres wide.
    Qr {
        data: String,
        mm: u16,
    },
    Picture {
        picture: Bitmap,
        mm: u16,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    pub title: String,
    /// Its part of the room that is left; 0 is as wide as what stands in it.
    pub share: u16,
    pub align: Align,
}

/// What stands in one place of a table: a text, and smaller ones below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub below: Vec<String>,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            below: Vec::new(),
        }
    }

    pub fn below(mut self, text: impl Into<String>) -> Cell {
        let text = text.into();
        if !text.trim().is_empty() {
            self.below.push(text);
        }
        self
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// Bold, below a line.
    pub totals: Vec<Vec<Cell>>,
    /// Labels and amounts: without a head, and without lines between its rows.
    pub plain: bool,
}

/// Something at its place on a page.
#[derive(Clone, Debug)]
pub(crate) enum Placed {
    Item(Item),
    Grey(Run),
    Shade {
        x: u32,
        y: u32,
        width: u32,
        height: u32,
        luma: u8,
    },
}

impl Placed {
    fn moved(self, x: f32, y: f32) -> Placed {
        let run = |mut run: Run| {
            run.x += x;
            run.y += y;
            run
        };
        let at = |value: u32, by: f32| (value as f32 + by).round().max(0.0) as u32;
        match self {
            Placed::Grey(grey) => Placed::Grey(run(grey)),
            Placed::Item(Item::Run(black)) => Placed::Item(Item::Run(run(black))),
            Placed::Item(Item::Area {
                x: left,
                y: top,
                width,
                height,
            }) => Placed::Item(Item::Area {
                x: at(left, x),
                y: at(top, y),
                width,
                height,
            }),
            Placed::Item(Item::Picture {
                x: left,
                y: top,
                scale,
                picture,
            }) => Placed::Item(Item::Picture {
                x: at(left, x),
                y: at(top, y),
                scale,
                picture,
            }),
            Placed::Shade {
                x: left,
                y: top,
                width,
                height,
                luma,
            } => Placed::Shade {
                x: at(left, x),
                y: at(top, y),
                width,
                height,
                luma,
            },
        }
    }

    /// Where it begins, so that it can be told which page it is on.
    fn top(&self) -> f32 {
        match self {
            Placed::Item(Item::Run(run)) | Placed::Grey(run) => run.y - run.size,
            Placed::Item(Item::Area { y, .. } | Item::Picture { y, .. }) | Placed::Shade { y, .. } => {
                *y as f32
            }
        }
    }
}

/// Units in a point: places are whole units, and a quarter of a point is finer than any printer.
pub(crate) const UNITS: f32 = 4.0;
/// A4 in units.
pub(crate) const WIDTH: f32 = 595.275 * UNITS;
pub(crate) const HEIGHT: f32 = 841.89 * UNITS;
const MARGIN: f32 = 42.5 * UNITS;
/// The foot stands below what is written.
const FOOT: f32 = 16.0 * UNITS;
const MM: f32 = 72.0 / 25.4 * UNITS;
const GAP: f32 = 7.0 * UNITS;
const BESIDE_GAP: f32 = 16.0 * UNITS;
const ROW_AIR: f32 = 3.5 * UNITS;
/// The least that is left for words in a table, before its letters are made smaller.
const LEAST_WORDS: f32 = 110.0 * UNITS;
const HAIR: u32 = 2;

fn size_of(step: Step) -> f32 {
    UNITS
        * match step {
            Step::Tiny => 7.0,
            Step::Small => 8.0,
            Step::Body => 9.0,
            Step::Large => 12.0,
            Step::Title => 17.0,
        }
}

fn line_height(size: f32) -> f32 {
    (size * 1.36).round()
}

/// Things with their places counted from a corner of their own.
#[derive(Default)]
struct Group {
    items: Vec<Placed>,
    height: f32,
    /// Of the first line of letters.
    baseline: Option<f32>,
}

/// The pages of a sheet.
pub(crate) fn pages(sheet: &Sheet, engine: &mut Engine) -> Vec<Vec<Placed>> {
    let mut book = Book {
        setter: Setter {
            engine,
            rtl: sheet.rtl,
        },
        pages: vec![Vec::new()],
        y: 0.0,
        head: None,
        begun: false,
    };
    book.write(sheet);
    book.pages
}

struct Book<'a> {
    setter: Setter<'a>,
    pages: Vec<Vec<Placed>>,
    /// Below what stands on the last page, from its upper margin.
    y: f32,
    /// What stands at the top of a further page.
    head: Option<String>,
    /// More than its head stands on the last page.
    begun: bool,
}

impl Book<'_> {
    fn room() -> f32 {
        HEIGHT - 2.0 * MARGIN - FOOT
    }

    fn write(&mut self, sheet: &Sheet) {
        self.head = Some(sheet.running.clone()).filter(|text| !text.trim().is_empty());
        for piece in &sheet.pieces {
            match piece {
                Piece::Table(table) => self.table(table),
                // Nobody sees emptiness at the top of a page.
                Piece::Space(_) if !self.begun => {}
                Piece::Space(points) => self.y += f32::from(*points) * UNITS,
                Piece::Beside(columns) => self.beside(columns),
                piece => {
                    let group = self.setter.piece(piece, self.setter.width());
                    self.put(group);
                }
            }
        }
        self.feet(sheet);
    }

    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = 0.0;
        if let Some(head) = self.head.clone() {
            let line = Line::new(head).step(Step::Small).grey();
            let group = self.setter.piece(&Piece::Line(line), self.setter.width());
            self.put(group);
            self.y += 6.0 * UNITS;
        }
        self.begun = false;
    }

    fn fits(&self, height: f32) -> bool {
        self.y + height <= Self::room()
    }

    /// On this page, or on the next when it does not fit; torn only when no page could hold it.
    fn put(&mut self, group: Group) {
        if !self.fits(group.height) && self.begun {
            self.turn();
        }
        self.begun = true;
        let line = line_height(size_of(Step::Body));
        let (mut items, mut from) = (group.items, 0.0);
        while group.height - from > Self::room() - self.y {
            let cut = from + Self::room() - self.y - line;
            let (now, later) = items.into_iter().partition(|item| item.top() < cut);
            self.place(now, MARGIN + self.y - from);
            self.pages.push(Vec::new());
            self.y = 0.0;
            (items, from) = (later, cut);
        }
        self.place(items, MARGIN + self.y - from);
        self.y += group.height - from;
    }

    fn place(&mut self, items: Vec<Placed>, y: f32) {
        if let Some(page) = self.pages.last_mut() {
            page.extend(items.into_iter().map(|item| item.moved(MARGIN, y)));
        }
    }

    fn beside(&mut self, columns: &[(u16, Vec<Piece>)]) {
        let group = self.setter.beside(columns, self.setter.width());
        if group.height <= Self::room() {
            self.put(group);
            return;
        }
        // Too long to stay together: one below the other, as they come.
        for piece in columns.iter().flat_map(|(_, pieces)| pieces) {
            let group = self.setter.piece(piece, self.setter.width());
            self.put(group);
        }
    }

    fn table(&mut self, table: &Table) {
        let width = self.setter.width();
        let set = self.setter.table(table, width);
        let mut head = Some(&set.head);
        let last = set.rows.len().saturating_sub(1);
        let totals: f32 = set.totals.iter().map(|row| row.height).sum();
        for (index, row) in set.rows.iter().enumerate() {
            let above = head.map_or(0.0, |head| head.height);
            // A total never stands on a page without a row.
            let below = if index == last { totals } else { 0.0 };
            if !self.fits(above + row.height + below) && self.begun {
                self.turn();
                head = Some(&set.head);
            }
            if let Some(head) = head.take() {
                self.put(head.copied());
            }
            self.put(row.copied());
        }
        if let Some(head) = head {
            self.put(head.copied());
        }
        for row in &set.totals {
            self.put(row.copied());
        }
    }

    fn feet(&mut self, sheet: &Sheet) {
        let count = self.pages.len();
        let (page_word, of_word) = &sheet.page_words;
        let width = self.setter.width();
        for index in 0..count {
            let number = match page_word.is_empty() {
                true => format!("{} / {count}", index + 1),
                false => format!("{page_word} {} {of_word} {count}", index + 1),
            };
            let foot = Piece::Beside(vec![
                (
                    3,
                    vec![Piece::Line(
                        Line::new(sheet.running.clone()).step(Step::Tiny).grey(),
                    )],
                ),
                (
                    1,
                    vec![Piece::Line(
                        Line::new(number).step(Step::Tiny).grey().align(Align::End),
                    )],
                ),
            ]);
            let group = self.setter.piece(&foot, width);
            let y = HEIGHT - MARGIN - FOOT / 2.0;
            if let Some(page) = self.pages.get_mut(index) {
                page.extend(group.items.into_iter().map(|item| item.moved(MARGIN, y)));
            }
        }
    }
}

impl Group {
    fn copied(&self) -> Group {
        Group {
            items: self.items.clone(),
            ..*self
        }
    }

    /// Below what is there.
    fn append(&mut self, other: Group) {
        let down = self.height;
        self.baseline = self.baseline.or(other.baseline.map(|baseline| baseline + down));
        self.items
            .extend(other.items.into_iter().map(|item| item.moved(0.0, down)));
        self.height += other.height;
    }
}

/// A table whose rows know their places.
struct SetTable {
    head: Group,
    rows: Vec<Group>,
    totals: Vec<Group>,
}

/// A text that was shaped once at its natural width.
struct Shaped {
    text: String,
    paragraph: Paragraph,
    bold: bool,
    size: f32,
    grey: bool,
}

struct Setter<'a> {
    engine: &'a mut Engine,
    rtl: bool,
}

impl Setter<'_> {
    fn width(&self) -> f32 {
        WIDTH - 2.0 * MARGIN
    }

    fn side(&self, align: Align) -> Side {
        match (align, self.rtl) {
            (Align::Centre, _) => Side::Center,
            (Align::Start, false) | (Align::End, true) => Side::Left,
            (Align::Start, true) | (Align::End, false) => Side::Right,
        }
    }

    fn shape(&mut self, text: &str, size: f32, bold: bool, width: f32, side: Side) -> Paragraph {
        shaped(self.engine, text, (size, line_height(size)), bold, width, side)
    }

    fn natural(&mut self, text: &str, size: f32, bold: bool, grey: bool) -> Shaped {
        let text = printable(text);
        self.engine.prepare(&text);
        let paragraph = self.shape(&text, size, bold, f32::INFINITY, Side::Left);
        Shaped {
            text,
            paragraph,
            bold,
            size,
            grey,
        }
    }

    /// A text in its column, as high as it becomes.
    fn within(&mut self, shaped: Shaped, width: f32, align: Align) -> Group {
        let side = self.side(align);
        let single = !shaped.text.contains('\n') && shaped.paragraph.width <= width;
        let (paragraph, left) = if single {
            let left = match side {
                Side::Right | Side::End => width - shaped.paragraph.width,
                Side::Center => (width - shaped.paragraph.width) / 2.0,
                _ => 0.0,
            };
            (shaped.paragraph, left)
        } else {
            // One unit of grace, so that rounding breaks no figure.
            (
                self.shape(&shaped.text, shaped.size, shaped.bold, width + 1.0, side),
                0.0,
            )
        };
        let height = paragraph.height;
        let baseline = paragraph.lines.first().map(|run| run.y);
        let items = paragraph
            .lines
            .into_iter()
            .map(|mut run| {
                run.x += left;
                match shaped.grey {
                    true => Placed::Grey(run),
                    false => Placed::Item(Item::Run(run)),
                }
            })
            .collect();
        Group {
            items,
            height,
            baseline,
        }
    }

    fn line(&mut self, line: &Line, width: f32) -> Group {
        if line.text.trim().is_empty() {
            return Group::default();
        }
        let shaped = self.natural(&line.text, size_of(line.step), line.bold, line.grey);
        self.within(shaped, width, line.align)
    }

    fn piece(&mut self, piece: &Piece, width: f32) -> Group {
        match piece {
            Piece::Line(line) => self.line(line, width),
            Piece::Space(points) => Group {
                height: f32::from(*points) * UNITS,
                ..Group::default()
            },
            Piece::Rule => Group {
                items: vec![shade(0.0, 0.0, width, HAIR, 0)],
                height: 4.0 * UNITS,
                baseline: None,
            },
            Piece::Band(text) => {
                let shaped = self.natural(text, size_of(Step::Large), true, false);
                let inner = self.within(shaped, width - 2.0 * GAP, Align::Centre);
                let height = inner.height + 2.0 * ROW_AIR;
                let mut items = vec![shade(0.0, 0.0, width, height as u32, 0)];
                items.extend(inner.items.into_iter().map(|item| match item {
                    Placed::Item(Item::Run(run)) => {
                        Placed::Item(Item::Run(Run { white: true, ..run })).moved(GAP, ROW_AIR)
                    }
                    other => other,
                }));
                Group {
                    items,
                    height,
                    baseline: None,
                }
            }
            Piece::Beside(columns) => self.beside(columns, width),
            Piece::Table(table) => {
                let set = self.table(table, width);
                let mut group = set.head;
                for row in set.rows.into_iter().chain(set.totals) {
                    group.append(row);
                }
                group
            }
            Piece::Qr { data, mm } => self.qr(data, f32::from(*mm) * MM, width),
            Piece::Picture { picture, mm } => self.picture(picture.clone(), f32::from(*mm) * MM, width),
        }
    }

    fn picture(&self, picture: Bitmap, wanted: f32, width: f32) -> Group {
        let wanted = wanted.min(width);
        let scale = ((wanted / picture.width().max(1) as f32).floor() as u32).max(1);
        let drawn = (picture.width() * scale) as f32;
        Group {
            height: (picture.height() * scale) as f32,
            items: vec![Placed::Item(Item::Picture {
                x: if self.rtl {
                    (width - drawn).max(0.0) as u32
                } else {
                    0
                },
                y: 0,
                scale,
                picture,
            })],
            baseline: None,
        }
    }

    fn qr(&mut self, data: &str, wanted: f32, width: f32) -> Group {
        match symbol::qr_modules(data) {
            Some(modules) => {
                let quiet = modules.width() + 2 * symbol::QUIET;
                let scale = ((wanted.min(width) / quiet as f32).floor() as u32).max(1);
                let side = (modules.width() * scale) as f32;
                let air = (symbol::QUIET * scale) as f32;
                Group {
                    height: side + 2.0 * air,
                    items: vec![Placed::Item(Item::Picture {
                        x: if self.rtl {
                            (width - side - air).max(0.0) as u32
                        } else {
                            air as u32
                        },
                        y: air as u32,
                        scale,
                        picture: modules,
                    })],
                    baseline: None,
                }
            }
            // A code that cannot be drawn is still there to be typed.
            None => self.line(&Line::new(data).step(Step::Tiny), width),
        }
    }

    fn beside(&mut self, columns: &[(u16, Vec<Piece>)], width: f32) -> Group {
        let shares: u32 = columns.iter().map(|(share, _)| u32::from((*share).max(1))).sum();
        let gaps = BESIDE_GAP * columns.len().saturating_sub(1) as f32;
        let room = (width - gaps).max(1.0);
        let mut whole = Group::default();
        let mut from_start = 0.0;
        for (share, pieces) in columns {
            let own = room * f32::from((*share).max(1)) / shares.max(1) as f32;
            let mut column = Group::default();
            for piece in pieces {
                let group = self.piece(piece, own);
                column.append(group);
            }
            let x = if self.rtl {
                width - from_start - own
            } else {
                from_start
            };
            whole.height = whole.height.max(column.height);
            whole
                .items
                .extend(column.items.into_iter().map(|item| item.moved(x, 0.0)));
            from_start += own + BESIDE_GAP;
        }
        whole
    }

    fn table(&mut self, table: &Table, width: f32) -> SetTable {
        // The figures decide how large the letters can be.
        let mut widths = Vec::new();
        let mut texts = Vec::new();
        for points in [9.0, 8.0, 7.0, 6.0, 5.0] {
            texts = self.shaped_table(table, points * UNITS);
            let (fitted, fits) = fitted(table, &texts, width);
            widths = fitted;
            if fits {
                break;
            }
        }
        let mut texts = texts.into_iter();
        let mut next = |setter: &mut Self, line: bool| -> Group {
            let cells = texts.next().unwrap_or_default();
            setter.row(table, cells, &widths, width, line)
        };
        let mut head = next(self, false);
        if table.plain {
            head = Group::default();
        } else {
            head.items
                .insert(0, shade(0.0, 0.0, width, head.height as u32, 232));
        }
        let rows = table.rows.iter().map(|_| next(self, !table.plain)).collect();
        let totals = table
            .totals
            .iter()
            .enumerate()
            .map(|(index, _)| {
                let mut row = next(self, false);
                if index == 0 {
                    row.items.push(shade(0.0, 0.0, width, HAIR + 1, 0));
                }
                row
            })
            .collect();
        SetTable { head, rows, totals }
    }

    /// Every text of a table at a size: the head, the rows, the totals; each cell its text and those below it.
    fn shaped_table(&mut self, table: &Table, size: f32) -> Vec<Vec<Vec<Shaped>>> {
        let small = (size * 0.86).round();
        let mut all = Vec::with_capacity(table.rows.len() + table.totals.len() + 1);
        all.push(
            table
                .columns
                .iter()
                .map(|column| match table.plain || column.title.trim().is_empty() {
                    true => Vec::new(),
                    false => vec![self.natural(&column.title, small, true, false)],
                })
                .collect(),
        );
        let rows = table.rows.iter().map(|row| (row, false));
        for (row, bold) in rows.chain(table.totals.iter().map(|row| (row, true))) {
            all.push(
                row.iter()
                    .map(|cell| {
                        let mut texts = Vec::with_capacity(1 + cell.below.len());
                        if !cell.text.is_empty() {
                            texts.push(self.natural(&cell.text, size, bold, false));
                        }
                        for below in &cell.below {
                            texts.push(self.natural(below, small, false, true));
                        }
                        texts
                    })
                    .collect(),
            );
        }
        all
    }

    fn row(
        &mut self,
        table: &Table,
        cells: Vec<Vec<Shaped>>,
        widths: &[f32],
        width: f32,
        line: bool,
    ) -> Group {
        let mut row = Group::default();
        let air = if table.plain { ROW_AIR / 2.0 } else { ROW_AIR };
        let mut from_start = if table.plain { 0.0 } else { GAP / 2.0 };
        let mut set = Vec::with_capacity(cells.len());
        for ((texts, column), own) in cells.into_iter().zip(&table.columns).zip(widths) {
            let mut cell = Group::default();
            for text in texts {
                let group = self.within(text, *own, column.align);
                cell.append(group);
            }
            let x = if self.rtl {
                width - from_start - own
            } else {
                from_start
            };
            set.push((x, cell));
            from_start += own + GAP;
        }
        // The first lines stand on one baseline, whatever their script and size.
        let lowest = set
            .iter()
            .filter_map(|(_, cell)| cell.baseline)
            .fold(0.0, f32::max);
        for (x, cell) in set {
            let down = cell.baseline.map_or(0.0, |baseline| lowest - baseline);
            row.height = row.height.max(cell.height + down);
            row.items
                .extend(cell.items.into_iter().map(|item| item.moved(x, air + down)));
        }
        row.height += 2.0 * air;
        row.height = row.height.ceil();
        if line {
            row.items
                .push(shade(0.0, row.height - HAIR as f32, width, HAIR, 205));
        }
        row
    }
}

fn shade(x: f32, y: f32, width: f32, height: u32, luma: u8) -> Placed {
    Placed::Shade {
        x: x as u32,
        y: y.max(0.0) as u32,
        width: width as u32,
        height,
        luma,
    }
}

/// How wide each column is, and whether the words have room enough.
fn fitted(table: &Table, texts: &[Vec<Vec<Shaped>>], width: f32) -> (Vec<f32>, bool) {
    let edges = if table.plain { 0.0 } else { GAP };
    let gaps = GAP * table.columns.len().saturating_sub(1) as f32 + edges;
    let mut widths: Vec<f32> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| match column.share {
            0 => texts
                .iter()
                .filter_map(|row| row.get(index))
                .flatten()
                .map(|text| text.paragraph.width.ceil())
                .fold(0.0, f32::max),
            _ => 0.0,
        })
        .collect();
    let fixed: f32 = widths.iter().sum();
    let shares: u32 = table.columns.iter().map(|column| u32::from(column.share)).sum();
    let left = width - gaps - fixed;
    if shares == 0 {
        // Without words the last figures end at the edge.
        if left > 0.0
            && let Some(first) = widths.first_mut()
        {
            *first += left;
        }
        return (widths, left >= 0.0);
    }
    let least = LEAST_WORDS.min(width * 0.3);
    let given = left.max(least);
    for (own, column) in widths.iter_mut().zip(&table.columns) {
        if column.share > 0 {
            *own = given * f32::from(column.share) / shares as f32;
        }
    }
    if left < least {
        // The smallest letters are still too wide: what is widest wraps.
        let factor = ((width - gaps - least) / fixed.max(1.0)).clamp(0.05, 1.0);
        for (own, column) in widths.iter_mut().zip(&table.columns) {
            if column.share == 0 {
                *own *= factor;
            }
        }
    }
    (widths, left >= least)
}
