//! What needs somebody's attention in a shop, as its devices see it. The hub computes nothing of it: each device says
//! what is open, signed like every question, and its last word is kept with the signature.

use crate::{
    Books,
    books::Result,
    keep::Hub,
    postgres::{Postgres, again},
    sqlite::Sqlite,
};
use domain::{
    ids::{BranchId, DeviceId, ShopId},
    time::Moment,
};
use journal::{
    admission::Devices,
    exchange::{Matter, Matters},
};
use rusqlite::params;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

/// The last word of a device, as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterReport {
    pub device: DeviceId,
    /// As the device says, and signed.
    pub time: Moment,
    pub received: Moment,
    pub signature: [u8; 64],
    pub body: Vec<u8>,
}

pub trait MatterBooks {
    /// Keeps a device's word instead of its last one, if it is later.
    fn keep_matters(&self, shop: ShopId, report: &MatterReport) -> impl Future<Output = Result<()>> + Send;

    fn matter_reports(&self, shop: ShopId) -> impl Future<Output = Result<Vec<MatterReport>>> + Send;
}

/// What is open in a branch, or in the whole shop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Open {
    /// Who said so last, and when it was heard.
    pub heard: Option<(DeviceId, Moment)>,
    pub matters: Vec<Matter>,
    pub more: u32,
}

/// Of each branch what the device said that was heard of last, and once each what is the whole shop's. Whoever was
/// shut out has no say.
pub(crate) fn open_matters(
    reports: Vec<MatterReport>,
    devices: &Devices,
    stands: impl Fn(DeviceId) -> Option<BranchId>,
) -> (Vec<Matter>, BTreeMap<BranchId, Open>) {
    let mut last: BTreeMap<BranchId, MatterReport> = BTreeMap::new();
    for report in reports {
        let known = devices.get(report.device);
        let Some(branch) = stands(report.device).filter(|_| known.is_some_and(|one| one.until.is_none()))
        else {
            continue;
        };
        let before = last.get(&branch);
        if before.is_none_or(|before| (before.received, before.device) < (report.received, report.device)) {
            last.insert(branch, report);
        }
    }
    let (mut shop, mut seen) = (Vec::new(), BTreeSet::new());
    let mut branches = BTreeMap::new();
    for (branch, report) in last {
        // It could be read when it was kept; a newer hub may have kept what this one cannot read.
        let Ok(said) = Matters::decode(&report.body) else {
            continue;
        };
        let (whole, own): (Vec<Matter>, Vec<Matter>) = said.open.into_iter().partition(|one| one.whole_shop);
        shop.extend(whole.into_iter().filter(|one| seen.insert(one.key)));
        let open = Open {
            heard: Some((report.device, report.received)),
            matters: own,
            more: said.more,
        };
        branches.insert(branch, open);
    }
    (shop, branches)
}

impl<B: Books> Hub<B> {
    pub(crate) async fn matter_reports(&self, shop: ShopId) -> Result<Vec<MatterReport>> {
        self.books.matter_reports(shop).await
    }
}

impl MatterBooks for Sqlite {
    async fn keep_matters(&self, shop: ShopId, report: &MatterReport) -> Result<()> {
        let report = report.clone();
        self.write(move |conn| {
            conn.prepare_cached(
                "insert into matter_report values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict (shop_id, device_id) do update set time_ms = excluded.time_ms,
                     received_ms = excluded.received_ms, signature = excluded.signature, body = excluded.body
                 where excluded.time_ms > matter_report.time_ms",
            )?
            .execute(params![
                shop.bytes(),
                report.device.bytes(),
                report.time.0,
                report.received.0,
                report.signature,
                report.body
            ])?;
            Ok(())
        })
        .await
    }

    async fn matter_reports(&self, shop: ShopId) -> Result<Vec<MatterReport>> {
        self.read(move |conn| {
            conn.prepare_cached(
                "select device_id, time_ms, received_ms, signature, body from matter_report where shop_id = ?1",
            )?
            .query_map([shop.bytes()], |r| {
                Ok(MatterReport {
                    device: DeviceId::from_bytes(r.get(0)?),
                    time: Moment(r.get(1)?),
                    received: Moment(r.get(2)?),
                    signature: r.get(3)?,
                    body: r.get(4)?,
                })
            })?
            .collect()
        })
        .await
    }
}

