//! A layout as a PDF file: the same places as on thermal paper, with letters that can be searched and copied. Only the
//! glyphs that are used are embedded.
#![allow(
    clippy::float_arithmetic,
    reason = "points on a page; no amount of money is calculated here"
)]

use std::{collections::HashMap, ops::Range};

use cosmic_text::{LayoutGlyph, fontdb::ID};
use krilla::{
    Document as File,
    color::luma,
    geom::{PathBuilder, Point, Rect, Transform},
    metadata::Metadata,
    page::PageSettings,
    paint::{Fill, Stroke},
    surface::Surface,
    text::{Font, GlyphId, KrillaGlyph},
};
use thiserror::Error;

use crate::{
    bitmap::Bitmap,
    document::{Document, Paper},
    fonts::{Engine, Fonts},
    layout::{Item, Layout, Run, layout},
    sheet::{self, Placed, Sheet},
};

/// What the document is written on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PdfPage {
    /// One page as long as the slip, as wide as its roll.
    #[default]
    Roll,
    /// Sheets of A4.
    A4,
}

/// Why a PDF could not be written.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the PDF could not be written: {0}")]
pub struct PdfError(String);

const BLACK: u8 = 0;
const WHITE: u8 = 255;
/// Asides on a sheet: dark enough to be read, and to survive a fax.
const GREY: u8 = 85;
/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
/// The longest page that readers open, less a little.
const LONGEST: f32 = 14_000.0;
const A4: (f32, f32) = (210.0 * MM, 297.0 * MM);
const A4_MARGIN: f32 = 20.0 * MM;
/// How much smaller a document may be set to fit one sheet.
const SMALLER: f32 = 0.75;
const ROLL_MARGIN: f32 = 5.0 * MM;

struct Format {
    width: f32,
    /// Of a full page, margins included; a roll's page may be shorter.
    height: f32,
    left: f32,
    top: f32,
    /// Points in a dot.
    scale: f32,
}

/// The document as a PDF file.
pub fn pdf(document: &Document, fonts: &Fonts, page: PdfPage) -> Result<Vec<u8>, PdfError> {
    match page {
        PdfPage::Roll => {
            let scale = MM / 8.0;
            let printed = f32::from(document.paper.width()) * scale;
            let format = Format {
                width: printed + 2.0 * (4.0 * MM),
                height: LONGEST,
                left: 4.0 * MM,
                top: ROLL_MARGIN,
                scale,
            };
            written(document, fonts, &format, true)
        }
        PdfPage::A4 => {
            let document = document.on(Paper::A4);
            let format = Format {
                width: A4.0,
                height: A4.1,
                left: A4_MARGIN,
                top: A4_MARGIN,
                scale: (A4.0 - 2.0 * A4_MARGIN) / f32::from(Paper::A4.width()),
            };
            written(&document, fonts, &format, false)
        }
    }
}

/// Sheets of A4 as a PDF file.
pub fn sheet_pdf(sheet: &Sheet, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    fonts.with(|engine| {
        let pages = sheet::pages(sheet, engine);
        let mut file = File::new();
        file.set_metadata(
            Metadata::new()
                .language(sheet.language.clone())
                .title(sheet.title.clone()),
        );
        let mut letters = Letters {
            known: HashMap::new(),
        };
        let (width, height) = (sheet::WIDTH / sheet::UNITS, sheet::HEIGHT / sheet::UNITS);
        let scale = 1.0 / sheet::UNITS;
        for items in &pages {
            let settings = PageSettings::from_wh(width, height)
                .ok_or_else(|| PdfError(format!("no page is {width} by {height} points")))?;
            let mut page = file.start_page_with(settings);
            let mut surface = page.surface();
            surface.push_transform(&Transform::from_row(scale, 0.0, 0.0, scale, 0.0, 0.0));
            for item in items {
                match item {
                    Placed::Item(item) => letters.draw(item, engine, &mut surface)?,
                    Placed::Grey(run) => letters.run(run, GREY, engine, &mut surface)?,
                    Placed::Shade {
                        x,
                        y,
                        width,
                        height,
                        luma,
                    } => {
                        fill(&mut surface, *luma);
                        let mut path = PathBuilder::new();
                        push(&mut path, *x, *y, *width, *height);
                        if let Some(path) = path.finish() {
                            surface.draw_path(&path);
                        }
                    }
                }
            }
            surface.pop();
            surface.finish();
            page.finish();
        }
        file.finish().map_err(|error| PdfError(format!("{error:?}")))
    })
}

