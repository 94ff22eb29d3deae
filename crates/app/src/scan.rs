//! What a scanned code is: a product, a token, or something that is not ours, with the word for it.

use crate::{
    Actor, Result, Shop,
    catalog::{Asking, ProductView},
    tokens::{TokenVerdict, VerifyToken},
};
use domain::{
    barcode::{Code as Kind, LabelMask, LabelValue, strip_scanner_marks},
    quantity::{Quantity, Unit},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scan {
    pub code: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scanned {
    Product {
        product: Box<ProductView>,
        /// The unit that the code stands for: a pack has a barcode of its own.
        unit: String,
        /// Of a scale's label, its weight.
        quantity: String,
        /// What a scale's label says; null for other codes.
        label: Option<ScaleLabel>,
    },
    Token(Box<TokenVerdict>),
    Unknown {
        code: String,
        /// not_listed, upi, url or too_long
        why: String,
    },
}

/// A label that a scale printed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScaleLabel {
    /// The product's code in it.
    pub code: String,
    /// Whether it has the weight; else it has the price.
    pub weight: bool,
    pub amount_minor: Option<i64>,
}

impl Shop {
    pub fn scan(&self, actor: &Actor, request: &Scan) -> Result<Scanned> {
        let code = strip_scanner_marks(request.code.trim());
        let unknown = |why: &str| {
            Ok(Scanned::Unknown {
                code: code.chars().take(64).collect(),
                why: why.to_owned(),
            })
        };
        match Kind::classify(code) {
            Kind::Token => {
                let verdict = self.verify_token(
                    actor,
                    &VerifyToken {
                        code: request.code.clone(),
                    },
                )?;
                Ok(Scanned::Token(Box::new(verdict)))
            }
            Kind::Url => unknown("url"),
            Kind::Upi => unknown("upi"),
            Kind::TooLong => unknown("too_long"),
            Kind::Gtin | Kind::Other => match self.product_of_code(code)? {
                Some((product, unit)) => Ok(Scanned::Product {
                    product: Box::new(product),
                    unit,
                    quantity: "1".to_owned(),
                    label: None,
                }),
                None => match self.scale_label(code)? {
                    Some(scanned) => Ok(scanned),
                    None => unknown("not_listed"),
                },
            },
        }
    }

    /// The product of a code, and the unit that the code stands for.
    fn product_of_code(&self, code: &str) -> Result<Option<(ProductView, String)>> {
        let day = self.price_day();
        self.store.read(|r| {
            let Some(row) = r.product_by_code(code)? else {
                return Ok(None);
            };
            let unit = r
                .unit_of_barcode(row.n, code)?
                .unwrap_or_else(|| row.unit.clone());
            Ok(Some((Asking::of(r, day)?.view(&row)?, unit)))
        })
    }

    /// A label of a scale, by the shop's masks: the product and how much of it.
    fn scale_label(&self, code: &str) -> Result<Option<Scanned>> {
        let settings = self.settings();
        let masks = settings.text("scan.weight_masks");
        let labels = masks
            .lines()
            .filter_map(|mask| mask.parse::<LabelMask>().ok())
            .filter_map(|mask| mask.read(code));
        for label in labels {
            // Scales fill up with zeros; shops mostly do not.
            let short = label.product.trim_start_matches('0');
            let found = self.store.read(|r| match r.product_by_code(&label.product)? {
                None if !short.is_empty() => r.product_by_code(short),
                found => Ok(found),
            })?;
            let Some(row) = found else { continue };
            let product = self.store.read(|r| Asking::of(r, self.price_day())?.view(&row))?;
            let Ok(unit) = product.unit.parse::<Unit>() else {
                continue;
            };
            let (quantity, amount_minor) = match label.value {
                LabelValue::Grams(grams) => (weighed(grams, unit), None),
                LabelValue::Minor(amount) => (priced(amount, product.here_minor, unit), Some(amount)),
            };
            let Some(quantity) = quantity else { continue };
            return Ok(Some(Scanned::Product {
                unit: product.unit.clone(),
                product: Box::new(product),
                quantity,
                label: Some(ScaleLabel {
                    code: label.product,
                    weight: amount_minor.is_none(),
                    amount_minor,
                }),
            }));
        }
        Ok(None)
    }
}

/// So many grams in the product's unit; `None` when it is not sold by weight.
fn weighed(grams: i64, unit: Unit) -> Option<String> {
    let milli = match unit {
        Unit::Kilogram => grams,
        Unit::Gram => grams.checked_mul(1000)?,
        _ => return None,
    };
    shown(milli, unit)
}

/// How much of a product so much money is. What is counted is one of it at the label's price.
fn priced(amount_minor: i64, price_minor: i64, unit: Unit) -> Option<String> {
    if !matches!(unit, Unit::Kilogram | Unit::Gram) {
        return Some("1".to_owned());
    }
    if price_minor <= 0 {
        return None;
    }
    // To the nearest thousandth, half away from zero.
    let milli = (amount_minor.checked_mul(2000)?.checked_add(price_minor)?) / price_minor.checked_mul(2)?;
    let milli = if unit == Unit::Gram {
        milli / 1000 * 1000
    } else {
        milli
    };
    shown(milli, unit)
}

fn shown(milli: i64, unit: Unit) -> Option<String> {
    let quantity = Quantity::from_milli(milli, unit).ok()?;
    (!quantity.is_zero()).then(|| quantity.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_becomes_a_weight() {
        assert_eq!(priced(12_345, 56_000, Unit::Kilogram).as_deref(), Some("0.22"));
        assert_eq!(priced(28_000, 56_000, Unit::Kilogram).as_deref(), Some("0.5"));
        assert_eq!(
            priced(12_345, 0, Unit::Kilogram),
            None,
            "a free product has no weight by its price"
        );
        assert_eq!(priced(12_345, 56_000, Unit::Piece).as_deref(), Some("1"));
        assert_eq!(priced(i64::MAX, 1, Unit::Kilogram), None);
        assert_eq!(weighed(750, Unit::Kilogram).as_deref(), Some("0.75"));
        assert_eq!(weighed(0, Unit::Kilogram), None, "an empty scale sells nothing");
        assert_eq!(weighed(750, Unit::Piece), None);
    }
}
