//! How a branch's slips look: which parts, in which order, how large, and the shop's own words. Kept as JSON of a
//! numbered version; a field that is not known is refused, so that a newer template never loses half of itself.

use serde::{Deserialize, Serialize};

use crate::{bitmap::Bitmap, document::Paper};

/// A part of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    Logo,
    ShopName,
    /// The template's header texts, then the data's.
    Header,
    Branch,
    TaxNumber,
    /// The display number, large.
    OrderNumber,
    /// Document number, date, counter and who served.
    Document,
    Lines,
    Totals,
    Tenders,
    Phone,
    /// The QR code to collect with.
    Token,
    OneTimeNumber,
    /// The template's footer texts, then the data's.
    Footer,
    /// The document number as bars.
    Barcode,
}

impl PartKind {
    pub const ALL: [PartKind; 15] = [
        PartKind::Logo,
        PartKind::ShopName,
        PartKind::Header,
        PartKind::Branch,
        PartKind::TaxNumber,
        PartKind::OrderNumber,
        PartKind::Document,
        PartKind::Lines,
        PartKind::Totals,
        PartKind::Tenders,
        PartKind::Phone,
        PartKind::Token,
        PartKind::OneTimeNumber,
        PartKind::Footer,
        PartKind::Barcode,
    ];
}

/// One part, whether it is printed, and its size from 1 to 4 (parts without letters ignore it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub block: PartKind,
    #[serde(default = "yes")]
    pub on: bool,
    #[serde(default = "one")]
    pub size: u8,
}

fn yes() -> bool {
    true
}

fn one() -> u8 {
    1
}

/// How large a QR code is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QrSize {
    Small,
    #[default]
    Medium,
    Large,
}

impl QrSize {
    pub(crate) fn module_dots(self) -> u8 {
        match self {
            QrSize::Small => 4,
            QrSize::Medium => 6,
            QrSize::Large => 8,
        }
    }
}

/// How a branch's slips look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    pub version: u32,
    pub paper: Paper,
    pub blocks: Vec<Part>,
    #[serde(default)]
    pub header: Vec<String>,
    #[serde(default)]
    pub footer: Vec<String>,
    /// A line's name in the second language, below the first.
    #[serde(default = "yes")]
    pub second_names: bool,
    /// The price of one, below lines of more than one.
    #[serde(default = "yes")]
    pub unit_prices: bool,
    #[serde(default)]
    pub qr_size: QrSize,
    #[serde(default)]
    pub logo: Option<Bitmap>,
}

/// A field that cannot stay as it is, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    pub field: String,
    pub code: String,
    pub message: String,
}

const VERSION: u32 = 1;
const MAX_TEXTS: usize = 8;
const MAX_TEXT_CHARS: usize = 120;
/// What a stored template may weigh; a logo is at most half of it.
const MAX_BYTES: usize = 256 * 1024;

impl Default for Template {
    fn default() -> Template {
        let sized = |block, on, size| Part { block, on, size };
        Template {
            version: VERSION,
            paper: Paper::MM80,
            blocks: vec![
                sized(PartKind::Logo, true, 1),
                sized(PartKind::ShopName, true, 2),
                sized(PartKind::Header, true, 1),
                sized(PartKind::Branch, true, 1),
                sized(PartKind::TaxNumber, true, 1),
                sized(PartKind::OrderNumber, true, 4),
                sized(PartKind::Document, true, 1),
                sized(PartKind::Lines, true, 1),
                sized(PartKind::Totals, true, 2),
                sized(PartKind::Tenders, true, 1),
                sized(PartKind::Phone, true, 1),
                sized(PartKind::Token, true, 1),
                sized(PartKind::OneTimeNumber, true, 3),
                sized(PartKind::Footer, true, 1),
                sized(PartKind::Barcode, false, 1),
            ],
            header: Vec::new(),
            footer: Vec::new(),
            second_names: true,
            unit_prices: true,
            qr_size: QrSize::Medium,
            logo: None,
        }
    }
}

impl Template {
    /// Reads a template and checks it.
    pub fn parse(json: &str) -> Result<Template, Vec<FieldError>> {
        if json.len() > MAX_BYTES {
            return Err(vec![wrong(
                "",
                "too_large",
                "The template is too large. Choose a smaller logo.",
            )]);
        }
        let template: Template = serde_json::from_str(json).map_err(|error| {
            vec![wrong(
                "",
                "unreadable",
                &format!("This is not a template we know: {error}"),
            )]
        })?;
        template.validate()?;
        Ok(template)
    }

