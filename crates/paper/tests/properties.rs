//! Whatever a shop types and whatever paper it has: nothing panics, nothing is wider than the paper, and no amount is
//! cut.

use paper::{
    Align, Bars, Bitmap, Block, CodePage, Cutter, Document, Fonts, LabelData, Look, Paper, Profile, QrMode,
    ReceiptData, ReceiptLine, ReceiptTender, Row, Rule, Size, Slip, Template, escpos, figures, raster,
};
use proptest::prelude::*;

/// What an ESC/POS printer would have done with the bytes; refuses what it does not know.
#[derive(Debug, Default)]
struct Printed {
    /// Lines of text, each with how many times wider than running text it is.
    lines: Vec<(Vec<u8>, usize)>,
    pictures: usize,
    cuts: usize,
}

fn printed(bytes: &[u8], dots: usize) -> Result<Printed, String> {
    let mut printed = Printed::default();
    let mut line = Vec::new();
    let mut scale = 1;
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let mut take = |count: usize| -> Result<&[u8], String> {
            let (taken, left) = rest
                .split_at_checked(count)
                .ok_or("the bytes end within a command")?;
            rest = left;
            Ok(taken)
        };
        match first {
            0x1b => match take(1)?[0] {
                b'@' => {}
                b'R' | b't' | b'a' | b'E' | b'J' | b'd' => {
                    take(1)?;
                }
                b'p' => {
                    let pulse = take(3)?;
                    if pulse[0] > 1 || pulse[1] == 0 || pulse[2] == 0 {
                        return Err(format!("pulse {pulse:?}"));
                    }
                }
                other => return Err(format!("ESC {other:#x}")),
            },
            0x1c if take(1)? == b"." => {}
            0x1d => match take(1)?[0] {
                b'B' => {
                    take(1)?;
                }
                b'!' => {
                    let size = take(1)?[0];
                    scale = usize::from(size >> 4) + 1;
                    if size >> 4 != size & 15 {
                        return Err(format!("size {size:#x}"));
                    }
                }
                b'V' => {
                    // The letters take a distance, the numbers do not.
                    let function = take(1)?[0];
                    if function > 1 {
                        take(1)?;
                    }
                    printed.cuts += 1;
                }
                b'v' => {
                    let head = take(6)?;
                    let (stride, rows) = (
                        usize::from(head[2]) + 256 * usize::from(head[3]),
                        usize::from(head[4]) + 256 * usize::from(head[5]),
                    );
                    if head[..2] != *b"0\0" || stride > dots.div_ceil(8) || rows > 128 || !line.is_empty() {
                        return Err(format!("picture {head:?}"));
                    }
                    take(stride * rows)?;
                    printed.pictures += 1;
                }
                b'(' => {
                    let head = take(3)?;
                    let length = usize::from(head[1]) + 256 * usize::from(head[2]);
                    take(length)?;
                }
                other => return Err(format!("GS {other:#x}")),
            },
            b'\n' => printed.lines.push((std::mem::take(&mut line), scale)),
            0x20..=0x7e | 0x80.. => line.push(*first),
            other => return Err(format!("a stray {other:#x}")),
        }
    }
    if line.is_empty() {
        Ok(printed)
    } else {
        Err("the last line has no end".to_owned())
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z0-9 .,-]{0,60}",
        "[ -~]{0,200}",
        r"[\u{900}-\u{97f}\u{b80}-\u{bff} ]{0,40}",
        r"[\u{600}-\u{6ff}\u{590}-\u{5ff} a-z0-9]{0,40}",
        r"[\u{4e00}-\u{4eff}\u{1f300}-\u{1f5ff}\u{200d}\u{fe0f} ]{0,20}",
        r"[\u{0}-\u{20}\u{7f}-\u{a0}\u{ad}\u{2028}\u{2066}-\u{2069}ab]{0,20}",
    ]
}

fn any_look() -> impl Strategy<Value = Look> {
    let size = prop_oneof![
        Just(Size::Small),
        Just(Size::One),
        Just(Size::Two),
        Just(Size::Three),
        Just(Size::Four),
        Just(Size::Huge)
    ];
    (size, any::<bool>(), any::<bool>()).prop_map(|(size, bold, reversed)| Look { size, bold, reversed })
}

fn any_block() -> impl Strategy<Value = Block> {
    let align = prop_oneof![Just(Align::Start), Just(Align::Centre), Just(Align::End)];
    prop_oneof![
        4 => (any_text(), align, any_look()).prop_map(|(text, align, look)| Block::Text { text, align, look }),
        4 => (0u8..40, any_text(), any_text(), any_text(), any_look())
            .prop_map(|(lead_width, lead, text, amount, look)| Block::Row(Row { lead_width, lead, text, amount, look })),
        1 => prop_oneof![Just(Rule::Thin), Just(Rule::Thick), Just(Rule::Dashed)].prop_map(|rule| Block::Rule { rule }),
        1 => (0u16..600).prop_map(|dots| Block::Space { dots }),
        1 => ("[A-Z0-9]{0,400}", any::<u8>()).prop_map(|(data, module_dots)| Block::Qr { data, module_dots }),
        1 => (any_text(), any::<u16>()).prop_map(|(data, height_dots)| Block::Barcode { bars: Bars::Code128, data, height_dots }),
        1 => (0u32..1500, 0u32..40).prop_map(|(width, height)| {
            let mut image = Bitmap::new(width, height);
            image.fill(0, 0, width, height, true);
            Block::Image { image }
        }),
        1 => Just(Block::Cut),
        1 => Just(Block::Drawer),
    ]
}

