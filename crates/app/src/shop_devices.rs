//! The devices of the shop: what they are called and for, where they work, and which of them are shut out.

use crate::{
    Actor, App, AppError, Code, Page, Result, Shop,
    branches::must_be_open,
    cart::WriteId,
    order_view::Named,
    settings::{Settings, name_counter},
    wire::{content_of, rfc3339, text},
};
use domain::{
    device::DeviceRole,
    ids::{BranchId, CounterId, DeviceId, StaffId},
    time::Moment,
};
use journal::{
    Body,
    body::{DeviceMovedV1, DeviceRevokedV1},
    fields,
    register::{PatchV1, Value},
};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::PoisonError};
use store::{
    Reader, Write,
    devices::{DevicePlace, ShopDevice},
    settings::SettingRow,
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShopDeviceView {
    pub device: Uuid,
    pub name: String,
    /// till, token_counter, sales_counter, kitchen or office
    pub role: String,
    pub branch: Named,
    pub counter: Named,
    /// Whether it is the one that answers.
    pub this: bool,
    pub since: String,
    /// When the last of its facts that is here was written, by its own clock. Null: nothing of it came yet.
    pub last_at: Option<String>,
    /// How many of its facts are here.
    pub facts: u64,
    pub revoked: Option<DeviceShutOut>,
    /// It was moved, and goes on at its old place until nothing is open there.
    pub moving: bool,
    /// Another device, let in elsewhere at the same time, has the same numbers.
    pub numbers_shared: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeviceShutOut {
    pub at: String,
    /// The number of the last of its facts that counts.
    pub last_seq: u64,
    /// The device that shut it out.
    pub by: Uuid,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeDevice {
    pub id: Uuid,
    pub name: String,
    pub role: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveDevice {
    pub id: Uuid,
    pub branch: Uuid,
    /// What its new counter is called.
    pub counter: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeDevice {
    pub id: Uuid,
    /// lost, stolen, sold, broken or other
    pub reason: String,
}

const REASONS: &[&str] = &["lost", "stolen", "sold", "broken", "other"];

/// Devices that have the same numbers as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedNumbers {
    pub devices: Vec<(DeviceId, String)>,
}

impl App {
    /// A device that was moved works at its new place from here on, unless a cart or a drawer is open at the old one.
    /// The shop is opened anew; whoever was signed in signs in again.
    pub fn take_place(&self) -> Result<()> {
        let Some(shop) = self.try_shop() else {
            return Ok(());
        };
        let Some(place) = shop.place_to_take()? else {
            return Ok(());
        };
        if shop.something_is_open()? {
            return Ok(());
        }
        let _one_at_a_time = self.changing_shop.lock().unwrap_or_else(PoisonError::into_inner);
        shop.store.take_place(&place)?;
        self.leave();
        let (store, key_storage) = self.open_store(shop.is_demo())?;
        drop(shop);
        self.enter(store, key_storage)?;
        self.live.tell("setting", None);
        Ok(())
    }
}

impl Shop {
    /// Whether a cart or a drawer of this device's own is open.
    fn something_is_open(&self) -> Result<bool> {
        self.store.read(|r| {
            if r.drawers_open_at(self.identity.counter)? > 0 || !r.parked_carts()?.is_empty() {
                return Ok(true);
            }
            for row in r.open_carts()? {
                if !self.view_cart(r, &row)?.lines.is_empty() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Every device of the shop, those that are shut out last.
    pub fn shop_device_list(&self) -> Result<Page<ShopDeviceView>> {
        let mut items = self.store.read(|r| self.views_of_devices(r))?;
        items.sort_by_key(|one| one.revoked.is_some());
        Ok(Page::whole(items))
    }

    fn views_of_devices(&self, r: &Reader<'_>) -> Result<Vec<ShopDeviceView>> {
        let settings = r.settings()?;
        let shared: Vec<DeviceId> = r
            .numbers_shared()?
            .into_iter()
            .flat_map(|one| one.devices)
            .collect();
        let known = r.shop_devices()?;
        let names = Names::of(&settings);
        Ok(known
            .iter()
            .map(|one| ShopDeviceView {
                device: one.device.uuid(),
                name: names.of_device(one),
                role: one
                    .role
                    .clone()
                    .filter(|role| !role.is_empty())
                    .unwrap_or_else(|| DeviceRole::Till.as_str().to_owned()),
                branch: Named {
                    id: one.branch.uuid(),
                    name: names.branch(one.branch),
                },
                counter: Named {
                    id: one.counter.uuid(),
                    name: names.counter(one.counter),
                },
                this: one.device == self.identity.device,
                since: rfc3339(Moment(one.admitted_ms)),
                last_at: one.stamp.map(|stamp| rfc3339(stamp.moment())),
                facts: one.seq,
                revoked: one.revoked.map(|revoked| DeviceShutOut {
                    at: rfc3339(Moment(revoked.at_ms)),
                    last_seq: revoked.last_seq,
                    by: revoked.by.uuid(),
                }),
                moving: one.device == self.identity.device && one.counter != self.identity.counter,
                numbers_shared: shared.contains(&one.device),
            })
            .collect())
    }

    pub fn shop_device(&self, id: DeviceId) -> Result<ShopDeviceView> {
        self.store
            .read(|r| self.views_of_devices(r))?
            .into_iter()
            .find(|one| one.device == id.uuid())
            .ok_or(AppError::new(Code::NotFound))
    }

    pub fn change_device(
        &self,
        actor: &Actor,
        id: DeviceId,
        change: &ChangeDevice,
    ) -> Result<ShopDeviceView> {
        let name = text("name", &change.name, 60)?;
        let role: DeviceRole = change.role.parse().map_err(|e| AppError::field("role", e))?;
        self.shop_device(id)?;
        let content = content_of("change_device", &(id.uuid(), change))?;
        self.write_once(change.id.into_bytes(), &content, |tx| {
            let old = tx.reader().device_record(id)?.unwrap_or_default();
            let fields = old.difference(vec![
                (fields::device::NAME, Value::Text(name)),
                (fields::device::ROLE, Value::Text(role.as_str().to_owned())),
            ]);
            if !fields.is_empty() {
                let record = id.bytes();
                tx.record(Some(actor.staff), &Body::DeviceSet(PatchV1 { record, fields }))?;
            }
            Ok(())
        })?;
        self.live.tell("device", Some(id.to_string()));
        self.shop_device(id)
    }

    /// Gives a device another counter, there or in another branch. It goes on at the old one until its carts and its
    /// drawer are settled.
    pub fn move_device(&self, actor: &Actor, id: DeviceId, moved: &MoveDevice) -> Result<ShopDeviceView> {
        let counter_name = text("counter", &moved.counter, 40)?;
        let branch = BranchId::from_uuid(moved.branch);
        let known = self.store.read(|r| r.shop_devices())?;
        still_in(&known, id)?;
        self.store.read(|r| must_be_open(r, branch))?;
        let counter = CounterId::from_uuid(self.edges.new_id());
        let now = self.edges.now();
        let content = content_of("move_device", &(id.uuid(), moved))?;
        self.write_once(moved.id.into_bytes(), &content, |tx| {
            let place = tx.reader().place_of(id)?.ok_or(Code::NotFound)?;
            let (_, lane) = tx.reader().next_place(branch)?.ok_or(Code::NumbersUsedUp)?;
            let new = DevicePlace {
                branch,
                counter,
                ordinal: place.ordinal,
                lane,
            };
            give_place(tx, Some(actor.staff), id, &new, now)?;
            name_counter(tx, counter, &counter_name)
        })?;
        for topic in ["device", "setting"] {
            self.live.tell(topic, None);
        }
        self.shop_device(id)
    }

    /// Numbers of its own for a device that was let in elsewhere at the same time as another.
    pub fn renumber_device(&self, actor: &Actor, id: DeviceId, request: &WriteId) -> Result<ShopDeviceView> {
        let now = self.edges.now();
        let content = content_of("renumber_device", &(id.uuid(), request))?;
        self.write_once(request.id.into_bytes(), &content, |tx| {
            let place = tx.reader().place_of(id)?.ok_or(Code::NotFound)?;
            let (ordinal, lane) = tx.reader().next_place(place.branch)?.ok_or(Code::NumbersUsedUp)?;
            let new = DevicePlace {
                ordinal,
                lane,
                ..place
            };
            give_place(tx, Some(actor.staff), id, &new, now)
        })?;
        self.live.tell("device", Some(id.to_string()));
        self.shop_device(id)
    }

    /// Numbers of its own for this device, when one that was let in before it has the same: they were let in apart from
    /// each other, as two that began from one backup. Only the later one moves, so nobody has to be asked.
    pub(crate) fn part_numbers(&self) -> Result<()> {
        let own = self.identity.device;
        let shares = |r: &Reader<'_>| -> Result<Vec<DeviceId>> {
            let groups = r.numbers_shared()?.into_iter();
            Ok(groups
                .filter(|group| group.devices.contains(&own))
                .flat_map(|group| group.devices.into_iter().take_while(|device| *device != own))
                .collect())
        };
        if self.is_shut_out() || self.store.read(shares)?.is_empty() {
            return Ok(());
        }
        let now = self.edges.now();
        self.store.write(now, |tx| -> Result<()> {
            let r = tx.reader();
            let place = r.place_of(own)?.ok_or(Code::NotFound)?;
            let (ordinal, lane) = r.next_place(place.branch)?.ok_or(Code::NumbersUsedUp)?;
            let mut new = place;
            for earlier in shares(&r)? {
                let Some(theirs) = r.place_of(earlier)? else {
                    continue;
                };
                if theirs.ordinal == place.ordinal {
                    new.ordinal = ordinal;
                }
                if (theirs.branch, theirs.lane) == (place.branch, place.lane) {
                    new.lane = lane;
                }
            }
            if new == place {
                return Ok(());
            }
            tracing::info!(
                lane = new.lane,
                "this device numbers apart from another from here on"
            );
            give_place(tx, None, own, &new, now)
        })?;
        self.live.tell("device", Some(own.to_string()));
        Ok(())
    }

    /// Shuts a device out. What is here of it counts; nothing later does, however it is dated.
    pub fn revoke_device(
        &self,
        actor: &Actor,
        id: DeviceId,
        revoke: &RevokeDevice,
    ) -> Result<ShopDeviceView> {
        if !REASONS.contains(&revoke.reason.as_str()) {
            return Err(AppError::field("reason", "not one of the choices"));
        }
        let known = self.store.read(|r| r.shop_devices())?;
        let device = known
            .iter()
            .find(|device| device.device == id)
            .ok_or(Code::NotFound)?;
        if device.revoked.is_none() {
            // Somebody has to be left who can let others in: one that was heard of, and is not for handing over alone.
            let left = known.iter().filter(|other| {
                let role = other.role.as_deref().unwrap_or_default();
                other.device != id
                    && other.revoked.is_none()
                    && other.seq > 0
                    && !["kitchen", "sales_counter"].contains(&role)
            });
            if left.count() == 0 {
                return Err(Code::DeviceLast.into());
            }
            self.shut_out(actor, id, &revoke.reason)?;
        }
        self.shop_device(id)
    }

    /// Writes that a device is shut out from what is here of it on.
    pub(crate) fn shut_out(&self, actor: &Actor, id: DeviceId, reason: &str) -> Result<()> {
        let now = self.edges.now();
        self.store.write(now, |tx| {
            if tx.reader().revoked(id)?.is_some() {
                return Ok(());
            }
            let (last_seq, last_hash) = tx.reader().head_of(id)?.unwrap_or_default();
            let body = DeviceRevokedV1 {
                device: id.bytes(),
                last_seq,
                last_hash,
                reason: reason.to_owned(),
                revoked_ms: now.0,
            };
            tx.record(Some(actor.staff), &Body::DeviceRevoked(body))
                .map_err(AppError::from)
        })?;
        self.look_whether_shut_out()?;
        self.live.tell("device", Some(id.to_string()));
        Ok(())
    }

    /// What this device is for.
    pub(crate) fn own_role(&self, r: &Reader<'_>) -> Result<DeviceRole> {
        let record = r.device_record(self.identity.device)?.unwrap_or_default();
        let role = record.text(fields::device::ROLE).unwrap_or_default();
        Ok(role.parse().unwrap_or(DeviceRole::Till))
    }

    /// Where this device is to work from now on, when that is another place than it works at.
    pub(crate) fn place_to_take(&self) -> Result<Option<DevicePlace>> {
        let place = self.store.read(|r| r.place_of(self.identity.device))?;
        let now = DevicePlace {
            branch: self.identity.branch,
            counter: self.identity.counter,
            ordinal: self.identity.ordinal,
            lane: self.identity.lane,
        };
        Ok(place.filter(|place| *place != now))
    }

    /// Devices that have one ordinal or one lane; the first of each keeps what it has.
    pub(crate) fn shared_numbers(&self, r: &Reader<'_>) -> Result<Vec<SharedNumbers>> {
        let settings = r.settings()?;
        let names = Names::of(&settings);
        let known: HashMap<DeviceId, ShopDevice> = r
            .shop_devices()?
            .into_iter()
            .map(|device| (device.device, device))
            .collect();
        let named = |id: DeviceId| {
            (
                id,
                known.get(&id).map(|one| names.of_device(one)).unwrap_or_default(),
            )
        };
        Ok(r.numbers_shared()?
            .into_iter()
            .map(|shared| SharedNumbers {
                devices: shared.devices.into_iter().map(named).collect(),
            })
            .collect())
    }
}

fn still_in(known: &[ShopDevice], id: DeviceId) -> Result<()> {
    match known.iter().find(|device| device.device == id) {
        None => Err(Code::NotFound.into()),
        Some(device) if device.revoked.is_some() => Err(Code::DeviceRevoked.into()),
        Some(_) => Ok(()),
    }
}

fn give_place(
    tx: &mut Write<'_>,
    by: Option<StaffId>,
    id: DeviceId,
    place: &DevicePlace,
    now: Moment,
) -> Result<()> {
    let body = DeviceMovedV1 {
        device: id.bytes(),
        branch: place.branch.bytes(),
        counter: place.counter.bytes(),
        ordinal: place.ordinal,
        lane: place.lane,
        moved_ms: now.0,
    };
    Ok(tx.record(by, &Body::DeviceMoved(body))?)
}

/// What branches and counters are called.
pub(crate) struct Names {
    branches: HashMap<BranchId, String>,
    counters: HashMap<CounterId, String>,
}

impl Names {
    pub(crate) fn of(rows: &[SettingRow]) -> Names {
        Names {
            branches: Settings::branch_names(rows),
            counters: Settings::counter_names(rows),
        }
    }

    fn branch(&self, id: BranchId) -> String {
        self.branches
            .get(&id)
            .cloned()
            .unwrap_or_else(|| Settings::unnamed("branch.name"))
    }

    fn counter(&self, id: CounterId) -> String {
        self.counters
            .get(&id)
            .cloned()
            .unwrap_or_else(|| Settings::unnamed("counter.name"))
    }

    /// A device that nobody named goes by its counter.
    pub(crate) fn of_device(&self, one: &ShopDevice) -> String {
        let named = one.name.clone().filter(|name| !name.is_empty());
        named.unwrap_or_else(|| self.counter(one.counter))
    }
}
