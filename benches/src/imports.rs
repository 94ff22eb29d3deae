//! A spreadsheet of twenty thousand rows: looked at, taken, and taken back.

use crate::{
    Arguments,
    node::{Node, new_id},
    table::Row,
    work::now,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, path::Path};

const ROWS: usize = 20_000;
/// Every so many rows one is wrong, which makes thirty-seven.
const WRONG: usize = 540;

pub fn measure(arguments: &Arguments, data: &Path, rows: &mut Vec<Row>) -> Result<(), String> {
    eprintln!("  a spreadsheet of {ROWS} rows");
    let node = Node::start(&arguments.node, data, true)?;
    let owner = node.till_of_role("owner")?;
    let mut csv = String::from(
        "name,name_hi,sku,barcode,price,unit,category,brand,price_wholesale,unit_2,unit_2_holds\n",
    );
    for n in 0..ROWS {
        let price = if n % WRONG == WRONG - 1 {
            "ten".to_owned()
        } else {
            format!("{}.50", 10 + n % 300)
        };
        writeln!(
            csv,
            "Village good {n},गाँव का सामान {n},I{n:05},88{n:08},{price},kg,Range {},Brand {},{}.25,unit:sack,25",
            n % 12,
            n % 30,
            9 + n % 300
        )
        .map_err(|e| e.to_string())?;
    }
    let mut timed = |work: &'static str, run: &dyn Fn() -> Result<Value, String>| {
        let began = now();
        let answer = run()?;
        rows.push(Row {
            work,
            goal: "",
            figure: format!("{:.1} s", began.elapsed().as_secs_f64()),
        });
        Ok::<Value, String>(answer)
    };
    let seen = timed("import of 20,000 rows with 37 faults: the dry run", &|| {
        owner.post_bytes("/api/v1/products/import?dry_run=true", csv.clone().into_bytes())
    })?;
    if seen["wrong"] != 37 {
        return Err(format!("37 rows are wrong, not {}", seen["wrong"]));
    }
    let id = new_id();
    timed("the same taken, with units and wholesale prices", &|| {
        owner.post_bytes(
            &format!("/api/v1/products/import?dry_run=false&id={id}"),
            csv.clone().into_bytes(),
        )
    })?;
    let undone = timed("and taken back", &|| {
        owner.post(
            &format!("/api/v1/products/runs/{id}/undo"),
            &json!({"id": new_id()}),
        )
    })?;
    if undone["undone"] != 19_963 {
        return Err(format!("19,963 products are undone, not {}", undone["undone"]));
    }
    Ok(())
}
