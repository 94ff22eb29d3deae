//! Invoices on A4: tax invoices, bills of supply, credit notes and quotations, with what the law asks of each. Amounts
//! and texts come ready; nothing is calculated here.

use crate::{
    amount::{figures, money},
    bitmap::Bitmap,
    document::Align,
    sheet::{Cell, Column, Line, Piece, Sheet, Step, Table},
    slips::{Entry, ReceiptTender, isolated, labelled, tax_label},
    spelled::spelled,
    words::{Language, Words},
};

/// Which paper it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvoiceKind {
    #[default]
    Invoice,
    TaxInvoice,
    BillOfSupply,
    CreditNote,
    Quotation,
}

/// Who sells, who buys, where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub address: Vec<String>,
    pub tax_number: Option<String>,
    /// "Maharashtra (27)"
    pub region: Option<String>,
    pub phone: Option<String>,
    pub mail: Option<String>,
}

/// One tax of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxPart {
    /// "CGST 2.5%"
    pub label: String,
    pub amount_minor: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceLine {
    pub name: String,
    pub second_name: Option<String>,
    pub note: Option<String>,
    /// HSN, SAC or another code of the goods.
    pub code: Option<String>,
    /// "2 NOS", "0.750 KGS"
    pub quantity: String,
    pub unit_price_minor: i64,
    pub discount_minor: i64,
    pub taxable_minor: i64,
    pub taxes: Vec<TaxPart>,
    pub tax_minor: i64,
    pub amount_minor: i64,
}

/// One tax of the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxTotal {
    /// "CGST"
    pub name: String,
    /// "2.5%"
    pub rate: String,
    pub taxable_minor: i64,
    pub amount_minor: i64,
}

/// What the goods of one code and one rate come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeTotal {
    pub code: String,
    pub taxable_minor: i64,
    /// By the order of `InvoiceData::code_taxes`: the rate and the amount.
    pub taxes: Vec<Option<(String, i64)>>,
    pub tax_minor: i64,
}

/// A part of what is owed, and its day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetInstalment {
    pub day: String,
    pub amount_minor: i64,
    pub open_minor: i64,
}

/// A code to pay with or to check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SheetQr {
    pub data: String,
    pub caption: String,
}

/// Everything an invoice says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceData {
    pub kind: InvoiceKind,
    pub demo: bool,
    pub cancelled: bool,
    pub logo: Option<Bitmap>,
    pub seller: Party,
    pub buyer: Option<Party>,
    pub delivery: Option<Party>,
    pub number: String,
    pub date: String,
    pub due: Option<String>,
    /// Of a quotation.
    pub valid_until: Option<String>,
    /// Number and day of what a credit note is for.
    pub of: Option<(String, String)>,
    pub reason: Option<String>,
    pub place_of_supply: Option<String>,
    /// Said only where the law wants it said.
    pub reverse_charge: Option<bool>,
    /// Which correction this is and of which day; the number and the date stay those of the first version.
    pub revision: Option<(u32, String)>,
    /// The codes of goods are those of India's law.
    pub hsn: bool,
    pub lines: Vec<InvoiceLine>,
    /// The prices of the lines contain their tax.
    pub inclusive: bool,
    pub subtotal_minor: i64,
    pub discounts: Vec<Entry>,
    pub taxable_minor: i64,
    pub taxes: Vec<TaxTotal>,
    pub tax_minor: i64,
    /// The taxes that stand beside the codes of goods: "CGST", "SGST".
    pub code_taxes: Vec<String>,
    /// Goods by code, where the law wants them so; then the taxes are said here and not by rate alone.
    pub codes: Vec<CodeTotal>,
    pub rounding_minor: i64,
    pub total_minor: i64,
    pub tenders: Vec<ReceiptTender>,
    pub paid_minor: i64,
    pub owed_minor: i64,
    pub instalments: Vec<SheetInstalment>,
    /// What the law wants written across it: "Composition taxable person …".
    pub legends: Vec<String>,
    /// The shop's own words at the end.
    pub terms: Vec<String>,
    pub qr: Option<SheetQr>,
    /// A place for a signature.
    pub signed: bool,
    /// ISO 4217.
    pub currency: String,
    /// BCP 47.
    pub language: String,
}

