//! A receipt on its way to paper: shaped in a script of its own, as letters of the printer, and as a PDF.
#![allow(clippy::float_arithmetic, reason = "figures for people, never money")]

use std::time::{Duration, Instant};

use paper::{
    Document, Fonts, InvoiceData, InvoiceLine, PdfPage, Profile, ReceiptData, ReceiptLine, Sheet, TaxPart,
    TaxTotal, Template, escpos, invoice_sheet, pdf, receipt, sheet_pdf,
};

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

/// A tax invoice over several pages, with two taxes on each line.
fn invoice(names: &[&str]) -> Sheet {
    let part = |label: &str| TaxPart {
        label: label.to_owned(),
        amount_minor: 10_000,
    };
    let total = |name: &str| TaxTotal {
        name: name.to_owned(),
        rate: "2.5%".to_owned(),
        taxable_minor: 16_000_000,
        amount_minor: 400_000,
    };
    let lines = names.iter().cycle().take(2 * LINES).map(|name| InvoiceLine {
        name: (*name).to_owned(),
        code: Some("210690".to_owned()),
        quantity: "2 PCS".to_owned(),
        unit_price_minor: 200_000,
        taxable_minor: 400_000,
        taxes: vec![part("CGST 2.5%"), part("SGST 2.5%")],
        tax_minor: 20_000,
        amount_minor: 420_000,
        ..InvoiceLine::default()
    });
    invoice_sheet(&InvoiceData {
        number: "K7Q/26-27/000042".to_owned(),
        date: "2026-11-21".to_owned(),
        hsn: true,
        lines: lines.collect(),
        taxes: vec![total("CGST"), total("SGST")],
        total_minor: 16_800_000,
        currency: "INR".to_owned(),
        ..InvoiceData::default()
    })
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
    let sheet = invoice(&["Masala Chai", "मसाला चाय", "شاي كرك"]);
    let sheet_file = sheet_pdf(&sheet, &fonts).map_err(|e| e.to_string())?;
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
        Row {
            work: "tax invoice of 40 lines in three scripts on A4 as PDF",
            goal: "≤ 30 ms",
            figure: format!(
                "{}, {} kB",
                millis(median(|| sheet_pdf(&sheet, &fonts))),
                sheet_file.len() / 1000
            ),
        },
    ])
}