/// A layout at its place on a page, in points.
pub(crate) struct Drawn {
    pub x: f32,
    pub y: f32,
    /// Points in a dot.
    pub scale: f32,
    pub layout: Layout,
}

/// Pages of A4 with many small layouts on each.
pub(crate) fn drawn(pages: &[Vec<Drawn>], language: &str, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    fonts.with(|engine| {
        let mut file = File::new();
        file.set_metadata(Metadata::new().language(language.to_owned()));
        let mut letters = Letters {
            known: HashMap::new(),
        };
        for placed in pages {
            let settings = PageSettings::from_wh(A4.0, A4.1)
                .ok_or_else(|| PdfError("no page is as large as A4".to_owned()))?;
            let mut page = file.start_page_with(settings);
            let mut surface = page.surface();
            for one in placed {
                surface.push_transform(&Transform::from_row(one.scale, 0.0, 0.0, one.scale, one.x, one.y));
                for item in &one.layout.items {
                    letters.draw(item, engine, &mut surface)?;
                }
                surface.pop();
            }
            surface.finish();
            page.finish();
        }
        file.finish().map_err(|error| PdfError(format!("{error:?}")))
    })
}

fn written(document: &Document, fonts: &Fonts, format: &Format, fitted: bool) -> Result<Vec<u8>, PdfError> {
    fonts.with(|engine| {
        let layout = layout(document, engine);
        let (mut scale, mut left) = (format.scale, format.left);
        let room = format.height - 2.0 * format.top;
        let needed = layout.height as f32 * scale;
        // What is only a little longer than a sheet is set smaller: nobody wants the thanks on a page of its own.
        if !fitted && needed > room && needed * SMALLER <= room {
            scale *= room / needed;
            left = (format.width - layout.width as f32 * scale) / 2.0;
        }
        let room = ((room / scale).ceil() as u32).max(1);
        let starts = pages(&layout, room);
        let mut file = File::new();
        let mut metadata = Metadata::new().language(document.language.clone());
        if !document.title.is_empty() {
            metadata = metadata.title(document.title.clone());
        }
        file.set_metadata(metadata);
        let mut letters = Letters {
            known: HashMap::new(),
        };
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(u32::MAX);
            let height = if fitted {
                (layout.height.min(end).saturating_sub(*start)) as f32 * scale + 2.0 * format.top
            } else {
                format.height
            };
            let settings = PageSettings::from_wh(format.width, height)
                .ok_or_else(|| PdfError(format!("no page is {} by {height} points", format.width)))?;
            let mut page = file.start_page_with(settings);
            let mut surface = page.surface();
            let down = format.top - *start as f32 * scale;
            surface.push_transform(&Transform::from_row(scale, 0.0, 0.0, scale, left, down));
            for item in layout
                .items
                .iter()
                .filter(|item| (*start..end).contains(&top(item)))
            {
                letters.draw(item, engine, &mut surface)?;
            }
            surface.pop();
            surface.finish();
            page.finish();
        }
        file.finish().map_err(|error| PdfError(format!("{error:?}")))
    })
}

/// Where pages begin: between two blocks, and inside of one only when it is longer than a page.
fn pages(layout: &Layout, room: u32) -> Vec<u32> {
    let mut starts = vec![0];
    let mut start = 0;
    let mut last = 0;
    for end in layout.breaks.iter().copied() {
        while end > start + room {
            start = if last > start { last } else { start + room };
            starts.push(start);
        }
        last = end;
    }
    starts
}

