//! This device was shut out of its shop: who did it and when, and what of its own nobody takes any more.
//!
//! It sells no more as part of the shop. Everything that it has stays readable, what nobody takes can be taken along, and
//! its owner can make a backup and forget the shop here. When it turns out that whoever shut it out could not, it belongs
//! to the shop as before.

use crate::{
    Code, Result, Shop,
    backups::refused,
    export_all::{ExportFile, Rows},
    order_view::Named,
    shop_devices::Names,
    sync_status::MOST_COUNTED,
    wire::rfc3339,
};
use domain::ids::DeviceId;
use journal::{Body, Chunk, Vector};
use serde::Serialize;
use std::{collections::HashSet, io::Write, sync::atomic::Ordering};
use store::{Reader, shut_out::ShutOut};
use utoipa::ToSchema;

/// That this device was shut out, for whoever stands before it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShutOutView {
    /// The device where it was done.
    pub by: Named,
    /// Who did it there. Null: nobody by name.
    pub person: Option<String>,
    pub at: String,
    /// lost, stolen, sold, broken, other, or recovery_card: it began from a backup whose card was replaced since
    pub reason: String,
    /// When this device heard of it.
    pub heard_at: Option<String>,
    /// What it did since and nobody takes.
    pub left: Unaccepted,
    /// It began again from a copy of itself, and what the other one did is what counts. Which of its own the shop has from
    /// before the copy cannot be told here, so all of it stands in `left`.
    pub copied: bool,
    pub charges: OpenCharges,
}

/// What guests were or may yet be charged through gateways here without a sale. Nobody else can pay it back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenCharges {
    pub count: u64,
    /// What was charged and not paid back.
    pub charged_minor: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Unaccepted {
    /// Everything that was done, each one thing; 9999 are as many or more.
    pub changes: u64,
    /// When the first of it was done.
    pub since: Option<String>,
    pub orders: u64,
    pub sold_minor: i64,
    pub refunds: u64,
    pub refunded_minor: i64,
}

/// The ids of what stands in the tables of the file.
#[derive(Default)]
struct Ids {
    orders: HashSet<[u8; 16]>,
    refunds: HashSet<[u8; 16]>,
    charges: HashSet<[u8; 16]>,
}

const README: &str = "\
What this device did that its shop does not count, because the device was shut out. No other device and no hub has it: it
is in no report of the shop, and whoever wants it there enters it again at another device. Of a device that was copied,
all that it did is here: what it did before the copy was made, the shop has.

orders.csv, order_lines.csv, payments.csv, refunds.csv
               Orders and refunds, in UTF-8 with commas. The first line names the columns.
charges.csv    What guests were or may yet be charged here by card, UPI or a link without a sale. Only this device can
               pay it back.
facts.jsonl    Everything that was done, one line of JSON each, in the order in which it was done.

Times end in _at and are UTC. Amounts are decimals of the shop's currency. Ids are UUIDs. A text that begins with
=, +, - or @ has an apostrophe before it, so that no spreadsheet calculates with it.
";

impl Shop {
    /// Whether this device was shut out of the shop, as far as it knows.
    pub fn is_shut_out(&self) -> bool {
        self.shut_out.load(Ordering::Relaxed)
    }

    fn shut_out_in(&self, r: &Reader<'_>) -> Result<Option<ShutOut>> {
        Ok(r.shut_out(self.identity.shop, self.identity.device)?)
    }

    pub(crate) fn look_whether_shut_out(&self) -> Result<()> {
        let out = self.store.read(|r| self.shut_out_in(r))?.is_some();
        if self.shut_out.swap(out, Ordering::Relaxed) != out {
            self.live.tell("setting", None);
        }
        Ok(())
    }

    /// What shows a device that is out who shut it out, as far as it lacks it.
    pub fn notice_for(&self, device: DeviceId, have: &Vector) -> Result<Vec<Chunk>> {
        Ok(self.store.notice_for(device, have)?)
    }

    /// Keeps what a peer that refuses this device shows for it. Says whether it proves that this device is out.
    pub fn take_notice(&self, notice: &[Chunk]) -> Result<bool> {
        let out = self.store.take_notice(notice, self.edges.now())?;
        self.look_whether_shut_out()?;
        Ok(out)
    }

