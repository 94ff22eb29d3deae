//! The columns of a file of products that depend on the shop: what each level asks, and for each branch what is asked
//! there and whether the product is sold there.
//!
//! Where a branch has a column, an empty cell is the shop's own price. A file without the column says nothing of it.

use crate::{
    Actor, AppError, Code, Result,
    branches::{UNNAMED, may_at},
    catalog::MOST_MINOR,
    prices::{key_of, levels},
    settings::Settings,
};
use domain::{
    ids::{BranchId, ProductId},
    people::Permission,
    prices::WHOLESALE,
    search::fold,
};
use journal::{
    fields::price as price_field,
    register::{Field, Value},
};
use std::collections::HashMap;
use store::{Reader, branches::BranchRow, catalog::ProductRow, prices::PriceRow};

/// More branches than this fit on no sheet that anybody reads: of such a shop only this device's own has columns.
const MOST_BRANCHES: usize = 1_000;

/// What a level asks, or what a branch does.
#[derive(Debug, Clone)]
pub(crate) struct PriceColumn {
    pub name: String,
    pub level: Option<String>,
    pub branch: Option<BranchId>,
    /// Whether whoever asks may change what stands in it.
    pub mine: bool,
}

/// Whether a product is sold at a branch.
#[derive(Debug, Clone)]
pub(crate) struct SoldColumn {
    pub name: String,
    pub branch: BranchId,
    pub mine: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    pub prices: Vec<PriceColumn>,
    pub sold: Vec<SoldColumn>,
}

/// A word of the shop as the name of a column has it.
pub(crate) fn word(name: &str) -> String {
    fold(name).replace(' ', "_")
}

impl Columns {
    pub fn read(reader: &Reader<'_>, actor: &Actor) -> Result<Columns> {
        let mut columns = Columns::default();
        let mut ids = vec![];
        for level in levels(reader, false)? {
            let key = key_of(level.id);
            let called = match key == WHOLESALE {
                true => key.clone(),
                false => word(&level.name),
            };
            ids.push(level.id.bytes());
            columns.prices.push(PriceColumn {
                name: format!("price_{called}"),
                level: Some(key),
                branch: None,
                mine: true,
            });
        }
        for branch in with_columns(reader)? {
            let called = word(&branch.1);
            let mine = may_at(reader, actor, branch.0, Permission::CatalogImport)?;
            ids.push(branch.0.bytes());
            columns.prices.push(PriceColumn {
                name: format!("price_at_{called}"),
                level: None,
                branch: Some(branch.0),
                mine,
            });
            columns.sold.push(SoldColumn {
                name: format!("sold_at_{called}"),
                branch: branch.0,
                mine,
            });
        }
        columns.tell_apart(&ids);
        Ok(columns)
    }

    /// Two that would be called alike have the end of their ids behind their names.
    fn tell_apart(&mut self, ids: &[[u8; 16]]) {
        let mut times: HashMap<String, usize> = HashMap::new();
        let names = self.prices.iter().map(|column| &column.name);
        for name in names.chain(self.sold.iter().map(|column| &column.name)) {
            *times.entry(name.clone()).or_default() += 1;
        }
        let apart = |name: &mut String, id: &[u8; 16]| {
            if times.get(name).is_some_and(|times| *times > 1) {
                let end: String = id[12..].iter().map(|byte| format!("{byte:02x}")).collect();
                *name = format!("{name}_{end}");
            }
        };
        for (column, id) in self.prices.iter_mut().zip(ids) {
            if column.level.as_deref() != Some(WHOLESALE) {
                apart(&mut column.name, id);
            }
        }
        for column in &mut self.sold {
            let id = column.branch.bytes();
            apart(&mut column.name, &id);
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        let sold = self.sold.iter().map(|column| column.name.as_str());
        self.prices.iter().map(|column| column.name.as_str()).chain(sold)
    }

    /// Only what whoever asks may change.
    pub fn mine(mut self) -> Columns {
        self.prices.retain(|column| column.mine);
        self.sold.retain(|column| column.mine);
        self
    }
}

/// The branches that have columns, by name: those that are open, where there are several.
fn with_columns(reader: &Reader<'_>) -> Result<Vec<(BranchId, String)>> {
    if !reader.has_branches()? {
        return Ok(vec![]);
    }
    let mut open: Vec<BranchRow> = reader.branches()?;
    open.retain(|branch| branch.closed_ms.is_none());
    if open.len() > MOST_BRANCHES {
        let here = reader.own_branch()?;
        open.retain(|branch| Some(branch.id) == here);
    }
    let names = Settings::branch_names(&reader.settings()?);
    let named = |branch: &BranchRow| names.get(&branch.id).map_or(UNNAMED, String::as_str).to_owned();
    Ok(open.iter().map(|branch| (branch.id, named(branch))).collect())
}

impl PriceColumn {
    /// Whether a price is the plain one of this column: for any quantity, on any day.
    pub fn is_of(&self, price: &PriceRow, unit: &str) -> bool {
        price.ended_ms.is_none()
            && price.customer.is_none()
            && price.level == self.level
            && price.branch == self.branch
            && price.unit == unit
            && price.from_milli == 0
            && price.first_day.is_none()
            && price.last_day.is_none()
    }

    /// The plain price of this column, as the register keeps it.
    pub fn fields(&self, product: ProductId, unit: &str, minor: i64) -> Vec<(Field, Value)> {
        let level = self.level.clone().map_or(Value::Null, Value::Text);
        let branch = self.branch.map(|id| Value::Bytes(id.bytes().to_vec()));
        vec![
            (price_field::PRODUCT, Value::Bytes(product.bytes().to_vec())),
            (price_field::UNIT, Value::Text(unit.to_owned())),
            (price_field::LEVEL, level),
            (price_field::CUSTOMER, Value::Null),
            (price_field::FROM_MILLI, Value::Int(0)),
            (price_field::FIRST_DAY, Value::Null),
            (price_field::LAST_DAY, Value::Null),
            (price_field::MINOR, Value::Int(minor)),
            (price_field::BRANCH, branch.unwrap_or(Value::Null)),
        ]
    }
}

/// A price that can be asked.
pub(crate) fn asked(minor: i64) -> Result<i64> {
    match (0..=MOST_MINOR).contains(&minor) {
        true => Ok(minor),
        false => Err(AppError::field(
            "price",
            "a price is 0 or more, and not that large",
        )),
    }
}

/// Where a product is not sold: of itself, and because what it is a variant of is not.
#[derive(Default)]
pub(crate) struct NotSold {
    own: Vec<BranchId>,
    of_product: Vec<BranchId>,
}

impl NotSold {
    pub fn read(reader: &Reader<'_>, row: &ProductRow) -> Result<NotSold> {
        Ok(NotSold {
            own: reader.not_sold_at(row.id)?,
            of_product: match row.variant_of {
                Some(parent) => reader.not_sold_at(parent)?,
                None => vec![],
            },
        })
    }

    pub fn at(&self, branch: BranchId) -> bool {
        self.own.contains(&branch) || self.of_product.contains(&branch)
    }

    /// Whether it has to be changed for the product to be sold there, or not to be. A variant is not sold where its
    /// product is not.
    pub fn differs(&self, branch: BranchId, sold: bool) -> Result<bool> {
        match sold {
            true if self.of_product.contains(&branch) => Err(AppError::new(Code::ProductNotHere)
                .because("what it is a variant of is not sold at this branch")),
            true => Ok(self.own.contains(&branch)),
            false => Ok(!self.at(branch)),
        }
    }
}
