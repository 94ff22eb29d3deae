//! Writes invoices, credit notes, quotations and statements of several scripts into a folder, to be looked at:
//! `cargo run -p paper --example sheets -- FOLDER`.

use std::{env, error::Error, fs, path::PathBuf};

use paper::{
    Entry, Fonts, InvoiceData, InvoiceKind, InvoiceLine, Party, ReceiptTender, SheetQr, StatementData,
    StatementRow, TaxPart, TaxTotal, invoice_sheet, sheet_pdf, statement_sheet,
};

fn line(name: &str, second: &str, index: i64) -> InvoiceLine {
    let taxable = 123_450 + index * 1_000;
    InvoiceLine {
        name: name.to_owned(),
        second_name: (!second.is_empty()).then(|| second.to_owned()),
        code: Some("210690".to_owned()),
        quantity: format!("{} NOS", index + 1),
        unit_price_minor: 41_150,
        discount_minor: if index % 5 == 2 { 2_500 } else { 0 },
        taxable_minor: taxable,
        taxes: vec![
            TaxPart {
                label: "CGST 2.5%".to_owned(),
                amount_minor: 3_086,
            },
            TaxPart {
                label: "SGST 2.5%".to_owned(),
                amount_minor: 3_086,
            },
        ],
        tax_minor: 6_172,
        amount_minor: taxable + 6_172,
        ..InvoiceLine::default()
    }
}

