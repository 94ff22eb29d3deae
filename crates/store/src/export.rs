//! Every view, row by row, for taking all of it along.

use crate::{Reader, StoreError, views};
use journal::Fact;
use rusqlite::types::ValueRef;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Tables that only find things in others, and those that say nothing by themselves.
const LEFT_OUT: &[&str] = &[
    "product_word",
    "product_search",
    "customer_word",
    "fact_scope",
    "order_products",
    "shift_seen",
    "picture",
];

impl Reader<'_> {
    /// The views that are worth a file of their own.
    pub fn exported_tables(&self) -> Vec<&'static str> {
        views::TABLES
            .iter()
            .copied()
            .filter(|table| !LEFT_OUT.contains(table))
            .collect()
    }

    /// Walks a view: first its columns, then each row.
    pub fn each_row<E: From<StoreError>>(
        &self,
        table: &str,
        mut columns: impl FnMut(Vec<String>) -> Result<(), E>,
        mut row: impl FnMut(Vec<Cell>) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = |e: rusqlite::Error| E::from(StoreError::from(e));
        let known = views::TABLES.contains(&table);
        if !known {
            return Err(StoreError::damaged(format!("there is no view {table}")).into());
        }
        let mut statement = self
            .conn
            .prepare(&format!("select * from {table} order by 1, 2"))
            .map_err(sql)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let width = names.len();
        columns(names)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(r) = rows.next().map_err(sql)? {
            let mut cells = Vec::with_capacity(width);
            for column in 0..width {
                cells.push(match r.get_ref(column).map_err(sql)? {
                    ValueRef::Null => Cell::Empty,
                    ValueRef::Integer(number) => Cell::Integer(number),
                    ValueRef::Real(number) => Cell::Text(number.to_string()),
                    ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
                });
            }
            row(cells)?;
        }
        Ok(())
    }

    /// Walks all facts, in the order of their stamps.
    pub fn each_fact<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(Fact) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = |e: rusqlite::Error| E::from(StoreError::from(e));
        let mut statement = self
            .conn
            .prepare(&format!(
                "select {} from fact order by stamp, device_id, seq",
                views::FACT
            ))
            .map_err(sql)?;
        let mut rows = statement.query([]).map_err(sql)?;
        while let Some(r) = rows.next().map_err(sql)? {
            visit(views::fact(r).map_err(sql)?)?;
        }
        Ok(())
    }
}
