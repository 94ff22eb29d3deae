//! A customer's account on A4: what was charged, what was paid, and what stood after each.

use crate::{
    amount::{figures, money},
    document::Align,
    invoice::Party,
    sheet::{Cell, Column, Line, Piece, Sheet, Step, Table},
    slips::{Entry, isolated, labelled, tax_label},
    words::{Language, Words},
};

/// One entry of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementRow {
    pub date: String,
    /// Its number, where it has one.
    pub document: String,
    /// "Invoice", "Payment, cash": in the reader's language.
    pub what: String,
    /// Positive is charged, negative is paid or credited.
    pub amount_minor: i64,
    pub balance_minor: i64,
}

/// Everything a statement says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementData {
    pub demo: bool,
    pub seller: Party,
    pub customer: Party,
    pub from: String,
    pub to: String,
    pub made: String,
    pub opening_minor: i64,
    pub rows: Vec<StatementRow>,
    pub closing_minor: i64,
    /// How old what is owed is: "0–30", "31–60" …
    pub ageing: Vec<Entry>,
    pub terms: Vec<String>,
    pub currency: String,
    pub language: String,
}

/// The sheet of a statement.
pub fn statement_sheet(data: &StatementData) -> Sheet {
    let language = Language::of(&data.language);
    let words = Words::of(language);
    let amount = |minor: i64| figures(minor, &data.currency);
    let period = format!("{} – {}", isolated(&data.from), isolated(&data.to));
    let mut pieces = Vec::new();
    if data.demo {
        pieces.push(Piece::Band(words.demo.to_owned()));
        pieces.push(Piece::Space(6));
    }
    let small = |text: &String| Piece::Line(Line::new(text).step(Step::Small));
    let named = |party: &Party, step: Step| {
        let mut pieces = vec![Piece::Line(Line::new(&party.name).step(step).bold())];
        pieces.extend(party.address.iter().chain(&party.region).map(small));
        if let Some(number) = &party.tax_number {
            pieces.push(Piece::Line(
                Line::new(tax_label(number, &words)).step(Step::Small).bold(),
            ));
        }
        pieces.extend(
            party
                .phone
                .iter()
                .map(|phone| Piece::Line(Line::new(labelled(words.phone, phone)).step(Step::Small))),
        );
        pieces
    };
    let head = vec![
        Piece::Line(Line::new(words.statement).step(Step::Title).bold()),
        Piece::Line(Line::new(period)),
        Piece::Line(
            Line::new(labelled(words.date, &data.made))
                .step(Step::Small)
                .grey(),
        ),
    ];
    pieces.push(Piece::Beside(vec![
        (1, named(&data.seller, Step::Large)),
        (1, head),
    ]));
    pieces.push(Piece::Space(10));
    pieces.push(Piece::Rule);
    pieces.push(Piece::Space(4));
    pieces.push(Piece::Beside(vec![
        (1, named(&data.customer, Step::Body)),
        (
            1,
            vec![Piece::Line(
                Line::new(format!(
                    "{} {}",
                    words.closing_balance,
                    isolated(&money(data.closing_minor, &data.currency))
                ))
                .step(Step::Large)
                .bold(),
            )],
        ),
    ]));
    pieces.push(Piece::Space(10));
    let column = |title: &str, share: u16, align: Align| Column {
        title: title.to_owned(),
        share,
        align,
    };
    let mut rows = vec![vec![
        Cell::new(isolated(&data.from)),
        Cell::default(),
        Cell::new(words.opening_balance),
        Cell::default(),
        Cell::default(),
        Cell::new(amount(data.opening_minor)),
    ]];
    rows.extend(data.rows.iter().map(|row| {
        let (charged, credited) = if row.amount_minor >= 0 {
            (amount(row.amount_minor), String::new())
        } else {
            (String::new(), amount(row.amount_minor.saturating_neg()))
        };
        vec![
            Cell::new(isolated(&row.date)),
            Cell::new(isolated(&row.document)),
            Cell::new(&row.what),
            Cell::new(charged),
            Cell::new(credited),
            Cell::new(amount(row.balance_minor)),
        ]
    }));
    pieces.push(Piece::Table(Table {
        columns: vec![
            column(words.date, 0, Align::Start),
            column(words.document, 0, Align::Start),
            column(words.description, 1, Align::Start),
            column(words.charged, 0, Align::End),
            column(words.credited, 0, Align::End),
            column(words.balance, 0, Align::End),
        ],
        rows,
        totals: vec![vec![
            Cell::default(),
            Cell::default(),
            Cell::new(words.closing_balance),
            Cell::default(),
            Cell::default(),
            Cell::new(money(data.closing_minor, &data.currency)),
        ]],
        plain: false,
    }));
    if !data.ageing.is_empty() {
        pieces.push(Piece::Space(8));
        pieces.push(Piece::Table(Table {
            columns: data
                .ageing
                .iter()
                .map(|entry| column(&entry.label, 1, Align::End))
                .collect(),
            rows: vec![
                data.ageing
                    .iter()
                    .map(|entry| Cell::new(amount(entry.amount_minor)))
                    .collect(),
            ],
            ..Table::default()
        }));
    }
    if !data.terms.is_empty() {
        pieces.push(Piece::Space(10));
        pieces.extend(data.terms.iter().map(small));
    }
    Sheet {
        language: language.tag().to_owned(),
        rtl: language.is_rtl(),
        title: format!("{} {}", words.statement, data.customer.name),
        running: format!(
            "{} · {} · {}",
            isolated(&data.seller.name),
            words.statement,
            isolated(&data.customer.name)
        ),
        page_words: (words.page.to_owned(), words.page_of.to_owned()),
        pieces,
    }
}
