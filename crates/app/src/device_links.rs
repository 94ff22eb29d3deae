//! Links for browsers that stand somewhere: a board in the hall, a list in the kitchen, a customer's screen, a phone.
//!
//! A link is a register of the shop, so every device of the branch knows it, and knows when it ended. It is opened once,
//! with a code that is shown once, at the one device that the code was made for: two that are apart would otherwise each
//! let a browser in. From then on the browser shows a secret of its own, which pages cannot read. The register holds
//! hashes of both: whoever reads the facts opens nothing. What a link may see follows from its purpose.
//! A phone's link opens nothing at all; it ties whoever signs in there to the link, and they go when it ends.

use crate::{
    Actor, AppError, Code, Result, Shop,
    display::Screen,
    letters::hex,
    order_view::{Directory, Named},
    settings::{Settings, patched},
    sharing::{Reached, Seen},
    wire::{content_of, rfc3339, text},
};
use domain::{
    device::LinkPurpose,
    ids::{BranchId, CounterId, DeviceId, SeatId},
    time::Moment,
};
use journal::{
    Body,
    fields::device_link as field,
    register::{PatchV1, Record, Value},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::{Reader, devices::ShopDevice};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a code can be opened: long enough to carry a tablet to its place.
const CODE_MS: i64 = 60 * 60_000;
/// Links of a branch that hold at the same time.
const MOST: usize = 200;
/// How often it is noted that a browser was here.
const NOTED_EVERY_MS: i64 = 60_000;

/// One browser's hold of a link: another browser that opens it has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkKey {
    pub link: Uuid,
    key: [u8; 32],
}

/// A browser that a link let in, once its secret was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHolder {
    pub by: LinkKey,
    pub purpose: LinkPurpose,
    /// The seat that a customer's screen follows.
    pub seat: Option<SeatId>,
    pub(crate) until_ms: Option<i64>,
}