impl InvoiceData {
    fn title(&self, words: &Words) -> &'static str {
        match self.kind {
            InvoiceKind::Invoice => words.invoice,
            InvoiceKind::TaxInvoice => words.tax_invoice,
            InvoiceKind::BillOfSupply => words.bill_of_supply,
            InvoiceKind::CreditNote => words.credit_note,
            InvoiceKind::Quotation => words.quotation,
        }
    }

    fn is_bill(&self) -> bool {
        !matches!(self.kind, InvoiceKind::CreditNote | InvoiceKind::Quotation)
    }
}

/// The sheet of an invoice.
pub fn invoice_sheet(data: &InvoiceData) -> Sheet {
    let language = Language::of(&data.language);
    let words = Words::of(language);
    let title = data.title(&words);
    let mut pieces = Vec::new();
    if data.demo {
        pieces.push(Piece::Band(words.demo.to_owned()));
        pieces.push(Piece::Space(6));
    }
    if data.cancelled {
        pieces.push(Piece::Band(words.cancelled.to_owned()));
        pieces.push(Piece::Space(6));
    }
    pieces.push(Piece::Beside(vec![
        (11, seller(data, &words)),
        (9, particulars(data, &words, title)),
    ]));
    pieces.push(Piece::Space(10));
    pieces.push(Piece::Rule);
    let mut parties = Vec::new();
    if let Some(buyer) = &data.buyer {
        parties.push((1, party(words.bill_to, buyer, &words)));
    }
    if let Some(delivery) = &data.delivery {
        parties.push((1, party(words.deliver_to, delivery, &words)));
    }
    if !parties.is_empty() {
        if parties.len() == 1 {
            parties.push((1, Vec::new()));
        }
        pieces.push(Piece::Space(4));
        pieces.push(Piece::Beside(parties));
    }
    pieces.push(Piece::Space(10));
    pieces.push(Piece::Table(goods(data, &words)));
    pieces.push(Piece::Space(8));
    pieces.push(Piece::Beside(vec![
        (11, aside(data, &words)),
        (9, sums(data, &words)),
    ]));
    if !data.codes.is_empty() {
        pieces.push(Piece::Space(10));
        pieces.push(Piece::Line(Line::new(words.by_code).step(Step::Small).grey()));
        pieces.push(Piece::Table(codes(data, &words)));
    }
    pieces.push(Piece::Space(14));
    pieces.extend(end(data, &words));
    Sheet {
        language: language.tag().to_owned(),
        rtl: language.is_rtl(),
        title: format!("{title} {}", data.number),
        running: format!(
            "{} · {title} {}",
            isolated(&data.seller.name),
            isolated(&data.number)
        ),
        page_words: (words.page.to_owned(), words.page_of.to_owned()),
        pieces,
    }
}

fn small(text: impl Into<String>) -> Piece {
    Piece::Line(Line::new(text).step(Step::Small))
}

fn seller(data: &InvoiceData, words: &Words) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if let Some(logo) = &data.logo {
        pieces.push(Piece::Picture {
            picture: logo.clone(),
            mm: 30,
        });
        pieces.push(Piece::Space(4));
    }
    pieces.push(Piece::Line(Line::new(&data.seller.name).step(Step::Large).bold()));
    pieces.extend(details(&data.seller, words));
    pieces
}

fn details(party: &Party, words: &Words) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = party.address.iter().map(small).collect();
    pieces.extend(party.region.iter().map(small));
    if let Some(number) = party.tax_number.as_deref().filter(|n| !n.trim().is_empty()) {
        pieces.push(Piece::Line(
            Line::new(tax_label(number, words)).step(Step::Small).bold(),
        ));
    }
    if let Some(phone) = &party.phone {
        pieces.push(small(labelled(words.phone, phone)));
    }
    pieces.extend(party.mail.iter().map(small));
    pieces
}

fn party(title: &str, party: &Party, words: &Words) -> Vec<Piece> {
    let mut pieces = vec![
        Piece::Line(Line::new(title).step(Step::Tiny).grey()),
        Piece::Line(Line::new(&party.name).bold()),
    ];
    pieces.extend(details(party, words));
    pieces
}

