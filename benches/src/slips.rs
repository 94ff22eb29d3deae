//! A receipt on its way to paper: shaped in a script of its own, as letters of the printer, and as a PDF.
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use std::time::{Duration, Instant};

use paper::{Document, Fonts, PdfPage, Profile, ReceiptData, ReceiptLine, Template, escpos, pdf, receipt};

use crate::{disk, table::Row};

const LINES: usize = 20;
const ROUNDS: usize = 60;

fn document(names: &[&str]) -> Document {
    let lines: Vec<ReceiptLine> = names
        .iter()
        .cycle()
        .take(LINES)
        .map(|name| ReceiptLine {
            name: (*name).to_owned(),
            quantity: "2".to_owned(),
            unit_price_minor: 4_000,
            amount_minor: 8_000,
            ..ReceiptLine::default()
        })
        .collect();
    let data = ReceiptData {
        shop_name: names[0].to_owned(),
        number: "42".to_owned(),
        document: "K7Q/26-27/000042".to_owned(),
        at: "20 Nov 2026, 10:42".to_owned(),
        lines,
        total_minor: 160_000,
        token: Some(format!("P1{}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".repeat(5))),
        one_time_number: Some("482913".to_owned()),
        currency: "INR".to_owned(),
        ..ReceiptData::default()
    };
    receipt(&data, &Template::default())
}

#[allow(clippy::disallowed_methods, reason = "measuring is what this program is for")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let result = work();
    (began.elapsed(), result)
}

fn median<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut took: Vec<Duration> = (0..ROUNDS).map(|_| timed(&mut work).0).collect();
    disk::at_share(&mut took, 50)
}

fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

pub fn measure() -> Result<Vec<Row>, String> {
    eprintln!("  slips");
    let shaped = document(&[
        "मसाला चाय",
        "क्षत्रिय थाली – विशेष",
        "ராகி தோசை",
        "شاي كرك بالحليب",
        "宫保鸡丁 🍗",
    ]);
    let plain = document(&[
        "Masala Chai",
        "Kshatriya Thali, Special",
        "Ragi Dosa",
        "Karak Chai",
        "Kung Pao Chicken",
    ]);
    let letters = Profile::default();
    let pictures = Profile {
        raster_only: true,
        ..Profile::default()
    };
    let (first, fonts) = timed(|| {
        let fonts = Fonts::new();
        escpos(&shaped, &pictures, &fonts);
        fonts
    });
    let file = pdf(&shaped, &fonts, PdfPage::Roll).map_err(|e| e.to_string())?;
    Ok(vec![
        Row {
            work: "receipt of 20 lines in five scripts, fonts read first",
            goal: "≤ 100 ms",
            figure: millis(first),
        },
        Row {
            work: "receipt of 20 lines in five scripts, as dots",
            goal: "≤ 20 ms",
            figure: millis(median(|| escpos(&shaped, &pictures, &fonts))),
        },
        Row {
            work: "receipt of 20 lines in the printer's letters",
            goal: "≤ 10 ms",
            figure: millis(median(|| escpos(&plain, &letters, &fonts))),
        },
        Row {
            work: "the same in five scripts as PDF",
            goal: "≤ 50 ms, ≤ 100 kB",
            figure: format!(
                "{}, {} kB",
                millis(median(|| pdf(&shaped, &fonts, PdfPage::Roll))),
                file.len() / 1000
            ),
        },
    ])
}
