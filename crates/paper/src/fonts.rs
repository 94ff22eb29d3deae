//! The letters that slips are printed with. They are part of the program, packed, and a script's font is only unpacked
//! when a slip needs it; a folder of further fonts can be handed in for scripts and signs that are not built in.
//!
//! Built in: Latin, Greek and Cyrillic, Devanagari, Tamil, Arabic (all with a bold of their own), Bengali, Gujarati,
//! Gurmukhi, Odia, Telugu, Kannada, Malayalam, Thai, Hebrew, Georgian, Armenian, kana and the most frequent Chinese
//! characters, and emoji in black and white. The others are made bold by printing them twice, a dot apart.

use std::{
    collections::HashSet,
    fmt,
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

use cosmic_text::{
    Fallback, FontSystem,
    fontdb::{Database, ID, Source, Weight},
};
use flate2::read::ZlibDecoder;
use unicode_script::{Script, UnicodeScript};

/// The family that a text is set in where nothing else is asked for.
pub(crate) const BASE: &str = "Noto Sans";

/// Packed files: see the build script.
struct Face {
    family: &'static str,
    regular: &'static [u8],
    bold: Option<&'static [u8]>,
}

macro_rules! font {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".z"))
    };
}

const LATIN: Face = Face {
    family: BASE,
    regular: font!("NotoSans-regular"),
    bold: Some(font!("NotoSans-bold")),
};
const DEVANAGARI: Face = Face {
    family: "Noto Sans Devanagari",
    regular: font!("NotoSansDevanagari-regular"),
    bold: Some(font!("NotoSansDevanagari-bold")),
};
const TAMIL: Face = Face {
    family: "Noto Sans Tamil",
    regular: font!("NotoSansTamil-regular"),
    bold: Some(font!("NotoSansTamil-bold")),
};
const ARABIC: Face = Face {
    family: "Noto Sans Arabic",
    regular: font!("NotoSansArabic-regular"),
    bold: Some(font!("NotoSansArabic-bold")),
};
const HAN: Face = single("Noto Sans SC", font!("NotoSansSC-common"));
const EMOJI: Face = single("Noto Emoji", font!("NotoEmoji-regular"));
const BENGALI: Face = single("Noto Sans Bengali", font!("NotoSansBengali-regular"));
const GUJARATI: Face = single("Noto Sans Gujarati", font!("NotoSansGujarati-regular"));
const GURMUKHI: Face = single("Noto Sans Gurmukhi", font!("NotoSansGurmukhi-regular"));
const TELUGU: Face = single("Noto Sans Telugu", font!("NotoSansTelugu-regular"));
const KANNADA: Face = single("Noto Sans Kannada", font!("NotoSansKannada-regular"));
const MALAYALAM: Face = single("Noto Sans Malayalam", font!("NotoSansMalayalam-regular"));
const ODIA: Face = single("Noto Sans Oriya", font!("NotoSansOriya-regular"));
const THAI: Face = single("Noto Sans Thai", font!("NotoSansThai-regular"));
const HEBREW: Face = single("Noto Sans Hebrew", font!("NotoSansHebrew-regular"));
const GEORGIAN: Face = single("Noto Sans Georgian", font!("NotoSansGeorgian-regular"));
const ARMENIAN: Face = single("Noto Sans Armenian", font!("NotoSansArmenian-regular"));

const fn single(family: &'static str, regular: &'static [u8]) -> Face {
    Face {
        family,
        regular,
        bold: None,
    }
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    // We packed it ourselves; were it damaged, its letters would be empty boxes.
    if let Err(error) = ZlibDecoder::new(packed).read_to_end(&mut file) {
        debug_assert!(false, "a font cannot be unpacked: {error}");
    }
    file
}

/// The built-in font of a script.
fn face_of(script: Script) -> Option<&'static Face> {
    Some(match script {
        Script::Latin | Script::Greek | Script::Cyrillic => &LATIN,
        Script::Devanagari => &DEVANAGARI,
        Script::Tamil => &TAMIL,
        Script::Arabic => &ARABIC,
        Script::Han | Script::Hiragana | Script::Katakana => &HAN,
        Script::Bengali => &BENGALI,
        Script::Gujarati => &GUJARATI,
        Script::Gurmukhi => &GURMUKHI,
        Script::Telugu => &TELUGU,
        Script::Kannada => &KANNADA,
        Script::Malayalam => &MALAYALAM,
        Script::Oriya => &ODIA,
        Script::Thai => &THAI,
        Script::Hebrew => &HEBREW,
        Script::Georgian => &GEORGIAN,
        Script::Armenian => &ARMENIAN,
        _ => return None,
    })
}