fn invoice(language: &str, names: &[(&str, &str)], lines: usize) -> InvoiceData {
    let lines: Vec<InvoiceLine> = (0..lines)
        .map(|index| {
            let (name, second) = names[index % names.len()];
            line(name, second, index as i64)
        })
        .collect();
    let taxable = lines.iter().map(|line| line.taxable_minor).sum::<i64>();
    let tax = lines.iter().map(|line| line.tax_minor).sum::<i64>();
    InvoiceData {
        kind: InvoiceKind::TaxInvoice,
        seller: Party {
            name: match language {
                "hi" => "श्री गणेश भोजनालय",
                "ar" => "مطعم الياسمين",
                _ => "Shree Ganesh Bhojnalaya",
            }
            .to_owned(),
            address: vec!["12 MG Road, Camp".to_owned(), "Pune 411001".to_owned()],
            tax_number: Some("27AAPFU0939F1ZV".to_owned()),
            region: Some("Maharashtra (27)".to_owned()),
            phone: Some("+91 98230 12345".to_owned()),
            mail: None,
        },
        buyer: Some(Party {
            name: match language {
                "hi" => "आशा ट्रेडर्स प्राइवेट लिमिटेड",
                "ar" => "شركة النور للتجارة",
                _ => "Asha Traders Private Limited",
            }
            .to_owned(),
            address: vec!["4th Floor, Nirlon House, Dr Annie Besant Road, Worli, Mumbai 400030".to_owned()],
            tax_number: Some("27AAACN2082N1ZD".to_owned()),
            region: Some("Maharashtra (27)".to_owned()),
            ..Party::default()
        }),
        number: "K7Q/26-27/000042".to_owned(),
        date: "2026-11-14".to_owned(),
        due: Some("2026-12-14".to_owned()),
        place_of_supply: Some("Maharashtra (27)".to_owned()),
        reverse_charge: Some(false),
        hsn: true,
        subtotal_minor: taxable,
        taxable_minor: taxable,
        taxes: vec![
            TaxTotal {
                name: "CGST".to_owned(),
                rate: "2.5%".to_owned(),
                taxable_minor: taxable,
                amount_minor: tax / 2,
            },
            TaxTotal {
                name: "SGST".to_owned(),
                rate: "2.5%".to_owned(),
                taxable_minor: taxable,
                amount_minor: tax / 2,
            },
        ],
        tax_minor: tax,
        rounding_minor: -36,
        total_minor: taxable + tax - 36,
        tenders: vec![ReceiptTender {
            label: "UPI".to_owned(),
            amount_minor: 100_000,
            ..ReceiptTender::default()
        }],
        paid_minor: 100_000,
        owed_minor: taxable + tax - 36 - 100_000,
        lines,
        terms: vec!["Thank you. Goods once sold are exchanged within 7 days.".to_owned()],
        qr: Some(SheetQr {
            data: "upi://pay?pa=ganesh@upi&pn=Shree%20Ganesh&am=1234.00&cu=INR".to_owned(),
            caption: "UPI: ganesh@upi".to_owned(),
        }),
        signed: true,
        currency: "INR".to_owned(),
        language: language.to_owned(),
        ..InvoiceData::default()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "sheets".to_owned()));
    fs::create_dir_all(&folder)?;
    let fonts = Fonts::new();
    let english = [
        ("Kshatriya Thali, Special", "क्षत्रिय थाली – विशेष"),
        ("Masala Chai", ""),
        (
            "Filter Coffee with Jaggery and Cardamom in a Brass Tumbler, Large",
            "",
        ),
    ];
    let hindi = [
        ("क्षत्रिय थाली – विशेष", "Kshatriya Thali"),
        ("मसाला चाय", ""),
        ("आलू पराठा दही के साथ", ""),
    ];
    let arabic = [
        ("شاي بالنعناع", "Mint tea"),
        ("طبق مشاوي مشكل كبير مع الأرز والسلطة", ""),
        ("عصير برتقال", ""),
    ];
    let mut revised = invoice("en", &english, 3);
    revised.revision = Some((2, "2026-11-14".to_owned()));
    let mut note = invoice("en", &english, 2);
    note.kind = InvoiceKind::CreditNote;
    note.number = "K8C/26-27/000003".to_owned();
    note.of = Some(("K7Q/26-27/000042".to_owned(), "2026-11-14".to_owned()));
    note.reason = Some("Not available".to_owned());
    note.qr = None;
    let mut supply = invoice("hi", &hindi, 2);
    supply.kind = InvoiceKind::BillOfSupply;
    supply.taxes.clear();
    for line in &mut supply.lines {
        line.taxes.clear();
        line.tax_minor = 0;
    }
    supply.legends = vec!["संयोजन करदाता, आपूर्ति पर कर लेने के योग्य नहीं".to_owned()];
    supply.demo = true;
    let mut quotation = invoice("ar", &arabic, 3);
    quotation.kind = InvoiceKind::Quotation;
    quotation.currency = "AED".to_owned();
    quotation.number = "Q2A/26-27/000007".to_owned();
    quotation.valid_until = Some("2026-12-01".to_owned());
    quotation.hsn = false;
    quotation.seller.tax_number = Some("100234567800003".to_owned());
    let mut long = invoice("en", &english, 4);
    long.lines[1].note = Some("very ".repeat(3_000));
    long.lines[2].unit_price_minor = i64::MAX;
    long.lines[2].amount_minor = i64::MIN;
    for (name, data) in [
        ("invoice-en-3", invoice("en", &english, 3)),
        ("invoice-en-40", invoice("en", &english, 40)),
        ("invoice-hi-12", invoice("hi", &hindi, 12)),
        ("invoice-ar-24", invoice("ar", &arabic, 24)),
        ("revised", revised),
        ("credit-note", note),
        ("bill-of-supply-hi", supply),
        ("quotation-ar", quotation),
        ("long", long),
    ] {
        fs::write(
            folder.join(format!("{name}.pdf")),
            sheet_pdf(&invoice_sheet(&data), &fonts)?,
        )?;
    }
    let mut balance = 50_000;
    let rows = (0..90i64)
        .map(|index| {
            let amount = if index % 3 == 2 {
                -70_000
            } else {
                40_000 + index * 100
            };
            balance += amount;
            StatementRow {
                date: format!("2026-{:02}-{:02}", 4 + index / 28, 1 + index % 28),
                document: if amount > 0 {
                    format!("K7Q/26-27/{index:06}")
                } else {
                    String::new()
                },
                what: if amount > 0 { "Invoice" } else { "Payment, cash" }.to_owned(),
                amount_minor: amount,
                balance_minor: balance,
            }
        })
        .collect();
    let model = invoice("en", &english, 1);
    let statement = StatementData {
        seller: model.seller,
        customer: model.buyer.unwrap_or_default(),
        from: "2026-04-01".to_owned(),
        to: "2026-07-31".to_owned(),
        made: "2026-08-01".to_owned(),
        opening_minor: 50_000,
        rows,
        closing_minor: balance,
        ageing: ["0–30", "31–60", "61–90", "90+"]
            .map(|label| Entry {
                label: label.to_owned(),
                amount_minor: balance / 4,
            })
            .to_vec(),
        currency: "INR".to_owned(),
        language: "en".to_owned(),
        ..StatementData::default()
    };
    fs::write(
        folder.join("statement.pdf"),
        sheet_pdf(&statement_sheet(&statement), &fonts)?,
    )?;
    Ok(())
}
