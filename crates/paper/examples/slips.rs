//! Draws one slip of every kind and script into a folder, to be looked at: `cargo run -p paper --example slips -- FOLDER`.

use std::{env, error::Error, fs, path::PathBuf};

use paper::{
    CreditNoteData, Entry, Fonts, LabelData, NoSaleData, Paper, PdfPage, Profile, ReceiptData, ReceiptLine,
    ReceiptTender, Slip, Template, TestCardData, escpos, pdf, png, raster,
};

fn line(name: &str, second: &str, quantity: &str, unit: i64, amount: i64) -> ReceiptLine {
    ReceiptLine {
        name: name.to_owned(),
        second_name: (!second.is_empty()).then(|| second.to_owned()),
        quantity: quantity.to_owned(),
        unit_price_minor: unit,
        amount_minor: amount,
        ..ReceiptLine::default()
    }
}

fn english() -> ReceiptData {
    let mut lines = vec![
        line("Masala Chai", "मसाला चाय", "2", 4_000, 8_000),
        line(
            "Kshatriya Thali, Special",
            "क्षत्रिय थाली – विशेष",
            "1",
            24_000,
            24_000,
        ),
        line("Filter Coffee with Jaggery and Cardamom", "", "3", 6_000, 16_000),
        line("Alphonso Mango", "", "0.750 kg", 40_000, 30_000),
    ];
    lines[1].note = Some("no onion".to_owned());
    lines[2].discount_minor = 2_000;
    ReceiptData {
        shop_name: "Shree Ganesh Bhojnalaya".to_owned(),
        header: vec!["12 MG Road, Pune 411001".to_owned()],
        branch: "FC Road".to_owned(),
        tax_number: Some("27AAPFU0939F1ZV".to_owned()),
        number: "42".to_owned(),
        document: "K7Q/26-27/000042".to_owned(),
        at: "20 Nov 2026, 10:42 am".to_owned(),
        counter: "1".to_owned(),
        staff: "Asha".to_owned(),
        lines,
        subtotal_minor: 78_000,
        discounts: vec![Entry {
            label: String::new(),
            amount_minor: 3_000,
        }],
        rounding_minor: -25,
        total_minor: 74_975,
        tenders: vec![ReceiptTender {
            label: "Cash".to_owned(),
            amount_minor: 74_975,
            received_minor: Some(80_000),
            change_minor: Some(5_025),
        }],
        token: Some(format!("P1{}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".repeat(6))),
        one_time_number: Some("482913".to_owned()),
        valid_until: Some("2:42 pm".to_owned()),
        phone: Some("98••••3210".to_owned()),
        footer: vec!["Thank you! Come again.".to_owned()],
        copy: 1,
        currency: "INR".to_owned(),
        language: "en".to_owned(),
        ..ReceiptData::default()
    }
}

fn hindi() -> ReceiptData {
    ReceiptData {
        shop_name: "श्री गणेश भोजनालय".to_owned(),
        header: vec!["१२ महात्मा गाँधी मार्ग, पुणे".to_owned()],
        language: "hi".to_owned(),
        counter: "1".to_owned(),
        staff: "आशा".to_owned(),
        at: "20 नव॰ 2026, 10:42".to_owned(),
        lines: vec![
            line("मसाला चाय", "Masala Chai", "2", 4_000, 8_000),
            line("क्षत्रिय थाली – विशेष मिष्टान्न के साथ", "", "1", 24_000, 24_000),
            line("दही बड़ा", "", "3", 6_000, 18_000),
        ],
        tenders: vec![ReceiptTender {
            label: "नकद".to_owned(),
            amount_minor: 50_000,
            received_minor: Some(50_000),
            change_minor: Some(25),
        }],
        footer: vec!["धन्यवाद, फिर पधारिए 🙏".to_owned()],
        demo: true,
        ..english()
    }
}

fn arabic() -> ReceiptData {
    ReceiptData {
        shop_name: "مطعم الياسمين".to_owned(),
        header: vec!["شارع الشيخ زايد 12، دبي".to_owned()],
        branch: String::new(),
        tax_number: Some("100234567800003".to_owned()),
        language: "ar".to_owned(),
        currency: "AED".to_owned(),
        staff: "ليلى".to_owned(),
        at: "20 نوفمبر 2026، 10:42".to_owned(),
        lines: vec![
            line("شاي كرك بالحليب", "Karak Chai", "2", 600, 1_200),
            line("مناقيش بالزعتر والجبنة الطازجة مع الخضار", "", "1", 1_850, 1_850),
            line("Pepsi 330 ml", "", "3", 350, 1_050),
        ],
        subtotal_minor: 4_100,
        discounts: Vec::new(),
        taxes: vec![Entry {
            label: "ضريبة القيمة المضافة 5%".to_owned(),
            amount_minor: 205,
        }],
        rounding_minor: 0,
        total_minor: 4_305,
        tenders: vec![ReceiptTender {
            label: "نقدًا".to_owned(),
            amount_minor: 4_305,
            received_minor: Some(5_000),
            change_minor: Some(695),
        }],
        footer: vec!["شكراً لزيارتكم".to_owned()],
        copy: 2,
        ..english()
    }
}