fn any_profile() -> impl Strategy<Value = Profile> {
    (
        96u16..900,
        1u8..90,
        0..CodePage::ALL.len(),
        any::<bool>(),
        prop_oneof![Just(Cutter::Full), Just(Cutter::Partial), Just(Cutter::None)],
        prop_oneof![Just(QrMode::Native), Just(QrMode::Raster)],
    )
        .prop_map(|(dots, columns, page, raster_only, cutter, qr)| Profile {
            dots,
            columns,
            code_page: CodePage::ALL[page],
            raster_only,
            cutter,
            qr,
            ..Profile::default()
        })
}

thread_local! {
    /// Read once for all cases.
    static FONTS: Fonts = Fonts::new();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_document_is_printed_within_its_paper(blocks in prop::collection::vec(any_block(), 0..6), rtl: bool, profile in any_profile()) {
        let document = Document { rtl, blocks, ..Document::new(profile.paper()) };
        let bytes = FONTS.with(|fonts| escpos(&document, &profile, fonts));
        let printed = printed(&bytes, usize::from(profile.paper().width()));
        prop_assert!(printed.is_ok(), "{printed:?}");
        for (line, scale) in printed.expect("just checked").lines {
            prop_assert!(
                line.len() * scale <= usize::from(profile.columns).max(scale),
                "{} columns: {:?} x{scale}", profile.columns, String::from_utf8_lossy(&line)
            );
        }
        let picture = FONTS.with(|fonts| raster(&document, fonts));
        prop_assert_eq!(picture.width(), u32::from(profile.paper().width()));
    }

    #[test]
    fn no_amount_is_ever_cut(name in any_text(), minor: i64, columns in 4u8..64, look in any_look(), rtl: bool) {
        let amount = figures(minor, "INR").replace('−', "-");
        let row = Row { text: name, amount: amount.clone(), look, ..Row::default() };
        let document = Document { rtl, blocks: vec![Block::Row(row)], ..Document::new(Paper::MM80) };
        let profile = Profile { columns, code_page: CodePage::Ascii, ..Profile::default() };
        let bytes = FONTS.with(|fonts| escpos(&document, &profile, fonts));
        let printed = printed(&bytes, 576).expect("a printer understands it");
        if printed.pictures == 0 {
            let all: String = printed.lines.iter().map(|(line, _)| String::from_utf8_lossy(line).trim().to_owned()).collect();
            prop_assert!(all.contains(&amount), "{amount} in {:?}", printed.lines);
        }
    }

    #[test]
    fn any_receipt_is_drawn(
        names in prop::collection::vec((any_text(), any_text(), any_text(), any::<i64>()), 0..4),
        (shop, note, footer) in (any_text(), any_text(), any_text()),
        (total, discount) in (any::<i64>(), any::<i64>()),
        language in prop_oneof![Just("en"), Just("hi"), Just("ar"), Just("xx")],
        dots in 96u16..900,
    ) {
        let lines = names
            .into_iter()
            .map(|(name, second, quantity, amount_minor)| ReceiptLine {
                name,
                second_name: Some(second),
                quantity,
                unit_price_minor: amount_minor,
                amount_minor,
                discount_minor: discount,
                note: Some(note.clone()),
                code: Some(note.clone()),
            })
            .collect();
        let data = ReceiptData {
            shop_name: shop.clone(),
            number: "42".to_owned(),
            lines,
            total_minor: total,
            tenders: vec![ReceiptTender { label: note.clone(), amount_minor: total, received_minor: Some(i64::MAX), change_minor: Some(i64::MIN) }],
            footer: vec![footer],
            currency: "INR".to_owned(),
            language: language.to_owned(),
            copy: 2,
            demo: true,
            ..ReceiptData::default()
        };
        let template = Template { paper: Paper::dots(dots), ..Template::default() };
        let label = LabelData { name: shop, price_minor: total, barcode: Some(note), dots, ..LabelData::default() };
        for slip in [Slip::Receipt(data.clone()), Slip::Token(data), Slip::Label(label)] {
            let json = serde_json::to_string(&slip).expect("JSON");
            prop_assert_eq!(&serde_json::from_str::<Slip>(&json).expect("read again"), &slip);
            let picture = FONTS.with(|fonts| raster(&slip.document(&template), fonts));
            prop_assert_eq!(picture.width(), u32::from(template.paper.width()));
            prop_assert!(!picture.is_blank());
        }
    }

    #[test]
    fn any_bytes_are_a_logo_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), width: u16) {
        prop_assert!(Bitmap::from_png(&bytes, width).is_err(), "noise is no picture");
    }
}