    pub fn to_json(&self) -> String {
        // Nothing in a template can fail to be written: no map has keys that are not text.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Everything that is wrong with it, each with its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.version != VERSION {
            errors.push(wrong(
                "version",
                "version",
                &format!("Version {} is not known here.", self.version),
            ));
        }
        if !(256..=832).contains(&self.paper.width()) {
            errors.push(wrong(
                "paper",
                "out_of_range",
                "Receipts are between 256 and 832 dots wide.",
            ));
        }
        for kind in PartKind::ALL {
            let found: Vec<&Part> = self.blocks.iter().filter(|part| part.block == kind).collect();
            let name = field_name(kind);
            if found.len() > 1 {
                errors.push(wrong("blocks", "twice", &format!("\"{name}\" is there twice.")));
            }
            let needed = matches!(
                kind,
                PartKind::ShopName | PartKind::Document | PartKind::Lines | PartKind::Totals
            );
            if needed && !found.iter().any(|part| part.on) {
                errors.push(wrong("blocks", "needed", &format!("A receipt needs \"{name}\".")));
            }
        }
        for (index, part) in self.blocks.iter().enumerate() {
            if !(1..=4).contains(&part.size) {
                errors.push(wrong(
                    &format!("blocks.{index}.size"),
                    "out_of_range",
                    "Sizes go from 1 to 4.",
                ));
            }
        }
        for (field, texts) in [("header", &self.header), ("footer", &self.footer)] {
            if texts.len() > MAX_TEXTS {
                errors.push(wrong(field, "too_many", &format!("At most {MAX_TEXTS} lines.")));
            }
            for (index, text) in texts.iter().enumerate() {
                if text.chars().count() > MAX_TEXT_CHARS {
                    errors.push(wrong(
                        &format!("{field}.{index}"),
                        "too_long",
                        &format!("At most {MAX_TEXT_CHARS} characters."),
                    ));
                }
                if text.chars().any(char::is_control) {
                    errors.push(wrong(
                        &format!("{field}.{index}"),
                        "control",
                        "One line each, without tabs.",
                    ));
                }
            }
        }
        if self
            .logo
            .as_ref()
            .is_some_and(|logo| logo.height() > 480 || logo.width() > 832)
        {
            errors.push(wrong("logo", "too_large", "The logo is larger than the paper."));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The size of a part, as far as its document is concerned.
    pub(crate) fn size_of(&self, kind: PartKind) -> u8 {
        self.blocks
            .iter()
            .find(|part| part.block == kind)
            .map_or(1, |part| part.size)
    }
}

fn field_name(kind: PartKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn wrong(field: &str, code: &str, message: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(template: &Template) -> Vec<(String, String)> {
        template
            .validate()
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|error| (error.field, error.code))
            .collect()
    }

    #[test]
    fn the_one_we_begin_with_is_sound_and_survives_being_written() {
        let template = Template {
            logo: Some(Bitmap::new(9, 3)),
            ..Template::default()
        };
        assert_eq!(template.validate(), Ok(()));
        assert_eq!(Template::parse(&template.to_json()), Ok(template));
        let kinds: Vec<PartKind> = Template::default().blocks.iter().map(|part| part.block).collect();
        assert_eq!(
            kinds,
            PartKind::ALL,
            "every part is in the first template, so that an editor can list them"
        );
    }

    #[test]
    fn what_is_wrong_is_said_of_its_field() {
        let mut template = Template {
            version: 2,
            paper: Paper::dots(100),
            header: vec!["x".repeat(121), "a\tb".to_owned()],
            footer: vec![String::new(); 9],
            ..Template::default()
        };
        template.blocks.push(Part {
            block: PartKind::Logo,
            on: true,
            size: 5,
        });
        template.blocks.retain(|part| part.block != PartKind::Totals);
        let expected = [
            ("version", "version"),
            ("paper", "out_of_range"),
            ("blocks", "twice"),
            ("blocks", "needed"),
            ("blocks.14.size", "out_of_range"),
            ("header.0", "too_long"),
            ("header.1", "control"),
            ("footer", "too_many"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(field, code)| (field.to_string(), code.to_string()))
            .collect();
        assert_eq!(codes(&template), expected);
    }

    #[test]
    fn its_written_form_is_what_stands_in_every_shop() {
        let first = r#"{"version":1,"paper":{"dots":576},"blocks":[{"block":"logo","on":true,"size":1},{"block":"shop_name","on":true,"size":2},"#;
        let last = r#""header":[],"footer":[],"second_names":true,"unit_prices":true,"qr_size":"medium","logo":null}"#;
        let json = Template::default().to_json();
        assert!(json.starts_with(first) && json.ends_with(last), "{json}");
        let short = r#"{"version":1,"paper":{"dots":384},"blocks":[{"block":"shop_name"},{"block":"document"},{"block":"lines"},{"block":"totals"}]}"#;
        let short = Template::parse(short).expect("what is not said is as usual");
        assert!(
            short.second_names
                && short.unit_prices
                && short.blocks.iter().all(|part| part.on && part.size == 1)
        );
    }

    #[test]
    fn fields_we_do_not_know_are_refused() {
        for json in [
            r#"{"version":1,"paper":{"dots":576},"blocks":[],"sparkles":true}"#,
            r#"{"version":1,"paper":{"dots":576},"blocks":[{"block":"logo","colour":"red"}]}"#,
            r#"{"version":1,"paper":{"dots":576},"blocks":[{"block":"poem"}]}"#,
            r#"{"version":1,"paper":{"dots":576},"blocks":[],"logo":{"width":9,"height":2,"bits":"AAA="}}"#,
            "[]",
            "",
        ] {
            let errors = Template::parse(json).expect_err("refused");
            assert_eq!(errors[0].code, "unreadable", "{json}");
        }
    }
}
