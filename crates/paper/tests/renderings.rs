//! What stands on paper, read back: codes by a reader of codes, files by what must be in them.

use codes::{Budget, Frame, Kind, read_still};
use paper::{
    Bitmap, Fonts, LabelData, Paper, PdfPage, Profile, QrSize, ReceiptCard, ReceiptData, ReceiptLine, Slip,
    Template, escpos, pdf, raster,
};

const TOKEN: &str = "P1AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQAEBAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZ";

fn data() -> ReceiptData {
    ReceiptData {
        shop_name: "श्री गणेश भोजनालय".to_owned(),
        number: "42".to_owned(),
        document: "K7Q/26-27/000042".to_owned(),
        lines: vec![ReceiptLine {
            name: "मसाला चाय".to_owned(),
            quantity: "2".to_owned(),
            amount_minor: 8_000,
            ..ReceiptLine::default()
        }],
        total_minor: 8_000,
        token: Some(TOKEN.to_owned()),
        one_time_number: Some("482913".to_owned()),
        currency: "INR".to_owned(),
        language: "hi".to_owned(),
        ..ReceiptData::default()
    }
}

/// What a camera above the paper would see, with a little table around it.
fn seen(picture: &Bitmap) -> (usize, usize, Vec<u8>) {
    let margin = 40;
    let (width, height) = (picture.width() + 2 * margin, picture.height() + 2 * margin);
    let luma = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| {
            let black = x >= margin && y >= margin && picture.get(x - margin, y - margin);
            if black { 30 } else { 230 }
        })
        .collect();
    (width as usize, height as usize, luma)
}

fn read(picture: &Bitmap) -> Vec<(Kind, String)> {
    let (width, height, luma) = seen(picture);
    let frame = Frame::new(width, height, &luma).expect("a picture of a size that is read");
    read_still(frame, &Budget::generous())
        .into_iter()
        .map(|code| (code.kind, code.text))
        .collect()
}

#[test]
fn the_gift_cards_that_were_sold_are_on_the_slip_with_codes_that_scan() {
    let cards: Vec<ReceiptCard> = ["G1K7Q2M9ABCD0123XY", "G1WXYV0123456789AB"]
        .into_iter()
        .map(|qr| ReceiptCard {
            code: qr.as_bytes()[2..]
                .chunks(4)
                .map(|four| String::from_utf8_lossy(four))
                .collect::<Vec<_>>()
                .join(" "),
            qr: qr.to_owned(),
            worth_minor: 50_000,
            valid_until: Some("2027-11-21".to_owned()),
        })
        .collect();
    // Whatever the shop's template leaves out.
    let template = Template {
        blocks: vec![],
        ..Template::default()
    };
    for (paper, card) in [Paper::MM58, Paper::MM80].into_iter().zip(cards) {
        let slip = Slip::Receipt(ReceiptData {
            cards: vec![card.clone()],
            ..data()
        });
        let read = read(&raster(&slip.document(&template).on(paper), &Fonts::new()));
        assert_eq!(read.len(), 1, "{read:?}");
        assert_eq!(read[0].1, card.qr);
    }
}

#[test]
fn the_token_is_read_from_every_paper_and_size() {
    let fonts = Fonts::new();
    for paper in [Paper::MM58, Paper::MM80] {
        for qr_size in [QrSize::Small, QrSize::Medium, QrSize::Large] {
            let template = Template {
                qr_size,
                ..Template::default()
            };
            for slip in [Slip::Receipt(data()), Slip::Token(data())] {
                let picture = raster(&slip.document_on(&template, paper), &fonts);
                assert_eq!(
                    read(&picture),
                    [(Kind::Qr, TOKEN.to_owned())],
                    "{qr_size:?} on {paper:?}"
                );
            }
        }
    }
}

#[test]
fn the_label_is_read() {
    // The second one has a wrong check digit: bars that can hold anything hold it.
    for (code, kind) in [
        ("8901234567890", Kind::Ean13),
        ("8901234567894", Kind::Code128),
        ("MANGO-750", Kind::Code128),
    ] {
        let label = LabelData {
            name: "Mango".to_owned(),
            barcode: Some(code.to_owned()),
            dots: 384,
            ..LabelData::default()
        };
        let picture = raster(&Slip::Label(label).document(&Template::default()), &Fonts::new());
        assert_eq!(read(&picture), [(kind, code.to_owned())]);
    }
}

#[test]
fn a_printer_of_pictures_prints_the_preview() {
    let fonts = Fonts::new();
    let document = Slip::Receipt(data()).document(&Template::default());
    let profile = Profile {
        raster_only: true,
        feed_lines: 0,
        ..Profile::default()
    };
    let bytes = escpos(&document, &profile, &fonts);
    let preview = raster(&document, &fonts);
    // The bands follow each other; what they hold, put together, is the preview.
    let mut rows = Vec::new();
    let mut rest = &bytes[10..];
    while let Some(band) = rest.strip_prefix(&[0x1d, b'v', b'0', 0, 72, 0]) {
        let length = 72 * usize::from(u16::from_le_bytes([band[0], band[1]]));
        rows.extend_from_slice(&band[2..2 + length]);
        rest = &band[2 + length..];
    }
    assert_eq!(rest, [0x1d, b'V', b'B', 0], "and then the cut");
    let expected: Vec<u8> = (0..preview.height())
        .flat_map(|y| preview.row(y).to_vec())
        .collect();
    assert_eq!(rows, expected);
}

/// How often something stands in a file.
fn count(file: &[u8], wanted: &[u8]) -> usize {
    file.windows(wanted.len())
        .filter(|window| *window == wanted)
        .count()
}

#[test]
fn a_pdf_is_small_and_can_be_searched() {
    let fonts = Fonts::new();
    let document = Slip::Receipt(data()).document(&Template::default());
    let file = pdf(&document, &fonts, PdfPage::Roll).expect("a file");
    assert!(
        file.starts_with(b"%PDF-") && file.len() < 60_000,
        "{} bytes",
        file.len()
    );
    assert!(
        count(&file, b"/ToUnicode") >= 3,
        "Latin, Devanagari and their bold"
    );
    assert_eq!(
        count(&file, b"/Type /Page\n") + count(&file, b"/Type/Page/"),
        1,
        "a roll is one page"
    );
}

#[test]
fn a_long_receipt_breaks_into_sheets_and_a_short_one_does_not() {
    let fonts = Fonts::new();
    let pages = |lines: usize| {
        let mut data = data();
        data.lines = data.lines.into_iter().cycle().take(lines).collect();
        let document = Slip::Receipt(data).document(&Template::default());
        let file = pdf(&document, &fonts, PdfPage::A4).expect("a file");
        count(&file, b"/Type /Page\n") + count(&file, b"/Type/Page/")
    };
    assert_eq!(pages(1), 1);
    assert_eq!(pages(14), 1, "a little too long is set a little smaller");
    assert!((3..=5).contains(&pages(120)));
}

#[test]
fn fonts_of_a_folder_are_used_for_what_is_not_built_in() {
    let document = paper::Document {
        blocks: vec![paper::Block::Text {
            text: "Chai".to_owned(),
            align: paper::Align::Start,
            look: paper::Look::default(),
        }],
        ..paper::Document::new(Paper::MM58)
    };
    let built_in = raster(&document, &Fonts::new());
    let damaged = Fonts::with_more(vec![b"no font at all".to_vec(), Vec::new()]);
    assert_eq!(
        raster(&document, &damaged),
        built_in,
        "what is no font is left out"
    );
    damaged.forget();
    assert_eq!(raster(&document, &damaged), built_in, "and read again");
}
