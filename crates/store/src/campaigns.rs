//! Campaigns and what became of their letters, as the screens ask for them.

use crate::{Reader, StoreError};
use domain::ids::{CampaignId, CustomerId, MailId, StaffId};
use journal::{Body, body::CampaignSentV1};
use rusqlite::{OptionalExtension, Row, params};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRow {
    pub staff: Option<StaffId>,
    pub sent: CampaignSentV1,
}

/// One letter of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignPerson {
    pub customer: CustomerId,
    /// waiting, elsewhere, sent, failed, discarded or withdrawn
    pub state: String,
    pub why: String,
    pub at_ms: Option<i64>,
    /// The letter, while this device has it.
    pub mail: Option<MailId>,
}

/// What a letter comes to: what this device still tries, else what is known for good, else another device has it.
const STATE: &str =
    "case when m.state in ('queued', 'sending') then 'waiting' else coalesce(p.outcome, 'elsewhere') end";
const PERSON: &str = "campaign_person p left join mail m
    on m.campaign_id = p.campaign_id and m.subject_id = p.customer_id";

/// A row of the campaigns: the bytes are as this build wrote them.
fn campaign(r: &Row<'_>) -> rusqlite::Result<Option<CampaignRow>> {
    let body: Vec<u8> = r.get(1)?;
    let staff = r.get::<_, Option<[u8; 16]>>(0)?.map(StaffId::from_bytes);
    Ok(match Body::decode(48, 1, &body) {
        Ok(Body::CampaignSent(sent)) => Some(CampaignRow { staff, sent: *sent }),
        _ => None,
    })
}

impl Reader<'_> {
    pub fn campaign(&self, id: CampaignId) -> Result<Option<CampaignRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select staff_id, body from campaign where campaign_id = ?1")?
            .query_row([id.bytes()], campaign)
            .optional()?
            .flatten())
    }

    /// The newest first.
    pub fn campaigns(
        &self,
        before: Option<(i64, CampaignId)>,
        limit: usize,
    ) -> Result<Vec<CampaignRow>, StoreError> {
        let (ms, id) = before.map_or((i64::MAX, None), |(ms, id)| (ms, Some(id.bytes())));
        let mut statement = self.conn.prepare_cached(
            "select staff_id, body from campaign
             where at_ms <= ?1 and (?2 is null or (at_ms, campaign_id) < (?1, ?2))
             order by at_ms desc, campaign_id desc limit ?3",
        )?;
        let rows = statement.query_map(params![ms, id, limit], campaign)?;
        Ok(rows
            .collect::<rusqlite::Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// How many letters are in which state.
    pub fn campaign_counts(&self, id: CampaignId) -> Result<BTreeMap<String, u32>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select {STATE}, count(*) from {PERSON} where p.campaign_id = ?1 group by 1"
        ))?;
        let rows = statement.query_map([id.bytes()], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The letters of a campaign, all or those in one state.
    pub fn campaign_people(
        &self,
        id: CampaignId,
        state: Option<&str>,
        after: Option<CustomerId>,
        limit: usize,
    ) -> Result<Vec<CampaignPerson>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "select p.customer_id, {STATE}, case when m.state in ('queued', 'sending') then coalesce(m.why, '') else p.why end,
                 case when p.outcome is null then null else p.at_ms end, m.mail_id
             from {PERSON} where p.campaign_id = ?1 and (?2 is null or {STATE} = ?2)
                 and (?3 is null or p.customer_id > ?3) order by p.customer_id limit ?4"
        ))?;
        let rows = statement.query_map(
            params![id.bytes(), state, after.map(|id| id.bytes()), limit],
            |r| {
                Ok(CampaignPerson {
                    customer: CustomerId::from_bytes(r.get(0)?),
                    state: r.get(1)?,
                    why: r.get(2)?,
                    at_ms: r.get(3)?,
                    mail: r.get::<_, Option<[u8; 16]>>(4)?.map(MailId::from_bytes),
                })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The letters of campaigns that still wait here for this customer, in any of their records.
    pub fn waiting_news(&self, root: CustomerId) -> Result<Vec<crate::mail::MailRow>, StoreError> {
        self.letters_where(
            "state in ('queued', 'failed') and campaign_id is not null
             and subject_id in (select customer_id from customer where root_id = ?1)",
            root.bytes(),
        )
    }

    /// What a customer spent since a moment, after refunds.
    pub fn spent_since(&self, root: CustomerId, since_ms: i64) -> Result<i64, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select coalesce(sum(total_minor - coalesce(
                     (select sum(r.total_minor) from refund r where r.order_id = o.order_id), 0)), 0)
                 from customer_order c join \"order\" o using (order_id)
                 where c.root_id = ?1 and cancelled_ms is null and placed_ms >= ?2",
            )?
            .query_row(params![root.bytes(), since_ms], |r| r.get(0))?)
    }
}