impl LinkHolder {
    /// The seat whose screen this browser may show.
    pub fn seat_of(&self, screen: Screen) -> Option<SeatId> {
        match (screen, self.purpose) {
            (Screen::Customer, LinkPurpose::Customer) => self.seat,
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceLinkView {
    pub id: Uuid,
    pub name: String,
    /// board, pick, customer or phone
    pub purpose: String,
    /// waiting, open, ended or revoked
    pub state: String,
    pub branch: Named,
    /// The till at whose device its code is opened; a customer's screen shows this one.
    pub counter: Named,
    /// When it ends by itself.
    pub until: Option<String>,
    /// Until when its code can be opened, while nobody has.
    pub code_until: Option<String>,
    pub opened_at: Option<String>,
    /// What the browser calls itself.
    pub browser: Option<String>,
    /// When it was last at this device, and from where.
    pub seen_at: Option<String>,
    pub seen_from: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceLinkList {
    pub items: Vec<DeviceLinkView>,
    /// Where browsers of the LAN reach this device; empty while it does not share.
    pub addresses: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeviceLink {
    /// Made by the client; the link's own.
    pub id: Uuid,
    pub name: String,
    /// board, pick, customer or phone
    pub purpose: String,
    /// When it ends by itself, as RFC 3339; null is never.
    pub until: Option<String>,
    /// The device at which it is opened; left out, the one that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeDeviceLink {
    pub link: DeviceLinkView,
    /// Goes behind an address as `/?screen=link#`. Told once: null when the same request comes again.
    pub code: Option<String>,
    /// Where browsers reach the device at which it is opened; empty while that is not known here.
    pub addresses: Vec<String>,
    /// Whether it is opened at the device that answers.
    pub here: bool,
}

/// A browser opens a link. It makes up its own secret, so that a lost answer can be asked for again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenDeviceLink {
    /// What stood behind the `#`.
    pub code: String,
    /// 64 hexadecimal digits at random.
    pub key: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenedDeviceLink {
    pub id: Uuid,
    /// board, pick, customer or phone
    pub purpose: String,
}

/// What a record says, as far as it can be read. One that says nothing of use opens nothing.
struct Link<'a>(&'a Record);

impl Link<'_> {
    fn purpose(&self) -> Option<LinkPurpose> {
        self.0.text(field::PURPOSE)?.parse().ok()
    }

    fn name(&self) -> &str {
        self.0.text(field::NAME).unwrap_or_default()
    }

    fn is_over(&self, now: Moment) -> bool {
        self.0.int(field::UNTIL_MS).is_some_and(|until| now.0 >= until)
    }

    fn is_revoked(&self) -> bool {
        self.0.int(field::REVOKED_MS).is_some()
    }

    fn holds(&self, branch: BranchId, now: Moment) -> Result<LinkPurpose> {
        if self.0.id(field::BRANCH) != Some(branch.bytes()) {
            return Err(Code::LinkElsewhere.into());
        }
        self.good(now)
    }

    /// Wherever it is opened.
    fn good(&self, now: Moment) -> Result<LinkPurpose> {
        if self.is_revoked() {
            return Err(Code::LinkRevoked.into());
        }
        if self.is_over(now) {
            return Err(Code::LinkEnded.into());
        }
        self.purpose().ok_or(Code::LinkWrong.into())
    }

    /// Compares by hash, which takes the same time wherever the difference is.
    fn has(&self, which: journal::register::Field, secret: &str) -> bool {
        match self.0.get(which) {
            Value::Bytes(bytes) => <[u8; 32]>::try_from(bytes.as_slice())
                .is_ok_and(|hash| blake3::Hash::from_bytes(hash) == blake3::hash(secret.as_bytes())),
            _ => false,
        }
    }

    fn state(&self, now: Moment) -> &'static str {
        if self.is_revoked() {
            "revoked"
        } else if self.is_over(now) {
            "ended"
        } else if matches!(self.0.get(field::KEY), Value::Bytes(_)) {
            "open"
        } else {
            "waiting"
        }
    }
}

fn hash_of(secret: &str) -> Value {
    Value::Bytes(blake3::hash(secret.as_bytes()).as_bytes().to_vec())
}

/// `<link>.<secret>`, in a code and in a cookie alike.
fn split(shown: &str) -> Result<(Uuid, &str)> {
    let (id, secret) = shown
        .split_once('.')
        .ok_or_else(|| AppError::new(Code::LinkWrong))?;
    let id: Uuid = id.parse().map_err(|_| AppError::new(Code::LinkWrong))?;
    Ok((id, secret))
}

impl Shop {
    /// Where browsers reach this device by TLS, the likeliest address first.
    fn shared_urls(&self) -> Vec<String> {
        let mut urls = self.shared_at();
        if let Reached::On { port, name, .. } = self.sharing.reached()
            && !urls.is_empty()
        {
            urls.push(format!("https://{name}:{port}"));
        }
        urls
    }

    /// Where browsers reach a device, as far as it is known here.
    fn urls_of(&self, device: Option<DeviceId>, seen: &[Seen]) -> Vec<String> {
        if device == Some(self.identity.device) {
            return self.shared_urls();
        }
        seen.iter()
            .filter(|one| Some(one.device) == device && one.reachable)
            .filter_map(|one| one.address)
            .map(|address| format!("https://{address}"))
            .collect()
    }

    /// The links of all branches: what holds first, the newest first.
    pub fn device_links(&self) -> Result<DeviceLinkList> {
        let now = self.edges.now();
        let items = self.store.read(|r| {
            let names = Names::read(r)?;
            let mut items = r
                .device_links()?
                .iter()
                .map(|(id, record)| {
                    let made_ms = record.int(field::MADE_MS).unwrap_or(0);
                    Ok((made_ms, self.view_link(r, &names, *id, record, now)?))
                })
                .collect::<Result<Vec<_>>>()?;
            items.sort_by_key(|(made_ms, one)| {
                let is_over = matches!(one.state.as_str(), "ended" | "revoked");
                (is_over, std::cmp::Reverse(*made_ms), one.id)
            });
            Ok::<_, AppError>(items.into_iter().map(|(_, one)| one).collect())
        })?;
        Ok(DeviceLinkList {
            items,
            addresses: self.shared_urls(),
        })
    }

    fn device_link(&self, id: Uuid) -> Result<DeviceLinkView> {
        let now = self.edges.now();
        self.store.read(|r| {
            let record = r.device_link(*id.as_bytes())?.ok_or(Code::NotFound)?;
            self.view_link(r, &Names::read(r)?, *id.as_bytes(), &record, now)
        })
    }

    fn view_link(
        &self,
        reader: &Reader<'_>,
        names: &Names,
        id: [u8; 16],
        record: &Record,
        now: Moment,
    ) -> Result<DeviceLinkView> {
        let link = Link(record);
        let at = |which| record.int(which).map(|ms| rfc3339(Moment(ms)));
        let state = link.state(now);
        let seen = reader.link_seen(id)?;
        Ok(DeviceLinkView {
            id: Uuid::from_bytes(id),
            name: link.name().to_owned(),
            purpose: record.text(field::PURPOSE).unwrap_or_default().to_owned(),
            state: state.to_owned(),
            branch: names.branch(record.id(field::BRANCH).map(BranchId::from_bytes)),
            counter: names.counter(record.id(field::DEVICE).map(DeviceId::from_bytes)),
            until: at(field::UNTIL_MS),
            code_until: matches!(record.get(field::CODE), Value::Bytes(_))
                .then(|| at(field::CODE_UNTIL_MS))
                .flatten()
                .filter(|_| matches!(state, "waiting" | "open")),
            opened_at: at(field::OPENED_MS),
            browser: record.text(field::BROWSER).map(str::to_owned),
            seen_at: seen.as_ref().map(|seen| rfc3339(Moment(seen.seen_ms))),
            seen_from: seen.map(|seen| seen.address).filter(|from| !from.is_empty()),
        })
    }

    pub fn make_device_link(
        &self,
        actor: &Actor,
        form: &NewDeviceLink,
        seen: &[Seen],
    ) -> Result<MadeDeviceLink> {
        let now = self.edges.now();
        let name = text("name", &form.name, 60)?;
        let purpose: LinkPurpose = form
            .purpose
            .parse()
            .map_err(|_| AppError::field("purpose", "board, pick, customer or phone"))?;
        let until = match form.until.as_deref() {
            None => Value::Null,
            Some(text) => {
                let until: jiff::Timestamp = text.parse().map_err(|e| AppError::field("until", e))?;
                Value::Int(until.as_millisecond())
            }
        };
        let content = content_of("device link", form)?;
        let code = self.new_code();
        let mut made = false;
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            if matches!(until, Value::Int(ms) if ms <= now.0) {
                return Err(AppError::field("until", "this is over already"));
            }
            let reader = tx.reader();
            if reader.device_link(*form.id.as_bytes())?.is_some() {
                return Err(Code::IdReused.into());
            }
            let device = form.device.map_or(self.identity.device, DeviceId::from_uuid);
            let place = reader
                .shop_devices()?
                .into_iter()
                .find(|one| one.device == device && one.revoked.is_none())
                .ok_or_else(|| AppError::field("device", "no device of this shop"))?;
            let links = reader.device_links_of(place.branch)?;
            let good = |record: &Record| matches!(Link(record).state(now), "waiting" | "open");
            if links.iter().filter(|(_, record)| good(record)).count() >= MOST {
                return Err(AppError::field(
                    "name",
                    "these are enough links: end some that nobody uses",
                ));
            }
            let bytes = |id: [u8; 16]| Value::Bytes(id.to_vec());
            let mut fields = vec![
                (field::NAME, Value::Text(name.clone())),
                (field::PURPOSE, Value::Text(purpose.as_str().to_owned())),
                (field::BRANCH, bytes(place.branch.bytes())),
                (field::DEVICE, bytes(device.bytes())),
                (field::UNTIL_MS, until),
                (field::MADE_MS, Value::Int(now.0)),
                (field::MADE_BY, bytes(actor.staff.bytes())),
                (field::CODE, hash_of(&code)),
                (field::CODE_UNTIL_MS, Value::Int(now.0 + CODE_MS)),
            ];
            if purpose == LinkPurpose::Customer {
                // Another device is followed at its own till, the app's window.
                let seat = match device == self.identity.device {
                    true => actor.seat,
                    false => SeatId::from_bytes(place.counter.bytes()),
                };
                fields.push((field::SEAT, bytes(seat.bytes())));
            }
            tx.record(
                Some(actor.staff),
                &Body::DeviceLinkSet(PatchV1 {
                    record: *form.id.as_bytes(),
                    fields,
                }),
            )?;
            made = true;
            Ok(())
        })?;
        self.live.tell("link", Some(form.id.to_string()));
        self.made_link(form.id, made.then_some(code), seen)
    }

