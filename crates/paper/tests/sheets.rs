//! Sheets of A4 as other programs read them: poppler finds every word and figure, on every page, inside of the page.

use std::{fs, process::Command};

use paper::{
    CodeTotal, Entry, Fonts, InvoiceData, InvoiceKind, InvoiceLine, Party, SheetInstalment, StatementData,
    StatementRow, TaxPart, TaxTotal, invoice_sheet, sheet_pdf, statement_sheet,
};

fn poppler(tool: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temp folder");
    let file = folder.path().join("sheet.pdf");
    fs::write(&file, pdf).expect("written");
    let mut command = Command::new(tool);
    command.args(arguments).arg(&file);
    if tool == "pdftotext" {
        command.arg("-");
    }
    let out = command
        .output()
        .unwrap_or_else(|error| panic!("{tool} of poppler-utils: {error}; ./dev test installs it"));
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

fn invoice(language: &str, lines: usize) -> InvoiceData {
    let (shop, buyer, goods) = match language {
        "hi" => ("श्री गणेश भोजनालय", "आशा ट्रेडर्स", "मसाला चाय"),
        "ar" => ("مطعم الياسمين", "شركة النور", "عصير برتقال"),
        _ => ("Shree Ganesh", "Asha Traders", "Masala Chai"),
    };
    let lines: Vec<InvoiceLine> = (0..lines)
        .map(|n| InvoiceLine {
            name: goods.to_owned(),
            code: Some("210690".to_owned()),
            quantity: "2 PCS".to_owned(),
            unit_price_minor: 10_300_000 + n as i64,
            taxable_minor: 20_600_000,
            taxes: vec![TaxPart {
                label: "CGST 2.5%".to_owned(),
                amount_minor: 515_000,
            }],
            tax_minor: 515_000,
            amount_minor: 21_115_000,
            ..InvoiceLine::default()
        })
        .collect();
    let party = |name: &str| Party {
        name: name.to_owned(),
        tax_number: Some("27AAPFU0939F1ZV".to_owned()),
        region: Some("Maharashtra (27)".to_owned()),
        ..Party::default()
    };
    InvoiceData {
        kind: InvoiceKind::TaxInvoice,
        seller: party(shop),
        buyer: Some(party(buyer)),
        number: "K7Q/26-27/000042".to_owned(),
        date: "2026-11-14".to_owned(),
        place_of_supply: Some("Maharashtra (27)".to_owned()),
        reverse_charge: Some(false),
        hsn: true,
        taxes: vec![TaxTotal {
            name: "CGST".to_owned(),
            rate: "2.5%".to_owned(),
            taxable_minor: 20_600_000,
            amount_minor: 515_000,
        }],
        code_taxes: vec!["CGST".to_owned(), "SGST".to_owned()],
        codes: vec![
            CodeTotal {
                code: "210690".to_owned(),
                taxable_minor: 20_600_000,
                taxes: vec![
                    Some(("2.5%".to_owned(), 515_000)),
                    Some(("2.5%".to_owned(), 515_000)),
                ],
                tax_minor: 1_030_000,
            },
            CodeTotal {
                code: "0401".to_owned(),
                taxable_minor: 70_000,
                taxes: vec![None, None],
                tax_minor: 0,
            },
        ],
        instalments: vec![
            SheetInstalment {
                day: "2026-11-30".to_owned(),
                amount_minor: 61_728_395,
                open_minor: 0,
            },
            SheetInstalment {
                day: "2026-12-31".to_owned(),
                amount_minor: 61_728_394,
                open_minor: 61_728_394,
            },
        ],
        total_minor: 123_456_789,
        lines,
        signed: true,
        currency: "INR".to_owned(),
        language: language.to_owned(),
        ..InvoiceData::default()
    }
}

fn pdf_of(data: &InvoiceData) -> Vec<u8> {
    sheet_pdf(&invoice_sheet(data), &Fonts::new()).expect("a PDF")
}

/// Every word's right and left edge lies on the page.
fn stays_on_the_page(pdf: &[u8]) {
    let boxes = poppler("pdftotext", &["-bbox"], pdf);
    let mut words = 0;
    for line in boxes.lines().filter(|line| line.contains("<word ")) {
        let of = |name: &str| -> f64 {
            let rest = line.split(&format!("{name}=\"")).nth(1).expect("an edge");
            rest.split('"')
                .next()
                .and_then(|n| n.parse().ok())
                .expect("a number")
        };
        assert!(of("xMin") > 20.0 && of("xMax") < 575.3, "{line}");
        assert!(of("yMin") > 20.0 && of("yMax") < 821.9, "{line}");
        words += 1;
    }
    assert!(words > 20, "there are words");
}

#[test]
fn an_invoice_runs_over_pages_in_every_language() {
    for (language, head) in [("en", "Description"), ("hi", "HSN/SAC"), ("ar", "الوصف")] {
        let pdf = pdf_of(&invoice(language, 45));
        let pages: Vec<String> = poppler("pdftotext", &["-layout"], &pdf)
            .split('\u{c}')
            .filter(|page| !page.trim().is_empty())
            .map(str::to_owned)
            .collect();
        assert!(pages.len() >= 2, "{language}: {} pages", pages.len());
        for (n, page) in pages.iter().enumerate() {
            assert!(
                page.contains("K7Q/26-27/000042"),
                "{language}: page {} says whose it is",
                n + 1
            );
            if page.contains("1,03,000") {
                assert!(
                    page.contains(head),
                    "{language}: the table's head is on page {}\n{page}",
                    n + 1
                );
            }
        }
        let whole = pages.concat();
        for figure in [
            "12,34,567.89",
            "1,03,000.44",
            "2,06,000.00",
            "27AAPFU0939F1ZV",
            "10,300.00",
            "0401",
            "2026-12-31",
            "6,17,283.94",
        ] {
            assert!(whole.contains(figure), "{language}: {figure} is whole");
        }
        assert_eq!(
            whole.matches("2,11,150.00").count(),
            45,
            "{language}: every line is there once"
        );
        if language == "en" {
            let said = whole.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains("Rupees twelve lakh thirty-four thousand"), "{said}");
        }
        stays_on_the_page(&pdf);
        let fonts = poppler("pdffonts", &[], &pdf);
        for font in fonts.lines().skip(2) {
            let columns: Vec<&str> = font.split_whitespace().collect();
            let [.., embedded, subset, _, _, _] = columns.as_slice() else {
                panic!("{font}");
            };
            assert_eq!((*embedded, *subset), ("yes", "yes"), "{font}");
        }
    }
}