/// Signs that belong to no script: pictures, and the punctuation of Chinese.
fn face_of_common(character: char) -> Option<&'static Face> {
    match character {
        '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' => Some(&HAN),
        '\u{964}' | '\u{965}' => Some(&DEVANAGARI),
        '\u{60c}' | '\u{61b}' | '\u{61f}' | '\u{640}' => Some(&ARABIC),
        '\u{203c}'..='\u{2049}' | '\u{2139}' | '\u{2196}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => {
            Some(&EMOJI)
        }
        _ => None,
    }
}

/// Which family draws which script, for the shaper.
struct OurFallback;

impl Fallback for OurFallback {
    fn common_fallback(&self) -> &[&'static str] {
        const { &[BASE, EMOJI.family, HAN.family, DEVANAGARI.family, ARABIC.family] }
    }

    fn forbidden_fallback(&self) -> &[&'static str] {
        &[]
    }

    fn script_fallback(&self, script: Script, _locale: &str) -> &[&'static str] {
        face_of(script).map_or(&[], |face| std::slice::from_ref(&face.family))
    }
}

/// A whole font file.
pub(crate) type FontFile = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The fonts that were needed so far, ready to shape with.
pub(crate) struct Engine {
    pub(crate) system: FontSystem,
    loaded: HashSet<&'static str>,
    /// Faces that stand in for a bold that is not there.
    imitated: HashSet<ID>,
}

impl Engine {
    fn new(more: &[Arc<Vec<u8>>]) -> Engine {
        let mut database = Database::new();
        let further: Vec<ID> = more
            .iter()
            .flat_map(|bytes| database.load_font_source(Source::Binary(bytes.clone())))
            .collect();
        let mut engine = Engine {
            system: FontSystem::new_with_locale_and_db_and_fallback("en".to_owned(), database, OurFallback),
            loaded: HashSet::new(),
            imitated: HashSet::new(),
        };
        for id in further {
            let is_regular = engine
                .system
                .db()
                .face(id)
                .is_some_and(|face| face.weight == Weight::NORMAL);
            if is_regular {
                engine.imitate(id);
            }
        }
        engine.load(&LATIN);
        engine
    }

    /// Gets ready whatever this text is written in.
    pub(crate) fn prepare(&mut self, text: &str) {
        if text.is_ascii() {
            return;
        }
        for character in text.chars().filter(|character| !character.is_ascii()) {
            let face = face_of(character.script()).or_else(|| face_of_common(character));
            if let Some(face) = face.filter(|face| !self.loaded.contains(face.family)) {
                self.load(face);
            }
        }
    }

    fn load(&mut self, face: &'static Face) {
        self.loaded.insert(face.family);
        let database = self.system.db_mut();
        let regular = database.load_font_source(Source::Binary(Arc::new(unpacked(face.regular))));
        match face.bold {
            Some(bold) => {
                database.load_font_source(Source::Binary(Arc::new(unpacked(bold))));
            }
            None => {
                for id in regular {
                    self.imitate(id);
                }
            }
        }
    }

    /// Registers a face a second time as the bold of its family; it is then drawn twice.
    fn imitate(&mut self, id: ID) {
        let database = self.system.db_mut();
        if let Some(mut face) = database.face(id).cloned() {
            face.weight = Weight::BOLD;
            let id = database.push_face_info(face);
            self.imitated.insert(id);
        }
    }

    /// A face's file, and its place in it.
    pub(crate) fn data(&self, id: ID) -> Option<(FontFile, u32)> {
        let face = self.system.db().face(id)?;
        match &face.source {
            Source::Binary(data) => Some((data.clone(), face.index)),
            // Fonts come as bytes only.
            _ => None,
        }
    }

    /// Whether a face only stands in for a bold.
    pub(crate) fn is_imitated(&self, id: ID) -> bool {
        self.imitated.contains(&id)
    }
}

/// The fonts of the process: made once, shared by every slip. Nothing is read before the first slip is drawn.
pub struct Fonts {
    more: Vec<Arc<Vec<u8>>>,
    engine: Mutex<Option<Box<Engine>>>,
}

impl Fonts {
    /// The fonts that are built in.
    pub fn new() -> Fonts {
        Fonts::with_more(Vec::new())
    }

    /// The built-in fonts, and these files (TTF, OTF or collections) for what they lack. A file that is no font is
    /// left out.
    pub fn with_more(files: Vec<Vec<u8>>) -> Fonts {
        Fonts {
            more: files.into_iter().map(Arc::new).collect(),
            engine: Mutex::new(None),
        }
    }

    pub(crate) fn with<T>(&self, use_it: impl FnOnce(&mut Engine) -> T) -> T {
        // A panic while drawing leaves caches behind and nothing that could be half true.
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        use_it(engine.get_or_insert_with(|| Box::new(Engine::new(&self.more))))
    }

    /// Lets go of the memory; the next slip reads the fonts again.
    pub fn forget(&self) {
        *self.engine.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Default for Fonts {
    fn default() -> Fonts {
        Fonts::new()
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fonts")
            .field("more", &self.more.len())
            .finish_non_exhaustive()
    }
}