/// What kind of paper this is, and its number, days and place.
fn particulars(data: &InvoiceData, words: &Words, title: &str) -> Vec<Piece> {
    let mut rows: Vec<(&str, String)> = vec![
        (words.invoice_no, isolated(&data.number)),
        (words.date, isolated(&data.date)),
    ];
    if let Some((number, day)) = &data.of {
        rows.push((
            words.of_invoice,
            format!("{} · {}", isolated(number), isolated(day)),
        ));
    }
    if let Some(due) = &data.due {
        rows.push((words.due, isolated(due)));
    }
    if let Some(until) = &data.valid_until {
        rows.push((words.valid_until, isolated(until)));
    }
    if let Some(place) = &data.place_of_supply {
        rows.push((words.place_of_supply, isolated(place)));
    }
    if let Some(reverse) = data.reverse_charge {
        let said = if reverse { words.yes } else { words.no };
        rows.push((words.reverse_charge, said.to_owned()));
    }
    if let Some(reason) = &data.reason {
        rows.push((words.reason, isolated(reason)));
    }
    let mut pieces = vec![
        Piece::Line(Line::new(title).step(Step::Title).bold()),
        Piece::Space(3),
    ];
    if let Some((revision, day)) = &data.revision {
        pieces.push(Piece::Line(
            Line::new(format!(
                "{} – {}",
                labelled(words.revision, &revision.to_string()),
                labelled(words.revised, day)
            ))
            .step(Step::Small)
            .bold(),
        ));
        pieces.push(Piece::Space(2));
    }
    pieces.push(Piece::Table(Table {
        columns: vec![
            Column {
                align: Align::Start,
                ..Column::default()
            },
            Column {
                share: 1,
                align: Align::Start,
                ..Column::default()
            },
        ],
        rows: rows
            .into_iter()
            .map(|(label, value)| vec![Cell::new("").below(label), Cell::new(value)])
            .collect(),
        plain: true,
        ..Table::default()
    }));
    pieces
}

/// What was sold. A column that would stand empty is left out.
fn goods(data: &InvoiceData, words: &Words) -> Table {
    let any = |of: &dyn Fn(&InvoiceLine) -> bool| data.lines.iter().any(of);
    let coded = any(&|line| line.code.is_some());
    let discounted = any(&|line| line.discount_minor != 0);
    let taxed = !data.taxes.is_empty() || any(&|line| !line.taxes.is_empty());
    let end = |title: &str| Column {
        title: title.to_owned(),
        share: 0,
        align: Align::End,
    };
    let start = |title: &str, share: u16| Column {
        title: title.to_owned(),
        share,
        align: Align::Start,
    };
    let mut columns = vec![end("#"), start(words.description, 1)];
    if coded {
        columns.push(start(if data.hsn { "HSN/SAC" } else { words.goods_code }, 0));
    }
    columns.extend([end(words.quantity), end(words.rate)]);
    if discounted {
        columns.push(end(words.discount));
    }
    if taxed {
        columns.extend([end(words.taxable), end(words.tax)]);
    }
    columns.push(end(words.amount));
    let amount = |minor: i64| figures(minor, &data.currency);
    let rows = (1u32..)
        .zip(&data.lines)
        .map(|(n, line)| {
            let mut name = Cell::new(&line.name);
            for below in line.second_name.iter().chain(&line.note) {
                name = name.below(below);
            }
            let mut row = vec![Cell::new(n.to_string()), name];
            if coded {
                row.push(Cell::new(line.code.clone().unwrap_or_default()));
            }
            row.extend([
                Cell::new(isolated(&line.quantity)),
                Cell::new(amount(line.unit_price_minor)),
            ]);
            if discounted {
                row.push(Cell::new(match line.discount_minor {
                    0 => String::new(),
                    minor => amount(minor),
                }));
            }
            if taxed {
                let mut tax = Cell::new(amount(line.tax_minor));
                for part in &line.taxes {
                    tax = tax.below(format!(
                        "{} {}",
                        isolated(&part.label),
                        isolated(&amount(part.amount_minor))
                    ));
                }
                row.extend([Cell::new(amount(line.taxable_minor)), tax]);
            }
            row.push(Cell::new(amount(line.amount_minor)));
            row
        })
        .collect();
    let totals = taxed.then(|| {
        let mut row = vec![Cell::default(), Cell::new(words.total)];
        row.resize(columns.len() - 3, Cell::default());
        let lines: i64 = data.lines.iter().map(|line| line.amount_minor).sum();
        row.extend([
            Cell::new(amount(data.taxable_minor)),
            Cell::new(amount(data.tax_minor)),
            Cell::new(amount(lines)),
        ]);
        row
    });
    Table {
        columns,
        rows,
        totals: totals.into_iter().collect(),
        plain: false,
    }
}