fn top(item: &Item) -> u32 {
    match item {
        // The baseline less the letters' height; negative becomes 0.
        Item::Run(run) => (run.y - run.size * 0.8) as u32,
        Item::Area { y, .. } | Item::Picture { y, .. } => *y,
    }
}

/// The fonts of one file.
struct Letters {
    known: HashMap<ID, Font>,
}

impl Letters {
    fn draw(&mut self, item: &Item, engine: &mut Engine, surface: &mut Surface<'_>) -> Result<(), PdfError> {
        match item {
            Item::Run(run) => self.run(run, if run.white { WHITE } else { BLACK }, engine, surface),
            Item::Area { x, y, width, height } => {
                fill(surface, BLACK);
                let mut path = PathBuilder::new();
                push(&mut path, *x, *y, *width, *height);
                if let Some(path) = path.finish() {
                    surface.draw_path(&path);
                }
                Ok(())
            }
            Item::Picture { x, y, scale, picture } => {
                fill(surface, BLACK);
                if let Some(path) = outlined(picture, *x, *y, *scale).finish() {
                    surface.draw_path(&path);
                }
                Ok(())
            }
        }
    }

    fn run(
        &mut self,
        run: &Run,
        luma: u8,
        engine: &mut Engine,
        surface: &mut Surface<'_>,
    ) -> Result<(), PdfError> {
        let Some(first) = run.glyphs.first() else {
            return Ok(());
        };
        let font = match self.known.get(&first.font_id) {
            Some(font) => font.clone(),
            None => {
                let (data, index) = engine
                    .data(first.font_id)
                    .ok_or_else(|| PdfError("a font is gone".to_owned()))?;
                let font = Font::new(data.into(), index)
                    .ok_or_else(|| PdfError("a font cannot be read".to_owned()))?;
                self.known.insert(first.font_id, font.clone());
                font
            }
        };
        fill(surface, luma);
        if engine.is_imitated(first.font_id) {
            surface.set_stroke(Some(Stroke {
                paint: luma::Color::new(luma).into(),
                width: run.size / 24.0,
                ..Stroke::default()
            }));
        }
        let shown: Vec<(&LayoutGlyph, Range<usize>)> = run
            .glyphs
            .iter()
            .zip(readable(run))
            .filter(|(glyph, _)| !is_hidden(&run.text[glyph.start..glyph.end]))
            .collect();
        let Some(start) = shown.first().map(|(glyph, _)| glyph.x) else {
            return Ok(());
        };
        let glyphs: Vec<KrillaGlyph> = shown
            .iter()
            .enumerate()
            .map(|(index, (glyph, range))| {
                // What is hidden may still take room: the next one's place counts.
                let next = shown.get(index + 1).map_or(glyph.x + glyph.w, |(next, _)| next.x);
                KrillaGlyph::new(
                    GlyphId::new(u32::from(glyph.glyph_id)),
                    (next - glyph.x) / run.size,
                    glyph.x_offset,
                    glyph.y_offset,
                    0.0,
                    range.clone(),
                    None,
                )
            })
            .collect();
        surface.draw_glyphs(
            Point::from_xy(run.x + start, run.y),
            &glyphs,
            font,
            &run.text,
            run.size,
            false,
        );
        surface.set_stroke(None);
        Ok(())
    }
}