fn many_scripts() -> ReceiptData {
    ReceiptData {
        shop_name: "அன்னபூர்ணா உணவகம்".to_owned(),
        header: vec!["天府川菜馆 · Ресторан · Ταβέρνα".to_owned()],
        language: "en".to_owned(),
        lines: vec![
            line("ராகி தோசை", "Ragi Dosa", "3", 6_000, 18_000),
            line("宫保鸡丁 🍗", "Kung Pao Chicken", "1", 32_000, 32_000),
            line("Crème brûlée ☕ 🎂", "", "1", 15_000, 15_000),
            line("মিষ্টি দই", "Mishti Doi", "1", 4_000, 4_000),
            line("ઢોકળા", "ਲੱਸੀ", "1", 4_000, 4_000),
            line("ఇడ్లీ", "ಮಸಾಲೆ ದೋಸೆ", "1", 4_000, 4_000),
            line("പുട്ട്", "ଦହିବରା", "1", 4_000, 4_000),
            line("ผัดไทย", "חומוס", "1", 4_000, 4_000),
            line("ხაჭაპური", "Խորոված · おにぎり", "1", 4_000, 4_000),
            line("Борщ, Плов", "شاي كرك", "1", 4_000, 4_000),
        ],
        total_minor: 9_876_543_210,
        ..english()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("which folder?")?);
    fs::create_dir_all(&folder)?;
    let fonts = Fonts::new();
    let wide = Template::default();
    let narrow = Template {
        paper: Paper::MM58,
        ..Template::default()
    };
    let credit = CreditNoteData {
        shop_name: "Shree Ganesh Bhojnalaya".to_owned(),
        document: "K7Q/26-27/R00003".to_owned(),
        of_document: "K7Q/26-27/000042".to_owned(),
        number: "42".to_owned(),
        at: "20 Nov 2026, 11:05 am".to_owned(),
        counter: "1".to_owned(),
        staff: "Asha".to_owned(),
        lines: vec![line("Masala Chai", "मसाला चाय", "1", 4_000, 4_000)],
        total_minor: 4_000,
        tenders: vec![ReceiptTender {
            label: "Cash".to_owned(),
            amount_minor: 4_000,
            ..ReceiptTender::default()
        }],
        reason: Some("Not available".to_owned()),
        approved_by: Some("Ravi".to_owned()),
        currency: "INR".to_owned(),
        ..CreditNoteData::default()
    };
    let no_sale = NoSaleData {
        shop_name: "Shree Ganesh Bhojnalaya".to_owned(),
        at: "20 Nov 2026, 11:05 am".to_owned(),
        counter: "Counter 1".to_owned(),
        staff: "Asha".to_owned(),
        reason: Some("Change for a customer".to_owned()),
        demo: true,
        ..NoSaleData::default()
    };
    let test_card = TestCardData {
        printer: "Kitchen, 192.168.1.40".to_owned(),
        shop_name: "Shree Ganesh Bhojnalaya".to_owned(),
        dots: 576,
        columns: 48,
        at: "20 Nov 2026, 11:05 am".to_owned(),
        ..TestCardData::default()
    };
    let label = LabelData {
        name: "Alphonso Mango".to_owned(),
        second_name: Some("हापुस आम".to_owned()),
        price_minor: 40_000,
        per: "/ kg".to_owned(),
        barcode: Some("8901234567890".to_owned()),
        dots: 384,
        currency: "INR".to_owned(),
        ..LabelData::default()
    };
    let slips = [
        ("english", Slip::Receipt(english()), &wide),
        ("english-58", Slip::Receipt(english()), &narrow),
        ("hindi", Slip::Receipt(hindi()), &wide),
        ("hindi-58", Slip::Receipt(hindi()), &narrow),
        ("arabic", Slip::Receipt(arabic()), &wide),
        ("arabic-58", Slip::Receipt(arabic()), &narrow),
        ("scripts", Slip::Receipt(many_scripts()), &wide),
        ("token", Slip::Token(english()), &wide),
        ("credit", Slip::CreditNote(credit), &wide),
        ("no-sale", Slip::NoSale(no_sale), &narrow),
        ("test-card", Slip::TestCard(test_card), &wide),
        ("label", Slip::Label(label), &narrow),
    ];
    for (name, slip, template) in slips {
        let document = slip.document(template);
        fs::write(
            folder.join(format!("{name}.png")),
            png(&raster(&document, &fonts)),
        )?;
        fs::write(
            folder.join(format!("{name}.pdf")),
            pdf(&document, &fonts, PdfPage::Roll)?,
        )?;
        fs::write(
            folder.join(format!("{name}.a4.pdf")),
            pdf(&document, &fonts, PdfPage::A4)?,
        )?;
        for (preset, profile) in Profile::presets() {
            fs::write(
                folder.join(format!("{name}.{preset}.bin")),
                escpos(&document, &profile, &fonts),
            )?;
        }
    }
    Ok(())
}