    fn new_code(&self) -> String {
        hex(&self.edges.random::<16>())
    }

    fn made_link(&self, id: Uuid, code: Option<String>, seen: &[Seen]) -> Result<MadeDeviceLink> {
        let record = self.store.read(|r| r.device_link(*id.as_bytes()))?;
        let device = record.and_then(|record| record.id(field::DEVICE));
        let device = device.map(DeviceId::from_bytes);
        Ok(MadeDeviceLink {
            link: self.device_link(id)?,
            code: code.map(|code| format!("{id}.{code}")),
            addresses: self.urls_of(device, seen),
            here: device == Some(self.identity.device),
        })
    }

    /// Another code for a link: whoever opens it takes the place of the browser that has it. It is opened here, unless
    /// the link is of another branch or follows another device's till.
    pub fn renew_device_link(
        &self,
        actor: &Actor,
        id: Uuid,
        request: Uuid,
        seen: &[Seen],
    ) -> Result<MadeDeviceLink> {
        let now = self.edges.now();
        let content = content_of(&format!("device link code {id}"), &request)?;
        let code = self.new_code();
        let mut made = false;
        self.write_once(*request.as_bytes(), &content, |tx| {
            let record = tx.reader().device_link(*id.as_bytes())?.ok_or(Code::NotFound)?;
            let branch = record.id(field::BRANCH);
            let purpose = Link(&record).good(now)?;
            let stays = purpose == LinkPurpose::Customer || branch != Some(self.identity.branch.bytes());
            let device = match record.id(field::DEVICE) {
                Some(device) if stays => device,
                _ => self.identity.device.bytes(),
            };
            // Both are written, changed or not: a code and its device are of one moment wherever they meet another's.
            let fields = vec![
                (field::DEVICE, Value::Bytes(device.to_vec())),
                (field::CODE, hash_of(&code)),
                (field::CODE_UNTIL_MS, Value::Int(now.0 + CODE_MS)),
            ];
            tx.record(
                Some(actor.staff),
                &Body::DeviceLinkSet(PatchV1 {
                    record: *id.as_bytes(),
                    fields,
                }),
            )?;
            made = true;
            Ok(())
        })?;
        self.live.tell("link", Some(id.to_string()));
        self.made_link(id, made.then_some(code), seen)
    }

