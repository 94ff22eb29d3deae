//! The cart: what a guest is about to buy, and the changes a cashier makes to it.
//!
//! A change gives a new cart and leaves the old one alone, so undo is keeping the old one. Carts know prices but
//! add nothing up: that is [`pricing`](crate::pricing).

use thiserror::Error;

use crate::discount::Discount;
use crate::ids::{CartId, CustomerId, ProductId};
use crate::money::{Money, MoneyError};
use crate::numbers::ShortNumber;
use crate::order::OrderType;
use crate::prices::Source;
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
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What a line is: something of the catalogue, or something typed in at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineItem {
    Product { id: ProductId, short: ShortNumber },
    Open,
}

/// Something added to a line: a choice of a modifier group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modifier {
    pub id: [u8; 16],
    pub name: String,
    /// For one of the line's unit; below zero when it makes the line cheaper.
    pub price: Money,
}

/// What was chosen for a line beyond its product and how much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// A price level picked for this line alone.
    pub level: Option<String>,
    /// A price typed for this line, whatever the catalogue says.
    pub typed: Option<Money>,
    pub modifiers: Vec<Modifier>,
}

/// Where a line's price comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PriceSource {
    #[default]
    Catalog,
    Level,
    Break,
    Branch,
    Customer,
    Typed,
}

impl PriceSource {
    pub const ALL: [PriceSource; 6] = [
        PriceSource::Catalog,
        PriceSource::Level,
        PriceSource::Break,
        PriceSource::Branch,
        PriceSource::Customer,
        PriceSource::Typed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            PriceSource::Catalog => "catalog",
            PriceSource::Level => "level",
            PriceSource::Break => "break",
            PriceSource::Branch => "branch",
            PriceSource::Customer => "customer",
            PriceSource::Typed => "typed",
        }
    }
}

impl From<Source> for PriceSource {
    fn from(source: Source) -> PriceSource {
        match source {
            Source::Catalog => PriceSource::Catalog,
            Source::Level => PriceSource::Level,
            Source::Break => PriceSource::Break,
            Source::Branch => PriceSource::Branch,
            Source::Customer => PriceSource::Customer,
        }
    }
}

/// What the catalogue answered for a line when it was last asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub source: PriceSource,
    /// The level that gave the price, when one did.
    pub level: Option<String>,
    /// Whether the price contains its taxes, where its level says otherwise than the shop.
    pub inclusive: Option<bool>,
    /// How many thousandths of the product's base unit one of the line's unit is.
    pub base_milli: i64,
}

impl Default for Answered {
    fn default() -> Answered {
        Answered {
            source: PriceSource::Catalog,
            level: None,
            inclusive: None,
            base_milli: 1000,
        }
    }
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Given once per cart and never again, so that a late change cannot hit another line.
    pub line: u32,
    pub item: LineItem,
    pub name: String,
    pub quantity: Quantity,
    /// Without modifiers.
    pub unit_price: Money,
    pub choice: Choice,
    pub answered: Answered,
    pub discount: Option<Discount>,
    /// Empty when there is none.
    pub note: String,
}

impl CartLine {
    /// One of the unit, modifiers included.
    pub fn price_each(&self) -> Result<Money, MoneyError> {
        let modifiers = self.choice.modifiers.iter().map(|modifier| modifier.price);
        Money::sum(modifiers.chain([self.unit_price]))
    }
}

/// What a guest is about to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    pub id: CartId,
    pub lines: Vec<CartLine>,
    pub discount: Option<Discount>,
    pub next_line: u32,
    pub customer: Option<CustomerId>,
    /// The price level of every line that has none of its own.
    pub level: Option<String>,
    pub order_type: OrderType,
    /// The region that the goods go to, when they are delivered.
    pub delivered_to: Option<String>,
}

