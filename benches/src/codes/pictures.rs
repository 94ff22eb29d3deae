//! The set: so many pictures of every kind of trouble, all from one seed.

use std::f32::consts::{PI, TAU};

use codes::make::{Bars, Level, Matrix, code128, ean13, qr};
use domain::{
    ids::OrderId,
    money::Money,
    numbers::ShortNumber,
    time::Moment,
    token::{TokenBody, TokenLine, TokenLines, encode_body, join},
};

use super::{
    dice::Dice,
    print::Print,
    scene::{Shot, taken},
};

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    Token,
    Barcode,
    Nothing,
}

pub struct Picture {
    pub shows: Shows,
    pub trouble: &'static str,
    /// What it says; empty when it shows nothing.
    pub text: String,
    pub width: usize,
    pub height: usize,
    pub luma: Vec<u8>,
}

const TOKEN_TROUBLES: [&str; 15] = [
    "none",
    "rotation",
    "perspective",
    "curl",
    "defocus",
    "motion",
    "noise",
    "low contrast",
    "glare",
    "small",
    "thermal",
    "screen",
    "damage",
    "inverted",
    "mixed",
];
const BAR_TROUBLES: [&str; 11] = [
    "none",
    "rotation",
    "perspective",
    "curl",
    "defocus",
    "motion",
    "noise",
    "low contrast",
    "small",
    "thermal",
    "mixed",
];

/// A token as the till makes it for an order of so many lines.
pub fn token(lines: usize, dice: &mut Dice) -> String {
    let mut random = || dice.next();
    let issued = 1_790_000_000_000 + (random() % 100_000_000_000) as i64;
    let mut order = [0u8; 16];
    order[..8].copy_from_slice(&random().to_be_bytes());
    order[8..].copy_from_slice(&random().to_be_bytes());
    order[..6].copy_from_slice(&(issued as u64).to_be_bytes()[2..]);
    let listed: Vec<TokenLine> = (0..lines)
        .map(|_| TokenLine {
            item: ShortNumber {
                ordinal: 1 + (random() % 4) as u16,
                counter: 1 + (random() % 5_000) as u32,
            },
            milli: 1000 * (1 + (random() % 4) as i64),
        })
        .collect();
    let body = TokenBody {
        key_id: (random() as u32).to_be_bytes(),
        order: OrderId::from_bytes(order),
        generation: 0,
        issued: Moment(issued),
        expires: Moment(issued + 36_000_000),
        total: Money::from_minor(1000 * lines as i64 + (random() % 900) as i64),
        lines: TokenLines::of(&listed),
    };
    let mut signature = [0u8; 64];
    for eight in signature.chunks_mut(8) {
        eight.copy_from_slice(&random().to_be_bytes());
    }
    join(&encode_body(&body), &signature)
}

