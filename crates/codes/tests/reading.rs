//! What is made is read again: every version and level, turned, inverted, small, and nothing from noise.

#![allow(clippy::float_arithmetic, reason = "pixels are floats")]

use proptest::prelude::*;

use codes::{
    Budget, Code, Frame, FrameError, Kind, Reader,
    make::{Bars, Level, Matrix, code128, ean13, qr},
    read_still,
};

/// A picture of a code: so many pixels a module, turned by some degrees, in the middle of a grey ground.
fn picture(code: &Matrix, module: f32, degrees: f32, width: usize, height: usize) -> Vec<u8> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let half = code.size() as f32 / 2.0;
    let mut luma = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0.0;
            for (sx, sy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                let dx = (x as f32 + sx - width as f32 / 2.0) / module;
                let dy = (y as f32 + sy - height as f32 / 2.0) / module;
                let (u, v) = (cos * dx + sin * dy + half, cos * dy - sin * dx + half);
                let quiet = -4.0..code.size() as f32 + 4.0;
                sum += if !quiet.contains(&u) || !quiet.contains(&v) {
                    150.0
                } else {
                    let dark = |u: f32, v: f32| {
                        u >= 0.0
                            && v >= 0.0
                            && code.rows().get(v as usize).and_then(|row| row.get(u as usize)) == Some(&true)
                    };
                    if dark(u, v) { 30.0 } else { 220.0 }
                };
            }
            luma.push((sum / 4.0) as u8);
        }
    }
    luma
}

fn still(luma: &[u8], width: usize, height: usize) -> Vec<Code> {
    read_still(
        Frame::new(width, height, luma).expect("a frame"),
        &Budget::generous(),
    )
}

fn token(lines: usize) -> String {
    let mut text = String::from("P1");
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut state = 7u32;
    for _ in 0..160 + lines * 6 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(char::from(alphabet[(state >> 27) as usize]));
    }
    text
}

#[test]
fn every_version_and_level_is_read() {
    let mut seen = [false; 41];
    let mut length = 5;
    while length < 2900 {
        let text: String = token(500).chars().cycle().take(length).collect();
        for level in [Level::L, Level::M, Level::Q, Level::H] {
            let Ok(code) = qr(&text, level) else { continue };
            if seen[usize::from(code.version())] && length % 3 != 0 {
                continue;
            }
            seen[usize::from(code.version())] = true;
            let side = (code.size() + 12) * 3;
            let found = still(&picture(&code, 3.0, 0.0, side, side), side, side);
            assert_eq!(found.len(), 1, "version {} {level:?}", code.version());
            assert_eq!((found[0].kind, found[0].text.as_str()), (Kind::Qr, text.as_str()));
        }
        length += 1 + length / 6;
    }
    assert!(seen[1..].iter().filter(|seen| **seen).count() > 30);
}

#[test]
fn texts_of_every_mode_are_read() {
    for text in [
        "0123456789012345",
        "HELLO WORLD $%*+-./:",
        "häppy чай 茶",
        "https://example.org/?a=b&c=1234567890123",
    ] {
        let code = qr(text, Level::M).expect("made");
        let found = still(&picture(&code, 6.0, 12.0, 320, 320), 320, 320);
        assert_eq!(found.first().map(|code| code.text.as_str()), Some(text));
        assert_eq!(found[0].bytes, text.as_bytes());
    }
}

#[test]
fn a_token_is_read_at_any_angle_and_its_corners_are_where_they_are() {
    let code = qr(&token(5), Level::M).expect("made");
    for degrees in (0..360).step_by(24) {
        let luma = picture(&code, 5.0, degrees as f32, 640, 480);
        let found = still(&luma, 640, 480);
        assert_eq!(
            found.first().map(|c| c.text.as_str()),
            Some(token(5).as_str()),
            "{degrees} degrees"
        );
        let (sin, cos) = (degrees as f32).to_radians().sin_cos();
        let half = code.size() as f32 * 5.0 / 2.0;
        let upper_left = (320.0 - cos * half + sin * half, 240.0 - sin * half - cos * half);
        let (x, y) = found[0].corners[0];
        assert!(
            (x - upper_left.0).hypot(y - upper_left.1) < 5.0,
            "{degrees}: {x} {y} is not {upper_left:?}"
        );
    }
}

#[test]
fn a_code_on_a_large_photo_is_where_it_is() {
    let code = qr(&token(5), Level::M).expect("made");
    let luma = picture(&code, 12.0, 5.0, 2400, 1800);
    let found = still(&luma, 2400, 1800);
    let middle = found[0]
        .corners
        .iter()
        .fold((0.0, 0.0), |sum, c| (sum.0 + c.0 / 4.0, sum.1 + c.1 / 4.0));
    assert!(
        (middle.0 - 1200.0f32).abs() < 6.0 && (middle.1 - 900.0f32).abs() < 6.0,
        "{middle:?}"
    );
}

#[test]
fn an_inverted_token_is_read() {
    let code = qr(&token(5), Level::M).expect("made");
    let luma: Vec<u8> = picture(&code, 5.0, 7.0, 640, 480)
        .iter()
        .map(|v| 255 - v)
        .collect();
    assert_eq!(still(&luma, 640, 480).len(), 1);
    let mut reader = Reader::new();
    let frame = Frame::new(640, 480, &luma).expect("a frame");
    let frames = (1..=4).find(|_| !reader.read(frame, &Budget::generous()).is_empty());
    assert!(frames.is_some(), "within four frames of a live picture");
}