/// What each glyph stands for when the text is searched or copied. Where letters are made of several glyphs, readers
/// take every letter for a word of its own; there, a whole word is one thing. From right to left readers would turn
/// such a word round once more; there, the dots of a letter stand for nothing and its body for all of it.
fn readable(run: &Run) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = run.glyphs.iter().map(|glyph| glyph.start..glyph.end).collect();
    let composed = ranges.windows(2).any(|pair| pair[0] == pair[1]);
    if !composed {
        return ranges;
    }
    if run.glyphs.iter().any(|glyph| glyph.level.is_rtl()) {
        for (range, glyph) in ranges.iter_mut().zip(&run.glyphs) {
            if glyph.w < 0.01 {
                range.end = range.start;
            }
        }
        return ranges;
    }
    let blank = |range: &Range<usize>| {
        let text = &run.text[range.clone()];
        text.trim().is_empty() || is_hidden(text)
    };
    for word in ranges.chunk_by_mut(|a, b| !blank(a) && !blank(b)) {
        let start = word.iter().map(|range| range.start).min().unwrap_or(0);
        let end = word.iter().map(|range| range.end).max().unwrap_or(0);
        word.fill(start..end);
    }
    ranges
}

/// Only steers the direction of its neighbours.
fn is_hidden(text: &str) -> bool {
    text.chars()
        .all(|character| matches!(character, '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}'))
}

fn fill(surface: &mut Surface<'_>, luma: u8) {
    surface.set_fill(Some(Fill {
        paint: luma::Color::new(luma).into(),
        ..Fill::default()
    }));
}

fn push(path: &mut PathBuilder, x: u32, y: u32, width: u32, height: u32) {
    if let Some(rectangle) = Rect::from_xywh(x as f32, y as f32, width as f32, height as f32) {
        path.push_rect(rectangle);
    }
}

/// The black dots of a picture as one path of runs.
fn outlined(picture: &Bitmap, x: u32, y: u32, scale: u32) -> PathBuilder {
    let mut path = PathBuilder::new();
    for row in 0..picture.height() {
        let mut column = 0;
        while column < picture.width() {
            let start = column;
            while picture.get(column, row) {
                column += 1;
            }
            if column > start {
                push(
                    &mut path,
                    x + start * scale,
                    y + row * scale,
                    (column - start) * scale,
                    scale,
                );
            }
            column += 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Align, Block, Look};

    /// The texts behind the glyphs of a line, in the order of its characters.
    fn behind(line: &str) -> Vec<String> {
        let document = Document {
            blocks: vec![Block::Text {
                text: line.to_owned(),
                align: Align::Start,
                look: Look::default(),
            }],
            ..Document::new(Paper::MM80)
        };
        let layout = Fonts::new().with(|engine| layout(&document, engine));
        let mut ranges: Vec<(usize, usize, String)> = layout
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Run(run) => Some(run),
                _ => None,
            })
            .flat_map(|run| {
                readable(run)
                    .into_iter()
                    .map(|range| (range.start, range.end, run.text[range].to_owned()))
            })
            .filter(|(start, end, _)| start < end)
            .collect();
        ranges.sort();
        ranges.dedup();
        ranges.into_iter().map(|(_, _, text)| text).collect()
    }

    #[test]
    fn every_letter_stands_behind_its_glyph_once() {
        assert_eq!(behind("Chai 2"), ["C", "h", "a", "i", " ", "2"]);
        assert_eq!(
            behind("क्षत्रिय थाली"),
            ["क्षत्रिय", " ", "थाली"],
            "words of composed letters stay whole"
        );
        assert_eq!(
            behind("شاي بيت").concat(),
            "شاي بيت",
            "dots are no letters of their own"
        );
        assert!(behind("شاي بيت").len() >= 6, "letter by letter");
    }

    #[test]
    fn pages_begin_between_blocks_where_they_can() {
        let layout = |breaks: &[u32]| Layout {
            breaks: breaks.to_vec(),
            ..Layout::default()
        };
        assert_eq!(pages(&layout(&[40, 90, 130, 180]), 100), [0, 90]);
        assert_eq!(pages(&layout(&[40, 100]), 100), [0], "just a page");
        assert_eq!(
            pages(&layout(&[40, 340]), 100),
            [0, 40, 140, 240],
            "a block that is longer than a page is cut"
        );
        assert_eq!(pages(&layout(&[]), 100), [0]);
    }
}
