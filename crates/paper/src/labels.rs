//! Sheets of stickers: as many labels on A4 as the sheet has, each as large as its sticker allows.
#![allow(
    clippy::float_arithmetic,
    reason = "points on a page; no amount of money is calculated here"
)]

use crate::{
    amount::money,
    document::{Align, Document, Look, Paper, Size},
    fonts::Fonts,
    layout::layout,
    pdf::{Drawn, PdfError, drawn},
    slips::{LabelData, begin, label, label_code},
};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
/// What stays white inside each sticker: printers never hit the edge.
const INSIDE: f32 = 2.0 * MM;

/// How the stickers of a sheet of A4 stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelSheet {
    pub columns: u16,
    pub rows: u16,
    /// Of one sticker, and of the first one's corner, in tenths of a millimetre.
    width: u16,
    height: u16,
    left: u16,
    top: u16,
    across: u16,
}

impl LabelSheet {
    /// The usual sheets by how many stickers they have: 24 (70 × 37 mm), 40 (52.5 × 29.7 mm), 65 (38.1 × 21.2 mm).
    pub fn of(stickers: u16) -> Option<LabelSheet> {
        let sheet = |columns, rows, width, height, left, top, across| LabelSheet {
            columns,
            rows,
            width,
            height,
            left,
            top,
            across,
        };
        Some(match stickers {
            24 => sheet(3, 8, 700, 370, 0, 5, 700),
            40 => sheet(4, 10, 525, 297, 0, 0, 525),
            65 => sheet(5, 13, 381, 212, 47, 107, 406),
            _ => return None,
        })
    }

    pub fn stickers(&self) -> usize {
        usize::from(self.columns) * usize::from(self.rows)
    }

    /// The dots that a label should be laid out on to fill one sticker.
    pub fn dots(&self) -> u16 {
        // Eight dots a millimetre, twice: small stickers take small letters.
        let inside = self.width.saturating_sub(40);
        (inside / 10 * 8).clamp(300, 576)
    }
}

/// A name of more characters than this is cut on a small sticker.
const SHORT_NAME: usize = 22;

/// What a small sticker has room for: name, price with its unit, and bars that are wide enough to be read.
fn sticker(data: &LabelData) -> Document {
    let (mut document, _) = begin(&data.language, Paper::dots(data.dots), &data.name);
    let name = if data.name.chars().count() > SHORT_NAME {
        let cut: String = data.name.chars().take(SHORT_NAME - 1).collect();
        format!("{}…", cut.trim_end())
    } else {
        data.name.clone()
    };
    document.text(name, Align::Centre, Look::of(Size::One).bold());
    let price = money(data.price_minor, &data.currency);
    let price = format!("{price} {}", data.per);
    document.text(price.trim(), Align::Centre, Look::of(Size::Two).bold());
    label_code(&mut document, data, 56);
    document
}

/// Labels as a PDF file. The first `skip` stickers of the first sheet are used already.
pub fn labels_pdf(
    labels: &[LabelData],
    sheet: LabelSheet,
    skip: usize,
    fonts: &Fonts,
) -> Result<Vec<u8>, PdfError> {
    let tenths = |value: u16| f32::from(value) / 10.0 * MM;
    let (room_across, room_down) = (
        tenths(sheet.width) - 2.0 * INSIDE,
        tenths(sheet.height) - 2.0 * INSIDE,
    );
    let mut pages: Vec<Vec<Drawn>> = vec![];
    fonts.with(|engine| {
        for (at, data) in (skip % sheet.stickers()..).zip(labels) {
            let place = at % sheet.stickers();
            if pages.is_empty() || place == 0 {
                pages.push(vec![]);
            }
            let document = if sheet.stickers() > 24 {
                sticker(data)
            } else {
                label(data)
            };
            let layout = layout(&document, engine);
            let scale = (room_across / layout.width as f32).min(room_down / layout.height as f32);
            let (row, column) = (
                place / usize::from(sheet.columns),
                place % usize::from(sheet.columns),
            );
            let x = tenths(sheet.left) + tenths(sheet.across) * column as f32;
            let y = tenths(sheet.top) + tenths(sheet.height) * row as f32;
            let drawn = Drawn {
                x: x + (tenths(sheet.width) - layout.width as f32 * scale) / 2.0,
                y: y + (tenths(sheet.height) - layout.height as f32 * scale) / 2.0,
                scale,
                layout,
            };
            if let Some(page) = pages.last_mut() {
                page.push(drawn);
            }
        }
    });
    let language = labels.first().map_or("en", |data| data.language.as_str());
    drawn(&pages, language, fonts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_label(n: u16, name: &str) -> LabelData {
        LabelData {
            name: format!("{name} {n}"),
            second_name: Some("बासमती चावल".to_owned()),
            price_minor: 12_500,
            per: "/ kg".to_owned(),
            barcode: Some("8901030865275".to_owned()),
            dots: LabelSheet::of(24).expect("a sheet").dots(),
            currency: "INR".to_owned(),
            language: "en".to_owned(),
        }
    }

    fn pages_of(pdf: &[u8]) -> usize {
        let text = String::from_utf8_lossy(pdf);
        text.matches("/Type/Page/").count() + text.matches("/Type /Page\n").count()
    }

    #[test]
    fn sheets_fill_up_from_where_they_were_left() {
        let sheet = LabelSheet::of(24).expect("a sheet");
        let fonts = Fonts::new();
        let of = |count: u16, skip| {
            let labels: Vec<LabelData> = (0..count).map(|n| a_label(n, "Basmati rice")).collect();
            labels_pdf(&labels, sheet, skip, &fonts).expect("a file")
        };
        let one = of(24, 0);
        assert!(one.starts_with(b"%PDF-"));
        assert_eq!(pages_of(&one), 1);
        assert_eq!(pages_of(&of(25, 0)), 2);
        assert_eq!(pages_of(&of(2, 23)), 2, "one sticker was left");
        assert_eq!(pages_of(&of(2, 24)), 1, "a whole sheet used is a new sheet");
    }

    #[test]
    fn sheets_lie_within_the_paper() {
        for stickers in [24, 40, 65] {
            let sheet = LabelSheet::of(stickers).expect("a sheet");
            assert_eq!(sheet.stickers(), usize::from(stickers));
            assert!(sheet.left + sheet.across * (sheet.columns - 1) + sheet.width <= 2_100);
            assert!(sheet.top + sheet.height * sheet.rows <= 2_970);
        }
        assert_eq!(LabelSheet::of(7), None);
    }

    #[test]
    fn the_longest_name_stays_on_its_sticker() {
        let sheet = LabelSheet::of(65).expect("a sheet");
        let labels = [a_label(1, &"A very long name of a product ".repeat(4))];
        assert!(labels_pdf(&labels, sheet, 0, &Fonts::new()).is_ok());
    }
}
