//! The cart: what a guest is about to buy, and the changes a cashier makes to it.
//!
//! A change gives a new cart and leaves the old one alone, so undo is keeping the old one. Carts know prices but
//! add nothing up: that is [`pricing`](crate::pricing).

use thiserror::Error;

use crate::discount::Discount;
use crate::ids::{CartId, ProductId};
use crate::money::Money;
use crate::numbers::ShortNumber;
use crate::pricing::{PricingError, gross};
use crate::quantity::{Quantity, QuantityError};
use crate::text::{TextError, clean_name};

/// The most lines one cart holds.
pub const MAX_LINES: usize = 2_000;
/// The longest name of a line, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// The longest note on a line, in characters.
pub const MAX_NOTE_CHARS: usize = 500;

/// Why a change was refused; the cart stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CartError {
    #[error("the cart has no line {line}")]
    NoSuchLine { line: u32 },
    #[error("a cart holds at most {MAX_LINES} lines")]
    TooManyLines,
    #[error("a price cannot be negative")]
    NegativePrice,
    #[error("nothing was added")]
    NothingAdded,
    #[error("the line is sold by another unit")]
    UnitsDiffer,
    #[error("too much of it")]
    QuantityTooLarge,
    #[error("the line is worth too much")]
    LineTooLarge,
    #[error("the name: {0}")]
    Name(TextError),
    #[error("the note is longer than {MAX_NOTE_CHARS} characters")]
    NoteTooLong,
}

/// What a line is: something of the catalogue, or something typed in at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineItem {
    Product { id: ProductId, short: ShortNumber },
    Open,
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Given once per cart and never again, so that a late change cannot hit another line.
    pub line: u32,
    pub item: LineItem,
    pub name: String,
    pub quantity: Quantity,
    pub unit_price: Money,
    pub discount: Option<Discount>,
    /// Empty when there is none.
    pub note: String,
}

/// What a guest is about to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    pub id: CartId,
    pub lines: Vec<CartLine>,
    pub discount: Option<Discount>,
    pub next_line: u32,
}

/// One thing a cashier does to a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartChange {
    Add {
        item: LineItem,
        name: String,
        unit_price: Money,
        quantity: Quantity,
    },
    /// Nothing of it removes the line.
    SetQuantity {
        line: u32,
        quantity: Quantity,
    },
    Remove {
        line: u32,
    },
    DiscountLine {
        line: u32,
        discount: Option<Discount>,
    },
    DiscountOrder {
        discount: Option<Discount>,
    },
    Note {
        line: u32,
        note: String,
    },
    /// Takes out every line and the discount. Line numbers go on counting.
    Clear,
}

impl Cart {
    pub fn empty(id: CartId) -> Cart {
        Cart {
            id,
            lines: Vec::new(),
            discount: None,
            next_line: 1,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn line(&self, line: u32) -> Option<&CartLine> {
        self.lines.iter().find(|one| one.line == line)
    }

    /// The cart after the change. Pure: this cart stays as it is.
    pub fn apply(&self, change: &CartChange) -> Result<Cart, CartError> {
        let mut cart = self.clone();
        match change {
            CartChange::Add {
                item,
                name,
                unit_price,
                quantity,
            } => {
                cart.add(*item, name, *unit_price, *quantity)?;
            }
            CartChange::SetQuantity { line, quantity } => {
                let at = cart.position(*line)?;
                let one = &mut cart.lines[at];
                if one.quantity.unit() != quantity.unit() {
                    return Err(CartError::UnitsDiffer);
                }
                if quantity.is_zero() {
                    cart.lines.remove(at);
                } else {
                    refuse_too_large(*quantity, one.unit_price)?;
                    one.quantity = *quantity;
                }
            }
            CartChange::Remove { line } => {
                let at = cart.position(*line)?;
                cart.lines.remove(at);
            }
            CartChange::DiscountLine { line, discount } => {
                let at = cart.position(*line)?;
                cart.lines[at].discount.clone_from(discount);
            }
            CartChange::DiscountOrder { discount } => cart.discount.clone_from(discount),
            CartChange::Note { line, note } => {
                let at = cart.position(*line)?;
                cart.lines[at].note = match clean_name(note, MAX_NOTE_CHARS) {
                    Ok(note) => note,
                    Err(TextError::Empty) => String::new(),
                    Err(TextError::TooLong { .. }) => return Err(CartError::NoteTooLong),
                };
            }
            CartChange::Clear => {
                cart.lines.clear();
                cart.discount = None;
            }
        }
        Ok(cart)
    }

    /// How many things a person would count: pieces, and one for each line that was weighed.
    pub fn item_count(&self) -> u64 {
        self.lines
            .iter()
            .map(|line| match line.quantity.unit().is_measured() {
                true => 1,
                false => line.quantity.milli().unsigned_abs() / 1000,
            })
            .sum()
    }

    /// Adds to the last line that is the very same thing; otherwise at the end.
    fn add(
        &mut self,
        item: LineItem,
        name: &str,
        unit_price: Money,
        quantity: Quantity,
    ) -> Result<(), CartError> {
        if unit_price.is_negative() {
            return Err(CartError::NegativePrice);
        }
        if quantity.is_zero() {
            return Err(CartError::NothingAdded);
        }
        let name = clean_name(name, MAX_NAME_CHARS).map_err(CartError::Name)?;
        let same = self.lines.iter_mut().rev().find(|line| match (line.item, item) {
            // The name belongs to the product; two open lines are the same thing only under the same name.
            (LineItem::Product { id, .. }, LineItem::Product { id: added, .. }) => {
                id == added && is_plain(line, unit_price, quantity)
            }
            (LineItem::Open, LineItem::Open) => line.name == name && is_plain(line, unit_price, quantity),
            (LineItem::Product { .. }, LineItem::Open) | (LineItem::Open, LineItem::Product { .. }) => false,
        });
        if let Some(line) = same {
            let sum = line.quantity.checked_add(quantity).map_err(|error| match error {
                QuantityError::UnitsDiffer => CartError::UnitsDiffer,
                _ => CartError::QuantityTooLarge,
            })?;
            refuse_too_large(sum, unit_price)?;
            line.quantity = sum;
            return Ok(());
        }
        refuse_too_large(quantity, unit_price)?;
        if self.lines.len() >= MAX_LINES {
            return Err(CartError::TooManyLines);
        }
        let line = self.next_line;
        self.next_line = line.checked_add(1).ok_or(CartError::TooManyLines)?;
        self.lines.push(CartLine {
            line,
            item,
            name,
            quantity,
            unit_price,
            discount: None,
            note: String::new(),
        });
        Ok(())
    }

    fn position(&self, line: u32) -> Result<usize, CartError> {
        self.lines
            .iter()
            .position(|one| one.line == line)
            .ok_or(CartError::NoSuchLine { line })
    }
}

/// Nothing was said about this line that would be untrue of more of the same.
fn is_plain(line: &CartLine, unit_price: Money, quantity: Quantity) -> bool {
    line.unit_price == unit_price
        && line.quantity.unit() == quantity.unit()
        && line.discount.is_none()
        && line.note.is_empty()
}

fn refuse_too_large(quantity: Quantity, unit_price: Money) -> Result<(), CartError> {
    match gross(quantity, unit_price, crate::money::Rounding::Up) {
        Ok(_) => Ok(()),
        Err(PricingError::NegativePrice { .. }) => Err(CartError::NegativePrice),
        Err(_) => Err(CartError::LineTooLarge),
    }
}