    /// From this moment on it opens nothing, at every device that has heard of it.
    pub fn revoke_device_link(&self, actor: &Actor, id: Uuid) -> Result<DeviceLinkView> {
        let now = self.edges.now();
        self.store.write(now, |tx| -> Result<()> {
            let record = tx.reader().device_link(*id.as_bytes())?.ok_or(Code::NotFound)?;
            if !Link(&record).is_revoked() {
                let fields = vec![(field::REVOKED_MS, Value::Int(now.0)), (field::CODE, Value::Null)];
                if let Some(patch) = patched(Some(record), *id.as_bytes(), fields) {
                    tx.record(Some(actor.staff), &Body::DeviceLinkSet(patch))?;
                }
            }
            Ok(())
        })?;
        self.check_links()?;
        self.device_link(id)
    }

    /// A browser opens a link with its code, at the device that the code was made for. The same browser may repeat it; any
    /// other finds the code used.
    pub fn open_device_link(
        &self,
        form: &OpenDeviceLink,
        browser: &str,
        address: &str,
    ) -> Result<(String, OpenedDeviceLink)> {
        let now = self.edges.now();
        let (id, code) = split(&form.code)?;
        let is_key = form.key.len() == 64 && form.key.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_key {
            return Err(AppError::field("key", "64 hexadecimal digits"));
        }
        let browser: String = browser.chars().filter(|c| !c.is_control()).take(60).collect();
        let opened = self.store.write(now, |tx| {
            let record = tx
                .reader()
                .device_link(*id.as_bytes())?
                .ok_or_else(|| AppError::new(Code::LinkWrong))?;
            let link = Link(&record);
            let opened = |purpose: LinkPurpose| OpenedDeviceLink {
                id,
                purpose: purpose.as_str().to_owned(),
            };
            if link.has(field::KEY, &form.key) {
                return Ok::<_, AppError>(opened(link.holds(self.identity.branch, now)?));
            }
            if !link.has(field::CODE, code) {
                // A code that was used is told from one that never was only by whoever knows the link.
                return Err(match record.get(field::CODE) {
                    _ if link.is_revoked() => Code::LinkRevoked.into(),
                    Value::Null => Code::LinkUsed.into(),
                    _ => Code::LinkWrong.into(),
                });
            }
            let purpose = link.holds(self.identity.branch, now)?;
            if record
                .int(field::CODE_UNTIL_MS)
                .is_none_or(|until| now.0 >= until)
            {
                return Err(Code::LinkCodeEnded.into());
            }
            if record.id(field::DEVICE) != Some(self.identity.device.bytes()) {
                return Err(Code::LinkElsewhere.into());
            }
            let answer = opened(purpose);
            let fields = vec![
                (field::CODE, Value::Null),
                (field::KEY, hash_of(&form.key)),
                (field::OPENED_MS, Value::Int(now.0)),
                (field::BROWSER, Value::Text(browser.clone())),
            ];
            if let Some(patch) = patched(Some(record.clone()), *id.as_bytes(), fields) {
                tx.record(None, &Body::DeviceLinkSet(patch))?;
            }
            tx.link_was_here(*id.as_bytes(), address)?;
            Ok(answer)
        })?;
        self.check_links()?;
        Ok((format!("{id}.{}", form.key), opened))
    }