/// One thing a cashier does to a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartChange {
    Add {
        item: LineItem,
        name: String,
        unit_price: Money,
        quantity: Quantity,
        choice: Choice,
    },
    /// Sold by another of its product's units.
    SetUnit {
        line: u32,
        quantity: Quantity,
    },
    Choose {
        line: u32,
        choice: Choice,
    },
    ForCustomer {
        customer: Option<CustomerId>,
    },
    AtLevel {
        level: Option<String>,
    },
    As {
        order_type: OrderType,
    },
    DeliverTo {
        region: Option<String>,
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
    /// Takes out every line, the discount and the customer. Line numbers go on counting.
    Clear,
}

impl Cart {
    pub fn empty(id: CartId) -> Cart {
        Cart {
            id,
            lines: Vec::new(),
            discount: None,
            next_line: 1,
            customer: None,
            level: None,
            order_type: OrderType::default(),
            delivered_to: None,
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
                choice,
            } => {
                cart.add(*item, name, *unit_price, *quantity, choice)?;
            }
            CartChange::SetUnit { line, quantity } => {
                let at = cart.position(*line)?;
                if quantity.is_zero() {
                    return Err(CartError::NothingAdded);
                }
                refuse_too_large(*quantity, cart.lines[at].price_each()?)?;
                cart.lines[at].quantity = *quantity;
                cart.lines[at].choice.typed = None;
            }
            CartChange::Choose { line, choice } => {
                let at = cart.position(*line)?;
                if choice.typed.is_some_and(Money::is_negative) {
                    return Err(CartError::NegativePrice);
                }
                let mut one = cart.lines[at].clone();
                one.choice.clone_from(choice);
                refuse_too_large(one.quantity, one.price_each()?)?;
                cart.lines[at] = one;
            }
            CartChange::ForCustomer { customer } => cart.customer = *customer,
            CartChange::AtLevel { level } => cart.level.clone_from(level),
            CartChange::As { order_type } => {
                cart.order_type = *order_type;
                if *order_type != OrderType::Delivery {
                    cart.delivered_to = None;
                }
            }
            CartChange::DeliverTo { region } => {
                cart.delivered_to.clone_from(region);
                if region.is_some() {
                    cart.order_type = OrderType::Delivery;
                }
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
                    refuse_too_large(*quantity, one.price_each()?)?;
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
                cart = Cart {
                    next_line: cart.next_line,
                    ..Cart::empty(cart.id)
                };
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
        choice: &Choice,
    ) -> Result<(), CartError> {
        if unit_price.is_negative() || choice.typed.is_some_and(Money::is_negative) {
            return Err(CartError::NegativePrice);
        }
        if quantity.is_zero() {
            return Err(CartError::NothingAdded);
        }
        let name = clean_name(name, MAX_NAME_CHARS).map_err(CartError::Name)?;
        let same = self.lines.iter_mut().rev().find(|line| match (line.item, item) {
            // The name belongs to the product; two open lines are the same thing only under the same name.
            (LineItem::Product { id, .. }, LineItem::Product { id: added, .. }) => {
                id == added && is_same(line, unit_price, quantity, choice)
            }
            (LineItem::Open, LineItem::Open) => {
                line.name == name && is_same(line, unit_price, quantity, choice)
            }
            (LineItem::Product { .. }, LineItem::Open) | (LineItem::Open, LineItem::Product { .. }) => false,
        });
        if let Some(line) = same {
            let sum = line.quantity.checked_add(quantity).map_err(|error| match error {
                QuantityError::UnitsDiffer => CartError::UnitsDiffer,
                _ => CartError::QuantityTooLarge,
            })?;
            refuse_too_large(sum, line.price_each()?)?;
            line.quantity = sum;
            return Ok(());
        }
        let line = CartLine {
            line: self.next_line,
            item,
            name,
            quantity,
            unit_price,
            choice: choice.clone(),
            answered: Answered::default(),
            discount: None,
            note: String::new(),
        };
        refuse_too_large(quantity, line.price_each()?)?;
        if self.lines.len() >= MAX_LINES {
            return Err(CartError::TooManyLines);
        }
        self.next_line = line.line.checked_add(1).ok_or(CartError::TooManyLines)?;
        self.lines.push(line);
        Ok(())
    }

    fn position(&self, line: u32) -> Result<usize, CartError> {
        self.lines
            .iter()
            .position(|one| one.line == line)
            .ok_or(CartError::NoSuchLine { line })
    }
}

/// Nothing was said about this line that would be untrue of more of the same. A price that the catalogue gave for
/// this quantity or this customer is looked up anew, so it does not keep lines apart.
fn is_same(line: &CartLine, unit_price: Money, quantity: Quantity, choice: &Choice) -> bool {
    let priced_alike = line.unit_price == unit_price || line.answered.source != PriceSource::Catalog;
    priced_alike
        && line.choice == *choice
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::{MAX_MILLI, Unit};
    use proptest::prelude::*;

    fn product(n: u8) -> LineItem {
        LineItem::Product {
            id: ProductId::from_bytes([n; 16]),
            short: ShortNumber {
                ordinal: 0,
                counter: u32::from(n),
            },
        }
    }

    fn pieces(n: i64) -> Quantity {
        Quantity::from_milli(n * 1000, Unit::Piece).expect("a quantity")
    }

    fn add(item: LineItem, name: &str, unit_price: i64, quantity: Quantity) -> CartChange {
        CartChange::Add {
            item,
            name: name.into(),
            unit_price: Money::from_minor(unit_price),
            quantity,
            choice: Choice::default(),
        }
    }

    fn cart(changes: &[CartChange]) -> Cart {
        let empty = Cart::empty(CartId::from_bytes([0; 16]));
        changes
            .iter()
            .fold(empty, |cart, change| cart.apply(change).expect("applies"))
    }

    fn ten_percent() -> Option<Discount> {
        Some(Discount::percent(rust_decimal::Decimal::TEN, "regular guest").expect("a discount"))
    }

    fn quantities(cart: &Cart) -> Vec<(u32, i64)> {
        cart.lines
            .iter()
            .map(|line| (line.line, line.quantity.milli() / 1000))
            .collect()
    }

    #[test]
    fn the_same_again_joins_its_line() {
        let (tea, cake) = (
            add(product(1), "Chai", 1500, pieces(1)),
            add(product(2), "Cake", 4000, pieces(1)),
        );
        let full = cart(&[tea.clone(), cake.clone(), tea.clone(), tea.clone()]);
        assert_eq!(quantities(&full), [(1, 3), (2, 1)]);
    }

    #[test]
    fn a_line_with_a_price_discount_or_note_of_its_own_stands_alone() {
        let tea = add(product(1), "Chai", 1500, pieces(1));
        let dearer = add(product(1), "Chai", 1600, pieces(1));
        assert_eq!(quantities(&cart(&[tea.clone(), dearer])), [(1, 1), (2, 1)]);
        let note = CartChange::Note {
            line: 1,
            note: "no sugar".into(),
        };
        assert_eq!(
            quantities(&cart(&[tea.clone(), note.clone(), tea.clone()])),
            [(1, 1), (2, 1)]
        );
        let off = CartChange::DiscountLine {
            line: 1,
            discount: ten_percent(),
        };
        assert_eq!(
            quantities(&cart(&[tea.clone(), off, tea.clone(), tea.clone()])),
            [(1, 1), (2, 2)]
        );
        let cleared = CartChange::Note {
            line: 1,
            note: "  ".into(),
        };
        assert_eq!(
            quantities(&cart(&[tea.clone(), note, cleared, tea])),
            [(1, 2)],
            "a note taken back is none"
        );
    }

    #[test]
    fn open_lines_join_only_under_their_own_name() {
        let open = |name: &str| add(LineItem::Open, name, 500, pieces(1));
        let full = cart(&[open("Bag"), open("Box"), open(" Bag ")]);
        assert_eq!(quantities(&full), [(1, 2), (2, 1)]);
        let full = cart(&[open("Chai"), add(product(1), "Chai", 500, pieces(1))]);
        assert_eq!(
            full.lines.len(),
            2,
            "a typed line is not the product of the same name"
        );
    }

    #[test]
    fn line_numbers_are_never_given_twice() {
        let tea = add(product(1), "Chai", 1500, pieces(1));
        let full = cart(&[
            tea.clone(),
            CartChange::Remove { line: 1 },
            tea.clone(),
            CartChange::Clear,
            tea,
        ]);
        assert_eq!(quantities(&full), [(3, 1)]);
        assert_eq!(
            full.apply(&CartChange::Remove { line: 1 }),
            Err(CartError::NoSuchLine { line: 1 })
        );
    }

    #[test]
    fn nothing_of_it_removes_the_line() {
        let full = cart(&[
            add(product(1), "Chai", 1500, pieces(2)),
            CartChange::SetQuantity {
                line: 1,
                quantity: pieces(7),
            },
        ]);
        assert_eq!(quantities(&full), [(1, 7)]);
        let none = full
            .apply(&CartChange::SetQuantity {
                line: 1,
                quantity: pieces(0),
            })
            .expect("applies");
        assert!(none.is_empty());
        let kilos = CartChange::SetQuantity {
            line: 1,
            quantity: Quantity::one(Unit::Kilogram),
        };
        assert_eq!(full.apply(&kilos), Err(CartError::UnitsDiffer));
    }

    #[test]
    fn clearing_takes_the_discount_too() {
        let full = cart(&[
            add(product(1), "Chai", 1500, pieces(2)),
            CartChange::DiscountOrder {
                discount: ten_percent(),
            },
            CartChange::Clear,
        ]);
        assert_eq!((full.lines.len(), full.discount), (0, None));
    }

    #[test]
    fn what_no_shop_sells_is_refused() {
        let empty = cart(&[]);
        let refused = |change: CartChange| empty.apply(&change).expect_err("refused");
        assert_eq!(
            refused(add(product(1), "Chai", -1, pieces(1))),
            CartError::NegativePrice
        );
        assert_eq!(
            refused(add(product(1), "Chai", 1, pieces(0))),
            CartError::NothingAdded
        );
        assert_eq!(
            refused(add(product(1), "\u{200b}", 1, pieces(1))),
            CartError::Name(TextError::Empty)
        );
        assert_eq!(
            refused(add(product(1), "Gold", i64::MAX, pieces(1))),
            CartError::LineTooLarge
        );
        assert_eq!(
            refused(add(product(1), "Gold", i64::MAX, pieces(1_000_000))),
            CartError::LineTooLarge
        );
        let long = "x".repeat(MAX_NAME_CHARS + 1);
        assert_eq!(
            refused(add(product(1), &long, 1, pieces(1))),
            CartError::Name(TextError::TooLong { max: MAX_NAME_CHARS })
        );
        let full = cart(&[add(product(1), "Chai", 1, pieces(1_000_000))]);
        let more = add(product(1), "Chai", 1, pieces(1));
        assert_eq!(full.apply(&more), Err(CartError::QuantityTooLarge));
        let note = CartChange::Note {
            line: 1,
            note: "x".repeat(MAX_NOTE_CHARS + 1),
        };
        assert_eq!(full.apply(&note), Err(CartError::NoteTooLong));
    }

    #[test]
    fn hostile_text_is_made_harmless() {
        let full = cart(&[
            add(LineItem::Open, "\u{202e}iahC\u{0}", 100, pieces(1)),
            CartChange::Note {
                line: 1,
                note: "less\nsugar\u{2066}".into(),
            },
        ]);
        assert_eq!(
            (full.lines[0].name.as_str(), full.lines[0].note.as_str()),
            ("iahC", "less sugar")
        );
    }

    #[test]
    fn two_thousand_lines_are_enough() {
        let mut full = cart(&[]);
        for n in 0..MAX_LINES {
            full.lines.push(CartLine {
                line: full.next_line,
                item: LineItem::Open,
                name: format!("Thing {n}"),
                quantity: pieces(1),
                unit_price: Money::from_minor(100),
                choice: Choice::default(),
                answered: Answered::default(),
                discount: None,
                note: String::new(),
            });
            full.next_line += 1;
        }
        assert_eq!(
            full.apply(&add(LineItem::Open, "One more", 100, pieces(1))),
            Err(CartError::TooManyLines)
        );
        let joined = full
            .apply(&add(LineItem::Open, "Thing 7", 100, pieces(1)))
            .expect("joins its line");
        assert_eq!(joined.item_count(), 2001);
    }

    #[test]
    fn the_last_line_number_is_not_passed() {
        let mut full = cart(&[]);
        full.next_line = u32::MAX;
        assert_eq!(
            full.apply(&add(LineItem::Open, "Bag", 1, pieces(1))),
            Err(CartError::TooManyLines)
        );
    }

    #[test]
    fn weighed_lines_count_as_one_thing() {
        let weighed = Quantity::parse("2.250", Unit::Kilogram).expect("a weight");
        let full = cart(&[
            add(product(1), "Chai", 1500, pieces(4)),
            add(product(2), "Rice", 9000, weighed),
        ]);
        assert_eq!(full.item_count(), 5);
    }

    fn any_change() -> impl Strategy<Value = CartChange> {
        let quantity = (0..=MAX_MILLI, any::<bool>()).prop_map(|(milli, weighed)| match weighed {
            true => Quantity::from_milli(milli, Unit::Kilogram).expect("in range"),
            false => Quantity::from_milli(milli % 20 * 1000, Unit::Piece).expect("in range"),
        });
        let item = prop_oneof![(0u8..4).prop_map(product), Just(LineItem::Open)];
        let price = prop_oneof![0i64..100_000, any::<i64>()];
        prop_oneof![
            4 => (item, "[ab]{1,2}|\\PC{0,9}", price, quantity.clone())
                .prop_map(|(item, name, price, quantity)| add(item, &name, price, quantity)),
            1 => (0u32..9, quantity).prop_map(|(line, quantity)| CartChange::SetQuantity { line, quantity }),
            1 => (0u32..9).prop_map(|line| CartChange::Remove { line }),
            1 => (0u32..9, any::<bool>()).prop_map(|(line, some)| CartChange::DiscountLine {
                line,
                discount: if some { ten_percent() } else { None },
            }),
            1 => (0u32..9, "\\PC{0,9}").prop_map(|(line, note)| CartChange::Note { line, note }),
            1 => Just(CartChange::Clear),
        ]
    }

    proptest! {
        #[test]
        fn a_cart_that_took_its_changes_has_a_price(changes in prop::collection::vec(any_change(), 0..40)) {
            let mut cart = cart(&[]);
            for change in &changes {
                let before = cart.clone();
                let after = cart.apply(change);
                prop_assert_eq!(&cart, &before, "the cart itself stays as it was");
                prop_assert_eq!(cart.apply(change), after.clone(), "the same change gives the same cart");
                if let Ok(after) = after {
                    cart = after;
                }
                prop_assert!(cart.lines.is_sorted_by(|a, b| a.line < b.line));
                prop_assert!(cart.lines.iter().all(|line| line.line < cart.next_line && !line.quantity.is_zero()));
                prop_assert!(cart.next_line >= before.next_line);
                let price = crate::pricing::price(
                    &cart.lines,
                    cart.discount.as_ref(),
                    &Default::default(),
                    &mut crate::pricing::untaxed,
                );
                prop_assert!(price.is_ok(), "{:?}", price);
            }
        }
    }
}