/// What is owed, by the days it is due.
fn instalments(data: &InvoiceData, words: &Words) -> Table {
    let amount = |minor: i64| figures(minor, &data.currency);
    let end = |title: &str| Column {
        title: title.to_owned(),
        share: 0,
        align: Align::End,
    };
    Table {
        columns: vec![
            end("#"),
            Column {
                title: format!("{} · {}", words.instalments, words.due),
                share: 1,
                align: Align::Start,
            },
            end(words.amount),
            end(words.open),
        ],
        rows: (1u32..)
            .zip(&data.instalments)
            .map(|(n, part)| {
                vec![
                    Cell::new(n.to_string()),
                    Cell::new(isolated(&part.day)),
                    Cell::new(amount(part.amount_minor)),
                    Cell::new(amount(part.open_minor)),
                ]
            })
            .collect(),
        ..Table::default()
    }
}

/// What was sold by its code in the law: how much of it was taxed, at which rates, and how much tax that is.
fn codes(data: &InvoiceData, words: &Words) -> Table {
    let amount = |minor: i64| figures(minor, &data.currency);
    let end = |title: &str| Column {
        title: title.to_owned(),
        share: 0,
        align: Align::End,
    };
    let mut columns = vec![
        Column {
            title: "HSN/SAC".to_owned(),
            share: 1,
            align: Align::Start,
        },
        end(words.taxable),
    ];
    columns.extend(data.code_taxes.iter().map(|name| end(name)));
    columns.push(end(words.total_tax));
    let rows = data
        .codes
        .iter()
        .map(|row| {
            let mut cells = vec![
                Cell::new(if row.code.is_empty() {
                    "–"
                } else {
                    row.code.as_str()
                }),
                Cell::new(amount(row.taxable_minor)),
            ];
            cells.extend(row.taxes.iter().map(|tax| match tax {
                Some((rate, minor)) => Cell::new(amount(*minor)).below(isolated(rate)),
                None => Cell::default(),
            }));
            cells.push(Cell::new(amount(row.tax_minor)));
            cells
        })
        .collect();
    let mut totals = vec![Cell::new(words.total), Cell::new(amount(data.taxable_minor))];
    totals.resize(columns.len() - 1, Cell::default());
    totals.push(Cell::new(amount(data.tax_minor)));
    Table {
        columns,
        rows,
        totals: vec![totals],
        plain: false,
    }
}

/// Beside the sums: the taxes by rate, a code to pay with, what the law and the shop want said.
fn aside(data: &InvoiceData, words: &Words) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if !data.taxes.is_empty() && data.codes.is_empty() {
        let column = |title: &str, share: u16, align: Align| Column {
            title: title.to_owned(),
            share,
            align,
        };
        pieces.push(Piece::Table(Table {
            columns: vec![
                column(words.tax, 1, Align::Start),
                column(words.tax_rate, 0, Align::End),
                column(words.taxable, 0, Align::End),
                column(words.amount, 0, Align::End),
            ],
            rows: data
                .taxes
                .iter()
                .map(|tax| {
                    vec![
                        Cell::new(isolated(&tax.name)),
                        Cell::new(&tax.rate),
                        Cell::new(figures(tax.taxable_minor, &data.currency)),
                        Cell::new(figures(tax.amount_minor, &data.currency)),
                    ]
                })
                .collect(),
            ..Table::default()
        }));
        pieces.push(Piece::Space(4));
    }
    pieces.push(Piece::Line(Line::new(words.in_words).step(Step::Tiny).grey()));
    pieces.push(Piece::Line(
        Line::new(spelled(
            data.total_minor,
            &data.currency,
            Language::of(&data.language),
        ))
        .bold(),
    ));
    pieces.push(Piece::Space(4));
    if data.inclusive && !data.taxes.is_empty() {
        pieces.push(Piece::Line(
            Line::new(words.includes_tax).step(Step::Small).grey(),
        ));
    }
    if !data.instalments.is_empty() {
        pieces.push(Piece::Space(4));
        pieces.push(Piece::Table(instalments(data, words)));
        pieces.push(Piece::Space(4));
    }
    for legend in &data.legends {
        pieces.push(Piece::Line(Line::new(legend).step(Step::Small).bold()));
    }
    if let Some(qr) = &data.qr {
        pieces.push(Piece::Qr {
            data: qr.data.clone(),
            mm: 32,
        });
        pieces.push(Piece::Line(Line::new(&qr.caption).step(Step::Small)));
    }
    pieces
}

