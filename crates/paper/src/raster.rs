//! A layout as dots, exactly as a thermal printer burns them.
#![allow(
    clippy::float_arithmetic,
    reason = "glyphs stand between the dots; no amount of money is calculated here"
)]

use cosmic_text::{SwashCache, SwashContent};

use crate::{
    bitmap::Bitmap,
    document::Document,
    fonts::{Engine, Fonts},
    layout::{Item, Layout, Run, layout},
};

/// How dark a dot has to be to be burnt. Paper spreads ink a little, so this is below the half.
const THRESHOLD: u8 = 110;

/// The document as dots: the preview, and what a printer prints that takes only pictures.
pub fn raster(document: &Document, fonts: &Fonts) -> Bitmap {
    fonts.with(|engine| {
        let layout = layout(document, engine);
        drawn(&layout, engine)
    })
}

/// Rows above and below a layout for signs that reach out of their line.
const OVERHANG: u32 = 24;

pub(crate) fn drawn(layout: &Layout, engine: &mut Engine) -> Bitmap {
    let mut bitmap = Bitmap::new(layout.width, layout.height + 2 * OVERHANG);
    let mut cache = SwashCache::new();
    for item in &layout.items {
        match item {
            Item::Run(run) => draw_run(run, engine, &mut cache, &mut bitmap),
            Item::Area { x, y, width, height } => bitmap.fill(*x, *y + OVERHANG, *width, *height, true),
            Item::Picture { x, y, scale, picture } => {
                for row in 0..picture.height() {
                    for column in (0..picture.width()).filter(|column| picture.get(*column, row)) {
                        bitmap.fill(
                            x + column * scale,
                            y + OVERHANG + row * scale,
                            *scale,
                            *scale,
                            true,
                        );
                    }
                }
            }
        }
    }
    let used = |row: &u32| bitmap.row(*row).iter().any(|byte| *byte != 0);
    let top = (0..OVERHANG).find(used).unwrap_or(OVERHANG);
    let end = layout.height + OVERHANG;
    let bottom = (end..end + OVERHANG).rev().find(used).map_or(end, |row| row + 1);
    bitmap.rows(top, bottom - top)
}

fn draw_run(run: &Run, engine: &mut Engine, cache: &mut SwashCache, bitmap: &mut Bitmap) {
    for glyph in &run.glyphs {
        let place = glyph.physical((run.x, run.y), 1.0);
        // A missing bold is made of two strokes, one or more dots apart.
        let strokes = if engine.is_imitated(glyph.font_id) {
            1 + (run.size / 24.0).round().max(1.0) as i32
        } else {
            1
        };
        let Some(image) = cache.get_image(&mut engine.system, place.cache_key) else {
            continue;
        };
        if image.content != SwashContent::Mask || image.placement.width == 0 {
            continue;
        }
        let (left, top) = (place.x + image.placement.left, place.y - image.placement.top);
        for (row, covered) in (0i32..).zip(image.data.chunks_exact(image.placement.width as usize)) {
            for (column, _) in (0i32..).zip(covered).filter(|(_, cover)| **cover > THRESHOLD) {
                for stroke in 0..strokes {
                    if let (Ok(x), Ok(y)) = (
                        u32::try_from(left + column + stroke),
                        u32::try_from(top + row + OVERHANG as i32),
                    ) {
                        bitmap.set(x, y, !run.white);
                    }
                }
            }
        }
    }
}