    /// How many of this device's own changes nobody takes any more.
    pub(crate) fn changes_unaccepted(&self) -> Result<u64> {
        self.store.read(|r| match self.shut_out_in(r)? {
            Some(out) => Ok(r.transactions_after(self.identity.device, out.last_seq, MOST_COUNTED)?),
            None => Ok(0),
        })
    }

    pub fn shut_out_view(&self) -> Result<ShutOutView> {
        self.store.read(|r| {
            let out = self.shut_out_in(r)?.ok_or(Code::NotFound)?;
            let settings = r.settings()?;
            let names = Names::of(&settings);
            let by = r.shop_devices()?.into_iter().find(|one| one.device == out.by);
            let person = match out.person {
                Some(person) => r.staff_name(person)?,
                None => None,
            };
            let (left, _) = self.unaccepted(r, &out)?;
            let open = r.charges_without_sale(self.identity.device)?;
            Ok(ShutOutView {
                by: Named {
                    id: out.by.uuid(),
                    // One that was let in since is not known here by name.
                    name: by.map(|one| names.of_device(&one)).unwrap_or_default(),
                },
                person,
                at: rfc3339(out.at),
                reason: out.reason.unwrap_or_else(|| "recovery_card".to_owned()),
                heard_at: out.heard.map(rfc3339),
                left,
                copied: out.copied,
                charges: OpenCharges {
                    count: u64::try_from(open.len()).unwrap_or(u64::MAX),
                    charged_minor: open.iter().map(|(_, minor)| minor).sum(),
                },
            })
        })
    }

    fn unaccepted(&self, r: &Reader<'_>, out: &ShutOut) -> Result<(Unaccepted, Ids)> {
        let own = self.identity.device;
        let mut left = Unaccepted {
            changes: r.transactions_after(own, out.last_seq, MOST_COUNTED)?,
            ..Unaccepted::default()
        };
        let mut ids = Ids::default();
        r.each_fact_after(own, out.last_seq, |fact| -> Result<()> {
            let header = &fact.header;
            left.since.get_or_insert_with(|| rfc3339(header.stamp.moment()));
            match Body::decode(header.kind, header.version, &fact.body) {
                Ok(Body::OrderPlaced(placed)) => {
                    left.orders += 1;
                    left.sold_minor = left.sold_minor.saturating_add(placed.sale.total_minor);
                    ids.orders.insert(placed.sale.order);
                }
                Ok(Body::TenderTaken(taken)) => {
                    ids.orders.insert(taken.order);
                }
                Ok(Body::Refunded(refunded)) => {
                    left.refunds += 1;
                    left.refunded_minor = left.refunded_minor.saturating_add(refunded.total_minor);
                    ids.refunds.insert(refunded.refund);
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok((left, ids))
    }

    /// What nobody takes, in files that people and other programs can read.
    pub fn export_unaccepted(&self) -> Result<(String, ExportFile)> {
        self.export("not-taken", |zip| {
            self.store.read(|r| -> Result<()> {
                let out = self.shut_out_in(r)?.ok_or(Code::NotFound)?;
                let (_, mut ids) = self.unaccepted(r, &out)?;
                let open = r.charges_without_sale(self.identity.device)?;
                ids.charges
                    .extend(open.into_iter().map(|(payment, _)| payment.bytes()));
                zip.begin("README.txt")?;
                zip.write_all(README.as_bytes()).map_err(refused)?;
                for (table, name, column, rows) in [
                    ("\"order\"", "orders.csv", "order_id", &ids.orders),
                    ("order_line", "order_lines.csv", "order_id", &ids.orders),
                    ("tender", "payments.csv", "order_id", &ids.orders),
                    ("refund", "refunds.csv", "refund_id", &ids.refunds),
                    ("payment", "charges.csv", "payment_id", &ids.charges),
                ] {
                    zip.begin(name)?;
                    zip.table(r, table, Rows::Of { column, ids: rows })?;
                }
                zip.begin("facts.jsonl")?;
                r.each_fact_after(self.identity.device, out.last_seq, |fact| zip.fact(&fact))
            })
        })
    }
}
