//! Keys for other programs: what each may do, until when and from where. A key is shown once; its hash alone is kept, at
//! this node, and opens nothing at another one.
//!
//! What a program does is done in its name: its key has a record of staff, which no PIN can sign in as.

use crate::{
    Actor, AppError, Code, Result, Shop,
    listening::Listens,
    order_view::{Directory, Named},
    sessions::hash_secret,
    staff,
    wire::{content_of, rfc3339, text},
};
use domain::{
    ids::{SeatId, SessionId, StaffId},
    people::{Permission, Role},
    time::Moment,
};
use journal::{
    Body,
    fields::staff as field,
    register::{PatchV1, Value},
};
use serde::{Deserialize, Serialize};
use store::api_keys::ApiKeyRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// What every key begins with, so that people and secret scanners know one when they see it.
pub const PREFIX: &str = "ck_";
/// How often the disk learns that a key is in use.
const NOTED_EVERY_MS: i64 = 60_000;
const MOST_KEYS: usize = 100;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiKeyView {
    pub id: Uuid,
    pub name: String,
    pub permissions: Vec<String>,
    /// Only from the machine that this node runs on.
    pub near: bool,
    /// good, ended or revoked
    pub state: String,
    pub ends_at: Option<String>,
    pub made_at: String,
    pub made_by: Option<Named>,
    /// To the minute.
    pub used_at: Option<String>,
    pub revoked_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApiKeyList {
    /// The newest first.
    pub items: Vec<ApiKeyView>,
    /// What a key can be given.
    pub permissions: Vec<String>,
    /// The counter of this node. Keys made here open nothing at another node.
    pub counter: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    pub id: Uuid,
    /// What people call the program; what it does is done in this name.
    pub name: String,
    /// From the list of what a key can be given.
    pub permissions: Vec<String>,
    /// When it stops to open anything, as RFC 3339; null is never.
    pub ends_at: Option<String>,
    /// Only from the machine that this node runs on.
    #[serde(default)]
    pub near: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MadeApiKey {
    pub key: ApiKeyView,
    /// Send it as `Authorization: Bearer`. Told once: null when the same request comes again.
    pub secret: Option<String>,
}

fn view(row: &ApiKeyRow, now: Moment, people: &Directory) -> ApiKeyView {
    let at = |ms: Option<i64>| ms.map(|ms| rfc3339(Moment(ms)));
    ApiKeyView {
        id: row.id.uuid(),
        name: row.name.clone(),
        permissions: row.permissions.iter().map(|p| p.as_str().to_owned()).collect(),
        near: row.near,
        state: match (row.revoked_ms, row.holds(now)) {
            (Some(_), _) => "revoked",
            (None, false) => "ended",
            (None, true) => "good",
        }
        .to_owned(),
        ends_at: at(row.ends_ms),
        made_at: rfc3339(Moment(row.made_ms)),
        made_by: people.staff(Some(row.made_by)),
        used_at: at(row.used_ms),
        revoked_at: at(row.revoked_ms),
    }
}

/// What may be given, each once and in the order of the list.
pub(crate) fn given(words: &[String]) -> Result<Vec<Permission>> {
    for word in words {
        let known = word.parse().is_ok_and(|p| Permission::FOR_PROGRAMS.contains(&p));
        if !known {
            return Err(AppError::field(
                "permissions",
                format!("{word} is not for programs"),
            ));
        }
    }
    let chosen: Vec<Permission> = Permission::FOR_PROGRAMS
        .iter()
        .copied()
        .filter(|p| words.iter().any(|word| word == p.as_str()))
        .collect();
    match chosen.is_empty() {
        true => Err(AppError::field(
            "permissions",
            "a key that may do nothing is of no use",
        )),
        false => Ok(chosen),
    }
}

impl Shop {
    pub fn api_keys(&self) -> Result<ApiKeyList> {
        let now = self.edges.now();
        self.store.read(|r| {
            let people = Directory::read(r)?;
            Ok(ApiKeyList {
                items: r.api_keys()?.iter().map(|row| view(row, now, &people)).collect(),
                permissions: Permission::FOR_PROGRAMS
                    .iter()
                    .map(|p| p.as_str().to_owned())
                    .collect(),
                counter: people.counter(self.identity.counter).name,
            })
        })
    }

    fn api_key(&self, id: StaffId) -> Result<ApiKeyView> {
        let now = self.edges.now();
        self.store.read(|r| {
            let row = r.api_key(id)?.ok_or(AppError::new(Code::NotFound))?;
            Ok(view(&row, now, &Directory::read(r)?))
        })
    }

    pub fn make_api_key(&self, actor: &Actor, request: &NewApiKey) -> Result<MadeApiKey> {
        actor.must(Permission::ProgramManage)?;
        let now = self.edges.now();
        let name = text("name", &request.name, 60)?;
        let permissions = given(&request.permissions)?;
        let ends_ms = match request.ends_at.as_deref() {
            None => None,
            Some(text) => {
                let ends: jiff::Timestamp = text.parse().map_err(|e| AppError::field("ends_at", e))?;
                Some(ends.as_millisecond())
            }
        };
        let id = StaffId::from_uuid(request.id);
        let content = content_of("api key", request)?;
        let random: [u8; 32] = self.edges.random();
        let hex: String = random.iter().map(|b| format!("{b:02x}")).collect();
        let secret = format!("{PREFIX}{hex}");
        let mut made = false;
        self.write_once(id.bytes(), &content, |tx| {
            if ends_ms.is_some_and(|ends| ends <= now.0) {
                return Err(AppError::field("ends_at", "this is over already"));
            }
            let reader = tx.reader();
            if reader.staff_record(id)?.is_some() || reader.api_key(id)?.is_some() {
                return Err(Code::IdReused.into());
            }
            if reader.api_keys()?.iter().filter(|k| k.holds(now)).count() >= MOST_KEYS {
                return Err(AppError::field(
                    "name",
                    "these are enough keys: revoke some that nobody uses",
                ));
            }
            let fields = staff::new_fields(&name, Role::Program, String::new(), None, "right", "iris");
            tx.record(
                Some(actor.staff),
                &Body::StaffSet(PatchV1 {
                    record: id.bytes(),
                    fields,
                }),
            )?;
            let row = ApiKeyRow {
                id,
                name: name.clone(),
                permissions,
                near: request.near,
                ends_ms,
                made_ms: now.0,
                made_by: actor.staff,
                used_ms: None,
                revoked_ms: None,
            };
            tx.keep_api_key(&row, &hash_secret(&secret))?;
            made = true;
            Ok(())
        })?;
        self.live.tell("program", Some(id.to_string()));
        Ok(MadeApiKey {
            key: self.api_key(id)?,
            secret: made.then_some(secret),
        })
    }

    /// From this moment on it opens nothing.
    pub fn revoke_api_key(&self, actor: &Actor, id: StaffId) -> Result<ApiKeyView> {
        actor.must(Permission::ProgramManage)?;
        let now = self.edges.now();
        self.store.write(now, |tx| -> Result<()> {
            let row = tx.reader().api_key(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.revoked_ms.is_none() {
                tx.revoke_api_key(id)?;
                tx.record(
                    Some(actor.staff),
                    &Body::StaffSet(PatchV1 {
                        record: id.bytes(),
                        fields: vec![(field::ARCHIVED_MS, Value::Int(now.0))],
                    }),
                )?;
            }
            Ok(())
        })?;
        self.live.tell("program", Some(id.to_string()));
        self.api_key(id)
    }

    /// Who holds this key. `here`: the request comes from this machine.
    pub fn actor_of_key(&self, secret: &str, here: bool) -> Result<Actor> {
        let now = self.edges.now();
        let row = self
            .store
            .read(|r| r.api_key_by_hash(&hash_secret(secret)))?
            .filter(|row| row.revoked_ms.is_none())
            .ok_or(AppError::new(Code::KeyWrong))?;
        if !row.holds(now) {
            return Err(Code::KeyEnded.into());
        }
        if self.is_shut_out() {
            return Err(Code::DeviceRevoked.into());
        }
        if row.near && !here {
            return Err(Code::NotHere.into());
        }
        if row
            .used_ms
            .is_none_or(|used| !(used..used.saturating_add(NOTED_EVERY_MS)).contains(&now.0))
        {
            self.store.write(now, |tx| tx.api_key_used(row.id))?;
        }
        Ok(Actor {
            session: SessionId::from_bytes(row.id.bytes()),
            staff: row.id,
            role: Role::Program,
            seat: SeatId::from_bytes(row.id.bytes()),
            grants: Some(row.permissions.into()),
        })
    }

    /// Whether whoever was let in once would still be: what listens for long asks again and again.
    pub fn is_still(&self, actor: &Actor) -> Result<bool> {
        if actor.role != Role::Program {
            return self.may_listen(Listens::Session(actor.session));
        }
        let now = self.edges.now();
        let row = self.store.read(|r| r.api_key(actor.staff))?;
        Ok(row.is_some_and(|row| row.holds(now)))
    }
}