/// The whole set of a seed.
pub fn all(seed: u64, tokens_each: usize, bars_each: usize, nothing: usize) -> Result<Vec<Picture>, String> {
    let mut pictures = Vec::new();
    for (kind, trouble) in TOKEN_TROUBLES.iter().enumerate() {
        for i in 0..tokens_each {
            let dice = &mut Dice::new(seed ^ ((kind as u64 + 1) << 32) ^ ((i as u64 + 1) << 8));
            let lines = [1, 2, 3, 5, 5, 8, 10, 14, 20][dice.below(9)];
            let text = token(lines, dice);
            let matrix = qr(&text, Level::M).map_err(|e| e.to_string())?;
            pictures.push(of_token(trouble, text, &matrix, dice));
        }
    }
    for (kind, trouble) in BAR_TROUBLES.iter().enumerate() {
        for i in 0..bars_each {
            let dice = &mut Dice::new(seed ^ ((kind as u64 + 101) << 32) ^ ((i as u64 + 1) << 8));
            let bars = if i % 2 == 0 {
                ean13(&format!("{}{}", 1 + dice.below(9), dice.text(b"0123456789", 11)))
            } else {
                let length = 6 + dice.below(9);
                code128(&dice.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", length))
            }
            .map_err(|e| e.to_string())?;
            pictures.push(of_bars(trouble, &bars, dice));
        }
    }
    for i in 0..nothing {
        let dice = &mut Dice::new(seed ^ (201 << 32) ^ ((i as u64 + 1) << 8));
        let print = Print::of_nothing(dice);
        let mut shot = plain(&print, dice.between(2.0, 6.0), dice);
        shot.turn = dice.between(0.0, TAU);
        shot.noise = dice.between(1.0, 14.0);
        pictures.push(picture(
            Shows::Nothing,
            "nothing there",
            String::new(),
            &mut shot,
            &print,
            dice,
        ));
    }
    Ok(pictures)
}

fn picture(
    shows: Shows,
    trouble: &'static str,
    text: String,
    shot: &mut Shot,
    print: &Print,
    dice: &mut Dice,
) -> Picture {
    // Whoever holds a code up holds all of it up.
    let (sin, cos) = (shot.turn.sin().abs(), shot.turn.cos().abs());
    let (w, h) = (print.modules.0 as f32, print.modules.1 as f32);
    for (modules, side, off) in [
        (w * cos + h * sin, shot.width, &mut shot.off.0),
        (w * sin + h * cos, shot.height, &mut shot.off.1),
    ] {
        shot.module = shot.module.min(side as f32 * 0.94 / modules);
        let room = (side as f32 * 0.97 - modules * shot.module) / 2.0;
        *off = off.clamp(-room, room);
    }
    Picture {
        shows,
        trouble,
        text,
        width: shot.width,
        height: shot.height,
        luma: taken(shot, print, dice),
    }
}

/// An ordinary picture: nearly level, nearly sharp, a little noise.
fn plain(print: &Print, module: f32, dice: &mut Dice) -> Shot {
    let (width, height) = match dice.below(20) {
        0..=13 => (640, 480),
        14..=18 => (1280, 720),
        _ => (480, 640),
    };
    let across = print.modules.0.max(print.modules.1) as f32;
    let module =
        (module * if width > 1000 { 1.35 } else { 1.0 }).min(width.min(height) as f32 * 0.9 / across);
    let room = |side: usize| ((side as f32 - across * module) / 2.0 - 4.0).max(0.0) * 0.7;
    let (x, y) = (room(width), room(height));
    Shot {
        width,
        height,
        module,
        turn: dice.between(-0.12, 0.12),
        tilt: (dice.between(-0.12, 0.12), dice.between(-0.12, 0.12)),
        curl: None,
        off: (dice.between(-x, x), dice.between(-y, y)),
        tones: (dice.between(20.0, 60.0), dice.between(170.0, 235.0)),
        falloff: (dice.between(0.0, 0.22), dice.between(0.0, TAU)),
        defocus: 0.0,
        softness: dice.between(0.3, 0.7),
        motion: (0.0, 0.0),
        noise: dice.between(1.0, 4.0),
        glare: None,
        screen: None,
    }
}

fn of_token(trouble: &'static str, text: String, matrix: &Matrix, dice: &mut Dice) -> Picture {
    let dots = 3 + dice.below(4);
    let mut print = Print::of_matrix(matrix, dots, dice);
    let module = match trouble {
        "small" => dice.between(1.45, 2.4),
        _ => dice.between(2.6, 6.5),
    };
    let mut shot = plain(&print, module, dice);
    match trouble {
        "mixed" => {
            let mut names = [
                "rotation",
                "perspective",
                "curl",
                "defocus",
                "motion",
                "noise",
                "low contrast",
                "glare",
                "thermal",
                "screen",
                "damage",
            ];
            for i in 0..2 + dice.below(2) {
                let other = i + dice.below(names.len() - i);
                names.swap(i, other);
                apply(names[i], 0.5, &mut shot, &mut print, dice);
            }
        }
        name => apply(name, 1.0, &mut shot, &mut print, dice),
    }
    picture(Shows::Token, trouble, text, &mut shot, &print, dice)
}

fn of_bars(trouble: &'static str, bars: &Bars, dice: &mut Dice) -> Picture {
    let dots = 2 + dice.below(4);
    let mut print = Print::of_bars(bars, dots, dice);
    let module = match trouble {
        "small" => dice.between(1.1, 1.7),
        _ => dice.between(1.7, 4.5),
    };
    let mut shot = plain(&print, module, dice);
    match trouble {
        "mixed" => {
            let mut names = [
                "rotation",
                "perspective",
                "curl",
                "defocus",
                "motion",
                "noise",
                "low contrast",
                "thermal",
            ];
            for i in 0..2 {
                let other = i + dice.below(names.len() - i);
                names.swap(i, other);
                apply(names[i], 0.5, &mut shot, &mut print, dice);
            }
        }
        name => apply(name, 1.0, &mut shot, &mut print, dice),
    }
    let text = bars.text().to_owned();
    picture(Shows::Barcode, trouble, text, &mut shot, &print, dice)
}

/// Brings one trouble into a picture, fully (1) or less.
fn apply(trouble: &str, how: f32, shot: &mut Shot, print: &mut Print, dice: &mut Dice) {
    let across = print.modules.0 as f32 * shot.module;
    match trouble {
        "rotation" => shot.turn = dice.between(0.0, TAU),
        "perspective" => {
            let tilt = dice.between(0.35, 1.05) * (0.4 + 0.6 * how);
            let way = dice.between(0.0, TAU);
            shot.tilt = (tilt * way.cos(), tilt * way.sin());
            shot.turn = dice.between(-0.5, 0.5);
        }
        "curl" => {
            let radius = dice.between(0.5, 1.7) / how;
            let radius = if dice.chance(0.7) { radius } else { -radius };
            let way = if dice.chance(0.6) {
                dice.between(-0.1, 0.1)
            } else {
                dice.between(0.0, PI)
            };
            shot.curl = Some((radius, if dice.chance(0.5) { way + PI / 2.0 } else { way }));
            shot.tilt = (dice.between(-0.3, 0.3), dice.between(-0.3, 0.3));
        }
        "defocus" => {
            shot.defocus = shot.module * dice.between(0.45, 1.15) * how;
            shot.softness = dice.between(0.5, 1.0);
        }
        "motion" => shot.motion = (shot.module * dice.between(0.7, 2.1) * how, dice.between(0.0, PI)),
        "noise" => shot.noise = dice.between(14.0, 52.0) * how,
        "low contrast" => {
            let dark = dice.between(40.0, 180.0);
            shot.tones = (dark, dark + dice.between(12.0, 45.0) / how);
        }
        "glare" => {
            let (x, y) = (dice.between(-0.5, 0.5) * across, dice.between(-0.5, 0.5) * across);
            shot.glare = Some((
                shot.width as f32 / 2.0 + shot.off.0 + x,
                shot.height as f32 / 2.0 + shot.off.1 + y,
                across * dice.between(0.12, 0.55),
                dice.between(120.0, 420.0) * how,
            ));
        }
        "thermal" => print.print_badly(how, dice),
        "screen" => {
            shot.screen = Some((
                print.module as f32 / shot.module * dice.between(0.9, 2.2),
                dice.between(0.15, 0.5) * how,
                dice.between(0.0, 0.3) * how,
            ));
            shot.turn = dice.between(-0.4, 0.4);
            shot.tones = (dice.between(8.0, 50.0), dice.between(190.0, 250.0));
        }
        "damage" => print.damage(how, dice),
        "inverted" => {
            print.invert();
            shot.softness = dice.between(0.3, 1.2);
            shot.turn = dice.between(0.0, TAU);
        }
        _ => {}
    }
}