fn sums(data: &InvoiceData, words: &Words) -> Vec<Piece> {
    let amount = |minor: i64| figures(minor, &data.currency);
    let row = |label: String, amount: String| vec![Cell::new(label), Cell::new(amount)];
    let mut rows = Vec::new();
    if !data.discounts.is_empty() {
        rows.push(row(words.subtotal.to_owned(), amount(data.subtotal_minor)));
        for discount in &data.discounts {
            let label = match discount.label.trim() {
                "" => words.discount.to_owned(),
                text => isolated(text),
            };
            rows.push(row(label, amount(-discount.amount_minor)));
        }
    }
    if !data.taxes.is_empty() {
        rows.push(row(words.taxable.to_owned(), amount(data.taxable_minor)));
        for tax in &data.taxes {
            let label = format!("{} {}", tax.name, tax.rate);
            rows.push(row(isolated(label.trim()), amount(tax.amount_minor)));
        }
    }
    if data.rounding_minor != 0 {
        rows.push(row(words.rounding.to_owned(), amount(data.rounding_minor)));
    }
    let columns = || {
        vec![
            Column {
                share: 1,
                ..Column::default()
            },
            Column {
                align: Align::End,
                ..Column::default()
            },
        ]
    };
    let total_word = if data.kind == InvoiceKind::CreditNote {
        words.refunded
    } else {
        words.total
    };
    let mut pieces = vec![
        Piece::Table(Table {
            columns: columns(),
            rows,
            totals: vec![row(
                total_word.to_owned(),
                money(data.total_minor, &data.currency),
            )],
            plain: true,
        }),
        Piece::Space(2),
    ];
    let mut after: Vec<Vec<Cell>> = data
        .tenders
        .iter()
        .map(|tender| row(isolated(&tender.label), amount(tender.amount_minor)))
        .collect();
    if data.is_bill() && data.owed_minor != 0 {
        if data.paid_minor != 0 && data.tenders.is_empty() {
            after.push(row(words.paid.to_owned(), amount(data.paid_minor)));
        }
        pieces.push(Piece::Table(Table {
            columns: columns(),
            rows: after,
            totals: vec![row(
                words.balance_due.to_owned(),
                money(data.owed_minor, &data.currency),
            )],
            plain: true,
        }));
    } else if !after.is_empty() {
        pieces.push(Piece::Table(Table {
            columns: columns(),
            rows: after,
            totals: Vec::new(),
            plain: true,
        }));
    }
    pieces
}

/// The shop's words, and the place where it signs.
fn end(data: &InvoiceData, words: &Words) -> Vec<Piece> {
    let mut said: Vec<Piece> = Vec::new();
    if data.kind == InvoiceKind::Quotation {
        said.push(Piece::Line(
            Line::new(words.not_an_invoice).step(Step::Small).grey(),
        ));
    }
    said.extend(data.terms.iter().map(small));
    if !data.signed {
        return said;
    }
    let signature = vec![
        Piece::Line(
            Line::new(labelled(words.for_shop, &data.seller.name))
                .step(Step::Small)
                .align(Align::End),
        ),
        Piece::Space(30),
        Piece::Line(
            Line::new(words.signatory)
                .step(Step::Small)
                .grey()
                .align(Align::End),
        ),
    ];
    vec![Piece::Beside(vec![(11, said), (9, signature)])]
}
