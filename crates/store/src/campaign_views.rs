//! From facts to campaigns and the outcomes of their letters.

use crate::StoreError;
use journal::{
    Body, Header,
    body::{CampaignLetterV1, CampaignSentV1},
};
use rusqlite::{Connection, params};

fn stamp(header: &Header) -> i64 {
    i64::try_from(header.stamp.0).unwrap_or(i64::MAX)
}

pub(crate) fn sent(conn: &Connection, header: &Header, sent: &CampaignSentV1) -> Result<(), StoreError> {
    let body = Body::CampaignSent(Box::new(sent.clone())).encode();
    conn.prepare_cached(
        "insert into campaign values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         on conflict (campaign_id) do update set stamp = excluded.stamp, device_id = excluded.device_id,
             at_ms = excluded.at_ms, staff_id = excluded.staff_id, name = excluded.name, channel = excluded.channel,
             body = excluded.body
         where (excluded.stamp, excluded.device_id) < (stamp, device_id)",
    )?
    .execute(params![
        sent.campaign,
        stamp(header),
        header.device.bytes(),
        sent.at_ms,
        header.actor.map(|a| a.bytes()),
        sent.name,
        sent.channel,
        body
    ])?;
    // A letter's outcome may have come before.
    let mut person =
        conn.prepare_cached("insert or ignore into campaign_person values (?1, ?2, null, '', 0, 0, x'')")?;
    for customer in &sent.people {
        person.execute(params![sent.campaign, customer])?;
    }
    Ok(())
}

/// A letter that went has gone, whatever else is told; of anything else the newest counts.
pub(crate) fn letter(
    conn: &Connection,
    header: &Header,
    letter: &CampaignLetterV1,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "insert into campaign_person values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (campaign_id, customer_id) do update set outcome = excluded.outcome, why = excluded.why,
             at_ms = excluded.at_ms, stamp = excluded.stamp, device_id = excluded.device_id
         where (excluded.outcome = 'sent', excluded.stamp, excluded.device_id)
             > (coalesce(outcome = 'sent', 0), stamp, device_id)",
    )?
    .execute(params![
        letter.campaign,
        letter.customer,
        letter.outcome,
        letter.why,
        letter.at_ms,
        stamp(header),
        header.device.bytes()
    ])?;
    Ok(())
}
