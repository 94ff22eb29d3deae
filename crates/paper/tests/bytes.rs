//! The bytes that printers get, held exactly.

use paper::{
    Align, Block, CodePage, Cutter, Document, Fonts, Look, Paper, Pin, Profile, Pulse, QrMode, Row, Size,
    drawer_pulse, escpos,
};

const BEGIN: &[u8] = &[0x1b, b'@', 0x1c, b'.', 0x1b, b'R', 0, 0x1b, b't', 0];
/// Four lines, then the cut.
const END: &[u8] = &[0x1b, b'd', 4, 0x1d, b'V', 1];

fn bytes(blocks: Vec<Block>, profile: &Profile) -> Vec<u8> {
    let document = Document {
        blocks,
        ..Document::new(Paper::MM80)
    };
    escpos(&document, profile, &Fonts::new())
}

fn text(text: &str, align: Align, look: Look) -> Block {
    Block::Text {
        text: text.to_owned(),
        align,
        look,
    }
}

fn row(name: &str, amount: &str, size: Size) -> Block {
    Block::Row(Row {
        text: name.to_owned(),
        amount: amount.to_owned(),
        look: Look::of(size),
        ..Row::default()
    })
}

/// What is between the beginning and the end, as text.
fn body(blocks: Vec<Block>, profile: &Profile) -> String {
    let all = bytes(blocks, profile);
    let body = all.strip_prefix(BEGIN).expect("begins with a reset");
    String::from_utf8_lossy(body).into_owned()
}

fn wide() -> Profile {
    Profile::default()
}

#[test]
fn a_small_slip_is_these_bytes_and_no_others() {
    let slip = vec![
        Block::Drawer,
        text("Shop", Align::Centre, Look::of(Size::Two).bold()),
        row("Chai", "80.00", Size::One),
        Block::Space { dots: 300 },
        text("COPY 2", Align::Start, Look::default().reversed()),
        Block::Cut,
    ];
    let mut expected = BEGIN.to_vec();
    expected.extend([0x1b, b'p', 0, 50, 250]);
    expected.extend([0x1b, b'a', 1, 0x1b, b'E', 1, 0x1d, b'!', 0x11]);
    expected.extend(b"Shop\n");
    expected.extend([0x1b, b'a', 0, 0x1b, b'E', 0, 0x1d, b'!', 0]);
    expected.extend(format!("Chai{}80.00\n", " ".repeat(39)).bytes());
    expected.extend([0x1b, b'J', 255, 0x1b, b'J', 45]);
    expected.extend([0x1d, b'B', 1]);
    expected.extend(format!("COPY 2{}\n", " ".repeat(42)).bytes());
    expected.extend([0x1d, b'B', 0]);
    expected.extend(END);
    assert_eq!(bytes(slip, &wide()), expected);
}

#[test]
fn a_hyphen_stays_a_hyphen_and_a_soft_one_goes() {
    let euro = Profile {
        code_page: CodePage::Pc858,
        ..wide()
    };
    let all = bytes(
        vec![text("A-B\u{ad}C – €5", Align::Start, Look::default())],
        &euro,
    );
    assert_eq!(all[..10], [0x1b, b'@', 0x1c, b'.', 0x1b, b'R', 0, 0x1b, b't', 19]);
    assert_eq!(all[10..], *b"A-BC - \xd55\n");
}

#[test]
fn what_the_code_page_lacks_goes_out_as_dots_and_never_as_utf8() {
    for line in ["₹80.00", "चाय", "شاي", "宫保鸡丁", "☕"] {
        let all = bytes(vec![text(line, Align::Start, Look::default())], &wide());
        let rest = all.strip_prefix(BEGIN).expect("begins with a reset");
        assert_eq!(
            rest[..6],
            [0x1d, b'v', b'0', 0, 72, 0],
            "{line} is a picture of 72 bytes a row"
        );
        let rows = usize::from(u16::from_le_bytes([rest[6], rest[7]]));
        assert_eq!(rest.len(), 8 + rows * 72, "{line}: the picture and nothing else");
        assert!(rest[8..].iter().any(|byte| *byte != 0), "{line} has ink");
    }
}

#[test]
fn pictures_go_out_in_bands_of_128_rows() {
    let profile = Profile {
        raster_only: true,
        ..wide()
    };
    let all = bytes(vec![Block::Space { dots: 300 }], &profile);
    let mut expected = BEGIN.to_vec();
    for rows in [128u16, 128, 44] {
        expected.extend([0x1d, b'v', b'0', 0, 72, 0]);
        expected.extend(rows.to_le_bytes());
        expected.resize(expected.len() + usize::from(rows) * 72, 0);
    }
    assert_eq!(all, expected);
}

#[test]
fn lines_that_wait_are_sent_before_letters() {
    let body = bytes(
        vec![
            text("चाय", Align::Start, Look::default()),
            text("Chai", Align::Start, Look::default()),
        ],
        &wide(),
    );
    assert_eq!(body[10..13], [0x1d, b'v', b'0']);
    assert!(body.ends_with(b"Chai\n"));
}

