//! What a printer can do. Wrong guesses here print garbage, so everything can be set by hand, and the presets are
//! careful.

use serde::{Deserialize, Serialize};

use crate::{code_page::CodePage, document::Paper, template::FieldError};

/// How the paper is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cutter {
    Full,
    /// Leaves a corner, so that slips do not fall.
    #[default]
    Partial,
    /// Torn by hand: the paper is fed far enough.
    None,
}

/// Which contact of the drawer's plug is pulsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pin {
    #[default]
    Two,
    Five,
}

/// The pulse that opens the drawer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pulse {
    #[serde(default)]
    pub pin: Pin,
    pub on_ms: u16,
    pub off_ms: u16,
}

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse {
            pin: Pin::Two,
            on_ms: 100,
            off_ms: 500,
        }
    }
}

/// Who draws QR codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QrMode {
    /// The printer, from its own command.
    Native,
    /// We do, as a picture.
    #[default]
    Raster,
}

/// What a printer can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Dots across the print.
    pub dots: u16,
    /// Characters of its own running text across the print.
    pub columns: u8,
    #[serde(default)]
    pub code_page: CodePage,
    /// The page's number, where the printer counts otherwise.
    #[serde(default)]
    pub code_page_number: Option<u8>,
    /// Everything as a picture: slower, and right on every printer.
    #[serde(default)]
    pub raster_only: bool,
    #[serde(default)]
    pub cutter: Cutter,
    /// Lines fed before the cut, or before it is torn; 0 lets a printer that can feed to its own knife.
    #[serde(default = "four")]
    pub feed_lines: u8,
    /// Absent when no drawer hangs on this printer.
    #[serde(default)]
    pub drawer: Option<Pulse>,
    #[serde(default)]
    pub qr: QrMode,
}

fn four() -> u8 {
    4
}

impl Default for Profile {
    fn default() -> Profile {
        Profile::generic(Paper::MM80, 48)
    }
}

impl Profile {
    fn generic(paper: Paper, columns: u8) -> Profile {
        Profile {
            dots: paper.width(),
            columns,
            code_page: CodePage::Pc437,
            code_page_number: None,
            raster_only: false,
            cutter: Cutter::Partial,
            feed_lines: 4,
            drawer: Some(Pulse::default()),
            qr: QrMode::Raster,
        }
    }

    /// Profiles to begin with, by their stable names.
    pub fn presets() -> Vec<(&'static str, Profile)> {
        let wide = Profile::generic(Paper::MM80, 48);
        let narrow = Profile {
            cutter: Cutter::None,
            ..Profile::generic(Paper::MM58, 32)
        };
        let epson = Profile {
            code_page: CodePage::Pc858,
            qr: QrMode::Native,
            feed_lines: 0,
            ..wide.clone()
        };
        vec![
            ("generic_80", wide.clone()),
            ("generic_58", narrow.clone()),
            (
                "picture_80",
                Profile {
                    raster_only: true,
                    ..wide.clone()
                },
            ),
            (
                "picture_58",
                Profile {
                    raster_only: true,
                    ..narrow
                },
            ),
            ("epson_tm_80", epson.clone()),
            (
                "epson_tm_58",
                Profile {
                    dots: 420,
                    columns: 35,
                    ..epson.clone()
                },
            ),
            (
                "star_80",
                Profile {
                    code_page: CodePage::Pc858,
                    ..wide.clone()
                },
            ),
            (
                "bixolon_80",
                Profile {
                    dots: 512,
                    columns: 42,
                    code_page: CodePage::Pc858,
                    ..wide
                },
            ),
        ]
    }

    pub fn preset(name: &str) -> Option<Profile> {
        Profile::presets()
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, profile)| profile)
    }

    pub fn paper(&self) -> Paper {
        Paper::dots(self.dots)
    }

    /// Everything that is wrong with it, each with its field.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: &str| {
            errors.push(FieldError {
                field: field.to_owned(),
                code: "out_of_range".to_owned(),
                message: message.to_owned(),
            });
        };
        if !(128..=1280).contains(&self.dots) {
            wrong("dots", "Printers have between 128 and 1280 dots across.");
        }
        if !(10..=80).contains(&self.columns) {
            wrong("columns", "Printers have between 10 and 80 characters across.");
        }
        if self.feed_lines > 20 {
            wrong("feed_lines", "More than 20 lines waste paper.");
        }
        if let Some(pulse) = self.drawer {
            if !(20..=510).contains(&pulse.on_ms) {
                wrong("drawer.on_ms", "A pulse lasts between 20 and 510 milliseconds.");
            }
            if !(20..=510).contains(&pulse.off_ms) {
                wrong("drawer.off_ms", "A pause lasts between 20 and 510 milliseconds.");
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}
