//! Gift cards and store credit: the code on a card, and what a card may pay.
//!
//! A code is sixteen characters of an alphabet without look-alikes, the last one a check: every single wrong
//! character and every swap of two is found before anything is looked up. Codes are made of randomness, so knowing
//! one says nothing of another.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::money::{Money, MoneyError};
use crate::time::Moment;

/// Thirty-one characters: a prime number of them, so that the weighted sum finds every swap. No I, L, O, U and Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKMNPQRSTVWXY";
const LENGTH: usize = 16;
/// What a card's QR begins with, so that no scanner takes it for a product.
pub const CARD_PREFIX: &str = "G1";

/// Why a card does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CardError {
    #[error("this is not the code of a card")]
    NotACode,
    #[error("a character of the code is wrong")]
    Mistyped,
    #[error("the card is blocked")]
    Blocked,
    #[error("the card has expired")]
    Expired,
    #[error("there is not enough on the card")]
    TooLittle { available: Money },
    #[error("a card takes more than nothing")]
    NotPositive,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The code of a card, checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CardCode([u8; LENGTH]);

impl CardCode {
    /// A new code from sixteen random bytes.
    pub fn from_random(random: [u8; 16]) -> CardCode {
        let mut left = u128::from_be_bytes(random);
        let mut places = [0u8; LENGTH];
        for place in &mut places[..LENGTH - 1] {
            *place = (left % 31) as u8;
            left /= 31;
        }
        // The check's own weight is LENGTH; its inverse brings the sum to nothing.
        let missing = (31 - weighted(&places) % 31) % 31;
        places[LENGTH - 1] = (0..31)
            .find(|check| u32::from(*check) * LENGTH as u32 % 31 == missing)
            .unwrap_or_default();
        CardCode(places.map(|place| ALPHABET[usize::from(place)]))
    }

    /// The sixteen characters without anything between them.
    pub fn as_str(&self) -> &str {
        // Only characters of the alphabet get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What its QR says.
    pub fn qr(&self) -> String {
        format!("{CARD_PREFIX}{}", self.as_str())
    }

    /// The end of it, which lists show.
    pub fn tail(&self) -> &str {
        &self.as_str()[LENGTH - 4..]
    }
}

fn weighted(places: &[u8; LENGTH]) -> u32 {
    places
        .iter()
        .zip(1u32..)
        .map(|(place, weight)| u32::from(*place) * weight)
        .sum()
}

impl fmt::Display for CardCode {
    /// In fours, as people read it out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, group) in self.as_str().as_bytes().chunks(4).enumerate() {
            let dash = if n == 0 { "" } else { "-" };
            write!(f, "{dash}{}", std::str::from_utf8(group).unwrap_or_default())?;
        }
        Ok(())
    }
}

impl fmt::Debug for CardCode {
    /// A code is money: logs see its end only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardCode(…{})", self.tail())
    }
}

impl FromStr for CardCode {
    type Err = CardError;

    /// Reads what was scanned or typed: any case, with or without the prefix, dashes and spaces, and with letters that
    /// look like digits.
    fn from_str(text: &str) -> Result<CardCode, CardError> {
        let mut signs: Vec<u8> = text
            .chars()
            .filter(|sign| !sign.is_whitespace() && *sign != '-')
            .map(|sign| u8::try_from(sign.to_ascii_uppercase()).unwrap_or(b'?'))
            .collect();
        if signs.len() == LENGTH + CARD_PREFIX.len() && signs.starts_with(CARD_PREFIX.as_bytes()) {
            signs.drain(..CARD_PREFIX.len());
        }
        let signs: [u8; LENGTH] = signs.try_into().map_err(|_| CardError::NotACode)?;
        let mut places = [0u8; LENGTH];
        for (place, sign) in places.iter_mut().zip(signs) {
            let meant = match sign {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                b'Z' => b'2',
                b'U' => b'V',
                sign => sign,
            };
            *place = ALPHABET
                .iter()
                .position(|known| *known == meant)
                .and_then(|at| u8::try_from(at).ok())
                .ok_or(CardError::NotACode)?;
        }
        match weighted(&places) % 31 {
            0 => Ok(CardCode(places.map(|place| ALPHABET[usize::from(place)]))),
            _ => Err(CardError::Mistyped),
        }
    }
}