#[test]
fn frames_that_are_none_are_refused() {
    assert_eq!(
        Frame::new(640, 480, &[0; 100]).err(),
        Some(FrameError::Length {
            expected: 307_200,
            given: 100
        })
    );
    for (width, height) in [
        (0, 0),
        (1, 640),
        (usize::MAX, usize::MAX),
        (100_000, 16),
        (4097, 4097),
    ] {
        assert!(matches!(
            Frame::new(width, height, &[]),
            Err(FrameError::Size { .. })
        ));
    }
}

#[test]
fn nothing_is_read_where_nothing_is() {
    for (width, height) in [(16, 16), (17, 400), (640, 480)] {
        for value in [0u8, 128, 255] {
            assert_eq!(still(&vec![value; width * height], width, height), []);
        }
    }
}

/// A barcode, so many pixels a module, turned by some degrees.
fn strip(bars: &Bars, module: f32, degrees: f32, width: usize, height: usize) -> Vec<u8> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let half = bars.modules().len() as f32 / 2.0;
    let mut luma = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0.0;
            for (sx, sy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                let dx = (x as f32 + sx - width as f32 / 2.0) / module;
                let dy = (y as f32 + sy - height as f32 / 2.0) / module;
                let (u, v) = (cos * dx + sin * dy + half, cos * dy - sin * dx);
                let dark = v.abs() < 25.0 && u >= 0.0 && bars.modules().get(u as usize) == Some(&true);
                sum += if dark { 30.0 } else { 220.0 };
            }
            luma.push((sum / 4.0) as u8);
        }
    }
    luma
}

#[test]
fn barcodes_are_read_at_any_angle() {
    let codes = [
        (
            Kind::Ean13,
            ean13("4006381333931").expect("made"),
            "4006381333931",
        ),
        (Kind::UpcA, ean13("0036000291452").expect("made"), "036000291452"),
        (
            Kind::Code128,
            code128("CH-00123456/x").expect("made"),
            "CH-00123456/x",
        ),
    ];
    for (kind, bars, text) in codes {
        for degrees in (0..360).step_by(15) {
            let found = still(&strip(&bars, 2.6, degrees as f32, 640, 480), 640, 480);
            assert_eq!(found.len(), 1, "{text} at {degrees} degrees");
            assert_eq!((found[0].kind, found[0].text.as_str()), (kind, text));
        }
    }
}

#[test]
fn a_live_barcode_is_told_when_a_second_frame_agrees() {
    let bars = ean13("4006381333931").expect("made");
    let luma = strip(&bars, 2.6, 4.0, 640, 480);
    let frame = Frame::new(640, 480, &luma).expect("a frame");
    let mut reader = Reader::new();
    assert_eq!(reader.read(frame, &Budget::generous()), []);
    assert_eq!(reader.read(frame, &Budget::generous()).len(), 1);
}

#[test]
fn a_code_that_moves_is_followed() {
    let code = qr(&token(5), Level::M).expect("made");
    let mut reader = Reader::new();
    for step in 0..6 {
        let luma = picture(&code, 4.0 + step as f32 * 0.1, step as f32 * 20.0, 640, 480);
        let found = reader.read(Frame::new(640, 480, &luma).expect("a frame"), &Budget::generous());
        assert_eq!(found.first().map(|c| c.text.as_str()), Some(token(5).as_str()));
        let middle = found[0]
            .corners
            .iter()
            .fold((0.0, 0.0), |sum, c| (sum.0 + c.0 / 4.0, sum.1 + c.1 / 4.0));
        assert!(
            (middle.0 - 320.0f32).abs() < 3.0 && (middle.1 - 240.0f32).abs() < 3.0,
            "{middle:?}"
        );
    }
}

#[test]
fn a_budget_that_is_over_ends_the_reading() {
    let code = qr(&token(5), Level::M).expect("made");
    let luma: Vec<u8> = picture(&code, 5.0, 7.0, 640, 480)
        .iter()
        .map(|v| 255 - v)
        .collect();
    let frame = Frame::new(640, 480, &luma).expect("a frame");
    let asked = std::cell::Cell::new(0);
    let over = || {
        asked.set(asked.get() + 1);
        true
    };
    assert_eq!(read_still(frame, &Budget::until(&over)), []);
    assert!((1..20).contains(&asked.get()), "asked {} times", asked.get());
    assert_eq!(read_still(frame, &Budget::work(1)), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a camera or an attacker sends: no panic, no text, and an end.
    #[test]
    fn noise_says_nothing_and_ends(
        width in 16usize..200,
        height in 16usize..160,
        seed in any::<u64>(),
        coarse in 1usize..9,
        depth in 1u64..256,
    ) {
        let mut state = seed | 1;
        let mut dice = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 8
        };
        let tiles: Vec<u8> = (0..(width / coarse + 1) * (height / coarse + 1)).map(|_| (dice() % depth) as u8).collect();
        let luma: Vec<u8> = (0..width * height)
            .map(|i| tiles[i / width / coarse * (width / coarse + 1) + i % width / coarse])
            .collect();
        let frame = Frame::new(width, height, &luma).expect("a frame");
        prop_assert_eq!(read_still(frame, &Budget::generous()), vec![]);
        let mut reader = Reader::new();
        for _ in 0..5 {
            prop_assert_eq!(reader.read(frame, &Budget::work(2_000_000)), vec![]);
        }
    }

    /// A code that is partly overwritten is read right or not at all.
    #[test]
    fn a_damaged_token_is_never_misread(left in 0usize..150, top in 0usize..150, side in 1usize..120, tone in any::<u8>()) {
        let code = qr(&token(3), Level::M).expect("made");
        let mut luma = picture(&code, 4.0, 3.0, 240, 240);
        for y in top..(top + side).min(240) {
            luma[y * 240 + left..y * 240 + (left + side).min(240)].fill(tone);
        }
        for found in still(&luma, 240, 240) {
            prop_assert_eq!(found.text, token(3));
        }
    }
}
