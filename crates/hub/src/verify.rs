//! Reads the hub's books from the first fact and says where they are not what devices signed. An operator can delete
//! and change rows; nobody but a device can make them fit again.

use crate::{
    Books,
    books::{Result, Shop},
    files::Files,
    keep::{devices_of, rulings_in},
    segments::{Segment, Shelf, State},
};
use domain::ids::{DeviceId, ShopId};
use journal::{
    Chunk, Place, Why,
    admission::{Ruling, restored},
};
use std::sync::Arc;

/// Something that is not as its device signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub shop: ShopId,
    /// None: the list of the shop's devices.
    pub device: Option<DeviceId>,
    /// The last fact before the damage.
    pub after: u64,
    pub what: &'static str,
}

/// Checks every series of every shop; how many facts were read, and what is wrong.
pub async fn verify(books: &impl Books) -> Result<(u64, Vec<Finding>)> {
    verify_with(books, None).await
}

/// The same, where facts may lie in files too.
pub async fn verify_with(books: &impl Books, files: Option<Arc<dyn Files>>) -> Result<(u64, Vec<Finding>)> {
    let shelf = Shelf::new(files);
    let (mut facts, mut findings) = (0, Vec::new());
    for shop in books.shops().await? {
        let Some(standing) = books.standing(shop, &[]).await? else {
            continue;
        };
        facts += verify_shop(books, &shelf, &standing.shop, &mut findings).await?;
    }
    Ok((facts, findings))
}

async fn verify_shop(
    books: &impl Books,
    shelf: &Shelf,
    shop: &Shop,
    findings: &mut Vec<Finding>,
) -> Result<u64> {
    let written = books.rulings(shop.shop).await?;
    let heads: Vec<DeviceId> = books.heads(shop.shop).await?.into_keys().collect();
    // The list of devices is taken from the facts anew, as far as they can be read with the list so far.
    let mut rulings: Vec<Ruling> = Vec::new();
    let mut facts = 0;
    let mut left = heads;
    // Restored devices let themselves in.
    let mut themselves = Vec::new();
    let sealed = sealed(books, shelf, shop, findings).await?;
    for device in &left {
        let damaged = sealed
            .iter()
            .any(|s| s.segment.device == *device && s.segment.after == 0 && !s.whole);
        let parts = match damaged {
            true => vec![],
            false => {
                shelf
                    .parts(books, shop.shop, *device, 0, u64::MAX >> 1, 1)
                    .await?
            }
        };
        let first = parts.into_iter().next().map(|part| Chunk {
            shop: shop.shop,
            device: *device,
            after: 0,
            previous: Place::default().hash,
            transactions: vec![part.bytes],
        });
        themselves.extend(first.as_ref().and_then(restored));
    }
    loop {
        let all: Vec<Ruling> = rulings.iter().chain(&themselves).copied().collect();
        let devices = devices_of(shop, &all)?;
        let (known, unknown): (Vec<_>, Vec<_>) = left.into_iter().partition(|d| devices.get(*d).is_some());
        if known.is_empty() {
            for device in unknown {
                findings.push(Finding {
                    shop: shop.shop,
                    device: Some(device),
                    after: 0,
                    what: "no fact lets this device in",
                });
            }
            break;
        }
        for device in known {
            let Some(known) = devices.get(device) else {
                continue;
            };
            let of: Vec<&Sealed> = sealed.iter().filter(|s| s.segment.device == device).collect();
            facts += verify_series(
                (books, shelf),
                shop,
                device,
                &known.key,
                &of,
                &mut rulings,
                findings,
            )
            .await?;
        }
        left = unknown;
    }
    let differs = written.iter().any(|ruling| !rulings.contains(ruling))
        || rulings.iter().any(|ruling| !written.contains(ruling))
        || u64::try_from(written.len()).is_ok_and(|count| count > shop.rulings);
    if differs {
        findings.push(Finding {
            shop: shop.shop,
            device: None,
            after: 0,
            what: "the list of devices is not what the facts say",
        });
    }
    Ok(facts)
}

/// A sealed run, and whether its file is what was sealed.
struct Sealed {
    segment: Segment,
    whole: bool,
}

/// Reads every file once, whether or not its series can be followed to it.
async fn sealed(
    books: &impl Books,
    shelf: &Shelf,
    shop: &Shop,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Sealed>> {
    let mut all = vec![];
    for segment in books.segments(shop.shop).await? {
        if segment.state != State::Sealed {
            continue;
        }
        let opened = shelf.open(shop.shop, &segment).await?;
        if let Err(damage) = &opened {
            findings.push(Finding {
                shop: shop.shop,
                device: Some(segment.device),
                after: segment.after,
                what: damage.what(),
            });
        }
        all.push(Sealed {
            segment,
            whole: opened.is_ok(),
        });
    }
    Ok(all)
}

async fn verify_series(
    (books, shelf): (&impl Books, &Shelf),
    shop: &Shop,
    device: DeviceId,
    key: &journal::PublicKey,
    sealed: &[&Sealed],
    rulings: &mut Vec<Ruling>,
    findings: &mut Vec<Finding>,
) -> Result<u64> {
    let mut at = Place::default();
    let mut found = |after: u64, what| {
        findings.push(Finding {
            shop: shop.shop,
            device: Some(device),
            after,
            what,
        });
    };
    // The head first: what comes while this reads is not looked for.
    let standing = books.standing(shop.shop, &[device]).await?;
    let head = standing
        .and_then(|s| s.places.first().map(|(_, place)| *place))
        .unwrap_or_default();
    while at.seq < head.seq {
        if let Some(here) = sealed.iter().find(|s| s.segment.after == at.seq) {
            if !here.whole {
                // It is said already.
                return Ok(at.seq);
            }
            if here.segment.before != at.hash {
                found(at.seq, "the row of sealed facts does not say where they begin");
                return Ok(at.seq);
            }
        }
        let parts = shelf
            .parts(books, shop.shop, device, at.seq, head.seq, 4 << 20)
            .await?;
        if parts.is_empty() {
            found(at.seq, "facts are missing");
            return Ok(at.seq);
        }
        for part in parts {
            if part.after != at.seq {
                found(at.seq, "facts are missing");
                return Ok(at.seq);
            }
            let chunk = Chunk {
                shop: shop.shop,
                device,
                after: at.seq,
                previous: at.hash,
                transactions: vec![part.bytes],
            };
            let (read, why) = chunk.read(key, at);
            let Some(transaction) = read.first() else {
                found(
                    at.seq,
                    match why {
                        Some(Why::BadSignature { .. }) => "the facts are not those that were signed",
                        _ => "the facts cannot be read",
                    },
                );
                return Ok(at.seq);
            };
            let end = transaction.end();
            if end.seq != part.upto || end.hash != part.hash {
                found(at.seq, "the row does not say what its facts are");
                return Ok(at.seq);
            }
            let ends = sealed.iter().find(|s| s.segment.upto == end.seq);
            if ends.is_some_and(|s| s.segment.end != end.hash) {
                found(at.seq, "the row of sealed facts does not say where they end");
                return Ok(at.seq);
            }
            rulings.extend(rulings_in(transaction));
            at = end;
        }
    }
    if at != head {
        found(at.seq, "the head is not that of the last fact");
    }
    Ok(at.seq)
}