#[test]
fn a_title_of_a_file_is_what_it_is() {
    let mut data = invoice("en", 1);
    data.revision = Some((2, "2026-11-21".to_owned()));
    data.cancelled = true;
    let pdf = pdf_of(&data);
    assert!(poppler("pdfinfo", &[], &pdf).contains("Tax invoice K7Q/26-27/000042"));
    let text = poppler("pdftotext", &["-layout"], &pdf);
    assert!(
        text.contains("Revision 2") && text.contains("CANCELLED"),
        "{text}"
    );
    assert_eq!(pdf, pdf_of(&data), "the same document is the same file");
}

#[test]
fn nothing_is_too_much_for_a_sheet() {
    let mut data = invoice("en", 3);
    data.lines[0].name = "without-a-blank".repeat(80);
    data.lines[1].note = Some("very ".repeat(4_000));
    data.lines[2].unit_price_minor = i64::MAX;
    data.lines[2].amount_minor = i64::MIN;
    data.terms = vec!["terms ".repeat(6_000)];
    data.qr = Some(paper::SheetQr {
        data: "x".repeat(10_000),
        caption: String::new(),
    });
    let pdf = pdf_of(&data);
    let text = poppler("pdftotext", &["-layout"], &pdf);
    assert!(
        text.contains("92,23,37,20,36,85,47,758.07"),
        "figures are never cut"
    );
    assert!(
        text.matches("very").count() >= 4_000,
        "a long note goes on over pages"
    );
    assert!(text.matches("terms").count() >= 6_000);
}

#[test]
fn a_statement_keeps_its_running_balance_in_every_language() {
    for (language, name, opening) in [
        ("en", "Asha Traders", "Opening balance"),
        ("hi", "आशा ट्रेडर्स", "0–30"),
        ("ar", "شركة النور", "الرصيد الافتتاحي"),
    ] {
        let rows: Vec<StatementRow> = (1..=200)
            .map(|n| StatementRow {
                date: "2026-11-14".to_owned(),
                document: format!("K7Q/26-27/{n:06}"),
                what: "Invoice".to_owned(),
                amount_minor: if n % 5 == 0 { -50 } else { 100 },
                balance_minor: 100 * n - 150 * (n / 5),
            })
            .collect();
        let data = StatementData {
            seller: Party {
                name: "Shree Ganesh".to_owned(),
                ..Party::default()
            },
            customer: Party {
                name: name.to_owned(),
                tax_number: Some("27AAPFU0939F1ZV".to_owned()),
                ..Party::default()
            },
            from: "2026-04-01".to_owned(),
            to: "2026-11-21".to_owned(),
            rows,
            closing_minor: 14_000,
            ageing: vec![
                Entry {
                    label: "0–30".to_owned(),
                    amount_minor: 9_000,
                },
                Entry {
                    label: "31–60".to_owned(),
                    amount_minor: 5_000,
                },
            ],
            currency: "INR".to_owned(),
            language: language.to_owned(),
            ..StatementData::default()
        };
        let pdf = sheet_pdf(&statement_sheet(&data), &Fonts::new()).expect("a PDF");
        let text = poppler("pdftotext", &["-layout"], &pdf);
        for wanted in ["K7Q/26-27/000200", "140.00", "90.00", "50.00", "27AAPFU0939F1ZV"] {
            assert!(text.contains(wanted), "{language}: {wanted} is not on\n{text}");
        }
        assert_eq!(
            text.matches("K7Q/26-27/").count(),
            200,
            "{language}: every line once"
        );
        assert_eq!(text.matches(opening).count(), 1, "{language}: {text}");
        stays_on_the_page(&pdf);
    }
}
