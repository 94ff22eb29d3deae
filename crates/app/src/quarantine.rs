//! Facts that are set aside: what is wrong with each, and what people can do about it. They stay in the log, are passed
//! on as they came and hold up nothing that comes after them.

use crate::{
    Actor, AppError, Code, Result, Shop,
    order_view::{Directory, Named},
    wire::{rfc3339, text},
};
use domain::ids::DeviceId;
use journal::{Vector, exchange::Pull};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::quarantine::{Compared, Retried};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many are listed.
const MOST: usize = 500;
const LONGEST_NOTE: usize = 300;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetAsideList {
    pub items: Vec<SetAsideView>,
    /// Facts that a newer Chandi wrote: this device shows them after its next update.
    pub newer: Vec<NewerView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetAsideView {
    pub device: Uuid,
    /// What the counter of that device is called.
    pub counter: Option<String>,
    pub seq: u64,
    pub kind: u16,
    pub version: u16,
    /// What it is about: order, product, customer …; other when nobody can say.
    pub about: String,
    /// By the clock of its device.
    pub written_at: String,
    pub bytes: u64,
    /// For whoever mends programs.
    pub reason: String,
    pub note: Option<SetAsideNoteView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetAsideNoteView {
    pub note: String,
    pub staff: Option<Named>,
    pub at: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewerView {
    pub device: Uuid,
    pub counter: Option<String>,
    pub facts: u64,
    pub last_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RetrySetAside {
    pub device: Uuid,
    pub seq: u64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RetriedView {
    /// It is read and shown now, like any other.
    pub shown: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Whether these are the bytes that its device signed; when not, this disk changed them.
    pub whole: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FetchedView {
    /// same: the others have the very same bytes. mended: the bytes here had changed on this disk and were replaced.
    /// nobody: no other device could be asked, or none has it.
    pub found: String,
    /// What trying again came to with what stands here now.
    pub retried: RetriedView,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LeaveAside {
    pub device: Uuid,
    pub seq: u64,
    /// Why it can stay so.
    pub note: String,
}

impl Shop {
    pub fn set_aside(&self) -> Result<SetAsideList> {
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let counters: HashMap<DeviceId, String> = r
                .series_of_devices()?
                .into_iter()
                .map(|row| (row.device, names.counter(row.counter).name))
                .collect();
            let items = r.set_aside(MOST)?.into_iter().map(|row| SetAsideView {
                device: row.device.uuid(),
                counter: counters.get(&row.device).cloned(),
                seq: row.seq,
                kind: row.kind,
                version: row.version,
                about: about(row.kind).to_owned(),
                written_at: rfc3339(row.written),
                bytes: row.bytes,
                reason: row.reason,
                note: row.note.map(|note| SetAsideNoteView {
                    note: note.note,
                    staff: names.staff(note.staff),
                    at: rfc3339(note.at),
                }),
            });
            let items = items.collect();
            let newer = r.newer_facts()?.into_iter().map(|row| NewerView {
                device: row.device.uuid(),
                counter: counters.get(&row.device).cloned(),
                facts: row.facts,
                last_at: row.last.map(rfc3339),
            });
            Ok(SetAsideList {
                items,
                newer: newer.collect(),
            })
        })
    }

    /// Reads and shows a fact once more, as after an update or when what it needed has come.
    pub fn retry_set_aside(&self, request: &RetrySetAside) -> Result<RetriedView> {
        let retried = match self
            .store
            .try_again(DeviceId::from_uuid(request.device), request.seq)?
        {
            Retried::NotThere => return Err(Code::NotFound.into()),
            Retried::Shown => {
                self.reload_settings()?;
                RetriedView {
                    shown: true,
                    reason: None,
                    whole: true,
                }
            }
            Retried::Still { reason, whole } => RetriedView {
                shown: false,
                reason: Some(reason),
                whole,
            },
        };
        if retried.shown {
            // It may be anything: every screen reads again.
            self.live.tell("resync", None);
        }
        Ok(retried)
    }

    /// Fetches a fact once more from those whom facts are exchanged with, compares it, mends what this disk changed and
    /// tries again.
    pub fn fetch_set_aside(&self, request: &RetrySetAside) -> Result<FetchedView> {
        let device = DeviceId::from_uuid(request.device);
        let (after, mut have) = self.store.read(|r| -> Result<(u64, Vector)> {
            let all = r.series_of_devices()?;
            let after = r.transaction_before(device, request.seq)?;
            // Of the others nothing is wanted.
            Ok((after, all.into_iter().map(|row| (row.device, u64::MAX)).collect()))
        })?;
        have.insert(device, after);
        let pull = Pull {
            have,
            max_bytes: 1,
            wait_ms: 0,
        };
        let mut found = "nobody";
        for peer in self.fetchers() {
            let pulled = match peer.fetch(&pull) {
                Ok(pulled) => pulled,
                Err(why) => {
                    tracing::debug!(why, "a peer is not there to be asked");
                    continue;
                }
            };
            let Some(chunk) = pulled.chunks.iter().find(|chunk| chunk.device == device) else {
                continue;
            };
            match self.store.compare(chunk)? {
                Compared::Same => found = "same",
                Compared::Mended => {
                    found = "mended";
                    break;
                }
                Compared::NoHelp => {}
            }
        }
        Ok(FetchedView {
            found: found.to_owned(),
            retried: self.retry_set_aside(request)?,
        })
    }

    /// Somebody looked at it, and it can stay as it is.
    pub fn leave_aside(&self, actor: &Actor, request: &LeaveAside) -> Result<()> {
        let note = text("note", &request.note, LONGEST_NOTE)?;
        let device = DeviceId::from_uuid(request.device);
        let there = self.store.write(self.edges.now(), |tx| {
            Ok::<_, AppError>(tx.leave_aside(device, request.seq, &note, actor.staff)?)
        })?;
        if !there {
            return Err(Code::NotFound.into());
        }
        self.live.tell("anomaly", None);
        Ok(())
    }
}

fn about(kind: u16) -> &'static str {
    match kind {
        1..=9 => "device",
        10 | 14..=18 => "product",
        11 => "category",
        12 => "staff",
        13 => "setting",
        19 => "rate",
        20..=29 => "order",
        30 | 31 => "handover",
        32..=34 => "refund",
        40..=44 | 48 | 49 => "customer",
        45 | 46 => "card",
        47 => "tip",
        50..=56 => "shift",
        60..=69 => "tax",
        70..=79 => "document",
        80..=82 => "anomaly",
        _ => "other",
    }
}