/// A card as it stands when somebody wants to pay with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardStanding {
    /// What was put on it less what was taken; below nothing only when two counters without a link spent it.
    pub balance: Money,
    /// Kept for payments that are under way.
    pub held: Money,
    pub blocked: bool,
    pub expires: Option<Moment>,
}

impl CardStanding {
    /// What it can pay now.
    pub fn available(&self) -> Money {
        let free = self.balance.minor().saturating_sub(self.held.minor());
        Money::from_minor(free.max(0))
    }

    /// Whether it may pay this much at this moment.
    pub fn may_spend(&self, amount: Money, now: Moment) -> Result<(), CardError> {
        if !amount.is_positive() {
            return Err(CardError::NotPositive);
        }
        if self.blocked {
            return Err(CardError::Blocked);
        }
        if self.expires.is_some_and(|end| now >= end) {
            return Err(CardError::Expired);
        }
        match amount > self.available() {
            true => Err(CardError::TooLittle {
                available: self.available(),
            }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_may_type_it_as_they_like() {
        let code = CardCode::from_random([7; 16]);
        let shown = code.to_string();
        assert_eq!(shown.len(), 19);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', " "),
            code.qr(),
            format!(" {}\n", code.as_str()),
        ] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
        assert!(!format!("{code:?}").contains(code.as_str()), "no log has it");
    }

    #[test]
    fn look_alikes_are_forgiven() {
        let code: CardCode = (0u8..=255)
            .map(|n| CardCode::from_random([n; 16]))
            .find(|code| code.as_str().contains('0') && code.as_str().contains('1'))
            .expect("some code has both");
        let typed = code.as_str().replace('0', "o").replace('1', "l");
        assert_eq!(typed.parse(), Ok(code));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "G1", "P1ABCDEF", "0000-0000-0000-000", "कककककककककककककककक"]
        {
            assert_eq!(text.parse::<CardCode>(), Err(CardError::NotACode), "{text}");
        }
        assert_eq!("0000000000000001".parse::<CardCode>(), Err(CardError::Mistyped));
    }

    #[test]
    fn a_card_pays_only_what_is_free_on_it() {
        let card = CardStanding {
            balance: Money::from_minor(500_00),
            held: Money::from_minor(200_00),
            blocked: false,
            expires: Some(Moment(1_000)),
        };
        let pays = |minor| card.may_spend(Money::from_minor(minor), Moment(999));
        assert_eq!(pays(300_00), Ok(()));
        assert_eq!(
            pays(300_01),
            Err(CardError::TooLittle {
                available: Money::from_minor(300_00)
            })
        );
        assert_eq!(pays(0), Err(CardError::NotPositive));
        assert_eq!(
            card.may_spend(Money::from_minor(1), Moment(1_000)),
            Err(CardError::Expired)
        );
        let blocked = CardStanding {
            blocked: true,
            ..card
        };
        assert_eq!(
            blocked.may_spend(Money::from_minor(1), Moment(0)),
            Err(CardError::Blocked)
        );
        let overdrawn = CardStanding {
            balance: Money::from_minor(-1),
            ..card
        };
        assert_eq!(overdrawn.available(), Money::ZERO);
    }

    proptest! {
        #[test]
        fn every_code_reads_back(random: [u8; 16]) {
            let code = CardCode::from_random(random);
            prop_assert_eq!(code.to_string().parse(), Ok(code));
        }

        #[test]
        fn a_wrong_character_or_a_swap_is_always_found(random: [u8; 16], at in 0usize..16, other in 0usize..16, sign in 0usize..31) {
            let code = CardCode::from_random(random);
            let mut wrong = code.0;
            wrong[at] = ALPHABET[sign];
            if wrong != code.0 {
                prop_assert_eq!(std::str::from_utf8(&wrong).expect("ascii").parse::<CardCode>(), Err(CardError::Mistyped));
            }
            let mut swapped = code.0;
            swapped.swap(at, other);
            if swapped != code.0 {
                prop_assert_eq!(std::str::from_utf8(&swapped).expect("ascii").parse::<CardCode>(), Err(CardError::Mistyped));
            }
        }
    }
}