#[test]
fn rows_wrap_the_name_and_keep_the_amount() {
    let narrow = Profile {
        columns: 32,
        ..wide()
    };
    let long = "Filter Coffee with Jaggery and Cardamom";
    assert_eq!(
        body(vec![row(long, "180.00", Size::One)], &narrow),
        "Filter Coffee with        180.00\nJaggery and Cardamom\n"
    );
    assert_eq!(
        body(
            vec![Block::Row(Row {
                lead_width: 3,
                lead: "2".to_owned(),
                text: long.to_owned(),
                amount: "180.00".to_owned(),
                ..Row::default()
            })],
            &narrow
        ),
        "2  Filter Coffee with     180.00\n   Jaggery and Cardamom\n"
    );
    // An amount that leaves no room stands below.
    assert_eq!(
        body(
            vec![row("Transportation", "9,87,65,43,21,098.00", Size::One)],
            &narrow
        ),
        "Transportation\n            9,87,65,43,21,098.00\n"
    );
    // One that is wider than the paper goes on in the next line.
    assert_eq!(
        body(vec![row("", &"9".repeat(40), Size::One)], &narrow),
        format!("{}\n{}{}\n", "9".repeat(32), " ".repeat(24), "9".repeat(8))
    );
    // One that is wider than its size allows is printed smaller.
    assert!(
        body(vec![row("Total", "1,23,45,678.00", Size::Three)], &narrow).starts_with("\u{1d}!\u{11}Total")
    );
}

#[test]
fn right_to_left_mirrors_the_columns() {
    let document = Document {
        rtl: true,
        blocks: vec![
            Block::Row(Row {
                lead_width: 4,
                lead: "3".to_owned(),
                text: "Pepsi".to_owned(),
                amount: "10.50".to_owned(),
                ..Row::default()
            }),
            text("Pepsi", Align::Start, Look::default()),
        ],
        ..Document::new(Paper::MM58)
    };
    let profile = Profile::preset("generic_58").expect("a preset");
    let all = escpos(&document, &profile, &Fonts::new());
    let body = all.strip_prefix(BEGIN).expect("begins with a reset");
    assert_eq!(body, b"10.50                  Pepsi   3\n\x1ba\x02Pepsi\n");
}

#[test]
fn a_native_code_is_model_2_with_its_size_and_text() {
    let profile = Profile {
        qr: QrMode::Native,
        ..wide()
    };
    let all = bytes(
        vec![Block::Qr {
            data: "P1ABC".to_owned(),
            module_dots: 6,
        }],
        &profile,
    );
    let mut expected = BEGIN.to_vec();
    expected.extend([0x1b, b'a', 1, 0x1b, b'J', 24]);
    expected.extend(
        b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1\x1d(k\x08\x001P0P1ABC\x1d(k\x03\x001Q0",
    );
    expected.extend([0x1b, b'J', 24]);
    assert_eq!(all, expected);
}

#[test]
fn cutters_cut_as_they_can() {
    for (cutter, feed_lines, expected) in [
        (Cutter::Full, 4, &[0x1b, b'd', 4, 0x1d, b'V', 0][..]),
        (Cutter::Full, 0, &[0x1d, b'V', b'A', 0]),
        (Cutter::Partial, 4, END),
        (Cutter::Partial, 0, &[0x1d, b'V', b'B', 0]),
        (Cutter::None, 0, &[0x1b, b'd', 3]),
    ] {
        let profile = Profile {
            cutter,
            feed_lines,
            ..wide()
        };
        assert_eq!(
            bytes(vec![Block::Cut], &profile)[BEGIN.len()..],
            *expected,
            "{cutter:?}"
        );
    }
}

#[test]
fn the_drawer_gets_both_times() {
    let pulse = Pulse {
        pin: Pin::Five,
        on_ms: 120,
        off_ms: 240,
    };
    let profile = Profile {
        drawer: Some(pulse),
        ..wide()
    };
    assert_eq!(drawer_pulse(&profile), [0x1b, b'p', 1, 60, 120]);
    let extreme = Pulse {
        on_ms: 0,
        off_ms: u16::MAX,
        ..pulse
    };
    let profile = Profile {
        drawer: Some(extreme),
        ..profile
    };
    assert_eq!(drawer_pulse(&profile), [0x1b, b'p', 1, 1, 255]);
    let profile = Profile {
        drawer: None,
        ..profile
    };
    assert!(drawer_pulse(&profile).is_empty(), "no drawer, no pulse");
}

#[test]
fn every_preset_is_sound_and_survives_being_written() {
    for (name, profile) in Profile::presets() {
        assert_eq!(profile.validate(), Ok(()), "{name}");
        let json = serde_json::to_string(&profile).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Profile>(&json).expect("read"),
            profile,
            "{name}"
        );
    }
    assert!(serde_json::from_str::<Profile>(r#"{"dots":576,"columns":48,"sparkles":1}"#).is_err());
    let wrong = Profile {
        dots: 10,
        columns: 200,
        feed_lines: 99,
        drawer: Some(Pulse {
            pin: Pin::Two,
            on_ms: 1,
            off_ms: 9_999,
        }),
        ..wide()
    };
    let fields: Vec<String> = wrong
        .validate()
        .expect_err("wrong")
        .into_iter()
        .map(|error| error.field)
        .collect();
    assert_eq!(
        fields,
        ["dots", "columns", "feed_lines", "drawer.on_ms", "drawer.off_ms"]
    );
}