impl MatterBooks for Postgres {
    async fn keep_matters(&self, shop: ShopId, report: &MatterReport) -> Result<()> {
        again!(self, |client| {
            client
                .execute(
                    "insert into matter_report values ($1, $2, $3, $4, $5, $6)
                     on conflict (shop_id, device_id) do update set time_ms = excluded.time_ms,
                         received_ms = excluded.received_ms, signature = excluded.signature, body = excluded.body
                     where excluded.time_ms > matter_report.time_ms",
                    &[
                        &shop.uuid(),
                        &report.device.uuid(),
                        &report.time.0,
                        &report.received.0,
                        &&report.signature[..],
                        &report.body,
                    ],
                )
                .await?;
            Ok(())
        })
    }

    async fn matter_reports(&self, shop: ShopId) -> Result<Vec<MatterReport>> {
        again!(self, |client| {
            let rows = client
                .query(
                    "select device_id, time_ms, received_ms, signature, body from matter_report where shop_id = $1",
                    &[&shop.uuid()],
                )
                .await?;
            let mut reports = Vec::with_capacity(rows.len());
            for row in &rows {
                let signature: &[u8] = row.try_get(3)?;
                reports.push(MatterReport {
                    device: DeviceId::from_uuid(row.try_get(0)?),
                    time: Moment(row.try_get(1)?),
                    received: Moment(row.try_get(2)?),
                    // One that is cut short is evidence of nothing, and is read like the others.
                    signature: signature.try_into().unwrap_or([0; 64]),
                    body: row.try_get(4)?,
                });
            }
            Ok(reports)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::{
        DeviceKey, PublicKey,
        admission::{Ruling, Says, Until},
    };

    fn device(n: u8) -> DeviceId {
        DeviceId::from_bytes([n; 16])
    }

    fn branch(n: u8) -> BranchId {
        BranchId::from_bytes([n; 16])
    }

    fn key(n: u8) -> PublicKey {
        DeviceKey::from_seed(&[n; 32]).public()
    }

    fn matter(n: u8, whole_shop: bool) -> Matter {
        Matter {
            key: [n; 16],
            kind: "given_twice".to_owned(),
            whole_shop,
            ..Matter::default()
        }
    }

    fn report(n: u8, received: i64, open: Vec<Matter>) -> MatterReport {
        MatterReport {
            device: device(n),
            time: Moment(received),
            received: Moment(received),
            signature: [0; 64],
            body: Matters { open, more: 0 }.encode(),
        }
    }

    #[test]
    fn of_each_branch_the_last_word_counts_and_what_is_the_whole_shops_stands_once() {
        let admit = |n: u8| Ruling {
            by: device(1),
            seq: u64::from(n),
            device: device(n),
            says: Says::Admitted {
                key: key(n),
                ordinal: u16::from(n),
            },
        };
        let out = Ruling {
            by: device(1),
            seq: 9,
            device: device(4),
            says: Says::Revoked {
                until: Until {
                    seq: 0,
                    hash: [0; 32],
                },
            },
        };
        let devices = Devices::of(device(1), key(1), &[admit(2), admit(3), admit(4), out]);
        let reports = vec![
            report(1, 10, vec![matter(1, false), matter(7, true)]),
            report(2, 20, vec![matter(2, false), matter(7, true)]),
            report(3, 15, vec![matter(3, false), matter(7, true), matter(8, true)]),
            report(4, 99, vec![matter(4, false)]),
            report(5, 99, vec![matter(5, false)]),
        ];
        let stands = |one: DeviceId| Some(branch(if one == device(3) { 2 } else { 1 }));
        let (shop, branches) = open_matters(reports, &devices, stands);
        assert_eq!(shop, [matter(7, true), matter(8, true)]);
        assert_eq!(branches[&branch(1)].matters, [matter(2, false)], "the later word");
        assert_eq!(branches[&branch(1)].heard, Some((device(2), Moment(20))));
        assert_eq!(branches[&branch(2)].matters, [matter(3, false)]);
        assert_eq!(branches.len(), 2, "nobody shut out, and no stranger, has a say");
    }

    #[test]
    fn a_report_is_bounded() {
        let many = Matters {
            open: vec![matter(1, false); 51],
            more: 0,
        };
        assert!(Matters::decode(&many.encode()).is_err());
        for (kind, about) in [("a name", ""), ("given_twice", &"x".repeat(161)[..]), ("Ä", "")] {
            let wrong = Matters {
                open: vec![Matter {
                    kind: kind.to_owned(),
                    about: about.to_owned(),
                    ..Matter::default()
                }],
                more: 0,
            };
            assert!(Matters::decode(&wrong.encode()).is_err(), "{kind}");
        }
    }
}
