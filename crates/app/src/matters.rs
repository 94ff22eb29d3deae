//! What needs attention, as the shop's hub is told: the open rows of the owner's inbox, in a form that says nothing
//! about any person. The hub's page shows them to owners who are away.
//!
//! Each device tells what is of its own branch, and what is the whole shop's.

use crate::{Result, Shop, anomalies::Found, order_view::Directory};
use domain::{ids::OrderId, time::Moment};
use journal::exchange::{MAX_MATTERS, Matter, Matters};
use store::Reader;

/// How long what was looked at stays good, and after how long the same is told once more: who reads it sees how old it is.
const LOOK_MS: i64 = 60_000;
const AGAIN_MS: i64 = 3_600_000;
/// Names of counters in one row, in letters.
const LONGEST_ABOUT: usize = 160;
const SET_ASIDE: usize = 500;

/// What a hub was told last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToldMatters {
    looked: Moment,
    told: Moment,
    content: [u8; 32],
}

impl Shop {
    /// What the hub should hear, if it is time to: something changed, or the last word is old.
    pub fn matters_to_tell(&self, told: &mut ToldMatters) -> Result<Option<Matters>> {
        let now = self.edges.now();
        if (0..LOOK_MS).contains(&now.ms_since(told.looked)) {
            return Ok(None);
        }
        told.looked = now;
        let matters = self.matters()?;
        let content = *blake3::hash(&matters.encode()).as_bytes();
        let fresh = (0..AGAIN_MS).contains(&now.ms_since(told.told));
        Ok((content != told.content || !fresh).then_some(matters))
    }

    /// The hub heard it.
    pub fn matters_told(&self, told: &mut ToldMatters, matters: &Matters) {
        told.told = self.edges.now();
        told.content = *blake3::hash(&matters.encode()).as_bytes();
    }

    fn matters(&self) -> Result<Matters> {
        let off = self.clocks_off();
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let mut open = Vec::new();
            for one in self.open_anomalies(r, &names, &off)? {
                open.extend(self.matter(r, &one)?);
            }
            let aside = r
                .set_aside(SET_ASIDE)?
                .iter()
                .filter(|one| one.note.is_none())
                .count();
            if aside > 0 {
                open.push(Matter {
                    key: short(&format!("set aside:{}", self.identity.device)),
                    kind: "set_aside".to_owned(),
                    weight: i64::try_from(aside).unwrap_or(i64::MAX),
                    ..Matter::default()
                });
            }
            let more = u32::try_from(open.len().saturating_sub(MAX_MATTERS)).unwrap_or(u32::MAX);
            open.truncate(MAX_MATTERS);
            Ok(Matters { open, more })
        })
    }

    /// A row of the inbox without who it is about; none when it is another branch's to tell.
    fn matter(&self, r: &Reader<'_>, found: &Found) -> Result<Option<Matter>> {
        let view = &found.view;
        if let Some(order) = &view.order {
            let row = r.order(OrderId::from_uuid(order.id))?;
            if row.is_none_or(|row| row.branch != self.identity.branch) {
                return Ok(None);
            }
        }
        let about = match (&view.order, &view.barcode) {
            (Some(order), _) => order.document.clone(),
            (None, Some(barcode)) => barcode.clone(),
            (None, None) => {
                let names: Vec<&str> = view.devices.iter().map(|one| one.name.as_str()).collect();
                names.join(", ")
            }
        };
        let at = view
            .at
            .as_deref()
            .and_then(|at| at.parse::<jiff::Timestamp>().ok());
        Ok(Some(Matter {
            key: short(&view.key),
            kind: view.kind.clone(),
            whole_shop: view.order.is_none(),
            weight: found.weight,
            about: about.chars().take(LONGEST_ABOUT).collect(),
            amount_minor: view.amount_minor,
            at_ms: at.map(|at| at.as_millisecond()),
        }))
    }
}

/// The same at every device, and nothing that could be read back.
fn short(key: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..16]);
    short
}