    /// A customer's screen shows one till, and only that till's device knows what is in its cart.
    fn follows_here(&self, record: &Record, purpose: LinkPurpose) -> Result<()> {
        let here = record.id(field::DEVICE) == Some(self.identity.device.bytes());
        match purpose == LinkPurpose::Customer && !here {
            true => Err(Code::LinkElsewhere.into()),
            false => Ok(()),
        }
    }

    /// Who shows this secret, and that they are here.
    pub fn link_holder(&self, shown: &str, address: &str) -> Result<LinkHolder> {
        let now = self.edges.now();
        let (id, key) = split(shown)?;
        let (holder, seen) = self.store.read(|r| {
            let record = r
                .device_link(*id.as_bytes())?
                .ok_or_else(|| AppError::new(Code::LinkWrong))?;
            let link = Link(&record);
            if !link.has(field::KEY, key) {
                return Err(AppError::new(Code::LinkWrong));
            }
            let purpose = link.holds(self.identity.branch, now)?;
            self.follows_here(&record, purpose)?;
            let holder = LinkHolder {
                by: LinkKey {
                    link: id,
                    key: *blake3::hash(key.as_bytes()).as_bytes(),
                },
                purpose,
                seat: record.id(field::SEAT).map(SeatId::from_bytes),
                until_ms: record.int(field::UNTIL_MS),
            };
            Ok((holder, r.link_seen(*id.as_bytes())?))
        })?;
        let noted = seen
            .is_some_and(|seen| (seen.seen_ms..seen.seen_ms.saturating_add(NOTED_EVERY_MS)).contains(&now.0));
        if !noted
            && let Err(error) = self
                .store
                .write(now, |tx| tx.link_was_here(*id.as_bytes(), address))
        {
            tracing::error!(%error, "that a linked screen was here is not written down");
        }
        Ok(holder)
    }

    /// Whether a link still lets this browser in: it holds, and no other browser has taken its place.
    pub(crate) fn link_holds(&self, by: LinkKey) -> Result<bool> {
        let now = self.edges.now();
        let record = self.store.read(|r| r.device_link(*by.link.as_bytes()))?;
        Ok(record.is_some_and(|record| {
            *record.get(field::KEY) == Value::Bytes(by.key.to_vec())
                && Link(&record).holds(self.identity.branch, now).is_ok()
        }))
    }
}

/// What a list of links is told with.
struct Names {
    people: Directory,
    branches: HashMap<BranchId, String>,
    devices: Vec<ShopDevice>,
}

impl Names {
    fn read(reader: &Reader<'_>) -> Result<Names> {
        Ok(Names {
            people: Directory::read(reader)?,
            branches: Settings::branch_names(&reader.settings()?),
            devices: reader.shop_devices()?,
        })
    }

    fn branch(&self, branch: Option<BranchId>) -> Named {
        let name = branch.and_then(|branch| self.branches.get(&branch)).cloned();
        Named {
            id: branch.map(BranchId::uuid).unwrap_or_default(),
            name: name.unwrap_or_else(|| Settings::unnamed("branch.name")),
        }
    }

    fn counter(&self, device: Option<DeviceId>) -> Named {
        let found = self.devices.iter().find(|one| Some(one.device) == device);
        let counter = found.map_or(CounterId::from_bytes([0; 16]), |one| one.counter);
        self.people.counter(counter)
    }
}
