//! All that the shop knows of one person, in one file: for the person, who may ask for it.

use crate::{
    Actor, AppError, Code, Result, Shop,
    accounts::StatementFilter,
    customers::{CustomerView, HistoryFilter, standing},
    order_view::OrderView,
    papers::PaperFilter,
};
use domain::ids::{CustomerId, OrderId};
use serde::Serialize;
use std::io::{Cursor, Write as _};
use zip::{ZipWriter, write::SimpleFileOptions};

/// How many receipts come along as papers; all orders are in the list.
const MOST_PAPERS: usize = 200;

/// What the file `data.json` holds.
#[derive(Serialize)]
struct Everything {
    exported_at: String,
    shop: String,
    customer: CustomerView,
    orders: Vec<OrderView>,
    account: crate::accounts::AccountView,
    statement: Vec<crate::accounts::StatementRow>,
}

impl Shop {
    /// A ZIP with everything: the data as JSON, the statement and the receipts as PDF.
    pub fn export_customer(&self, actor: &Actor, id: CustomerId) -> Result<(String, Vec<u8>)> {
        let (row, _) = self.store.read(|r| standing(r, id))?;
        let id = row.id;
        let mut orders = Vec::new();
        let mut filter = HistoryFilter {
            limit: Some(100),
            after: None,
        };
        loop {
            let page = self.customer_orders(actor, id, &filter)?;
            orders.extend(page.items);
            filter.after = page.next;
            if filter.after.is_none() {
                break;
            }
        }
        let whole = StatementFilter::default();
        let everything = Everything {
            exported_at: crate::wire::rfc3339(self.edges.now()),
            shop: self.settings().text("shop.name").to_owned(),
            customer: self.customer(id)?,
            account: self.account(id)?,
            statement: self.whole_statement(id, &whole)?.rows,
            orders,
        };
        let json =
            serde_json::to_vec_pretty(&everything).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        let mut files = vec![("data.json".to_owned(), json)];
        files.push(("statement.pdf".to_owned(), self.statement_pdf(id, &whole)?.1));
        for order in everything.orders.iter().take(MOST_PAPERS) {
            let paper = self.paper_pdf(actor, OrderId::from_uuid(order.id), &PaperFilter::default())?;
            files.push((
                format!("receipts/{}.pdf", order.document.replace('/', "-")),
                paper,
            ));
        }
        let name = format!(
            "customer-{}-{}.zip",
            id.to_string().split('-').next_back().unwrap_or_default(),
            crate::days::text_of(self.today_number(&self.settings()))
        );
        Ok((name, zipped(files)?))
    }
}

fn zipped(files: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>> {
    let broken = |e: zip::result::ZipError| AppError::new(Code::Broken).caused(e);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, SimpleFileOptions::default())
            .map_err(broken)?;
        zip.write_all(&bytes)
            .map_err(|e| AppError::new(Code::Broken).caused(e))?;
    }
    Ok(zip.finish().map_err(broken)?.into_inner())
}
