//! A customer's statement on A4 and by mail.

use crate::{
    Actor, AppError, Code, Result, Shop,
    accounts::{AgeingView, Statement, StatementFilter, StatementRow, ageing_on, statement_of},
    customers::{CustomerCard, card_of},
    invoices::party_of_seller,
    mail::{MailView, ToMail},
    papers::fonts,
    settings::LANGUAGES,
    taxes::seller_on,
    wire::content_of,
};
use domain::ids::CustomerId;
use paper::{Entry, Party, StatementData, sheet_pdf, statement_sheet};
use serde::{Deserialize, Serialize};
use store::Reader;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailStatement {
    pub id: Uuid,
    /// The customer's own address when left out.
    pub to: Option<String>,
    /// The first day, like 2026-04-01.
    pub from: Option<String>,
    /// The last day.
    pub until: Option<String>,
}

/// What a statement says beside figures, by the language of its reader.
struct Words {
    kinds: &'static [(&'static str, &'static str)],
    methods: &'static [(&'static str, &'static str)],
    ages: [&'static str; 5],
    comma: &'static str,
    beginning: &'static str,
    title: &'static str,
    greeting: &'static str,
    enclosed: &'static str,
}

fn words(language: &str) -> Words {
    match language {
        "hi" => Words {
            kinds: &[
                ("sale", "उधार ख़रीद"),
                ("sale_void", "दूसरे तरीके से चुकाया"),
                ("refund", "वापसी"),
                ("payment", "भुगतान"),
                ("payment_reversed", "भुगतान वापस लिया"),
                ("opening", "आरंभिक शेष"),
                ("write_off", "बट्टे खाते"),
                ("correction", "सुधार"),
            ],
            methods: &[
                ("cash", "नक़द"),
                ("card", "कार्ड"),
                ("upi", "UPI"),
                ("wallet", "वॉलेट"),
                ("bank", "बैंक"),
            ],
            ages: ["देय नहीं", "1–30 दिन", "31–60 दिन", "61–90 दिन", "90 दिन से अधिक"],
            comma: ",",
            beginning: "शुरू से",
            title: "खाता विवरण",
            greeting: "नमस्ते",
            enclosed: "आपके खाते का विवरण साथ में है।",
        },
        "ar" => Words {
            kinds: &[
                ("sale", "شراء على الحساب"),
                ("sale_void", "دُفع بطريقة أخرى"),
                ("refund", "مردود"),
                ("payment", "دفعة"),
                ("payment_reversed", "دفعة مسحوبة"),
                ("opening", "رصيد افتتاحي"),
                ("write_off", "مشطوب"),
                ("correction", "تصحيح"),
            ],
            methods: &[
                ("cash", "نقداً"),
                ("card", "بطاقة"),
                ("upi", "UPI"),
                ("wallet", "محفظة"),
                ("bank", "تحويل بنكي"),
            ],
            ages: [
                "غير مستحق",
                "1–30 يوماً",
                "31–60 يوماً",
                "61–90 يوماً",
                "أكثر من 90 يوماً",
            ],
            comma: "،",
            beginning: "من البداية",
            title: "كشف حساب",
            greeting: "مرحباً",
            enclosed: "تجدون كشف حسابكم مرفقاً.",
        },
        _ => Words {
            kinds: &[
                ("sale", "Bought on account"),
                ("sale_void", "Paid another way"),
                ("refund", "Given back"),
                ("payment", "Payment"),
                ("payment_reversed", "Payment taken back"),
                ("opening", "Opening balance"),
                ("write_off", "Written off"),
                ("correction", "Correction"),
            ],
            methods: &[
                ("cash", "cash"),
                ("card", "card"),
                ("upi", "UPI"),
                ("wallet", "wallet"),
                ("bank", "bank"),
            ],
            ages: ["Not due", "1–30 days", "31–60 days", "61–90 days", "Over 90 days"],
            comma: ",",
            beginning: "the beginning",
            title: "Statement of account",
            greeting: "Hello",
            enclosed: "Your statement of account is enclosed.",
        },
    }
}

fn word(table: &'static [(&'static str, &'static str)], key: &str) -> &'static str {
    table
        .iter()
        .find(|(known, _)| *known == key)
        .map_or("", |(_, word)| word)
}

fn what(words: &Words, row: &StatementRow) -> String {
    let kind = word(words.kinds, &row.kind);
    let more = match row.kind.as_str() {
        "payment" => row
            .method
            .as_deref()
            .map(|method| word(words.methods, method).to_owned()),
        "opening" | "write_off" | "correction" | "payment_reversed" => row.text.clone(),
        _ => None,
    };
    match more.filter(|more| !more.is_empty()) {
        Some(more) => format!("{kind}{} {more}", words.comma),
        None => kind.to_owned(),
    }
}

fn buyer(card: &CustomerCard, today: u32) -> Party {
    Party {
        name: card.name.clone(),
        address: card.address.lines().map(str::to_owned).collect(),
        tax_number: card.tax_number_on(today).map(str::to_owned),
        phone: card.phone.clone(),
        mail: card.email.clone(),
        ..Party::default()
    }
}

impl Shop {
    /// A statement as a PDF, and the name of its file.
    pub fn statement_pdf(&self, customer: CustomerId, filter: &StatementFilter) -> Result<(String, Vec<u8>)> {
        let days = filter.days()?;
        self.store
            .read(|r| self.statement_file(r, &card_of(r, customer)?, days))
    }

    /// Figures and ages of one moment: of the statement's last day, or of today where it has none.
    fn statement_file(
        &self,
        reader: &Reader<'_>,
        card: &CustomerCard,
        (from, until): (Option<u32>, Option<u32>),
    ) -> Result<(String, Vec<u8>)> {
        let settings = self.settings();
        let today = self.today_number(&settings);
        let statement = statement_of(reader, card.id, from, until)?;
        let ageing = ageing_on(reader, card.id, until, today)?;
        let seller = party_of_seller(&settings, &seller_on(reader, &settings, today)?);
        let data = self.statement_data(card, seller, &statement, &ageing);
        let bytes =
            sheet_pdf(&statement_sheet(&data), fonts()).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        Ok((format!("statement-{}.pdf", data.to), bytes))
    }

    fn language_of(&self, card: &CustomerCard) -> String {
        card.language
            .clone()
            .filter(|language| LANGUAGES.contains(&language.as_str()))
            .unwrap_or_else(|| self.settings().text("shop.language").to_owned())
    }

    fn statement_data(
        &self,
        card: &CustomerCard,
        seller: Party,
        statement: &Statement,
        ageing: &AgeingView,
    ) -> StatementData {
        let settings = self.settings();
        let today = self.today_number(&settings);
        let language = self.language_of(card);
        let words = words(&language);
        let now = crate::days::text_of(today);
        let ages = [
            ageing.not_due_minor,
            ageing.to_30_minor,
            ageing.to_60_minor,
            ageing.to_90_minor,
            ageing.over_90_minor,
        ];
        StatementData {
            demo: self.is_demo(),
            seller,
            customer: buyer(card, today),
            from: statement
                .from
                .map(crate::days::text_of)
                .or_else(|| statement.rows.first().map(|row| row.day.clone()))
                .unwrap_or_else(|| words.beginning.to_owned()),
            to: statement.until.map_or_else(|| now.clone(), crate::days::text_of),
            made: now,
            opening_minor: statement.opening.minor(),
            rows: statement
                .rows
                .iter()
                .map(|row| paper::StatementRow {
                    date: row.day.clone(),
                    document: row.document.clone().unwrap_or_default(),
                    what: what(&words, row),
                    amount_minor: row.amount_minor,
                    balance_minor: row.balance_minor,
                })
                .collect(),
            closing_minor: statement.closing.minor(),
            ageing: words
                .ages
                .iter()
                .zip(ages)
                .map(|(label, amount_minor)| Entry {
                    label: (*label).to_owned(),
                    amount_minor,
                })
                .collect(),
            terms: vec![],
            currency: settings.text("shop.currency").to_owned(),
            language,
        }
    }

    /// Sends a statement by mail, to the customer's own address unless another is given.
    pub fn mail_statement(
        &self,
        actor: &Actor,
        customer: CustomerId,
        request: &MailStatement,
    ) -> Result<MailView> {
        let content = content_of(&format!("mail statement {customer}"), request)?;
        let filter = StatementFilter {
            from: request.from.clone(),
            until: request.until.clone(),
            ..StatementFilter::default()
        };
        let days = filter.days()?;
        let (card, file) = self.store.read(|r| -> Result<_> {
            let card = card_of(r, customer)?;
            let file = self.statement_file(r, &card, days)?;
            Ok((card, file))
        })?;
        let to = request
            .to
            .clone()
            .filter(|to| !to.trim().is_empty())
            .or_else(|| card.email.clone())
            .ok_or_else(|| AppError::field("to", "this customer has no mail address"))?;
        let words = words(&self.language_of(&card));
        let shop = self.settings().text("shop.name").to_owned();
        let letter = ToMail {
            kind: "statement",
            subject: card.id.bytes(),
            revision: 0,
            document: None,
            to_name: card.name.clone(),
            to,
            title: format!("{} – {shop}", words.title),
            text: format!(
                "{} {},\n\n{}\n\n{shop}\n",
                words.greeting, card.name, words.enclosed
            ),
            file: Some(file),
        };
        self.post(actor, request.id, &content, letter)
    }
}
