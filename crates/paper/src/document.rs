//! What a slip of paper says, top to bottom, before anybody knows how it will be printed. A document knows its paper's
//! width and its direction; it knows no font, no code page and no printer.

use serde::{Deserialize, Serialize};

use crate::bitmap::Bitmap;

/// The printable width, in dots. Thermal printers have eight dots to the millimetre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Paper {
    dots: u16,
}

/// How paper is written in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    dots: u16,
}

impl Paper {
    /// Paper of 58 mm, of which 48 are printed.
    pub const MM58: Paper = Paper { dots: 384 };
    /// Paper of 80 mm, of which 72 are printed.
    pub const MM80: Paper = Paper { dots: 576 };
    /// A sheet of A4 between its margins, in letters of a size that is read at a desk.
    pub const A4: Paper = Paper { dots: 1088 };
    pub const NARROWEST: u16 = 96;
    pub const WIDEST: u16 = 2400;

    /// Any width; what no paper has is brought to the nearest that one has.
    pub const fn dots(dots: u16) -> Paper {
        let dots = if dots < Paper::NARROWEST {
            Paper::NARROWEST
        } else if dots > Paper::WIDEST {
            Paper::WIDEST
        } else {
            dots
        };
        Paper { dots }
    }

    pub const fn width(self) -> u16 {
        self.dots
    }
}

impl From<Written> for Paper {
    fn from(written: Written) -> Paper {
        Paper::dots(written.dots)
    }
}

impl From<Paper> for Written {
    fn from(paper: Paper) -> Written {
        Written { dots: paper.dots }
    }
}

/// Where a text stands. Start and end follow the document's direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    #[default]
    Start,
    Centre,
    End,
}

/// How large a text is, against the running text. A word that is too long for the paper is set smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Asides: second names, unit prices. Printers without small letters print them as running text.
    Small,
    #[default]
    One,
    Two,
    Three,
    Four,
    /// The number that is called across a room.
    Huge,
}

/// The look of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    pub size: Size,
    pub bold: bool,
    /// White on black, over the whole width.
    pub reversed: bool,
}

impl Look {
    pub const fn of(size: Size) -> Look {
        Look {
            size,
            bold: false,
            reversed: false,
        }
    }

    pub const fn bold(self) -> Look {
        Look { bold: true, ..self }
    }

    pub const fn reversed(self) -> Look {
        Look {
            reversed: true,
            ..self
        }
    }
}

/// A line across the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Thin,
    Thick,
    Dashed,
}

/// Codes of bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bars {
    Code128,
    Ean13,
}

/// A row of columns: an optional narrow first one, a text that wraps, and an amount that is never cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// The first column's width in characters of running text; 0 for none.
    pub lead_width: u8,
    pub lead: String,
    pub text: String,
    pub amount: String,
    pub look: Look,
}

/// One piece of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub enum Block {
    Text {
        text: String,
        #[serde(default)]
        align: Align,
        #[serde(default)]
        look: Look,
    },
    Row(Row),
    Rule {
        rule: Rule,
    },
    /// Nothing, for so many dots.
    Space {
        dots: u16,
    },
    Qr {
        data: String,
        /// The side of one module; made smaller when the code would not fit the paper.
        module_dots: u8,
    },
    Barcode {
        bars: Bars,
        data: String,
        height_dots: u16,
    },
    /// A picture in the middle; scaled down by whole steps when it is wider than the paper.
    Image {
        image: Bitmap,
    },
    Cut,
    /// Opens the drawer.
    Drawer,
}

/// A whole slip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub paper: Paper,
    /// Written from right to left: columns are mirrored and starts are at the right.
    pub rtl: bool,
    /// A short title for files and readers, as plain text.
    pub title: String,
    /// BCP 47, for readers of the PDF.
    pub language: String,
    pub blocks: Vec<Block>,
}

impl Document {
    pub fn new(paper: Paper) -> Document {
        Document {
            paper,
            rtl: false,
            title: String::new(),
            language: "en".to_owned(),
            blocks: Vec::new(),
        }
    }

    /// The same document for paper of another width.
    pub fn on(&self, paper: Paper) -> Document {
        Document {
            paper,
            ..self.clone()
        }
    }

    pub(crate) fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    pub(crate) fn text(&mut self, text: impl Into<String>, align: Align, look: Look) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.push(Block::Text { text, align, look });
        }
    }

    pub(crate) fn row(&mut self, text: impl Into<String>, amount: impl Into<String>, look: Look) {
        self.push(Block::Row(Row {
            text: text.into(),
            amount: amount.into(),
            look,
            ..Row::default()
        }));
    }

    pub(crate) fn rule(&mut self, rule: Rule) {
        self.push(Block::Rule { rule });
    }

    pub(crate) fn space(&mut self, dots: u16) {
        self.push(Block::Space { dots });
    }
}

/// A text as it may be set: one line each, without characters that steer a printer or hide.
///
/// Direction isolates and joiners stay, because they decide how a text looks; soft hyphens go, because printers show
/// them.
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => clean.push('\n'),
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\r' => {}
            '\u{202a}'..='\u{202e}' => {}
            '\u{2028}' | '\u{2029}' | '\u{85}' => clean.push('\n'),
            other if other.is_control() => clean.push(' '),
            '\u{a0}' => clean.push(' '),
            other => clean.push(other),
        }
    }
    clean
}
